"""Liquidity that a new pair has by itself: the ladder, its renewal, and what is refused."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from asking import told
from deploying import ALICE, POOL, REGISTER, deployer, give, step, wei
from stories import Story, Trader, market, sz
from test_conservation import check_money, check_orders

from hlsim.sim.actions.deploys import (
    EnableQuoteToken,
    Genesis,
    RegisterHyperliquidity,
    RegisterSpot,
)
from hlsim.sim.errors import ActionReject
from hlsim.sim.exchange import Exchange
from hlsim.sim.hyperliquidity import MOST_ORDERS, pool_of
from hlsim.sim.operations import SetHalt
from hlsim.sim.replies import Filled, Resting

WRONG = ActionReject.DEPLOY_HYPERLIQUIDITY.value


def ladder(spot: int = 108, **fields: Any) -> dict[str, Any]:
    """The last step: 5 orders of 10 from 2.0 up."""
    given = {"start_px": "2.0", "order_sz": "10", "n_orders": 5, "n_seeded_levels": None} | fields
    return {"register_hyperliquidity": RegisterHyperliquidity(spot, **given)}  # type: ignore[arg-type]


def listed(alice: Trader, pooled: str = "50") -> None:
    """DEMO, of which alice has 1000 and the pool some, and its pair `@108`."""
    rows = ((ALICE, wei("1000")), (POOL, wei(pooled)))
    assert step(alice, register_token2=REGISTER) is None
    assert step(alice, user_genesis=give(user_and_wei=rows)) is None
    assert step(alice, genesis=Genesis(3, wei(str(1000 + int(pooled))))) is None  # type: ignore[arg-type]
    assert step(alice, register_spot=RegisterSpot((3, 0))) is None  # type: ignore[arg-type]


def levels(m: Story) -> Any:
    """[bids, asks] as (px, sz)."""
    book = told(m.view, "l2Book", coin="@108")["levels"]
    return [[(row["px"], row["sz"]) for row in side] for side in book]


def test_a_ladder_stands_at_once() -> None:
    """Documented: px_i = round(px_(i-1) * 1.003) (mechanics 12)."""
    alice = deployer()
    m = alice.market
    listed(alice, "47")
    assert step(alice, **ladder()) is None

    asks = [("2.006", "10.0"), ("2.012", "10.0"), ("2.018", "10.0"), ("2.0241", "10.0")]
    # Seven of the lowest are worth 14 dollars, so they stand as well.
    assert levels(m) == [[], [("2.0", "7.0"), *asks]]
    assert told(m.view, "spotDeployState", user=ALICE)["states"] == []
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_what_is_sold_is_bid_for_below_the_part_that_is_left() -> None:
    """Documented: whole orders, a part, and the rest on the other side (mechanics 12)."""
    alice = deployer()
    m = alice.market
    listed(alice)
    assert step(alice, **ladder()) is None
    bob = m.account("bob", spot_usdc="1000")
    assert isinstance(bob.buys("24 @108 @ 2.02"), Filled)
    m.advance(ms=2_999)
    assert levels(m)[0] == []
    m.advance(ms=1)

    assert levels(m) == [
        [("2.006", "10.0"), ("2.0", "10.0")],
        [("2.012", "6.0"), ("2.018", "10.0"), ("2.0241", "10.0")],
    ]
    assert isinstance(bob.sells("10 @108 @ 2.006"), Filled)
    m.advance(seconds=3)
    # The fee of what the pool bought makes its part a lot smaller: 35.996 lots, of which 5.99.
    assert levels(m) == [
        [("2.0", "10.0")],
        [("2.006", "5.99"), ("2.012", "10.0"), ("2.018", "10.0"), ("2.0241", "10.0")],
    ]
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_seeded_levels_are_bids_that_the_deployer_pays_for() -> None:
    """Documented: the lowest levels (exchange 5.2)."""
    alice = deployer()
    m = alice.market
    listed(alice, "30")
    before = alice.spot("USDC")
    assert step(alice, **ladder(n_seeded_levels=2)) is None

    assert before - alice.spot("USDC") == 4_006_000_000
    assert levels(m) == [
        [("2.006", "10.0"), ("2.0", "10.0")],
        [("2.012", "10.0"), ("2.018", "10.0"), ("2.0241", "10.0")],
    ]
    row = told(m.view, "userNonFundingLedgerUpdates", user=ALICE)[-1]["delta"]
    assert (row["type"], row["amount"], row["destination"]) == (
        "spotTransfer",
        "40.06",
        pool_of(108),
    )
    token = m.ex.state.universe.tokens[3]
    assert told(m.view, "tokenDetails", tokenId=token.token_id)["seededUsdc"] == "40.06"
    check_money(m.ex.state)


def test_orders_that_are_right_are_left_alone() -> None:
    """Documented: renewed at least 3 s apart (mechanics 12)."""
    alice = deployer()
    m = alice.market
    listed(alice)
    assert step(alice, **ladder()) is None
    pool = m.ex.state.accounts[pool_of(108)]
    oids = list(pool.orders)
    bob = m.account("bob", spot_usdc="1000")
    assert isinstance(bob.buys("6 @108 @ 2.0"), Filled)
    assert isinstance(bob.buys("20 @108 @ 1.5"), Resting)
    m.advance(ms=2_999)
    assert list(pool.orders) == oids
    assert pool.orders[oids[0]].sz == sz("4")
    oid = m.ex.state.next_oid
    m.advance(seconds=60)
    assert list(pool.orders) == oids
    assert m.ex.state.next_oid == oid


def test_a_halted_pair_is_renewed_after_its_halt() -> None:
    alice = deployer()
    m = alice.market
    listed(alice)
    assert step(alice, **ladder()) is None
    bob = m.account("bob", spot_usdc="1000")
    bob.buys("24 @108 @ 2.02")
    m.ex.operate(SetHalt(10_108, True))
    m.advance(seconds=9)
    assert levels(m)[0] == []
    m.ex.operate(SetHalt(10_108, False))
    m.advance(seconds=3)
    assert levels(m)[0] == [("2.006", "10.0"), ("2.0", "10.0")]


def test_the_ladder_steps_aside_for_who_bids_into_it() -> None:
    """Documented: post-only (mechanics 12)."""
    alice = deployer()
    m = alice.market
    listed(alice)
    assert isinstance(alice.buys("100 @108 @ 2.007"), Resting)
    assert step(alice, **ladder()) is None
    assert levels(m)[1][0][0] == "2.012"
    (oid,) = alice.account.orders
    alice.cancel("@108", oid)
    m.advance(seconds=3)
    assert levels(m)[1][0][0] == "2.0"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"n_orders": 0}, WRONG),
        ({"n_orders": MOST_ORDERS + 1}, WRONG),
        ({"n_seeded_levels": 6}, WRONG),
        ({"start_px": "0"}, WRONG),
        ({"start_px": "-2"}, WRONG),
        ({"start_px": "two"}, WRONG),
        ({"start_px": "2.0000001"}, WRONG),
        ({"start_px": "12345.6"}, WRONG),
        ({"start_px": "0.00001"}, WRONG),
        ({"start_px": "184467440737"}, WRONG),
        ({"order_sz": "0"}, WRONG),
        ({"order_sz": "1.001"}, WRONG),
        ({"order_sz": "999999999999"}, WRONG),
        ({"order_sz": "10000", "n_seeded_levels": 1}, ActionReject.TOKEN_BALANCE.value),
    ],
)
def test_what_is_no_ladder(fields: dict[str, Any], refusal: str) -> None:
    """Assumed: the texts; few are known of deployments."""
    alice = deployer()
    m = alice.market
    listed(alice)
    before = (repr(m.ex.state.deploys), dict(m.ex.state.hyperliquidity), list(m.ex.state.accounts))
    assert step(alice, **ladder(**fields)) == refusal
    after = (repr(m.ex.state.deploys), dict(m.ex.state.hyperliquidity), list(m.ex.state.accounts))
    assert after == before


def test_a_ladder_is_registered_once_and_against_usdc_only() -> None:
    """Documented: USDC pairs only (mechanics 12)."""
    alice = deployer(market())
    listed(alice)
    assert step(alice, register_token2=REGISTER) is None
    rows = ((ALICE, wei("50")), (POOL, wei("50")))
    assert step(alice, user_genesis=give(token=4, user_and_wei=rows)) is None
    assert step(alice, genesis=Genesis(4, wei("100"))) is None  # type: ignore[arg-type]
    assert step(alice, enable_quote_token=EnableQuoteToken(3)) is None  # type: ignore[arg-type]
    assert step(alice, register_spot=RegisterSpot((4, 3))) is None  # type: ignore[arg-type]
    assert step(alice, **ladder(109)) == WRONG
    assert step(alice, **ladder()) is None
    assert step(alice, **ladder()) == WRONG


def test_a_pool_lives_on_in_a_snapshot() -> None:
    alice = deployer()
    m = alice.market
    listed(alice)
    assert step(alice, **ladder()) is None
    bob = m.account("bob", spot_usdc="1000")
    bob.buys("24 @108 @ 2.02")
    twin = Exchange.restore(m.ex.snapshot())
    for ex in (m.ex, twin):
        ex.advance(ex.state.time_ms + 60_000)
    assert twin.state_hash() == m.ex.state_hash()
    assert len(levels(m)[0]) == 2


@pytest.mark.parametrize("seed", range(3))
def test_a_pool_that_is_traded_with_adds_up(seed: int) -> None:
    """Whatever is bought of it and sold to it, it never owes and never crosses."""
    rng = Random(seed)
    alice = deployer()
    m = alice.market
    listed(alice, "400")
    assert step(alice, **ladder(n_orders=40, n_seeded_levels=5)) is None
    bob = m.account("bob", spot_usdc="100000")
    for _ in range(80):
        trader = rng.choice((alice, bob))
        price = 2 + rng.randrange(-10, 300) / 1000
        deed = trader.buys if rng.random() < 0.5 else trader.sells
        deed(f"{rng.randrange(6, 60)} @108 @ {price:.3f}")
        if rng.random() < 0.5:
            m.advance(ms=rng.randrange(1, 9_000))
        check_money(m.ex.state)
        check_orders(m.ex.state)
    pool = m.ex.state.accounts[pool_of(108)]
    assert len(pool.fills) > 5
