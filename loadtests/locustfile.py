"""Locust users: a market maker, a taker, a poller, and a streamer on a WebSocket.

`make load` runs them for a minute against a server of its own. By hand, against any:
`locust -f loadtests/locustfile.py --host URL` after funding the accounts as run.py does.
"""

from __future__ import annotations

import json
import random
import time
from itertools import count
from typing import Any

import gevent
import websocket
from locust import FastHttpUser, User, between, events, task
from locust.env import Environment
from pools import Pool, Prices, account, crossings, ladder

MAX_FAILED = 0.001
MAX_P99_MS = 1000
"""Of the POST requests. Generous: load and server share the machine."""
PING_EVERY_S = 5.0

_traders = count()
_watchers = count()
"""Watchers watch the first traders: indexes are given without gaps."""


@events.init_command_line_parser.add_listener
def _add_arguments(parser: Any) -> None:
    parser.add_argument("--max-p99", type=int, default=MAX_P99_MS, help="ms, of POST requests")


@events.quitting.add_listener
def _judge(environment: Environment, **_: Any) -> None:
    """Sets the exit code: too many failures, too slow, or a kind of user that did nothing."""
    stats = environment.stats
    posts = [entry for (_, method), entry in stats.entries.items() if method == "POST"]
    slowest = max((entry.get_response_time_percentile(0.99) for entry in posts), default=0)
    missing = {"order ioc", "allMids", "ping"} - {name for name, _ in stats.entries}
    limit = environment.parsed_options.max_p99
    faults = [
        f"{stats.total.fail_ratio:.2%} failed" if stats.total.fail_ratio > MAX_FAILED else "",
        f"p99 {slowest:.0f} ms, {limit} allowed" if slowest > limit else "",
        f"nothing measured: {', '.join(sorted(missing))}" if missing else "",
    ]
    for fault in filter(None, faults):
        print(f"load: {fault}")
    environment.process_exit_code = 1 if any(faults) else 0


class Trader(FastHttpUser):
    """Sends signed actions of its own account from a pool."""

    abstract = True

    def on_start(self) -> None:
        self.wallet = account(next(_traders))
        self.prices = Prices(self.host)
        self.random = random.Random(self.wallet.address)
        self.pool = Pool(self.sign_ahead)

    def sign_ahead(self) -> list[tuple[str, bytes]]:
        raise NotImplementedError

    @task
    def send(self) -> None:
        """One action. An order may be refused by the market; a whole action may not."""
        name, body = self.pool.take()
        headers = {"Content-Type": "application/json"}
        with self.client.post(
            "/exchange", data=body, headers=headers, name=name, catch_response=True
        ) as reply:
            if reply.status_code != 200 or b'"status":"ok"' not in reply.content:
                reply.failure(f"{reply.status_code} {reply.content[:200]!r}")


class MarketMaker(Trader):
    """Quotes five levels a side, moves one order, cancels all, and again."""

    weight = 3
    wait_time = between(0.02, 0.06)

    def sign_ahead(self) -> list[tuple[str, bytes]]:
        coin = self.random.choice(self.prices.coins)
        return ladder(self.wallet, coin, self.prices.mids()[coin.name], rungs=5, turns=6)


class Taker(Trader):
    """Buys and sells at once."""

    weight = 3
    wait_time = between(0.02, 0.06)

    def sign_ahead(self) -> list[tuple[str, bytes]]:
        coin = self.random.choice(self.prices.coins)
        return crossings(self.wallet, coin, self.prices.mids()[coin.name], turns=10)


class Poller(FastHttpUser):
    """Reads what bots read."""

    weight = 2
    wait_time = between(0.02, 0.06)

    def on_start(self) -> None:
        self.user = account(next(_watchers)).address

    def ask(self, kind: str, **parameters: Any) -> None:
        with self.client.post(
            "/info", json={"type": kind, **parameters}, name=kind, catch_response=True
        ) as reply:
            if reply.status_code != 200:
                reply.failure(f"{reply.status_code} {reply.content[:200]!r}")

    @task(5)
    def all_mids(self) -> None:
        self.ask("allMids")

    @task(5)
    def l2_book(self) -> None:
        self.ask("l2Book", coin="BTC")

    @task(3)
    def clearinghouse_state(self) -> None:
        self.ask("clearinghouseState", user=self.user)

    @task(2)
    def open_orders(self) -> None:
        self.ask("openOrders", user=self.user)

    @task(2)
    def user_fills(self) -> None:
        self.ask("userFills", user=self.user)

    @task(1)
    def meta_and_contexts(self) -> None:
        self.ask("metaAndAssetCtxs")


class Streamer(User):
    """Holds one WebSocket: market and account streams, and a ping now and then."""

    weight = 2

    def on_start(self) -> None:
        user = account(next(_watchers)).address
        self.socket = websocket.create_connection("ws" + self.host[4:] + "/ws", timeout=30)
        for subscription in (
            {"type": "allMids"},
            {"type": "l2Book", "coin": "BTC"},
            {"type": "bbo", "coin": "ETH"},
            {"type": "trades", "coin": "BTC"},
            {"type": "userFills", "user": user},
            {"type": "orderUpdates", "user": user},
        ):
            self.socket.send(json.dumps({"method": "subscribe", "subscription": subscription}))
        self.pinged: float | None = None
        self.pinging = gevent.spawn(self.ping)

    def on_stop(self) -> None:
        self.pinging.kill()
        self.socket.close()

    def ping(self) -> None:
        while True:
            self.pinged = time.perf_counter()
            self.socket.send('{"method":"ping"}')
            gevent.sleep(PING_EVERY_S)

    @task
    def receive(self) -> None:
        """Counts one frame; only the answer to a ping has a response time."""
        try:
            text = self.socket.recv()
        except (OSError, websocket.WebSocketException) as error:
            self.report("frame", 0, 0.0, error)
            raise
        if not text.startswith("{"):
            return  # the greeting is a plain text
        channel = json.loads(text)["channel"]
        if channel == "error":
            self.report("frame", len(text), 0.0, RuntimeError(text[:200]))
        elif channel == "pong" and self.pinged is not None:
            self.report("ping", len(text), (time.perf_counter() - self.pinged) * 1000, None)
        else:
            self.report(channel, len(text), 0.0, None)

    def report(self, name: str, length: int, ms: float, error: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="WS",
            name=name,
            response_time=ms,
            response_length=length,
            exception=error,
            context={},
        )
