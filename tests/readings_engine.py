"""Stories of contested points: what the engine does by itself, and what it tells of that."""

from __future__ import annotations

from typing import Any

from readings import ear, shows
from refusals import BTC, ETH, PURR, PURR_ID, World
from wire import IOC, Pen, oid_of, order

from hlsim.sim.fixed import Px
from hlsim.sim.operations import ListOutcome, SettleOutcome

YES, NO = 100_000_010, 100_000_011
"""The sides of the first outcome."""


@shows(
    "non_user_cancel",
    {
        "engine": ["selfTradeCanceled"],
        "all": ["selfTradeCanceled", "reduceOnlyCanceled"],
        "none": [],
    },
)
def _(w: World) -> Any:
    """Contested 2: an order that met its owner's other one, and one with nothing to reduce."""
    w.oracle(BTC, "60000")
    w.trade(BTC, "0.02", "60000")
    names = {oid_of(w.alice.buys(BTC, "0.01", "59000")): "selfTradeCanceled"}
    useless = w.alice.orders(order(BTC, "0.02", "61000", is_buy=False, reduce_only=True))
    names[oid_of(useless)] = "reduceOnlyCanceled"
    with ear(w) as listener:
        listener.subscribe("userEvents", user=w.alice.address)
        w.alice.sells(BTC, "0.01", "59000", IOC)
        w.bob.buys(BTC, "0.02", "58000")
        w.alice.sells(BTC, "0.02", "58000", IOC)
        frames = [data for _, data in listener.heard()]
    for oid, status in names.items():
        found = w.alice.info("orderStatus", user=w.alice.address, oid=oid)
        assert found["order"]["status"] == status
    told = [row for data in frames for row in data.get("nonUserCancel", [])]
    assert {row["coin"] for row in told} <= {"BTC"}
    return [names[row["oid"]] for row in told]


@shows("adl_short_index", {"entry_over_mark": "above", "literal": "below"})
def _(w: World) -> Any:
    """Contested 53: two shorts of one size and value, one from above the other's entry. The long
    between them goes below zero where nobody bids, and one of them has to give way.
    """
    w.oracle(ETH, "1920")
    long, above, below = w.funded(1, "500"), w.funded(2, "2000"), w.funded(3, "2035")
    for short, px in ((above, "1920"), (below, "1850")):
        short.sells(ETH, "0.5", px)
        long.buys(ETH, "0.5", px)
    w.oracle(ETH, "1440")
    assert len(state(long)["assetPositions"]) == 1
    w.oracle(ETH, "1380")
    gone = {
        name: [fill["dir"] for fill in pen.info("userFills", user=pen.address)]
        for name, pen in (("above", above), ("below", below))
    }
    (first,) = [name for name, dirs in gone.items() if "Auto-Deleveraging" in dirs]
    return first


def state(pen: Pen) -> Any:
    return pen.info("clearinghouseState", user=pen.address)


@shows("dust_schedule", {"midnight": "0.5", "minute": "none"})
def _(w: World) -> Any:
    """Contested 59: half a PURR, noon far away."""
    w.bob.buys(PURR, "500", "0.07")
    w.bob.sells(PURR, "500", "0.08")
    sent = {"destination": w.bob.address, "token": PURR_ID, "amount": "9999.5"}
    assert w.alice.user("spotSend", **sent)["status"] == "ok"
    w.server.clock.advance(minutes=1)
    rows = w.alice.info("spotClearinghouseState", user=w.alice.address)["balances"]
    found = {row["coin"]: row["total"] for row in rows}
    return found.get("PURR", "none")


@shows("candle_gaps", {"flat": ["60000.0", "60000.0", "60100.0"], "absent": ["60000.0", "60100.0"]})
def _(w: World) -> Any:
    """Contested 63: trades in the first minute and in the third."""
    start_ms = w.now_ms
    for px in ("60000", "60100"):
        w.trade(BTC, "0.01", px)
        w.server.clock.advance(minutes=2)
    asked = {"coin": "BTC", "interval": "1m", "startTime": start_ms, "endTime": w.now_ms - 60_001}
    return [row["c"] for row in w.alice.info("candleSnapshot", req=asked)]


@shows(
    "outcome_fees",
    {
        "zero": ["0.0", "0.0", "0.0", "0.0", "0.0"],
        # Taker and maker of spot: 0.07 % and 0.04 %, of 100 at 0.6 and of the 100 that are paid.
        "schedule": ["0.0", "0.0", "0.042", "0.0", "0.07"],
    },
)
def _(w: World) -> Any:
    """Contested 55: who opens, who opens the other side, who closes, who buys from him, and what is
    settled.
    """
    w.server.operate(ListOutcome("rain"))
    w.bob.buys(NO, "100", "0.5")
    opened = oid_of(w.alice.buys(YES, "100", "0.5", IOC))
    w.carol.buys(YES, "100", "0.6")
    closed = oid_of(w.alice.sells(YES, "100", "0.6", IOC))
    w.server.operate(SettleOutcome(1, Px(10**8)))
    mine = {fill["oid"]: fill for fill in w.alice.info("userFills", user=w.alice.address)}
    (other,) = [
        fill for fill in w.bob.info("userFills", user=w.bob.address) if fill["dir"] == "Buy"
    ]
    settled, bought = w.carol.info("userFills", user=w.carol.address)
    assert (settled["dir"], bought["dir"]) == ("Settlement", "Buy")
    fills = [mine[opened], other, mine[closed], bought, settled]
    assert {fill["feeToken"] for fill in fills} == {"USDC"}
    rows = w.carol.info("spotClearinghouseState", user=w.carol.address)["balances"]
    left = {row["coin"]: float(row["total"]) for row in rows}["USDC"]
    assert abs(left - (10_000 - 60 + 100 - float(settled["fee"]))) < 1e-6
    return [fill["fee"] for fill in fills]
