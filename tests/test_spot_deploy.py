"""Spot deployment: from the registration of a token to trading on its pair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asking import told
from deploying import ALICE, BOB, POOL, REGISTER, deployer, give, listed, made, step, wei
from stories import START_MS, Story, address, market, px, universe
from test_conservation import check_money, check_orders

from hlsim.sim.actions.deploys import (
    DisableQuoteToken,
    EnableQuoteToken,
    Genesis,
    RegisterHyperliquidity,
    RegisterSpot,
    SetDeployerTradingFeeShare,
)
from hlsim.sim.errors import ActionReject
from hlsim.sim.events import PricesChanged
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Wei
from hlsim.sim.ledger import DeployGasAuction, SpotGenesis
from hlsim.sim.operations import MintToken
from hlsim.sim.replies import Filled, Resting
from hlsim.sim.rules import Rules

# -- the way through -------------------------------------------------------------------------------


def test_a_token_is_registered_with_the_next_index_for_gas() -> None:
    """Documented: `spotMeta` lists by index, gas is HYPE (info 4.6, 7.2). Assumed: the price."""
    alice = deployer()
    m = alice.market
    assert step(alice, register_token2=REGISTER) is None

    row = told(m.view, "spotMeta")["tokens"][3]
    assert row == {
        "name": "DEMO",
        "szDecimals": 2,
        "weiDecimals": 8,
        "index": 3,
        "tokenId": row["tokenId"],
        "isCanonical": False,
        "evmContract": None,
        "fullName": "Demo token",
        "deployerTradingFeeShare": "1.0",
    }
    assert len(row["tokenId"]) == 34
    assert alice.spot("HYPE") == 400 * 10**8
    assert m.ex.state.treasury.token_fees == {2: 100 * 10**8}
    assert alice.account.ledger[-1].delta == DeployGasAuction("HYPE", Wei(100 * 10**8), 8)
    rows = told(m.view, "userNonFundingLedgerUpdates", user=ALICE)
    assert rows[-1]["delta"] == {"type": "deployGasAuction", "token": "HYPE", "amount": "100.0"}
    check_money(m.ex.state)


def test_a_world_without_hype_and_a_rule_of_nothing_register_for_free() -> None:
    alice = deployer(market(Rules(spot_deploy_gas=Wei(0))))
    assert step(alice, register_token2=replace(REGISTER, max_gas=0)) is None
    assert alice.spot("HYPE") == 500 * 10**8

    bare = replace(universe(), pairs=universe().pairs[:1], tokens=universe().tokens[:2])
    story = Story(Exchange.create(bare, time_ms=START_MS))
    assert step(story.account("alice"), register_token2=replace(REGISTER, max_gas=0)) is None
    assert told(story.view, "tokenDetails", tokenId=story.ex.state.universe.tokens[2].token_id)[
        "deployGas"
    ] == ("0.0")


def test_a_genesis_makes_the_supply_and_gives_it_to_everybody() -> None:
    """Documented: the maximum supply is the sum of what was given; genesis counts as bought at a
    market cap of 10000 USDC (exchange 5.2, mechanics 12)."""
    alice = deployer()
    m = alice.market
    m.ex.seal()
    made(alice)

    assert told(m.view, "spotClearinghouseState", user=BOB) == {
        "balances": [
            {"coin": "DEMO", "token": 3, "total": "400.0", "hold": "0.0", "entryNtl": "4000.0"}
        ]
    }
    bob = m.ex.state.accounts[BOB]
    assert [row.delta for row in bob.ledger] == [SpotGenesis("DEMO", Wei(400 * 10**8), 8)]
    assert m.ex.state.treasury.token_minted[3] == 1000 * 10**8
    check_money(m.ex.state)
    token = m.ex.state.universe.tokens[3]
    details = told(m.view, "tokenDetails", tokenId=token.token_id)
    assert details == {
        "name": "DEMO",
        "maxSupply": "1000.0",
        "totalSupply": "1000.0",
        "circulatingSupply": "1000.0",
        "szDecimals": 2,
        "weiDecimals": 8,
        "midPx": "1.0",
        "markPx": "1.0",
        "prevDayPx": "1.0",
        "genesis": {
            "userBalances": [[ALICE, "600.0"], [BOB, "400.0"]],
            "existingTokenBalances": [],
            "blacklistUsers": [],
        },
        "deployer": ALICE,
        "deployGas": "100.0",
        "deployTime": "2026-01-01T00:00:00",
        "seededUsdc": "0.0",
        "nonCirculatingUserBalances": [],
        "futureEmissions": "0.0",
    }


def test_holders_of_another_token_share_in_proportion() -> None:
    """Documented: the fields of `userGenesis` (exchange 5.2). Assumed: rounded down, and what is
    left over never comes into being."""
    m = market()
    alice = deployer(m)
    bob, carol = m.account("bob", PURR="1"), m.account("carol", PURR="2")
    m.account("dave", PURR="1000")
    assert step(alice, register_token2=REGISTER) is None
    given = give(
        user_and_wei=((BOB, "5"),),
        existing_token_and_wei=((1, "100"),),
        blacklist_users=((address("dave"), True), (carol.address, True)),
    )
    assert step(alice, user_genesis=given) is None
    assert step(alice, user_genesis=give(blacklist_users=((carol.address, False),))) is None
    (state,) = told(m.view, "spotDeployState", user=ALICE)["states"]
    assert state["blacklistUsers"] == [address("dave")]
    assert (state["totalGenesisBalanceWei"], state["maxSupply"]) == ("105", None)
    assert state["existingTokenGenesisBalances"] == [[1, "100"]]

    assert step(alice, genesis=Genesis(3, "105")) is None  # type: ignore[arg-type]

    assert (bob.spot("DEMO"), carol.spot("DEMO")) == (5 + 33, 66)
    assert address("dave") not in [
        user for user, one in m.ex.state.accounts.items() if 3 in one.spot
    ]
    token = m.ex.state.universe.tokens[3]
    assert (token.total_supply, m.ex.state.deploys[3].max_supply) == (104, 105)
    check_money(m.ex.state)


def test_a_later_call_overrides_what_an_earlier_one_gave() -> None:
    """Documented: `userGenesis` may be called several times (exchange 5.2). Assumed: how."""
    alice = deployer()
    assert step(alice, register_token2=REGISTER) is None
    for rows in (((BOB, "5"), (POOL, "7")), ((BOB, "6"),), ((POOL, "0"),)):
        assert step(alice, user_genesis=give(user_and_wei=rows)) is None
    assert alice.market.ex.state.deploys[3].users == {BOB: 6}


def test_a_listed_pair_stands_everywhere_and_trades_at_once() -> None:
    """Observed: a pair that never traded has mark 1, no mid and 0 a day ago (info 4.7). Documented:
    the next index names coin and asset id (mechanics 14)."""
    alice = deployer()
    m = alice.market
    made(alice)
    m.events()
    assert step(alice, register_spot=RegisterSpot((3, 0))) is None  # type: ignore[arg-type]

    assert PricesChanged(("@108",)) in m.events()
    meta, ctxs = told(m.view, "spotMetaAndAssetCtxs")
    pair = {"tokens": [3, 0], "name": "@108", "index": 108, "isCanonical": False}
    assert meta["universe"][-1] == pair
    assert ctxs[108] == {
        "prevDayPx": "0.0",
        "dayNtlVlm": "0.0",
        "markPx": "1.0",
        "midPx": None,
        "circulatingSupply": "1000.0",
        "coin": "@108",
        "totalSupply": "1000.0",
        "dayBaseVlm": "0.0",
    }
    assert "@108" not in told(m.view, "allMids")
    assert told(m.view, "l2Book", coin="@108")["levels"] == [[], []]

    bob = m.account("bob", spot_usdc="5000")
    assert isinstance(bob.sells("100 @108 @ 2000"), Resting)
    assert isinstance(alice.buys("1 @108 @ 2000"), Filled)
    assert told(m.view, "allMids")["@108"] == "2000.0"
    m.advance(seconds=3)
    assert m.market("@108").mark_px == px("2000")
    assert alice.buys("1 @108 @ 90").why.name == "PRICE_BAND"
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_the_first_price_of_a_pair_may_be_any() -> None:
    """Assumed: there is nothing yet that a band could be around."""
    alice = deployer()
    listed(alice)
    assert isinstance(alice.sells("500 @108 @ 3000"), Resting)
    assert isinstance(alice.buys("500 @108 @ 0.03"), Resting)


def test_half_of_the_supply_is_the_largest_order() -> None:
    """Observed: the text of more (exchange 7.2); the supply is the genesis's."""
    alice = deployer()
    listed(alice)
    assert isinstance(alice.sells("500 @108 @ 1"), Resting)
    assert alice.sells("500.01 @108 @ 1").why.name == "SPOT_SUPPLY"


def test_buyers_pay_the_deployer_their_fees() -> None:
    """Documented: shares go from 100% down only. Assumed: of what is paid in the token itself, at
    once and rounded down."""
    alice = deployer()
    m = alice.market
    listed(alice)
    bob, carol = m.account("bob"), m.account("carol", spot_usdc="5000")
    bob.sells("100 @108 @ 10")
    carol.buys("20 @108 @ 10")
    assert carol.spot("DEMO") == 20 * 10**8 - 1_400_000
    assert alice.spot("DEMO") == 600 * 10**8 + 1_400_000
    assert m.ex.state.treasury.token_fees[3] == 0
    share = SetDeployerTradingFeeShare(3, "25.5%")  # type: ignore[arg-type]
    assert step(alice, set_deployer_trading_fee_share=share) is None
    carol.buys("20 @108 @ 10")
    assert alice.spot("DEMO") == 600 * 10**8 + 1_400_000 + 357_000
    assert m.ex.state.treasury.token_fees[3] == 1_043_000
    assert told(m.view, "spotMeta")["tokens"][3]["deployerTradingFeeShare"] == "0.255"
    check_money(m.ex.state)


def test_a_token_that_was_enabled_quotes_pairs() -> None:
    """Documented: enableQuoteToken and disableQuoteToken (exchange 5.2). Assumed: without stake."""
    alice = deployer()
    m = alice.market
    made(alice)
    assert step(alice, register_token2=REGISTER) is None
    supply = give(token=4, user_and_wei=((ALICE, wei("50")),))
    assert step(alice, user_genesis=supply) is None
    assert step(alice, genesis=Genesis(4, wei("50"), True)) is None  # type: ignore[arg-type]
    pair: Any = RegisterSpot((4, 3))  # type: ignore[arg-type]
    assert step(alice, register_spot=pair) == ActionReject.DEPLOY_TOKENS.value
    assert step(alice, enable_quote_token=EnableQuoteToken(3)) is None  # type: ignore[arg-type]
    assert step(alice, register_spot=pair) is None
    assert step(alice, disable_quote_token=DisableQuoteToken(3)) is None  # type: ignore[arg-type]
    again: Any = RegisterSpot((4, 3))  # type: ignore[arg-type]
    assert step(alice, register_spot=again) == ActionReject.DEPLOY_TOKENS.value
    bob = m.account("bob")
    assert isinstance(alice.sells("10 @108 @ 2"), Resting)
    assert isinstance(bob.buys("10 @108 @ 2"), Filled)
    check_money(m.ex.state)


def test_a_deployment_is_over_after_its_last_step() -> None:
    """Documented: registerHyperliquidity is required of tokens without it too (exchange 5.2)."""
    alice = deployer()
    m = alice.market
    listed(alice)
    auction = {
        "startTimeSeconds": 1767186000,
        "durationSeconds": 111600,
        "startGas": "100.0",
        "currentGas": "100.0",
        "endGas": None,
    }
    assert told(m.view, "spotPairDeployAuctionStatus") == auction
    assert told(m.view, "spotDeployState", user=ALICE) == {
        "states": [
            {
                "token": 3,
                "spec": {"name": "DEMO", "szDecimals": 2, "weiDecimals": 8},
                "fullName": "Demo token",
                "spots": [108],
                "maxSupply": "1000.0",
                "hyperliquidityGenesisBalance": "0.0",
                "totalGenesisBalanceWei": "100000000000",
                "userGenesisBalances": [[ALICE, "60000000000"], [BOB, "40000000000"]],
                "existingTokenGenesisBalances": [],
                "blacklistUsers": [],
            }
        ],
        "gasAuction": auction,
    }
    last: Any = RegisterHyperliquidity(108, "2.0", "1.0", 0)  # type: ignore[arg-type]
    assert step(alice, register_hyperliquidity=last) is None
    assert told(m.view, "spotDeployState", user=ALICE)["states"] == []


def test_nothing_is_minted_before_the_genesis() -> None:
    """The genesis fixes the supply; what was there before would be lost."""
    alice = deployer()
    assert step(alice, register_token2=REGISTER) is None

    with pytest.raises(ValueError, match="token 3 has no supply before its genesis"):
        alice.market.ex.operate(MintToken(BOB, 3, Wei(5)))

    assert BOB not in alice.market.ex.state.accounts
