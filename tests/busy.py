"""A town of traders on one server: who they are, what they send, and all that they were told.

Everything goes over real sockets: signed actions to `/exchange`, subscriptions over `/ws`. What
came back is kept for the field lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from streams import unpacked
from websockets.sync.client import ClientConnection, connect
from wire import GTC, Pen, oid_of, order

import hlsim
from hlsim.library import RunningExchange
from hlsim.scenarios.genesis import known_accounts
from hlsim.sim.fixed import Address, Usd, Wei
from hlsim.sim.operations import DepositUsd, MintToken

Json = Any

USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
HYPE = "HYPE:0x0d01dc56dcaaca66ad901c959b4011ec"
VALIDATOR = "0x5ac99df645f3414876c816caa18b2d234024b487"
NAMES = ("alice", "bob", "carol", "una", "pam", "dexter", "multi", "dan", "dora", "erin")


def _perp(name: str, decimals: int, leverage: int, oracle: str, **more: Json) -> Json:
    facts = {"name": name, "szDecimals": decimals, "maxLeverage": leverage, "oraclePx": oracle}
    return facts | more


def _token(index: int, text: str, decimals: int, wei: int, **more: Json) -> Json:
    name, _, token_id = text.partition(":")
    row = {"index": index, "name": name, "szDecimals": decimals, "weiDecimals": wei}
    return row | {"tokenId": token_id} | more


def _tiers(number: int, description: str, *tiers: tuple[str, int]) -> Json:
    rows = [{"lowerBound": bound, "maxLeverage": leverage} for bound, leverage in tiers]
    return {"id": number, "description": description, "marginTiers": rows}


def world() -> Json:
    """A few markets of every kind: what a perp or a token can say of itself, one of them says."""
    return {
        "name": "town",
        "marginTables": [
            _tiers(55, "tiered 25x", ("0", 25), ("100000000", 15)),
            _tiers(56, "tiered 40x", ("0", 40), ("150000000", 20)),
        ],
        "perps": [
            _perp("BTC", 5, 40, "66383", marginTableId=56, impactNtl="20000"),
            _perp("ETH", 4, 25, "1920", marginTableId=55, impactNtl="20000"),
            _perp("HYPE", 2, 10, "38.4"),
            _perp("ISO", 1, 5, "10.5", marginMode="strictIsolated"),
            _perp("GONE", 1, 3, "1", marginMode="noCross", isDelisted=True),
        ],
        "tokens": [
            _token(0, USDC, 8, 8, isCanonical=True),
            _token(1, PURR, 0, 5, isCanonical=True),
            _token(2, HYPE, 2, 8, fullName="Hyperliquid"),
            _token(3, "USDH:0x54e00a5988577cb0b0c9ab0cb6ef7f4b", 2, 8),
        ],
        "spot": [
            {
                "index": 0,
                "name": "PURR/USDC",
                "tokens": [1, 0],
                "isCanonical": True,
                "markPx": "0.0745",
            },
            {"index": 1, "name": "@1", "tokens": [2, 0], "markPx": "38.43"},
            {"index": 3, "name": "@3", "tokens": [2, 3], "markPx": "38.41"},
        ],
        "dexes": [
            {
                "name": "xyz",
                "fullName": "XYZ",
                "collateralToken": 0,
                "deployer": known_accounts(len(NAMES))[NAMES.index("dora")].address,
                "oracleUpdater": "0x" + "56" * 20,
                "feeRecipient": "0x9cd0a696c7cbb9d44de99268194cb08e5684e5fe",
                "marginTables": [_tiers(50, "", ("0", 50))],
                "perps": [
                    _perp("xyz:GOLD", 4, 20, "4898.6", fundingMultiplier="0.5"),
                    _perp("xyz:TSLA", 3, 10, "399.6", marginMode="strictIsolated"),
                ],
            },
            {
                "name": "flx",
                "fullName": "Felix",
                "collateralToken": 3,
                "deployer": "0x" + "78" * 20,
                "perps": [_perp("flx:OIL", 2, 20, "71.25", marginMode="noCross")],
            },
        ],
    }


ASSETS = {
    **{"BTC": 0, "ETH": 1, "HYPE": 2, "ISO": 3, "PURR/USDC": 10_000, "@1": 10_001},
    **{"xyz:GOLD": 110_000, "xyz:TSLA": 110_001},
}
DECIMALS = {
    "BTC": 1,
    "ETH": 2,
    "HYPE": 4,
    "ISO": 5,
    "PURR/USDC": 8,
    "@1": 6,
    "xyz:GOLD": 2,
    "xyz:TSLA": 3,
}
"""Of a price."""


class Scribe(Pen):
    """A pen that keeps what its actions were answered."""

    def __init__(self, town: Town, key: str) -> None:
        super().__init__(town.server, key)
        self.town = town

    def post(self, envelope: Json, path: str = "/exchange") -> Json:
        reply = super().post(envelope, path)
        if path == "/exchange":
            action = envelope["action"]
            kind = (
                action["type"]
                if action["type"] != "multiSig"
                else action["payload"]["action"]["type"]
            )
            self.town.replies.append((kind, reply))
        return reply

    def act(self, kind: str, **fields: Json) -> Json:
        """An L1 action that must be done."""
        return done(self.l1({"type": kind, **fields}))

    def signs(self, kind: str, **fields: Json) -> Json:
        """A user-signed action that must be done."""
        return done(self.user(kind, **fields))

    def take(self, coin: str, sz: str, *, is_buy: bool = True, **more: Json) -> Json:
        """Crosses the book of `coin`, a twentieth behind the mark at most."""
        px = self.town.px(coin, 1.05 if is_buy else 0.95)
        ioc = {"limit": {"tif": "Ioc"}}
        builder = more.pop("builder", None)
        one = order(ASSETS[coin], sz, px, ioc, is_buy=is_buy, **more)
        return done(self.orders(one, **({"builder": builder} if builder else {})))

    def rest(self, coin: str, sz: str, factor: float, terms: Json = GTC, **more: Json) -> int:
        """Places an order at `factor` times the mark, a buy below it: its oid."""
        vault = more.pop("vault", None)
        one = order(ASSETS[coin], sz, self.town.px(coin, factor), terms, is_buy=factor < 1, **more)
        action = {"type": "order", "orders": [one], "grouping": "na"}
        return oid_of(done(self.l1(action, vault=vault)))


class Draft(Pen):
    """A pen that signs and gives the envelope back instead of posting it."""

    def post(self, envelope: Json, path: str = "/exchange") -> Json:
        return envelope


def done(reply: Json) -> Json:
    """The reply, of which no part may be a refusal."""
    assert reply["status"] == "ok", reply
    assert '"error"' not in json.dumps(reply), reply
    return reply


class Ears:
    """One socket with many subscriptions, and the frames that each got."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.acks: list[tuple[Json, Json]] = []
        """(what was asked, the ack)"""
        self.frames: list[Json] = []
        self.last_words: list[Json] = []

    def subscribe(self, asked: Json) -> None:
        self.socket.send(json.dumps({"method": "subscribe", "subscription": asked}))
        before = len(self.frames)
        self.hear()
        ack = self.frames.pop(before)
        self.acks.append((asked, ack))

    def leave(self, asked: Json) -> list[Json]:
        """The frames that answer a second subscribe, an unsubscribe and one more."""
        frames = []
        for method in ("subscribe", "unsubscribe", "unsubscribe"):
            self.socket.send(json.dumps({"method": method, "subscription": asked}))
            frames.append(json.loads(self.socket.recv(timeout=20)))
        return frames

    def post(self, request: Json) -> Json:
        """The frame that answers it."""
        self.socket.send(json.dumps({"method": "post", "id": 7, "request": request}))
        return json.loads(self.socket.recv(timeout=20))

    def hear(self) -> None:
        """Keeps every frame up to now: a ping is answered behind them."""
        self.socket.send('{"method":"ping"}')
        while (text := self.socket.recv(timeout=20)) != '{"channel":"pong"}':
            frame = json.loads(text)
            if isinstance(frame, dict) and frame["channel"] == "fastAssetCtxs":
                frame["data"] = unpacked(frame["data"])
            self.frames.append(frame)


class Town:
    """A running exchange and its traders."""

    def __init__(self, server: RunningExchange) -> None:
        self.server = server
        self.replies: list[tuple[str, Json]] = []
        """(action, reply) of everything that was sent to `/exchange`."""
        keys = [account.key for account in server.accounts]
        self.pens = dict(zip(NAMES, (Scribe(self, key) for key in keys), strict=True))
        self.ears: list[Ears] = []
        """Those whose sockets are closed again."""
        self.open: list[Ears] = []
        self.known: dict[str, str] = {}
        """Addresses and numbers that came of deeds."""

    def __getitem__(self, name: str) -> Scribe:
        return self.pens[name]

    def px(self, coin: str, factor: float) -> str:
        """A legal price at `factor` times the mark."""
        mark = self.server.read(
            lambda exchange: exchange.state.markets[ASSETS[coin]].mark_px / 10**8
        )
        rounded = round(float(f"{mark * factor:.5g}"), DECIMALS[coin])
        return f"{rounded:.8f}".rstrip("0").rstrip(".")

    def give(self, name: str, *, usd: int = 0, **tokens: int) -> None:
        """Dollars and whole tokens from outside."""
        user = Address(self[name].address)
        if usd:
            self.server.operate(DepositUsd(user, Usd(usd * 10**6)))
        for token, amount in tokens.items():
            index, wei = {"USDC": (0, 8), "PURR": (1, 5), "HYPE": (2, 8), "USDH": (3, 8)}[token]
            self.server.operate(MintToken(user, index, Wei(amount * 10**wei)))

    @contextmanager
    def listening(self, *subscriptions: Json) -> Iterator[None]:
        """A socket of its own for each subscription, so that every frame has its place."""
        with ExitStack() as stack:
            for asked in subscriptions:
                socket = stack.enter_context(connect(self.server.ws_url, max_size=None))
                self.open.append(Ears(socket))
                self.open[-1].subscribe(asked)
            yield
            self.hear()
            for ears in self.open:
                ears.last_words = ears.leave(ears.acks[0][0])
        self.ears += self.open
        self.open.clear()

    def hear(self) -> None:
        for ears in self.open:
            ears.hear()

    def advance(self, **time: int) -> None:
        self.server.clock.advance(**time)
        self.hear()


@contextmanager
def town(folder: Path, *, market: str, start: str) -> Iterator[Town]:
    """Ten traders in that world."""
    path = folder / "town.json"
    path.write_text(json.dumps(world()), "utf-8")
    with hlsim.start(
        world=str(path),
        market=market,
        clock="manual",
        seed=5,
        start_time=start,
        profile="web_data2_ws=served",
    ) as server:
        yield Town(server)
