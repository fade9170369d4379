"""What a town is asked, over every way in, and the book of all that it told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from asking import ask
from busy import NAMES, Draft, Ears, Town
from busy_evening import CLOIDS
from websockets.sync.client import connect

from hlsim.server.info import INFO
from hlsim.server.topics import TOPICS

Json = Any
NOBODY, NO_DEX = "0x" + "0b" * 20, "nope"
PERPS = ["BTC", "ETH", "HYPE", "ISO", "GONE", "xyz:GOLD", "xyz:TSLA", "flx:OIL"]
COINS = [*PERPS, "PURR/USDC", "@1", "#10", "#20"]


# -- what is asked ---------------------------------------------------------------------------------


def choices(t: Town) -> dict[str, list[Json]]:
    """The values that a request's fields are asked with; None leaves a field out."""
    users = [t[one].address for one in NAMES]
    tokens = [row["tokenId"] for row in t["alice"].info("spotMeta")["tokens"]]
    oids = [row["oid"] for row in t["alice"].info("openOrders", user=users[0])]
    bars = [
        {"coin": coin, "interval": step, "startTime": 0}
        for coin in COINS
        for step in ("1m", "1h", "1M")
    ]
    return {
        "user": [*users, *t.known.values(), NOBODY],
        "coin": COINS,
        "dex": ["", "xyz", "flx"],
        "startTime": [0],
        "endTime": [None],
        "aggregateByTime": [None, True],
        "reversed": [None, True],
        "oid": [*oids, 1, CLOIDS[0], CLOIDS[7]],
        "id": [3, 55, 56],
        "token": [0, 2],
        "tokenId": tokens,
        "builder": [t["bob"].address],
        "vaultAddress": [*t.known.values(), NOBODY],
        "req": bars,
        "nSigFigs": [None, 5],
        "mantissa": [None],
        "outcome": [1, 2, 4, 9],
        "source": [None],
    }


def requests(t: Town, name: str) -> Iterator[dict[str, Json]]:
    """Every combination of the choices. A field without choices fails here."""
    wires = [one.wire for one in INFO[name].fields]
    given = choices(t)
    for values in product(*(given[wire] for wire in wires)):
        found = dict(zip(wires, values, strict=True))
        yield {"type": name} | {key: one for key, one in found.items() if one is not None}


def subscriptions(t: Town) -> list[dict[str, Json]]:
    """Every subscription of the table, those about users for alice."""
    alice, bob = t["alice"].address, t["bob"].address
    given: dict[str, Json] = {"user": alice, "coin": "BTC", "interval": "1m"}
    found = [
        {"type": name} | {key: one for key, one in given.items() if key in wires_of(name)}
        for name in TOPICS
    ]
    return [
        *found,
        {"type": "l2Book", "coin": "@1", "fast": True},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 4},
        {"type": "activeAssetCtx", "coin": "@1"},
        {"type": "activeAssetCtx", "coin": "xyz:GOLD"},
        {"type": "activeAssetData", "user": alice, "coin": "xyz:GOLD"},
        {"type": "trades", "coin": "@1"},
        {"type": "allMids", "dex": "xyz"},
        {"type": "assetCtxs", "dex": "xyz"},
        {"type": "clearinghouseState", "user": alice, "dex": "xyz"},
        {"type": "openOrders", "user": alice, "dex": "xyz"},
        {"type": "userFills", "user": bob, "aggregateByTime": True},
        {"type": "userEvents", "user": bob},
        *({"type": "webData3", "user": t[one].address} for one in ("bob", "una", "dexter")),
        *({"type": "spotState", "user": t[one].address} for one in ("bob", "pam")),
    ]


def wires_of(name: str) -> set[str]:
    return {one.wire for one in TOPICS[name].fields}


RUIN = ("userEvents", "userFills", "orderUpdates", "userNonFundingLedgerUpdates")
"""What those who are liquidated listen to."""


@dataclass
class Book:
    """All that was ever told."""

    infos: dict[str, list[tuple[dict[str, Json], Json]]] = field(default_factory=dict)
    frames: dict[str, list[Ears]] = field(default_factory=dict)
    replies: dict[str, list[Json]] = field(default_factory=dict)
    explored: dict[str, list[Json]] = field(default_factory=dict)
    again: list[Ears] = field(default_factory=list)
    """What was heard first by who subscribed once all was over."""
    posts: list[tuple[dict[str, Json], Json]] = field(default_factory=list)

    def enter(self, t: Town) -> None:
        """Asks everything, and keeps it with what was heard before."""
        for name in INFO:
            told = self.infos.setdefault(name, [])
            for one in requests(t, name):
                answer = ask(t.server, body=json.dumps(one))
                # What is well formed and names nothing there is (info 1).
                if (answer.status, answer.body) != (500, b"null"):
                    assert answer.status == 200, one
                    told.append((one, json.loads(answer.body)))
        for ears in t.ears:
            self.frames.setdefault(ears.acks[0][0]["type"], []).append(ears)
        for kind, reply in t.replies:
            self.replies.setdefault(kind, []).append(reply)
        explore(self, t)


def explore(book: Book, t: Town) -> None:
    """The transactions of a user, the block of the first and itself; what is not there."""
    pen = t["alice"]

    def told(kind: str, **fields: Json) -> Json:
        reply = pen.post({"type": kind, **fields}, "/explorer")
        book.explored.setdefault(kind, []).append(reply)
        return reply

    for row in told("userDetails", user=pen.address)["txs"][:20]:
        told("txDetails", hash=row["hash"])
        told("blockDetails", height=row["block"])
    assert told("userDetails", user=NOBODY)["txs"] == []
    for kind, fields in (("txDetails", {"hash": "0x" + "1" * 64}), ("blockDetails", {"height": 0})):
        reply = pen.post({"type": kind, **fields}, "/explorer")
        book.explored.setdefault("error", []).append(reply)


def post(t: Town) -> list[tuple[dict[str, Json], Json]]:
    """Requests that are posted over a socket, and the frames that answer them."""
    pen = Draft(t.server, t.server.accounts[0].key)
    asked: list[dict[str, Json]] = [
        *({"type": "info", "payload": {"type": "l2Book", "coin": coin}} for coin in ("BTC", "NO")),
        {"type": "info", "payload": {"type": "meta", "dex": NO_DEX}},
        *(
            {"type": "action", "payload": envelope}
            for envelope in (
                pen.buys(0, "0.01", t.px("BTC", 0.9)),
                pen.l1({"type": "cancel", "cancels": [{"a": 0, "o": 1}]}),
                pen.l1({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 99}),
            )
        ),
    ]
    with connect(t.server.ws_url, max_size=None) as socket:
        return [(one, Ears(socket).post(one)) for one in asked]


def listed_as(topic: str, reply: Json) -> Json:
    """What info answers, as a subscription lists it."""
    if topic == "userFundings":
        return [
            {"time": row["time"]} | {k: v for k, v in row["delta"].items() if k != "type"}
            for row in reply
        ]
    return reply[1] if topic in ("assetCtxs", "spotAssetCtxs") else reply


TWICE: dict[str, tuple[str, Callable[[Json], Json]]] = {
    "userFills": ("userFills", lambda data: data["fills"]),
    "userFundings": ("userFunding", lambda data: data["fundings"]),
    "userNonFundingLedgerUpdates": (
        "userNonFundingLedgerUpdates",
        lambda data: data["nonFundingLedgerUpdates"],
    ),
    "userTwapSliceFills": ("userTwapSliceFills", lambda data: data["twapSliceFills"]),
    "userTwapHistory": ("twapHistory", lambda data: data["history"]),
    "userHistoricalOrders": ("historicalOrders", lambda data: data["orderHistory"]),
    "openOrders": ("frontendOpenOrders", lambda data: data["orders"]),
    "clearinghouseState": ("clearinghouseState", lambda data: data["clearinghouseState"]),
    "spotState": ("spotClearinghouseState", lambda data: data["spotState"]),
    "activeAssetData": ("activeAssetData", lambda data: data),
    "allMids": ("allMids", lambda data: data["mids"]),
    "assetCtxs": ("metaAndAssetCtxs", lambda data: data["ctxs"]),
    "spotAssetCtxs": ("spotMetaAndAssetCtxs", lambda data: data),
}


PXS = ("px", "limitPx", "triggerPx", "entryPx", "markPx", "oraclePx", "stopPx")
SZS = ("sz", "origSz", "szi", "executedSz", "openInterest")
DECIMALS = {**dict(zip(PERPS, (5, 4, 2, 1, 1, 4, 3, 2), strict=True)), "PURR/USDC": 0, "@1": 2}
"""szDecimals by coin."""


def numbers_of(value: Json) -> Iterator[tuple[str, str, str]]:
    """(coin, key, text) of every price and size that stands beside a coin."""
    if isinstance(value, list):
        for one in value:
            yield from numbers_of(one)
    elif isinstance(value, dict):
        coin = value.get("coin")
        for key, one in value.items():
            if isinstance(one, str) and coin in DECIMALS and key in (*PXS, *SZS):
                yield coin, key, one
            yield from numbers_of(one)


def places(text: str) -> int:
    fraction = text.partition(".")[2]
    return 0 if fraction == "0" else len(fraction)


def values_of(value: Json, key: str) -> Iterator[Json]:
    """What stands under `key`, wherever it is; null as None."""
    if isinstance(value, list):
        for one in value:
            yield from values_of(one, key)
    elif isinstance(value, dict):
        if key in value and not isinstance(value[key], dict | list):
            yield value[key]
        for one in value.values():
            yield from values_of(one, key)
