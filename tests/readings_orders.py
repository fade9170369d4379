"""Stories of contested points: what orders are asked, answered and told."""

from __future__ import annotations

from typing import Any

from readings import shows, updates
from refusals import BTC, ETH, SOL, World
from wire import ALO, GTC, IOC, level_of, oid_of, order, refusal_of

from hlsim.sim.fixed import Usd
from hlsim.sim.operations import SetOpenInterestCap, UpgradeNetwork

CLOID = "0x" + "0c" * 16
STRANGER = {"b": "0x" + "0b" * 20, "f": 10}


def kinds(reply: Any) -> list[str]:
    """What each order of a reply became, an error by its text."""
    rows = reply["response"]["data"]["statuses"]
    return [row.get("error") or next(iter(row)) for row in rows]


def outcome(reply: Any) -> str:
    """The refusal of an action or of its last order, or what that became."""
    return refusal_of(reply) if reply["status"] == "err" else kinds(reply)[-1]


MINIMUM = "Order must have minimum value of $10. asset={}"


@shows(
    "price_band",
    {
        "0.95": "resting",
        "0.80": "Order price cannot be more than 80% away from the reference price",
    },
)
def _(w: World) -> Any:
    """Contested 6: a tenth of the mark."""
    w.oracle(ETH, "2000")
    return outcome(w.alice.buys(ETH, "1", "200"))


@shows("min_notional_price", {"first_cross": MINIMUM.format(SOL), "limit": "filled"})
def _(w: World) -> Any:
    """Contested 10: worth less than $10 at the price that it meets, more at its own."""
    w.oracle(SOL, "100")
    w.bob.sells(SOL, "1", "100")
    return outcome(w.alice.buys(SOL, "0.09", "120", IOC))


@shows(
    "ioc_check_order",
    {
        "match_first": "Order could not immediately match against any resting orders. asset=0",
        "minimum_first": MINIMUM.format(BTC),
    },
)
def _(w: World) -> Any:
    """Contested 11: too small, and nothing to meet."""
    return outcome(w.alice.buys(BTC, "0.0001", "60000", IOC))


@shows("duplicate_cloid", {"accept": "resting", "reject": "Duplicate cloid."})
def _(w: World) -> Any:
    """Contested 42."""
    named = order(BTC, "0.01", "60000", cloid=CLOID)
    w.alice.orders(named)
    return outcome(w.alice.orders(named))


@shows("builder_fee_level", {"order": "P", "action": "W"})
def _(w: World) -> Any:
    """Contested 14: in a status of the order, or instead of all statuses."""
    reply = w.alice.buys(BTC, "0.01", "60000", builder=STRANGER)
    assert refusal_of(reply) == "Builder fee has not been approved."
    return level_of(reply)


@shows(
    "oi_cap_text",
    {
        "live": "Cannot increase position when open interest is at cap. asset=1",
        "docs": "Order would increase open interest while open interest is capped asset=1",
    },
)
def _(w: World) -> Any:
    """Contested 16: 10 ETH of $2000 are all that may be."""
    w.oracle(ETH, "2000")
    w.trade(ETH, "10", "2000")
    w.server.operate(SetOpenInterestCap(ETH, Usd(20_000 * 10**6)))
    return outcome(w.alice.buys(ETH, "1", "1990"))


@shows("upgrade_reject", {"order": "P", "action": "W"})
def _(w: World) -> Any:
    """Contested 12: of two orders one is post-only, which rests unless the whole is refused."""
    w.server.operate(UpgradeNetwork(60_000))
    late, alo = (order(BTC, "0.01", "60000", terms) for terms in (GTC, ALO))
    reply = w.alice.orders(alo, late)
    assert refusal_of(reply) == ("Only post-only orders allowed immediately after network upgrade")
    level = level_of(reply)
    assert len(w.alice.info("openOrders", user=w.alice.address)) == (level == "P")
    return level


# -- what becomes of a match -----------------------------------------------------------------------


@shows("partial_gtc_reply", {"filled": "filled", "resting": "resting"})
def _(w: World) -> Any:
    """Contested 3: the rest stands in the book under either."""
    w.bob.sells(BTC, "0.01", "60000")
    reply = w.alice.buys(BTC, "0.03", "60000")
    (row,) = w.alice.info("openOrders", user=w.alice.address)
    assert (row["oid"], row["sz"]) == (oid_of(reply), "0.02")
    return outcome(reply)


@shows(
    "partial_ioc_status",
    {
        "filled": ("filled", [("open", "0.03"), ("filled", "0.02")]),
        "canceled": ("canceled", [("open", "0.03"), ("canceled", "0.02")]),
    },
)
def _(w: World) -> Any:
    """Contested 26: as asked for and as streamed."""
    w.bob.sells(BTC, "0.01", "60000")
    with updates(w, w.alice.address) as told:
        oid = oid_of(w.alice.buys(BTC, "0.03", "60000", IOC))
    found = w.alice.info("orderStatus", user=w.alice.address, oid=oid)
    return found["order"]["status"], told


@shows(
    "ioc_reject_updates",
    {
        "single": [("iocCancelRejected", "0.01")],
        "open_first": [("open", "0.01"), ("iocCancelRejected", "0.01")],
    },
)
def _(w: World) -> Any:
    """Contested 58."""
    with updates(w, w.alice.address) as told:
        w.alice.buys(BTC, "0.01", "60000", IOC)
    return told


@shows("partial_fill_update", {"none": [], "open": [("open", "0.02"), ("open", "0.015")]})
def _(w: World) -> Any:
    """Contested 35: twice in part; its last fill is told under either, and what queries know of the
    order is what they knew.
    """
    oid = oid_of(w.alice.sells(BTC, "0.03", "60000"))
    asked = {"user": w.alice.address, "oid": oid}
    before = w.alice.info("orderStatus", **asked)
    with updates(w, w.alice.address) as told:
        w.bob.buys(BTC, "0.01", "60000")
        w.bob.buys(BTC, "0.005", "60000", IOC)
        assert w.alice.info("orderStatus", **asked) == before
        w.bob.buys(BTC, "0.015", "60000")
    assert told.pop() == ("filled", "0.0")
    history = w.alice.info("historicalOrders", user=w.alice.address)
    assert [row["status"] for row in history] == ["filled", "open"]
    return told


# -- modifies --------------------------------------------------------------------------------------


def modified(w: World, terms: Any = GTC, px: str = "60100") -> Any:
    oid = oid_of(w.alice.buys(BTC, "0.01", "59000"))
    new = order(BTC, "0.02", px, terms)
    return w.alice.l1({"type": "modify", "oid": oid, "order": new})


@shows(
    "modify_rule",
    {"2026": "Attempted to modify to invalid new order", "free": "0.01"},
)
def _(w: World) -> Any:
    """Contested 13: a modify that would take what stands in its way; the size of its fill."""
    w.bob.sells(BTC, "0.01", "60000")
    reply = modified(w)
    if reply["status"] == "err":
        return reply["response"]
    if "data" in reply["response"]:
        return refusal_of(reply)
    (fill,) = w.alice.info("userFills", user=w.alice.address)
    return fill["sz"]


@shows(
    "modify_updates",
    {
        "open_first": [("open", "0.02"), ("canceled", "0.01")],
        "cancel_first": [("canceled", "0.01"), ("open", "0.02")],
    },
)
def _(w: World) -> Any:
    """Contested 23."""
    with updates(w, w.alice.address) as told:
        assert modified(w, ALO, "59100")["status"] == "ok"
    assert told[0] == ("open", "0.01")
    return told[1:]


# -- triggers and TWAPs ----------------------------------------------------------------------------


def trigger(kind: str, px: str, *, limit: str, sz: str) -> dict[str, Any]:
    """A market order that sleeps, to sell ETH."""
    terms = {"trigger": {"isMarket": True, "triggerPx": px, "tpsl": kind}}
    return order(ETH, sz, limit, terms, is_buy=False, reduce_only=True)


@shows("trigger_market_rest", {"rest": [("1850.0", "0.6")], "cancel": []})
def _(w: World) -> Any:
    """Contested 29: the stop meets a bid for 0.4 of its 1 ETH."""
    w.oracle(ETH, "1920")
    w.trade(ETH, "1", "1920")
    w.bob.buys(ETH, "0.4", "1900")
    oid = oid_of(w.alice.orders(trigger("sl", "1910", limit="1850", sz="1")))
    w.oracle(ETH, "1905")
    (fill, _) = w.alice.info("userFills", user=w.alice.address)
    assert (fill["oid"], fill["px"], fill["sz"]) == (oid, "1900.0", "0.4")
    rows = w.alice.info("openOrders", user=w.alice.address)
    return [(row["limitPx"], row["sz"]) for row in rows]


@shows("tpsl_children", {"both": ["sell", "sell", "buy"], "nested": ["buy"]})
def _(w: World) -> Any:
    """Contested 28: they wait in their parent, and some say beside it, too."""
    w.oracle(ETH, "1920")
    profit = trigger("tp", "2100", limit="2000", sz="1")
    stop = trigger("sl", "1700", limit="1600", sz="1")
    w.alice.orders(order(ETH, "1", "1900"), profit, stop, grouping="normalTpsl")
    rows = w.alice.info("frontendOpenOrders", user=w.alice.address)
    assert len(rows[-1]["children"]) == 2
    return [{"B": "buy", "A": "sell"}[row["side"]] for row in rows]


def twap(w: World, sz: str, minutes: int) -> Any:
    terms = {"a": BTC, "b": True, "s": sz, "r": False, "m": minutes, "t": False}
    status = w.alice.l1({"type": "twapOrder", "twap": terms})["response"]["data"]["status"]
    return status.get("error") or next(iter(status))


@shows("twap_max_minutes", {"10080": "running", "1440": "Invalid TWAP duration: 1441 min(s)"})
def _(w: World) -> Any:
    """Contested 7."""
    return twap(w, "1", 1441)


@shows(
    "twap_minimum",
    {
        "flat": "running",
        "per_minute": "TWAP order value too small. Min is $1200, which is $10 per minute.",
    },
)
def _(w: World) -> Any:
    """Contested 15: worth about $1000, over two hours."""
    w.oracle(BTC, "50000")
    return twap(w, "0.02", 120)


@shows("order_margin", {"sum": "400.0", "larger_side": "1000.0"})
def _(w: World) -> Any:
    """Contested 47: what is left for bids of 2000, of which bids reserve 1000 and asks 600."""
    w.oracle(SOL, "100")
    pen = w.funded(1, "2000")
    pen.l1({"type": "updateLeverage", "asset": SOL, "isCross": True, "leverage": 1})
    pen.buys(SOL, "10", "100")
    pen.sells(SOL, "4", "150")
    found = pen.info("activeAssetData", user=pen.address, coin="SOL")
    return found["availableToTrade"][0]
