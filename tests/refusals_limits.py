"""How to earn the refusals of caps, upgrades, triggers and rules that are off by default."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from refusals import BTC, ETH, PURR, World, earns
from wire import GTC, order

from hlsim.sim.errors import ActionReject, OrderReject
from hlsim.sim.fixed import Rate, Usd
from hlsim.sim.operations import SetOpenInterestCap, UpgradeNetwork

CLOID = "0x" + "0c" * 16
MARK = {BTC: "66000", ETH: "1900"}


def _rules(w: World, **changes: Any) -> None:
    def change(server: Any) -> None:
        state = server.node.exchange.state
        state.rules = replace(state.rules, **changes)

    w.server.call(change)


def _capped(w: World) -> None:
    """Alice is long 10 ETH of bob's, and the market is at its cap."""
    w.trade(ETH, "10", MARK[ETH])
    w.server.operate(SetOpenInterestCap(ETH, Usd(10**9)))


def _trigger(px: str, *, tpsl: str = "sl") -> Any:
    return {"trigger": {"isMarket": True, "triggerPx": px, "tpsl": tpsl}}


def _grouped(w: World, *orders: Any) -> Any:
    return w.alice.l1({"type": "order", "orders": list(orders), "grouping": "normalTpsl"})


@earns(ActionReject.NOT_STRICT, "Asset not strict isolated")
def _(w: World) -> Any:
    return w.alice.l1({"type": "topUpIsolatedOnlyMargin", "asset": BTC, "leverage": "3"})


@earns(
    OrderReject.POST_ONLY_WINDOW,
    "Only post-only orders allowed immediately after network upgrade",
)
def _(w: World) -> Any:
    w.server.operate(UpgradeNetwork(60_000))
    return w.alice.buys(ETH, "1", MARK[ETH])


@earns(OrderReject.DUPLICATE_CLOID, "Duplicate cloid.")
def _(w: World) -> Any:
    _rules(w, duplicate_cloid="reject")
    one = {**order(ETH, "1", "1500"), "c": CLOID}
    assert "resting" in str(w.alice.orders(one))
    return w.alice.orders(one)


# -- open interest ---------------------------------------------------------------------------------


@earns(
    OrderReject.CAP_INCREASE,
    "Cannot increase position when open interest is at cap. asset=1",
)
def _(w: World) -> Any:
    _capped(w)
    return w.alice.buys(ETH, "1", MARK[ETH])


@earns(
    OrderReject.CAP_INCREASE_DOCS,
    "Order would increase open interest while open interest is capped asset=1",
)
def _(w: World) -> Any:
    _rules(w, oi_cap_text="docs")
    _capped(w)
    return w.alice.buys(ETH, "1", MARK[ETH])


@earns(
    OrderReject.CAP_FLIP,
    "Order would increase open interest while open interest is capped asset=1",
)
def _(w: World) -> Any:
    _capped(w)
    return w.alice.sells(ETH, "11", MARK[ETH])


@earns(
    OrderReject.CAP_AGGRESSIVE,
    "Order rejected due to price more aggressive than oracle while at open interest cap asset=1",
)
def _(w: World) -> Any:
    _capped(w)
    return w.alice.sells(ETH, "5", "1500")


@earns(
    OrderReject.INTEREST_TOO_QUICK,
    "Order would increase open interest too quickly asset=1",
)
def _(w: World) -> Any:
    _rules(w, open_interest_growth=Rate(10**8))
    w.server.operate(SetOpenInterestCap(ETH, Usd(10**11)))
    return w.alice.buys(ETH, "1", MARK[ETH])


# -- triggers --------------------------------------------------------------------------------------


@earns(OrderReject.SPOT_TRIGGER, "Placing trigger orders is not enabled on spot trading yet.")
def _(w: World) -> Any:
    return w.alice.sells(PURR, "500", "0.07", _trigger("0.06"))


@earns(OrderReject.BAD_TRIGGER_PX, "Invalid TP/SL price. asset=1")
def _(w: World) -> Any:
    w.trade(ETH, "1", MARK[ETH])
    stop = _trigger("9000")
    return w.alice.orders(order(ETH, "1", "1500", stop, is_buy=False, reduce_only=True))


@earns(OrderReject.MAIN_TRIGGER, "Main order cannot be trigger order.")
def _(w: World) -> Any:
    stop = order(ETH, "1", "1500", _trigger("1500"), is_buy=False, reduce_only=True)
    return _grouped(w, stop, stop)


@earns(OrderReject.TRIGGER_COUNT, "Unexpected number of trigger orders")
def _(w: World) -> Any:
    return _grouped(w, order(ETH, "1", MARK[ETH], GTC))
