"""Refusals of TWAPs, in a status of their own and never with a suffix (exchange 7.3)."""

from __future__ import annotations

from typing import Any

from refusals import BTC, ETH, World, earns

from hlsim.sim.errors import ActionReject, OrderReject, TwapReject
from hlsim.sim.operations import SetHalt


def _twap(
    w: World, asset: int, sz: str, *, minutes: int = 30, reduce_only: bool = False, stop: str = ""
) -> Any:
    terms = {"a": asset, "b": True, "s": sz, "r": reduce_only, "m": minutes, "t": False}
    action: dict[str, Any] = {"type": "twapOrder", "twap": terms}
    if stop:
        action["details"] = {"t": None, "s": stop}
    return w.alice.l1(action)


@earns(TwapReject.DURATION, "Invalid TWAP duration: 4 min(s)")
def _(w: World) -> Any:
    return _twap(w, BTC, "0.1", minutes=4)


@earns(TwapReject.DURATION, "Invalid TWAP duration: 10081 min(s)")
def _(w: World) -> Any:
    return _twap(w, BTC, "0.1", minutes=10_081)


@earns(TwapReject.DURATION, "Invalid TWAP duration: 1441 min(s)", twap_max_minutes=1440)
def _(w: World) -> Any:
    return _twap(w, BTC, "0.1", minutes=1441)


@earns(TwapReject.VALUE, "TWAP order value too small. Min is $100.")
def _(w: World) -> Any:
    return _twap(w, BTC, "0.0015")


@earns(
    TwapReject.VALUE_PER_MINUTE,
    "TWAP order value too small. Min is $1200, which is $10 per minute.",
    twap_minimum="per_minute",
)
def _(w: World) -> Any:
    return _twap(w, BTC, "0.018", minutes=120)


@earns(TwapReject.REDUCE_ONLY, "Reduce-only TWAP order would increase position.")
def _(w: World) -> Any:
    return _twap(w, BTC, "0.1", reduce_only=True)


@earns(TwapReject.TOO_MANY, "Too many open TWAP orders.", max_twaps=2)
def _(w: World) -> Any:
    return [_twap(w, BTC, "0.1") for _ in range(3)][-1]


@earns(TwapReject.NOT_RUNNING, "TWAP was never placed, already canceled, or filled.")
def _(w: World) -> Any:
    return w.alice.l1({"type": "twapCancel", "a": BTC, "t": 77})


# -- what is asked of a TWAP as of any order -------------------------------------------------------


@earns(OrderReject.ZERO_SZ, "Order has zero size.", "T")
def _(w: World) -> Any:
    return _twap(w, BTC, "0")


@earns(OrderReject.INVALID_SZ, "Order has invalid size.", "T")
def _(w: World) -> Any:
    return _twap(w, BTC, "0.100001")


@earns(OrderReject.TICK, "Price must be divisible by tick size.", "T")
def _(w: World) -> Any:
    return _twap(w, BTC, "0.1", stop="66000.5")


@earns(OrderReject.HALTED, "Trading is halted.", "T")
def _(w: World) -> Any:
    w.server.operate(SetHalt(ETH, True))
    return _twap(w, ETH, "1")


@earns(ActionReject.INVALID_PERP, "Invalid perp")
def _(w: World) -> Any:
    return _twap(w, 9_999, "1")
