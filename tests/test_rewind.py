"""Marks of a state: whatever happens after one, all of it is taken back, in place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deeds import Crowd, Vandals, rewound
from lending_crowd import LendingCrowd
from stories import market
from test_dex_crowd import Dexers
from test_portfolio_properties import PortfolioCrowd
from test_spot_deploy_refusals import Deployers
from test_wallet_properties import Households

from hlsim.sim.exchange import Exchange
from hlsim.sim.rewind import Mark

CROWDS: list[Callable[[int], Crowd]] = [
    Vandals,
    LendingCrowd,
    Dexers,
    PortfolioCrowd,
    Households,
    Deployers,
]


@pytest.mark.parametrize("make", CROWDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_crowd_is_taken_back_as_often_as_one_likes(
    make: Callable[[int], Crowd], seed: int
) -> None:
    """Crowds that `deeds.restored` knows are taken back there."""
    crowd = make(seed)
    crowd.run(150)
    saved, mark = crowd.market.ex.snapshot(), Mark(crowd.market.ex.state)
    crowd.run(100)
    for _ in range(2):
        rewound(crowd.market.ex, mark, Exchange.restore(saved))


def test_marks_of_one_crowd_at_many_moments() -> None:
    """Ids are given again after each rewind, to others."""
    crowd = Vandals(7)
    moments = []
    for _ in range(5):
        moments.append((crowd.market.ex.snapshot(), Mark(crowd.market.ex.state)))
        crowd.run(40)
    for place in (3, 1, 4, 0, 0, 2, 4):
        saved, mark = moments[place]
        rewound(crowd.market.ex, mark, Exchange.restore(saved))
        mark.rewind()
        crowd.run(10)


def test_accounts_and_orders_are_the_same_objects_after_it_and_markets_are_not() -> None:
    """Whoever holds an account goes on with it; caches go by the markets."""
    m = market()
    alice = m.account("alice")
    alice.buys("0.1 BTC @ 49000")
    account, found = alice.account, m.market("BTC")
    (order,) = account.orders.values()
    mark = Mark(m.ex.state)
    alice.cancel("BTC", order.oid)
    mark.rewind()
    assert alice.account is account
    assert list(account.orders.values()) == [order]
    assert m.market("BTC") is not found
    assert m.market("BTC").book is found.book
    assert next(m.market("BTC").book.orders(order.side)) is order


def test_an_order_that_got_the_oid_of_another_is_not_taken_for_it() -> None:
    """After a rewind oids are given again. No hash tells: it does not read the index by assets."""
    m = market()
    alice = m.account("alice")
    before = Mark(m.ex.state)
    alice.buys("0.1 BTC @ 49000")
    (order,) = alice.account.orders.values()
    after = Mark(m.ex.state)
    before.rewind()
    alice.buys("0.2 BTC @ 48000")
    assert list(alice.account.orders) == [order.oid]
    after.rewind()
    asset_id = m.market("BTC").asset.id
    assert list(alice.account.orders_by_asset[asset_id].values()) == [order]


def test_a_mark_of_a_book_that_did_not_change_is_the_one_before() -> None:
    m = market()
    alice = m.account("alice")
    alice.buys("0.1 BTC @ 49000")
    book, other = m.market("BTC").book, m.market("ETH").book
    first, quiet = book.mark(), other.mark()
    assert book.mark() is first
    alice.buys("0.1 BTC @ 48000")
    assert book.mark() is not first
    assert other.mark() is quiet
    book.rewind(first)
    assert book.mark() is first
    assert len(book) == 1
    book.check()


def test_the_size_of_a_mark_grows_with_what_it_holds() -> None:
    m = market()
    before = Mark(m.ex.state).size
    alice = m.account("alice", usd="1000000")
    for number in range(50):
        alice.buys(f"0.01 BTC @ {40_000 + number}")
    assert Mark(m.ex.state).size > before + 50 * 300
