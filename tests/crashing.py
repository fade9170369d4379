"""An exchange that is killed again and again under load, and what must be left each time.

Three clients send orders, their cancels and transfers as fast as they get answers, and move the
clock. One of them kills the server at one of its own answers, while requests of the others are
under way. Whoever got an answer must find what it did, once; whoever got none may find it or not,
and nothing else is there.
"""

from __future__ import annotations

import http.client
import io
import itertools
import json
import random
import subprocess
import sys
import threading
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wire import Pen, order

from hlsim.opening import TEN_ACCOUNTS
from hlsim.replaying import play

WORLD = {
    "name": "small",
    "perps": [
        {"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "oraclePx": "100000"},
        {"name": "ETH", "szDecimals": 4, "maxLeverage": 25, "oraclePx": "4000"},
    ],
    "tokens": [{"index": 0, "name": "USDC", "szDecimals": 8, "weiDecimals": 8}],
    "spot": [],
    "dexes": [],
}
"""Few markets, so that a start is quick."""
CLIENTS = 3
SINK = TEN_ACCOUNTS[9].address
STEP_MS = 20
"""So far a client moves the clock each time."""
MOST_ANSWERS = 60
"""Of the killer, before it kills."""
LOST = (OSError, http.client.HTTPException, ValueError)
"""What a request raises whose server is killed, in the middle of an answer too."""


@dataclass
class Place:
    """Where a server listens: all that a `Pen` needs of it."""

    host: str
    port: int


@dataclass
class Sender:
    """One client, and what it knows: what it was told, and what it was not told any more."""

    number: int
    rounds: int = 0
    open: dict[str, int] = field(default_factory=dict)
    """Acknowledged orders that rest, oids by cloid."""
    gone: list[str] = field(default_factory=list)
    """Orders of this round whose cancel was acknowledged."""
    paid: int = 0
    """Acknowledged transfers of a dollar each."""
    moved_to: int = 0
    """Exchange time as it was told last."""
    asked: tuple[str, str] = ("", "")
    """What was asked for last and not answered."""
    answers: int = 0

    def work(self, place: Place, px: str, on_answer: Any) -> None:
        """Sends until the server is gone."""
        self.gone.clear()
        self.rounds += 1
        # All that a pen wants of a server is where it listens.
        pen = Pen(place, TEN_ACCOUNTS[self.number].key)  # type: ignore[arg-type]  # no more is asked
        try:
            for n in itertools.count():
                cloid = f"0x{self.number:04x}{self.rounds:012x}{n:016x}"
                for step in ("place", "pay", "move", "cancel"):
                    if step == "cancel" and n % 4 == 0 and len(self.open) < 100:
                        continue  # some stay, over many rounds
                    self.asked = (step, cloid)
                    self._take(step, cloid, self._ask(pen, step, cloid, px))
                    self.asked = ("", "")
                    self.answers += 1
                    on_answer(self)
        except LOST:
            pass

    def _ask(self, pen: Pen, step: str, cloid: str, px: str) -> Any:
        match step:
            case "place":
                return pen.orders(order(0, "0.001", px, cloid=cloid))
            case "pay":
                return pen.user("usdSend", destination=SINK, amount="1")
            case "move":
                return pen.post({"ms": STEP_MS}, "/hlsim/clock/advance")
        return pen.l1({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": cloid}]})

    def _take(self, step: str, cloid: str, reply: Any) -> None:
        match step:
            case "place":
                self.open[cloid] = reply["response"]["data"]["statuses"][0]["resting"]["oid"]
            case "pay":
                assert reply["status"] == "ok", reply
                self.paid += 1
            case "move":
                self.moved_to = reply["time"]
            case "cancel":
                assert reply["response"]["data"]["statuses"] == ["success"], reply
                del self.open[cloid]
                self.gone.append(cloid)

    def check(self, pen: Pen) -> None:
        """What is there is what was acknowledged, and at most the one thing asked for last."""
        found = pen.info("frontendOpenOrders", user=pen.address)
        there = {row["cloid"]: row["oid"] for row in found}
        assert len(there) == len(found)
        step, cloid = self.asked
        if step == "place" and cloid in there:
            self.open[cloid] = there[cloid]
        elif step == "cancel" and cloid not in there:
            del self.open[cloid]
        assert there == self.open
        for cloid in self.gone:
            status = pen.info("orderStatus", user=pen.address, oid=cloid)
            assert status["order"]["status"] == "canceled", status


class Crashes:
    """Rounds of load, death and return on one journal."""

    def __init__(self, folder: Path, seed: int, *options: str) -> None:
        world = folder / "world.json"
        world.write_text(json.dumps(WORLD))
        self.journal = folder / "journal"
        self.ready = folder / "ready"
        self.chance = random.Random(seed)
        self.senders = [Sender(number) for number in range(CLIENTS)]
        self.paid = 0
        """Dollars that the sink got until the last look."""
        self.torn = self.unanswered = 0
        self.options = ["--clock", "manual", "--limits", "off", "--world", str(world), *options]
        self.process: subprocess.Popen[bytes] | None = None

    def round(self) -> None:
        """Starts, looks, works, dies."""
        hash_ = self.replayed()
        place = self.start()
        pen = self.pen(place)
        if hash_ is not None:
            self.look(place, pen, hash_)
        mids = pen.info("allMids")
        px = str(int(float(mids["BTC"]) * 0.8))
        for sender in self.senders:
            sender.answers = 0
        killer = self.chance.choice(self.senders)
        limit = self.chance.randint(1, MOST_ANSWERS)
        self.load(place, px, killer, limit)

    def pen(self, place: Place) -> Pen:
        """The hand of somebody who is no sender."""
        return Pen(place, TEN_ACCOUNTS[CLIENTS].key)  # type: ignore[arg-type]

    def start(self) -> Place:
        self.ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "hlsim", "serve", "--port", "0", "--quiet"]
        command += ["--ready-file", str(self.ready), "--journal", str(self.journal)]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not self.ready.exists():
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        host, port = self.ready.read_text().strip().removeprefix("http://").split(":")
        return Place(host, int(port))

    def load(self, place: Place, px: str, killer: Sender, limit: int) -> None:
        """All senders at work until one of them kills the server at its answer `limit`."""
        process = self.process
        assert process is not None

        def on_answer(sender: Sender) -> None:
            if sender is killer and sender.answers == limit:
                process.kill()

        threads = [
            threading.Thread(target=sender.work, args=(place, px, on_answer))
            for sender in self.senders
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        process.wait(10)
        self.unanswered += sum(bool(sender.asked[0]) for sender in self.senders)

    def replayed(self) -> str | None:
        """The hash of the state that a replay of the journal ends with, everything checked."""
        if not self.journal.exists():
            return None
        out = io.StringIO()
        with redirect_stdout(out):
            assert play(str(self.journal), None, check=True) == 0
        told = dict(line.split(maxsplit=1) for line in out.getvalue().splitlines())
        self.torn += "torn" in told
        return told["hash"]

    def look(self, place: Place, pen: Pen, hash_: str) -> None:
        state = self.state(place)
        assert state["hash"] == hash_
        for sender in self.senders:
            sender.check(Pen(place, TEN_ACCOUNTS[sender.number].key))  # type: ignore[arg-type]
        there = pen.info("clearinghouseState", user=SINK)["withdrawable"]
        paid = int(float(there)) - 100_000
        acknowledged = sum(sender.paid for sender in self.senders)
        asked = sum(sender.asked[0] == "pay" for sender in self.senders)
        assert acknowledged <= paid <= acknowledged + asked
        # From here on it is known.
        self.senders[0].paid += paid - acknowledged
        moved_to = max(sender.moved_to for sender in self.senders)
        moves = sum(sender.asked[0] == "move" for sender in self.senders)
        assert not moved_to or moved_to <= state["time"] <= moved_to + STEP_MS * moves
        # And so is this: a round may end before anybody hears of a move again.
        self.senders[0].moved_to = state["time"]

    def state(self, place: Place) -> Any:
        connection = http.client.HTTPConnection(place.host, place.port, timeout=60)
        try:
            connection.request("GET", "/hlsim/state")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
