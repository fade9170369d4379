"""One-line TWAPs of a story's traders, and an exchange on which every status of one was seen.

twap(alice, "buy 0.2 BTC", minutes=60)     # its id, or the refusal
"""

from __future__ import annotations

from functools import cache
from typing import Any

from stories import Story, Trader, market, px, sz

from hlsim.sim.actions.twap import TwapAsked, TwapCancel, TwapDetails, TwapOrder, TwapTrigger
from hlsim.sim.errors import Reject
from hlsim.sim.events import Fill
from hlsim.sim.replies import TwapCanceled, TwapPlaced
from hlsim.sim.rules import Rules
from hlsim.sim.twap_state import TwapUpdate


def asked(
    trader: Trader,
    terms: str,
    *,
    minutes: int = 60,
    reduce_only: bool = False,
    randomize: bool = False,
    above: str = "",
    below: str = "",
    stop: str = "",
) -> TwapOrder:
    """`above` or `below` is its trigger, `stop` its stop price."""
    side, size, coin = terms.split()
    values: Any = (trader.market.asset_id(coin), side == "buy", sz(size), reduce_only, minutes)
    trigger = TwapTrigger(px(above or below), bool(above)) if above or below else None
    details = TwapDetails(trigger, px(stop) if stop else None) if trigger or stop else None
    return TwapOrder(TwapAsked(*values, randomize), details)


def twap(trader: Trader, terms: str, **options: Any) -> int | Reject:
    """Places `buy 0.2 BTC` and gives its id, or why there is none."""
    response = trader.act(asked(trader, terms, **options))
    assert isinstance(response, TwapPlaced), response
    return response.status


def cancel_twap(trader: Trader, coin: str, twap_id: int) -> Reject | None:
    entry: Any = (trader.market.asset_id(coin), twap_id)
    response = trader.act(TwapCancel(*entry))
    assert isinstance(response, TwapCanceled)
    return response.status


def slices(trader: Trader) -> list[Fill]:
    """The fills of the trader's slices, oldest first."""
    return [fill for fill in trader.account.fills if fill.twap_id is not None]


def rows(trader: Trader) -> list[tuple[int, str]]:
    """(id, status) of every row of the history, oldest first."""
    return [(row.terms.id, row.status.value) for row in trader.account.twap_history]


def last(trader: Trader) -> TwapUpdate:
    return trader.account.twap_history[-1]


def deep(story: Story, *quotes: str) -> Trader:
    """A maker who quotes so much of each coin, `100 BTC @ 49990 50010`, that no TWAP moves it."""
    maker = story.account("maker", usd="100000000")
    for quote in quotes or ("100 BTC @ 49990 50010",):
        size, coin, _, bid, ask = quote.split()
        maker.buys(f"{size} {coin} @ {bid}")
        maker.sells(f"{size} {coin} @ {ask}")
    return maker


def opened(rules: Rules | None = None) -> tuple[Story, Trader, Trader]:
    """Deep quotes around BTC 50000, their maker, and alice."""
    m = market(rules)
    return m, deep(m), m.account("alice")


def reprice(maker: Trader, coin: str, price: str) -> None:
    """Empties the book of `coin`, of which all orders are the maker's, and moves its mark."""
    for order in list(maker.account.orders.values()):
        if order.coin == coin:
            maker.cancel(coin, order.oid)
    maker.market.oracle(coin, price)
    assert maker.market.market(coin).mark_px == px(price)


@cache
def lived() -> Story:
    """Alice had TWAPs that ended in every way, and has one that runs and one that waits. Only to be
    read."""
    m = market()
    maker = deep(m, "100 BTC @ 49990 50010", "1000 ETH @ 1999 2001")
    alice = m.account("alice")
    alice.buys("0.02 BTC @ 50010")
    twap(alice, "buy 0.01 BTC", minutes=5)
    m.advance(seconds=300)
    cancel_twap(alice, "BTC", twap(alice, "sell 0.01 BTC", reduce_only=True))  # type: ignore[arg-type]
    twap(alice, "buy 1 ETH", minutes=60, stop="1990")
    reprice(maker, "ETH", "1980")
    m.advance(seconds=30)
    alice.leverage("SOL", 1)
    maker.sells("100000 SOL @ 100")
    twap(alice, "buy 100000 SOL", minutes=5)
    twap(alice, "buy 0.1 BTC", minutes=10_080, randomize=True, stop="60000")
    twap(alice, "sell 0.5 BTC", minutes=1440, above="55000")
    m.advance(seconds=90)
    m.ex.seal()
    return m
