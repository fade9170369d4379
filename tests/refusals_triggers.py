"""Refusals of trigger orders and of the groups that they come in (exchange 5.1, 7.2)."""

from __future__ import annotations

from typing import Any

from refusals import BTC, PURR, World, earns
from wire import order

from hlsim.sim.errors import OrderReject


def _trigger(px: str, tpsl: str = "sl") -> dict[str, Any]:
    return {"trigger": {"isMarket": True, "triggerPx": px, "tpsl": tpsl}}


def _exit(px: str, tpsl: str = "sl", *, is_buy: bool = False, reduce_only: bool = True) -> Any:
    """A child that closes 0.1 BTC of a long position at `px`."""
    terms = _trigger(px, tpsl)
    return order(BTC, "0.1", px, terms, is_buy=is_buy, reduce_only=reduce_only)


PARENT = order(BTC, "0.1", "66000")


@earns(OrderReject.MAIN_TRIGGER, "Main order cannot be trigger order.")
def _(w: World) -> Any:
    return w.alice.orders(_exit("60000"), _exit("70000", "tp"), grouping="normalTpsl")


_COUNT = "Unexpected number of trigger orders"


@earns(OrderReject.TRIGGER_COUNT, _COUNT)
def _(w: World) -> Any:
    return w.alice.orders(PARENT, grouping="normalTpsl")


@earns(OrderReject.TRIGGER_COUNT, _COUNT)
def _(w: World) -> Any:
    children = [_exit("60000"), _exit("70000", "tp"), _exit("71000", "tp")]
    return w.alice.orders(PARENT, *children, grouping="normalTpsl")


@earns(OrderReject.TRIGGER_COUNT, _COUNT)
def _(w: World) -> Any:
    return w.alice.orders(PARENT, _exit("60000", reduce_only=False), grouping="normalTpsl")


@earns(OrderReject.TRIGGER_COUNT, _COUNT)
def _(w: World) -> Any:
    return w.alice.orders(PARENT, _exit("60000", is_buy=True), grouping="normalTpsl")


@earns(OrderReject.TRIGGER_COUNT, _COUNT)
def _(w: World) -> Any:
    return w.alice.orders(PARENT, grouping="positionTpsl")


@earns(
    OrderReject.SPOT_TRIGGER,
    "Placing trigger orders is not enabled on spot trading yet.",
)
def _(w: World) -> Any:
    return w.alice.orders(order(PURR, "200", "0.07", _trigger("0.07"), is_buy=False))


@earns(OrderReject.BAD_TRIGGER_PX, "Invalid TP/SL price. asset=0")
def _(w: World) -> Any:
    w.trade(BTC, "0.1", "66000")
    return w.alice.orders(_exit("67000"))


@earns(OrderReject.REDUCE_ONLY, "Reduce only order would increase position. asset=0")
def _(w: World) -> Any:
    return w.alice.orders(_exit("60000"))


@earns(OrderReject.INVALID_PX, "Order has invalid price.")
def _(w: World) -> Any:
    return w.alice.orders(order(BTC, "0.1", "60000", _trigger("6000.55"), is_buy=False))


@earns(OrderReject.TICK, "Price must be divisible by tick size. asset=0")
def _(w: World) -> Any:
    return w.alice.orders(order(BTC, "0.1", "60000", _trigger("60000.5"), is_buy=False))
