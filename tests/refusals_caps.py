"""Refusals at a cap of open interest (exchange 7.2, mechanics 17)."""

from __future__ import annotations

from typing import Any

from refusals import ETH, World, earns

from hlsim.sim.errors import OrderReject
from hlsim.sim.fixed import Rate, Usd
from hlsim.sim.operations import SetOpenInterestCap


def _cap(w: World, usd: int) -> None:
    w.server.operate(SetOpenInterestCap(ETH, Usd(usd * 10**6)))


def _at_cap(w: World) -> None:
    """Alice is long and bob short all that may be: 10 ETH, whose oracle price is 1920."""
    w.trade(ETH, "10", "1920")
    _cap(w, 19_200)


_DOCUMENTED = "Order would increase open interest while open interest is capped asset=1"


@earns(
    OrderReject.CAP_INCREASE,
    "Cannot increase position when open interest is at cap. asset=1",
)
def _(w: World) -> Any:
    _at_cap(w)
    return w.alice.buys(ETH, "1", "1900")


@earns(OrderReject.CAP_INCREASE_DOCS, _DOCUMENTED, oi_cap_text="docs")
def _(w: World) -> Any:
    _at_cap(w)
    return w.alice.buys(ETH, "1", "1900")


@earns(OrderReject.CAP_FLIP, _DOCUMENTED)
def _(w: World) -> Any:
    _at_cap(w)
    return w.alice.sells(ETH, "11", "1930")


@earns(
    OrderReject.CAP_AGGRESSIVE,
    "Order rejected due to price more aggressive than oracle while at open interest cap asset=1",
)
def _(w: World) -> Any:
    _at_cap(w)
    return w.alice.sells(ETH, "5", "1919.9")


@earns(
    OrderReject.INTEREST_TOO_QUICK,
    "Order would increase open interest too quickly asset=1",
    open_interest_growth=Rate(10**9),
)
def _(w: World) -> Any:
    _cap(w, 100_000)
    return w.alice.buys(ETH, "6", "1900")
