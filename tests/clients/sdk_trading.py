"""Markets, orders and positions with the official SDK: `python sdk_trading.py [URL]`."""

from __future__ import annotations

from hyperliquid.utils.signing import get_timestamp_ms
from sdk_bot import (
    ALO,
    CLOIDS,
    GTC,
    IOC,
    OK,
    bot,
    info,
    only,
    position,
    price,
    rests,
    status_of,
    statuses,
    trade,
)
from steps import ADDRESS, advance, can, run

LACKS = ["markets: recent trades", "orders: TWAP", "changes: cancel a TWAP"]

# -- markets ---------------------------------------------------------------------------------------


@can("markets: load markets")
def _() -> None:
    assert [coin["name"] for coin in info.meta()["universe"][:2]] == ["BTC", "ETH"]
    assert info.spot_meta()["tokens"][0]["name"] == "USDC"
    assert info.name_to_asset("HYPE/USDC") == 10_107
    assert [dex and dex["name"] for dex in info.perp_dexs()] == [None, "xyz"]


@can("markets: prices")
def _() -> None:
    meta, contexts = info.meta_and_asset_ctxs()
    assert len(meta["universe"]) == len(contexts)
    assert float(contexts[0]["midPx"]) == float(info.all_mids()["BTC"])
    assert len(info.spot_meta_and_asset_ctxs()[1]) > 10


@can("markets: order book")
def _() -> None:
    bids, asks = info.l2_snapshot("BTC")["levels"]
    assert float(bids[0]["px"]) < float(asks[0]["px"])


@can("markets: candles")
def _() -> None:
    trade(0.01)
    now = get_timestamp_ms()
    (*_, newest) = info.candles_snapshot("BTC", "1m", now - 7_200_000, now + 7_200_000)
    assert float(newest["h"]) == float(newest["l"]) == price("BTC", 1)


@can("markets: funding rates")
def _() -> None:
    advance(hours=1)
    (*_, newest) = info.funding_history("BTC", get_timestamp_ms() - 3_600_000)
    assert newest["coin"] == "BTC"


# -- orders ----------------------------------------------------------------------------------------


@can("orders: limit Gtc")
def _() -> None:
    oid = rests()
    assert status_of(oid) == "open"
    only(bot.cancel("BTC", oid))


@can("orders: post-only Alo")
def _() -> None:
    oid = only(bot.order("BTC", True, 0.001, price("BTC", 0.8), ALO))["resting"]["oid"]
    only(bot.cancel("BTC", oid))
    (status,) = statuses(bot.order("BTC", True, 0.001, price("BTC", 1.1), ALO))
    assert status["error"].startswith("Post only order would have immediately matched")


@can("orders: limit Ioc")
def _() -> None:
    filled = only(bot.order("BTC", True, 0.001, price("BTC", 1.01), IOC))["filled"]
    assert filled["totalSz"] == "0.001"
    (status,) = statuses(bot.order("BTC", True, 0.001, price("BTC", 0.9), IOC))
    assert status["error"].startswith("Order could not immediately match")


@can("orders: market")
def _() -> None:
    assert only(bot.market_open("ETH", True, 0.1))["filled"]["totalSz"] == "0.1"
    assert only(bot.market_close("ETH"))["filled"]["totalSz"] == "0.1"
    assert only(bot.market_open("HYPE/USDC", True, 1))["filled"]["totalSz"] == "1.0"


@can("orders: stop loss")
def _() -> None:
    px = price("BTC", 0.9)
    stop = {"trigger": {"triggerPx": px, "isMarket": True, "tpsl": "sl"}}
    oid = only(bot.order("BTC", False, 0.001, px, stop))["resting"]["oid"]
    (row,) = info.frontend_open_orders(ADDRESS)
    assert (row["oid"], row["orderType"], float(row["triggerPx"])) == (oid, "Stop Market", px)
    only(bot.cancel("BTC", oid))


@can("orders: take profit")
def _() -> None:
    px = price("BTC", 1.1)
    take = {"trigger": {"triggerPx": px, "isMarket": False, "tpsl": "tp"}}
    oid = only(bot.order("BTC", False, 0.001, px, take))["resting"]["oid"]
    (row,) = info.frontend_open_orders(ADDRESS)
    assert (row["oid"], row["orderType"], float(row["triggerPx"])) == (oid, "Take Profit Limit", px)
    only(bot.cancel("BTC", oid))


def group(sz: float) -> list[dict[str, object]]:
    """A buy order, its take profit and its stop loss."""
    order = {"coin": "BTC", "is_buy": True, "sz": sz, "limit_px": price("BTC", 0.8)}
    parent = {**order, "order_type": GTC, "reduce_only": False}
    exits = [
        {
            **order,
            "is_buy": False,
            "limit_px": price("BTC", factor),
            "order_type": {
                "trigger": {"triggerPx": price("BTC", factor), "isMarket": True, "tpsl": tpsl}
            },
            "reduce_only": True,
        }
        for tpsl, factor in (("tp", 1.1), ("sl", 0.7))
    ]
    return [parent, *exits]


@can("orders: TP/SL group")
def _() -> None:
    parent, *exits = statuses(bot.bulk_orders(group(0.001), grouping="normalTpsl"))
    assert exits == ["waitingForFill", "waitingForFill"]
    assert len(info.frontend_open_orders(ADDRESS)) == 3
    only(bot.cancel("BTC", parent["resting"]["oid"]))
    assert info.frontend_open_orders(ADDRESS) == []


@can("orders: position TP/SL")
def _() -> None:
    both = statuses(bot.bulk_orders(group(0)[1:], grouping="positionTpsl"))
    rows = info.frontend_open_orders(ADDRESS)
    assert [row["isPositionTpsl"] for row in rows] == [True, True]
    assert len(both) == 2
    cancels = [{"coin": "BTC", "oid": row["oid"]} for row in rows]
    assert statuses(bot.bulk_cancel(cancels)) == ["success", "success"]


@can("orders: reduce-only")
def _() -> None:
    only(bot.order("BTC", False, 0.0005, price("BTC", 0.99), IOC, reduce_only=True))
    (status,) = statuses(bot.order("BTC", True, 0.001, price("BTC", 1.01), IOC, reduce_only=True))
    assert status["error"].startswith("Reduce only order would increase position")


@can("orders: client order id")
def _() -> None:
    oid = rests(cloid=CLOIDS[0])
    found = info.query_order_by_cloid(ADDRESS, CLOIDS[0])["order"]["order"]
    assert (found["oid"], found["cloid"]) == (oid, CLOIDS[0].to_raw())
    only(bot.cancel("BTC", oid))


@can("orders: several at once")
def _() -> None:
    order = {"is_buy": True, "order_type": GTC, "reduce_only": False}
    requests = [
        {"coin": name, "sz": sz, "limit_px": price(name, 0.8), **order}
        for name, sz in (("BTC", 0.001), ("ETH", 0.1))
    ]
    oids = [status["resting"]["oid"] for status in statuses(bot.bulk_orders(requests))]
    coins = {row["oid"]: row["coin"] for row in info.open_orders(ADDRESS)}
    assert [coins[oid] for oid in oids] == ["BTC", "ETH"]
    bot.bulk_cancel([{"coin": coin, "oid": oid} for oid, coin in coins.items()])


# -- changes ---------------------------------------------------------------------------------------


@can("changes: edit an order")
def _() -> None:
    old = rests()
    new = only(bot.modify_order(old, "BTC", True, 0.002, price("BTC", 0.81), GTC))
    (row,) = info.open_orders(ADDRESS)
    assert (row["oid"], row["sz"]) == (new["resting"]["oid"], "0.002")
    assert status_of(old) == "canceled"
    only(bot.cancel("BTC", row["oid"]))


@can("changes: cancel by oid")
def _() -> None:
    oid = rests()
    assert only(bot.cancel("BTC", oid)) == "success"
    assert status_of(oid) == "canceled"
    (status,) = statuses(bot.cancel("BTC", oid))
    assert "never placed, already canceled, or filled" in status["error"]


@can("changes: cancel by client order id")
def _() -> None:
    oid = rests(cloid=CLOIDS[1])
    assert only(bot.cancel_by_cloid("BTC", CLOIDS[1])) == "success"
    assert status_of(oid) == "canceled"


@can("changes: cancel many")
def _() -> None:
    cancels = [{"coin": "BTC", "oid": rests()} for _ in range(3)]
    assert statuses(bot.bulk_cancel(cancels)) == ["success"] * 3
    assert info.open_orders(ADDRESS) == []


@can("changes: schedule a cancel")
def _() -> None:
    trade(10)  # the exchange wants a million of volume first
    oid = rests()
    assert bot.schedule_cancel(get_timestamp_ms() + 3_600_000) == OK
    assert status_of(oid) == "open"
    advance(hours=1)
    assert status_of(oid) == "scheduledCancel"


# -- positions -------------------------------------------------------------------------------------


@can("positions: leverage")
def _() -> None:
    assert bot.update_leverage(7, "BTC") == OK
    assert position("BTC")["leverage"] == {"type": "cross", "value": 7}


@can("positions: isolated margin")
def _() -> None:
    assert bot.update_leverage(5, "ETH", is_cross=False) == OK
    only(bot.market_open("ETH", True, 0.1))
    before = float(position("ETH")["marginUsed"])
    assert bot.update_isolated_margin(25, "ETH") == OK
    assert round(float(position("ETH")["marginUsed"]) - before) == 25
    assert bot.update_isolated_margin(-20, "ETH") == OK
    assert round(float(position("ETH")["marginUsed"]) - before) == 5


if __name__ == "__main__":
    run(LACKS)
