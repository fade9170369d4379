"""Accounts of a load test, and bodies signed ahead of the moment in which they are sent.

Signing with the official SDK would measure the client. A pool signs some twenty bodies at a time,
from the mid price of that moment, outside the measured request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b
from itertools import count
from typing import Any

import requests

from hlsim.server.bench_client import Wallet, order, place

DEPOSIT_USD = 1_000_000
"""What run.py gives to each account."""
COINS = ("BTC", "ETH", "SOL", "HYPE", "DOGE", "XRP")

Body = tuple[str, bytes]
"""The name under which the request is reported, and what is sent."""

_cloids = count(time.time_ns())


class Nonces:
    """Each nonce higher than the one before, and never behind the clock."""

    last = 0

    def take(self) -> int:
        self.last = max(self.last + 1, time.time_ns() // 1_000_000)
        return self.last


_nonces = Nonces()


def account(index: int) -> Wallet:
    """The `index`-th account of a load test, the same ones for every process that asks."""
    return Wallet(blake2b(f"load test {index}".encode(), digest_size=32).hexdigest())


def sign(wallet: Wallet, action: dict[str, Any]) -> bytes:
    """The body of `action` with the next nonce of this process."""
    return wallet.sign_l1(action, _nonces.take())


def new_cloid() -> str:
    return f"0x{next(_cloids):032x}"


@dataclass(frozen=True)
class Coin:
    """What a client must know of a perp to quote it."""

    name: str
    asset: int
    sz_decimals: int

    def px(self, px: Decimal) -> str:
        """The nearest legal price: five significant figures, at most 6 - szDecimals decimals."""
        places = max(0, min(6 - self.sz_decimals, 4 - px.adjusted()))
        return plain(px.quantize(Decimal(1).scaleb(-places)))

    def sz(self, usd: Decimal, px: Decimal) -> str:
        """The size that is worth about `usd`."""
        lot = Decimal(1).scaleb(-self.sz_decimals)
        return plain(max(lot, (usd / px).quantize(lot)))


def plain(value: Decimal) -> str:
    """Plain digits without trailing zeros: the form that is signed."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass
class Pool:
    """Bodies that `make` signed ahead; refilled when the last one is taken."""

    make: Callable[[], list[Body]]
    ready: list[Body] = field(default_factory=list)

    def take(self) -> Body:
        if not self.ready:
            self.ready = self.make()[::-1]
        return self.ready.pop()


@dataclass
class Prices:
    """Coins and mid prices of a server, asked for outside the measurement."""

    url: str
    coins: list[Coin] = field(default_factory=list)

    def __post_init__(self) -> None:
        universe = self.ask("meta")["universe"]
        known = {row["name"]: (asset, row["szDecimals"]) for asset, row in enumerate(universe)}
        self.coins = [Coin(name, *known[name]) for name in COINS if name in known]

    def ask(self, kind: str, **parameters: Any) -> Any:
        """One `/info` answer. Raises when it is not 200."""
        reply = requests.post(f"{self.url}/info", json={"type": kind, **parameters}, timeout=10)
        reply.raise_for_status()
        return reply.json()

    def mids(self) -> dict[str, Decimal]:
        return {coin: Decimal(text) for coin, text in self.ask("allMids").items()}


def ladder(wallet: Wallet, coin: Coin, mid: Decimal, *, rungs: int, turns: int) -> list[Body]:
    """`turns` times: post-only quotes on both sides of `mid`, a modify of one, a cancel of all."""
    bodies: list[Body] = []
    for turn in range(turns):
        cloids = [new_cloid() for _ in range(2 * rungs)]
        quotes = [
            order(
                coin.asset,
                is_buy=rung < rungs,
                px=coin.px(mid * (1 + _distance(rung, rungs) + Decimal(turn) / 10**5)),
                sz=coin.sz(Decimal(40), mid),
                tif="Alo",
                cloid=cloid,
            )
            for rung, cloid in enumerate(cloids)
        ]
        moved = {**quotes[0], "p": coin.px(mid * Decimal("0.99"))}
        cancels = [{"asset": coin.asset, "cloid": cloid} for cloid in cloids]
        for name, action in (
            (f"order x{len(quotes)}", place(*quotes)),
            (
                "batchModify",
                {"type": "batchModify", "modifies": [{"oid": cloids[0], "order": moved}]},
            ),
            (f"cancelByCloid x{len(cancels)}", {"type": "cancelByCloid", "cancels": cancels}),
        ):
            bodies.append((name, sign(wallet, action)))
    return bodies


def _distance(rung: int, rungs: int) -> Decimal:
    """-0.3 %, -0.4 % … for the bids, the same upward for the asks."""
    step = Decimal(3 + rung % rungs) / 1000
    return -step if rung < rungs else step


def crossings(wallet: Wallet, coin: Coin, mid: Decimal, *, turns: int) -> list[Body]:
    """`turns` times: a marketable buy and a sell of the same size, so that no position grows."""
    sz = coin.sz(Decimal(60), mid)
    sides = ((True, coin.px(mid * Decimal("1.02"))), (False, coin.px(mid * Decimal("0.98"))))
    return [
        ("order ioc", sign(wallet, place(order(coin.asset, is_buy=b, px=px, sz=sz, tif="Ioc"))))
        for _ in range(turns)
        for b, px in sides
    ]
