"""Refusals of orders, cancels and modifies."""

from __future__ import annotations

from typing import Any

from refusals import BTC, ETH, GONE, HYPE, PURR, World, earns
from wire import ALO, GTC, IOC, oid_of, order

from hlsim.sim.errors import ActionReject, CancelReject, OrderReject
from hlsim.sim.operations import SetHalt, UpgradeNetwork

FRONTEND = {"limit": {"tif": "FrontendMarket"}}
BUILDER = {"b": "0x" + "0b" * 20, "f": 10}


@earns(OrderReject.EMPTY, "Orders are empty.")
def _(w: World) -> Any:
    return w.alice.orders()


@earns(OrderReject.ZERO_SZ, "Order has zero size.")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0", "0")


@earns(OrderReject.INVALID_SZ, "Order has invalid size.")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.000001", "66000")


@earns(OrderReject.ZERO_PX, "Order has zero price.")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.01", "0")


@earns(OrderReject.INVALID_PX, "Order has invalid price.")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.01", "6600.55")


@earns(OrderReject.SPOT_REDUCE_ONLY, "Reduce-only is invalid for spot trading.")
def _(w: World) -> Any:
    return w.alice.orders(order(PURR, "200", "0.07", reduce_only=True))


@earns(OrderReject.SPOT_SUPPLY, "Order size cannot be larger than half of total supply.")
def _(w: World) -> Any:
    return w.alice.buys(PURR, "300000000", "0.07")


@earns(OrderReject.HALTED, "Trading is halted.")
def _(w: World) -> Any:
    w.server.operate(SetHalt(ETH, True))
    return w.alice.buys(ETH, "1", "1900")


@earns(OrderReject.HALTED, "Trading is halted.")
def _(w: World) -> Any:
    return w.alice.buys(GONE, "100", "0.37")


@earns(OrderReject.BUILDER_FEE, "Builder fee has not been approved.")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.01", "60000", builder=BUILDER)


@earns(
    OrderReject.BUILDER_FEE, "Builder fee has not been approved.", "W", builder_fee_level="action"
)
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.01", "60000", builder=BUILDER)


_UPGRADED = "Only post-only orders allowed immediately after network upgrade"


@earns(OrderReject.POST_ONLY_WINDOW, _UPGRADED)
def _(w: World) -> Any:
    w.server.operate(UpgradeNetwork(60_000))
    return w.alice.buys(BTC, "0.01", "60000")


@earns(OrderReject.POST_ONLY_WINDOW, _UPGRADED, "W", upgrade_reject="action")
def _(w: World) -> Any:
    w.server.operate(UpgradeNetwork(60_000))
    return w.alice.buys(BTC, "0.01", "60000")


@earns(OrderReject.DUPLICATE_CLOID, "Duplicate cloid.", duplicate_cloid="reject")
def _(w: World) -> Any:
    named = order(BTC, "0.01", "60000", cloid="0x" + "c1" * 16)
    oid_of(w.alice.orders(named))
    return w.alice.orders(named)


@earns(OrderReject.TICK, "Price must be divisible by tick size. asset=0")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.01", "66000.5")


@earns(
    OrderReject.PRICE_BAND,
    "Order price cannot be more than 95% away from the reference price",
)
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.1", "3319")


@earns(OrderReject.TOO_MANY_OPEN, "Too many open orders. asset=0")
def _(w: World) -> Any:
    w.deposit(w.alice, "1000000")
    for _ in range(10):
        w.alice.orders(*[order(BTC, "0.001", "20000")] * 100)
    return w.alice.buys(BTC, "0.001", "20000")


@earns(OrderReject.VALUE_TOO_LARGE, "Order value too large. Max is $30000000.")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "500", "66000", IOC)


@earns(
    OrderReject.IOC_CANCEL,
    "Order could not immediately match against any resting orders. asset=0",
)
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.01", "66000", IOC)


@earns(OrderReject.NO_LIQUIDITY, "No liquidity available for market order. asset=0")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "0.01", "66000", FRONTEND)


@earns(OrderReject.MIN_TRADE_NTL, "Order must have minimum value of $10. asset=1")
def _(w: World) -> Any:
    return w.alice.buys(ETH, "0.005", "1999.9")


@earns(OrderReject.MIN_TRADE_SPOT_NTL, "Order must have minimum value of 10 USDC. asset=10000")
def _(w: World) -> Any:
    return w.alice.buys(PURR, "142", "0.07")


@earns(OrderReject.REDUCE_ONLY, "Reduce only order would increase position. asset=0")
def _(w: World) -> Any:
    return w.alice.orders(order(BTC, "0.01", "66000", reduce_only=True))


@earns(
    OrderReject.BAD_ALO_PX,
    "Post only order would have immediately matched, bbo was 1900@1910.5. asset=1",
)
def _(w: World) -> Any:
    oid_of(w.bob.buys(ETH, "0.1", "1900"))
    oid_of(w.bob.sells(ETH, "0.1", "1910.5"))
    return w.alice.buys(ETH, "0.1", "1911", ALO)


@earns(OrderReject.SPOT_BALANCE, "Insufficient spot balance asset=10107")
def _(w: World) -> Any:
    return w.alice.sells(HYPE, "101", "35")


@earns(
    OrderReject.MAX_POSITION,
    "Order would cause position to exceed margin tier limit at current leverage asset=0",
)
def _(w: World) -> Any:
    w.deposit(w.alice, "10000000")
    w.alice.l1({"type": "updateLeverage", "asset": BTC, "isCross": True, "leverage": 40})
    return w.alice.buys(BTC, "2300", "66000")


@earns(OrderReject.MARGIN, "Insufficient margin to place order. asset=0")
def _(w: World) -> Any:
    return w.alice.buys(BTC, "40", "66000")


# -- cancels and modifies --------------------------------------------------------------------------


@earns(
    CancelReject.NOT_OPEN,
    "Order was never placed, already canceled, or filled. asset=1",
)
def _(w: World) -> Any:
    return w.alice.l1({"type": "cancel", "cancels": [{"a": ETH, "o": 123}]})


@earns(ActionReject.INVALID_SPOT, "Invalid spot")
def _(w: World) -> Any:
    return w.alice.buys(19_999, "1", "1")


@earns(ActionReject.INVALID_PERP, "Invalid perp")
def _(w: World) -> Any:
    return w.alice.buys(9_999, "1", "1")


@earns(ActionReject.MODIFY_NOT_OPEN, "Cannot modify canceled or filled order")
def _(w: World) -> Any:
    new = order(BTC, "0.01", "60000", ALO)
    return w.alice.l1({"type": "modify", "oid": 123, "order": new})


@earns(ActionReject.MODIFY_INVALID, "Attempted to modify to invalid new order")
def _(w: World) -> Any:
    oid = oid_of(w.alice.buys(BTC, "0.01", "60000"))
    new = order(BTC, "0.01", "60000", IOC)
    return w.alice.l1({"type": "modify", "oid": oid, "order": new})


@earns(
    ActionReject.MODIFY_PLACING,
    "Error placing new order during modify: Insufficient margin to place order. asset=0",
)
def _(w: World) -> Any:
    oid = oid_of(w.alice.buys(BTC, "0.01", "60000"))
    new = order(BTC, "40", "60000", GTC)
    return w.alice.l1({"type": "modify", "oid": oid, "order": new})


@earns(ActionReject.MODIFY_NOT_OPEN, "Cannot modify canceled or filled order", "P")
def _(w: World) -> Any:
    entry = {"oid": 123, "order": order(BTC, "0.01", "60000", ALO)}
    return w.alice.l1({"type": "batchModify", "modifies": [entry]})


@earns(
    ActionReject.MODIFY_PLACING,
    "Error placing new order during modify: Insufficient margin to place order. asset=0",
    "P",
)
def _(w: World) -> Any:
    oid = oid_of(w.alice.buys(BTC, "0.01", "60000"))
    entry = {"oid": oid, "order": order(BTC, "40", "60000", GTC)}
    return w.alice.l1({"type": "batchModify", "modifies": [entry]})


@earns(OrderReject.ZERO_SZ, "Order has zero size.", "W")
def _(w: World) -> Any:
    oid = oid_of(w.alice.buys(BTC, "0.01", "60000"))
    return w.alice.l1({"type": "modify", "oid": oid, "order": order(BTC, "0", "60000", ALO)})


# -- the dead man's switch -------------------------------------------------------------------------


@earns(
    ActionReject.SCHEDULE_VOLUME,
    "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $0.",
)
def _(w: World) -> Any:
    return w.alice.l1({"type": "scheduleCancel"})


@earns(
    ActionReject.SCHEDULE_TOO_EARLY,
    "Scheduled cancel time too early, must be at least 5 seconds from now.",
)
def _(w: World) -> Any:
    w.traded(w.alice, 1_000_000)
    return w.alice.l1({"type": "scheduleCancel", "time": w.now_ms})


@earns(
    ActionReject.SCHEDULE_TRIGGERS,
    "Cannot set scheduled cancel time: max 10 triggers per day.",
)
def _(w: World) -> Any:
    w.traded(w.alice, 1_000_000)
    reply = None
    for _ in range(11):
        # The switch counts by the client's clock, the timer by the exchange's.
        soon = w.server.call(lambda server: server.node.pacer.nonce_clock_ms()) + 6_000
        reply = w.alice.l1({"type": "scheduleCancel", "time": soon})
        w.server.clock.advance(seconds=7)
    return reply
