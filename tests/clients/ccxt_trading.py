"""Markets, orders and positions with ccxt for Python: `python ccxt_trading.py [URL]`."""

from __future__ import annotations

import ccxt
from ccxt_bot import BTC, CLOIDS, ETH, HYPE, bot, price, refused, rests, trade
from steps import advance, can, run

# -- markets ---------------------------------------------------------------------------------------


@can("markets: load markets")
def _() -> None:
    markets = bot.load_markets()
    assert {BTC, ETH, HYPE} <= set(markets)
    assert markets[BTC]["precision"] == {"amount": 1e-05, "price": 1.0}
    assert markets[BTC]["limits"]["leverage"]["max"] == 40
    assert {"USDC", "HYPE"} <= set(bot.currencies)
    assert bot.fetch_status()["status"] == "ok"
    assert bot.fetch_time() > 0


@can("markets: prices")
def _() -> None:
    tickers = bot.fetch_tickers([BTC, ETH])
    assert 0 < tickers[BTC]["bid"] < tickers[BTC]["last"] < tickers[BTC]["ask"]
    assert bot.fetch_ticker(HYPE)["last"] > 0


@can("markets: order book")
def _() -> None:
    book = bot.fetch_order_book(BTC)
    assert len(book["bids"]) == len(book["asks"]) > 5
    assert book["bids"][0][0] < book["asks"][0][0]


@can("markets: candles")
def _() -> None:
    trade(0.01)
    (*_, newest) = bot.fetch_ohlcv(BTC, "1m")
    assert newest[2] == newest[3] == price(BTC, 1)


@can("markets: recent trades")
def _() -> None:
    (newest, *_) = bot.fetch_trades(BTC)  # of a user: the API of the exchange has no others
    assert (newest["symbol"], newest["amount"]) == (BTC, 0.01)


@can("markets: funding rates")
def _() -> None:
    assert bot.fetch_funding_rates([BTC])[BTC]["fundingRate"] is not None
    assert bot.fetch_open_interest(BTC)["openInterestAmount"] >= 0
    advance(hours=1)
    (*_, newest) = bot.fetch_funding_rate_history(BTC)
    assert newest["symbol"] == BTC


# -- orders ----------------------------------------------------------------------------------------


@can("orders: limit Gtc")
def _() -> None:
    order = rests(bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8)))
    assert (order["status"], order["side"], order["timeInForce"]) == ("open", "buy", "GTC")
    bot.cancel_order(order["id"], BTC)


@can("orders: post-only Alo")
def _() -> None:
    order = bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8), {"postOnly": True})
    assert rests(order)["status"] == "open"
    bot.cancel_order(order["id"], BTC)
    above = price(BTC, 1.1)
    said = refused(
        ccxt.InvalidOrder, bot.create_order, BTC, "limit", "buy", 0.001, above, {"postOnly": True}
    )
    assert "Post only order would have immediately matched" in said


@can("orders: limit Ioc")
def _() -> None:
    terms = {"timeInForce": "IOC"}
    filled = bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 1.01), terms)
    assert (filled["filled"], rests(filled)["status"]) == (0.001, "closed")
    low = price(BTC, 0.9)
    said = refused(ccxt.InvalidOrder, bot.create_order, BTC, "limit", "buy", 0.001, low, terms)
    assert "Order could not immediately match" in said


@can("orders: market")
def _() -> None:
    assert bot.create_order(BTC, "market", "buy", 0.001, price(BTC, 1))["filled"] == 0.001
    assert bot.create_order(HYPE, "market", "buy", 1, price(HYPE, 1))["filled"] == 1


@can("orders: stop loss")
def _() -> None:
    px = price(BTC, 0.9)
    order = bot.create_order(BTC, "market", "sell", 0.001, px, {"stopLossPrice": px})
    assert (rests(order)["status"], rests(order)["triggerPrice"]) == ("open", px)
    bot.cancel_order(order["id"], BTC)


@can("orders: take profit")
def _() -> None:
    px = price(BTC, 1.1)
    order = bot.create_order(BTC, "limit", "sell", 0.001, px, {"takeProfitPrice": px})
    assert (rests(order)["status"], rests(order)["triggerPrice"]) == ("open", px)
    bot.cancel_order(order["id"], BTC)


@can("orders: TP/SL group")
def _() -> None:
    low, mid, high = (price(BTC, factor) for factor in (0.7, 0.8, 0.9))
    group = {"stopLoss": {"triggerPrice": low}, "takeProfit": {"triggerPrice": high}}
    parent = bot.create_order(BTC, "limit", "buy", 0.001, mid, group)
    triggers = {order["triggerPrice"] for order in bot.fetch_open_orders(BTC)}
    assert triggers == {None, low, high}
    bot.cancel_order(parent["id"], BTC)
    assert bot.fetch_open_orders(BTC) == []


@can("orders: position TP/SL")
def _() -> None:
    px, low, high = (price(BTC, factor) for factor in (1, 0.9, 1.1))
    group = {"stopLoss": {"triggerPrice": low}, "takeProfit": {"triggerPrice": high}}
    bot.create_order(BTC, "limit", "buy", 0.001, px, {**group, "grouping": "positionTpsl"})
    both = bot.fetch_open_orders(BTC)
    assert {order["triggerPrice"] for order in both} == {low, high}
    bot.cancel_orders([order["id"] for order in both], BTC)


@can("orders: reduce-only")
def _() -> None:
    terms = {"reduceOnly": True}
    order = bot.create_order(BTC, "market", "sell", 0.001, price(BTC, 1), terms)
    assert order["filled"] == 0.001
    px = price(BTC, 1)
    said = refused(ccxt.InvalidOrder, bot.create_order, BTC, "market", "buy", 0.001, px, terms)
    assert "Reduce only order would increase position" in said


@can("orders: client order id")
def _() -> None:
    named = {"clientOrderId": CLOIDS[0]}
    bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8), named)
    order = bot.fetch_order("", BTC, named)
    assert (order["status"], order["clientOrderId"]) == ("open", named["clientOrderId"])
    bot.cancel_order(order["id"], BTC)


@can("orders: several at once")
def _() -> None:
    terms = {"type": "limit", "side": "buy"}
    orders = bot.create_orders(
        [
            {"symbol": BTC, "amount": 0.001, "price": price(BTC, 0.8), **terms},
            {"symbol": ETH, "amount": 0.1, "price": price(ETH, 0.8), **terms},
        ]
    )
    symbols = {order["id"]: order["symbol"] for order in bot.fetch_open_orders()}
    assert [symbols[order["id"]] for order in orders] == [BTC, ETH]
    bot.cancel_orders_for_symbols([{"id": id, "symbol": name} for id, name in symbols.items()])
    assert bot.fetch_open_orders() == []


@can("orders: TWAP")
def _() -> None:
    before = bot.fetch_position(BTC)["contracts"]
    assert bot.create_twap_order(BTC, "buy", 0.02, 5 * 60_000)["id"]
    advance(minutes=6)
    assert round(bot.fetch_position(BTC)["contracts"] - before, 5) == 0.02


# -- changes ---------------------------------------------------------------------------------------


@can("changes: edit an order")
def _() -> None:
    old = bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8))
    new = bot.edit_order(old["id"], BTC, "limit", "buy", 0.002, price(BTC, 0.81))
    assert (rests(new)["amount"], rests(old)["status"]) == (0.002, "canceled")
    bot.cancel_order(new["id"], BTC)


@can("changes: cancel by oid")
def _() -> None:
    order = bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8))
    bot.cancel_order(order["id"], BTC)
    assert rests(order)["status"] == "canceled"
    said = refused(ccxt.OrderNotFound, bot.cancel_order, order["id"], BTC)
    assert "never placed, already canceled, or filled" in said


@can("changes: cancel by client order id")
def _() -> None:
    named = {"clientOrderId": CLOIDS[1]}
    order = bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8), named)
    bot.cancel_order("", BTC, named)
    assert rests(order)["status"] == "canceled"


@can("changes: cancel many")
def _() -> None:
    ids = [bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8))["id"] for _ in range(3)]
    bot.cancel_orders(ids, BTC)
    assert bot.fetch_open_orders(BTC) == []


@can("changes: cancel a TWAP")
def _() -> None:
    order = bot.create_twap_order(BTC, "buy", 0.02, 5 * 60_000)
    bot.cancel_order(order["id"], BTC, {"twap": True})


@can("changes: schedule a cancel")
def _() -> None:
    trade(10)  # the exchange wants a million of volume first
    order = bot.create_order(BTC, "limit", "buy", 0.001, price(BTC, 0.8))
    assert bot.cancel_all_orders_after(60 * 60_000)["status"] == "ok"
    assert rests(order)["status"] == "open"
    advance(hours=1)
    assert rests(order)["status"] == "scheduledCancel"  # a word that ccxt does not translate


# -- positions -------------------------------------------------------------------------------------


@can("positions: leverage")
def _() -> None:
    bot.set_leverage(7, BTC)
    (position,) = bot.fetch_positions([BTC])
    assert (position["leverage"], position["marginMode"]) == (7, "cross")
    assert bot.fetch_position(BTC)["symbol"] == BTC


@can("positions: isolated margin")
def _() -> None:
    bot.set_margin_mode("isolated", ETH, {"leverage": 5})
    bot.create_order(ETH, "market", "buy", 0.1, price(ETH, 1))
    before = bot.fetch_position(ETH)
    bot.add_margin(ETH, 25)
    added = bot.fetch_position(ETH)
    bot.reduce_margin(ETH, 20)
    assert before["marginMode"] == "isolated"
    assert round(added["collateral"] - before["collateral"]) == 25
    assert round(added["collateral"] - bot.fetch_position(ETH)["collateral"]) == 20


if __name__ == "__main__":
    run([])
