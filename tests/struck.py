"""One exchange that the official SDK meets with faults, and what it would be without them.

Clients live in exchange time, which stands still unless a test moves it, and sign with stamps of
it: so a delay lasts until the test says, and the same request leads to the same state, to a byte.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from queue import Queue
from typing import Any, TypeVar

import eth_account
import websocket
from bots import GTC
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid
from hyperliquid.websocket_manager import WebsocketManager

from hlsim.config import Settings
from hlsim.library import RunningExchange
from hlsim.scenarios.faults import CLOSE_CODES, EFFECTS, STATUSES, Effect

CLOID = Cloid.from_str("0x" + "0a" * 16)
LATE_MS = 500
PATIENCE_S = 30.0
"""After which something that never happens fails the test."""

T = TypeVar("T")


APART = (Effect.REFUSE, Effect.LAG)
"""What has no phase, and its own tests: test_fault_refusals.py and test_fault_lags.py."""


def words_of(kind: str) -> list[str]:
    """Everything else that can happen to a request, a frame or a socket, as a plan says it."""
    found = []
    for effect in EFFECTS[kind]:
        if effect in APART:
            continue
        match effect:
            case Effect.STATUS:
                found += [str(status) for status in STATUSES]
            case Effect.CLOSE:
                found += [f"close={code}" for code in CLOSE_CODES]
            case Effect.DELAY:
                found.append(f"delay={LATE_MS}")
            case _:
                found.append(effect.value)
    return found


def until(holds: Callable[[], T]) -> T:
    """Returns what is true once it is."""
    end = time.monotonic() + PATIENCE_S
    while not (found := holds()):
        assert time.monotonic() < end, "it never was"
        time.sleep(0.001)
    return found


class Beside(threading.Thread):
    """A call that runs beside the test, which may fail and leave it waiting for ever."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._outcome: Queue[Any] = Queue()
        self.start()

    def run(self) -> None:
        try:
            self._outcome.put(self._call())
        except Exception as error:
            self._outcome.put(error)

    def outcome(self) -> Any:
        """What it returned or raised."""
        return self._outcome.get(timeout=PATIENCE_S)


class Line(WebsocketManager):
    """The SDK's manager of a socket, which also tells what came and how it ended."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.heard: Queue[Any] = Queue()
        """Every frame, whether the SDK has a use for it or not."""
        self.ended: list[int | None] = []
        """The code of the close frame, None where there was none."""
        self.errors: list[str] = []
        self._opened: Any = None
        self.ws.on_close = lambda _, code, reason: self.ended.append(code)
        self.ws.on_error = lambda _, error: self.errors.append(str(error))

    def on_message(self, _ws: Any, message: Any) -> None:
        super().on_message(_ws, message)
        self.heard.put(json.loads(message))

    def on_open(self, _ws: Any) -> None:
        self._opened = _ws.sock.sock
        super().on_open(_ws)

    def stop(self) -> None:
        super().stop()
        if self._opened is not None:
            # The SDK's library leaves it to the collector of garbage where the server closes first.
            self._opened.close()

    def say(self, message: Any) -> None:
        self.ws.send(json.dumps(message))

    def next(self) -> Any:
        return self.heard.get(timeout=PATIENCE_S)

    def until_pong(self) -> list[Any]:
        """What comes before the answer to a ping: all that was on its way."""
        self.say({"method": "ping"})
        return list(iter(self.next, {"channel": "pong"}))

    def rest(self) -> list[Any]:
        """All that came and was not looked at, once the connection has ended."""
        self.join(PATIENCE_S)
        assert not self.is_alive()
        found = []
        while not self.heard.empty():
            found.append(self.heard.get())
        return found


class OverSocket(Exchange):
    """The SDK's client of the exchange, whose requests are posts of a socket."""

    line: Line
    number = 0

    def post(self, url_path: str, payload: Any = None) -> Any:
        self.number += 1
        kind = "info" if url_path == "/info" else "action"
        request = {"type": kind, "payload": payload}
        self.line.say({"method": "post", "id": self.number, "request": request})


class Struck:
    """A still exchange and one client of it. `reset` makes both what they were at the start."""

    def __init__(self) -> None:
        settings = Settings(port=0, clock="manual", market="empty", accounts=2, limits="off")
        self.running = RunningExchange(settings, own_time=True)
        account = self.running.accounts[0]
        self._wallet, self._maker = (
            eth_account.Account.from_key(one.key) for one in self.running.accounts
        )
        self.address: str = account.address
        info = Info(self.running.url, skip_ws=True)
        self._metas = (info.meta(), info.spot_meta())
        self._start = self.running.snapshot()
        self._lines: list[Line] = []
        self._stamp = self.running.clock.now_ms

    def stamp(self) -> int:
        """A nonce: the same ones after every reset."""
        self._stamp += 1
        return self._stamp

    def reset(self) -> None:
        if self._lines:
            # From this side: the SDK would wait for the server's close frame, which its other
            # thread may have taken.
            self.end_connections()
        for line in self._lines:
            line.rest()
            line.stop()
        self._lines.clear()
        self.running.restore(self._start)
        self._stamp = self.running.clock.now_ms
        self.exchange = self.fresh_client()
        self.info = self.exchange.info

    def fresh_client(self) -> Exchange:
        """The client anew, with connections of its own."""
        return self._client(self._wallet)

    def _client(self, wallet: Any) -> Exchange:
        meta, spot_meta = self._metas
        return Exchange(wallet, self.running.url, meta=meta, spot_meta=spot_meta)

    def line(self) -> Line:
        """One more socket of the SDK, which is opened now."""
        line = Line(self.running.url)
        self._lines.append(line)
        line.start()
        return line

    def client_of(self, line: Line) -> OverSocket:
        """The client as one whose requests are posts of a socket."""
        meta, spot_meta = self._metas
        client = OverSocket(self._wallet, self.running.url, meta=meta, spot_meta=spot_meta)
        client.line = line
        client.info.post = client.post  # type: ignore[method-assign]
        return client

    def buy(self, client: Exchange | None = None, cloid: Cloid | None = CLOID) -> Any:
        """A bid far below the market, which rests."""
        return (client or self.exchange).order("ETH", True, 0.1, 1500, GTC, cloid=cloid)

    def buy_again(self, client: Exchange | None = None) -> Any:
        """The very same request as the last one."""
        self._stamp -= 1
        return self.buy(client)

    def trade(self) -> None:
        """The bid, and somebody who sells to it."""
        self.buy()
        self._client(self._maker).order("ETH", False, 0.1, 1500, GTC)

    def ask(self, client: Exchange | None = None) -> Any:
        """Whether the bid is there."""
        info = (client or self.exchange).info
        return info.query_order_by_cloid(self.address, CLOID)

    def pass_time(self, ms: int = LATE_MS) -> None:
        self.running.clock.advance(ms=ms)

    def hash_after(self, *deeds: Callable[[], object]) -> str:
        """What the state is after some deeds that nothing strikes. Leaves it as at the start."""
        self.reset()
        for deed in deeds:
            deed()
        found = self.running.state_hash()
        self.reset()
        return found

    def end_connections(self) -> None:
        """The server ends every connection, after what it wrote."""

        def end(server: Any) -> None:
            for connection in list(server.server_state.connections):
                connection.transport.close()

        self.running.call(end)


GONE = websocket.WebSocketConnectionClosedException
"""What the SDK raises at who sends over a socket that has ended."""
