"""What is refused of a spot deployment, and that nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgpack
import pytest
from deeds import Crowd
from deploying import ALICE, BOB, POOL, REGISTER, deployer, give, listed, made, step, wei
from stories import START_MS, Story, Trader, market, universe
from test_conservation import check_money, check_orders, check_positions

from hlsim.server.envelope import BadRequest, read_envelope_value
from hlsim.sim import spot_deploy
from hlsim.sim.actions.deploys import (
    EnableQuoteToken,
    Genesis,
    RegisterHyperliquidity,
    RegisterSpot,
    SetDeployerTradingFeeShare,
    SpotDeploy,
    TokenSpec,
    UserGenesis,
)
from hlsim.sim.assets import SpotPair, Token
from hlsim.sim.errors import ActionReject
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Address, Wei
from hlsim.sim.rules import Rules

# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "fine"),
    [
        (TokenSpec("A", 0, 5), True),  # type: ignore[arg-type]
        (TokenSpec("SIXSIX", 8, 13), True),  # type: ignore[arg-type]
        (TokenSpec("", 2, 8), False),  # type: ignore[arg-type]
        (TokenSpec("SEVENCH", 2, 8), False),  # type: ignore[arg-type]
        (TokenSpec("A B", 2, 8), False),  # type: ignore[arg-type]
        (TokenSpec("A:B", 2, 8), False),  # type: ignore[arg-type]
        (TokenSpec("É", 2, 8), False),  # type: ignore[arg-type]
        (TokenSpec("A", 4, 8), False),  # type: ignore[arg-type]
        (TokenSpec("A", 8, 14), False),  # type: ignore[arg-type]
        (TokenSpec("A", 9, 14), False),  # type: ignore[arg-type]
    ],
)
def test_the_decimals_and_names_that_a_token_may_have(spec: TokenSpec, fine: bool) -> None:
    """Documented: `szDecimals + 5 <= weiDecimals` (mechanics 12). Assumed: the rest."""
    alice = deployer()
    found = step(alice, register_token2=replace(REGISTER, spec=spec))
    assert found == (None if fine else ActionReject.DEPLOY_SPEC.value)


def refused(m: Story, alice: Trader, bob: Trader) -> list[tuple[Trader, dict[str, Any], Any]]:
    """Alice's token 3 is listed at index 108, her token 4 waits for its genesis."""
    why = ActionReject
    rows = tuple((Address(f"0x{n:040x}"), "1") for n in range(spot_deploy.MOST_GENESIS_ROWS + 1))
    pool: Any = RegisterHyperliquidity(108, "1", "1", 1)  # type: ignore[arg-type]
    pair: Any = RegisterSpot
    make: Any = Genesis
    quote: Any = EnableQuoteToken
    share: Any = SetDeployerTradingFeeShare
    given = [
        (alice, give(), why.GENESIS_DONE),
        (alice, give(token=9), why.DEPLOY_FOREIGN),
        (alice, give(token=1), why.DEPLOY_FOREIGN),
        (bob, give(token=4), why.DEPLOY_FOREIGN),
        (alice, give(token=4, existing_token_and_wei=((4, "1"),)), why.DEPLOY_TOKENS),
        (alice, give(token=4, existing_token_and_wei=((5, "1"),)), why.DEPLOY_TOKENS),
        (alice, give(token=4, user_and_wei=rows), why.GENESIS_BALANCE),
        (alice, give(token=4, user_and_wei=((BOB, str(1 << 64)),)), why.GENESIS_BALANCE),
        (alice, give(token=4, user_and_wei=((BOB, "1.5"),)), why.AMOUNT_INVALID),
        (alice, give(token=4, user_and_wei=((BOB, ""),)), why.AMOUNT_INVALID),
        (alice, give(token=4, user_and_wei=((BOB, "1" * 21),)), why.AMOUNT_INVALID),
    ]
    pairs = [
        (alice, pair((4, 0)), why.DEPLOY_NO_GENESIS),
        (alice, pair((3, 0)), why.DEPLOY_TOKENS),
        (alice, pair((3, 3)), why.DEPLOY_TOKENS),
        (alice, pair((3, 2)), why.DEPLOY_TOKENS),
        (alice, pair((3, 99)), why.DEPLOY_TOKENS),
        (bob, pair((3, 0)), why.DEPLOY_FOREIGN),
    ]
    shares = ("", "50", "101%", "1.%", "1.123456789%", "-1%", "½%")
    return [
        (alice, {"register_token2": replace(REGISTER, max_gas=10**10 - 1)}, why.DEPLOY_GAS),
        (bob, {"register_token2": REGISTER}, why.DEPLOY_GAS_BALANCE),
        (alice, {"register_token2": replace(REGISTER, full_name="x" * 101)}, why.DEPLOY_SPEC),
        *[(who, {"user_genesis": one}, refusal) for who, one, refusal in given],
        (alice, {"genesis": make(3, wei("1000"))}, why.GENESIS_DONE),
        (alice, {"genesis": make(4, "0")}, why.GENESIS_SUPPLY),
        (alice, {"genesis": make(4, "1")}, why.GENESIS_SUPPLY),
        *[(who, {"register_spot": one}, refusal) for who, one, refusal in pairs],
        (alice, {"enable_quote_token": quote(4)}, why.DEPLOY_NO_GENESIS),
        (bob, {"enable_quote_token": quote(3)}, why.DEPLOY_FOREIGN),
        (alice, {"register_hyperliquidity": replace(pool, spot=5)}, why.DEPLOY_SPOT),
        (alice, {"register_hyperliquidity": replace(pool, spot=0)}, why.DEPLOY_FOREIGN),
        (alice, {"register_hyperliquidity": pool}, why.DEPLOY_HYPERLIQUIDITY),
        *[
            (alice, {"set_deployer_trading_fee_share": share(3, text)}, why.DEPLOY_SHARE)
            for text in shares
        ],
    ]


def test_what_is_refused_changes_nothing() -> None:
    """Evidence: exchange 7.6 for the known text; the others begin as known ones do."""
    alice = deployer()
    m = alice.market
    bob = m.account("bob", HYPE="50")
    listed(alice)
    assert step(alice, register_token2=REGISTER) is None
    before = picture_of(m)
    for trader, variant, expected in refused(m, alice, bob):
        assert step(trader, **variant) == expected.value, variant
        assert picture_of(m) == before, variant


def picture_of(m: Story) -> tuple[Any, ...]:
    """What a step may change, as text."""
    state = m.ex.state
    spot = {user: account.spot for user, account in state.accounts.items()}
    return repr(state.deploys), repr(state.universe), repr(spot), repr(state.treasury)


def test_liquidity_gets_nothing_where_there_is_to_be_none() -> None:
    alice = deployer()
    assert step(alice, register_token2=REGISTER) is None
    assert step(alice, user_genesis=give(user_and_wei=((POOL, "7"),))) is None
    refusal = ActionReject.GENESIS_BALANCE.value
    assert step(alice, genesis=Genesis(3, "7", True)) == refusal  # type: ignore[arg-type]
    assert step(alice, genesis=Genesis(3, "7")) is None  # type: ignore[arg-type]


def test_there_is_an_end_to_tokens_and_pairs() -> None:
    """Documented: ids of other markets begin behind 90000 pairs (mechanics 14)."""
    usual = universe()
    filler = [
        Token(index, "X", 0, 5, f"0x{index:032x}")
        for index in range(3, spot_deploy.MOST_TOKENS - 1)
    ]
    last = SpotPair(spot_deploy.MOST_SPOTS - 2, "@89998", usual.tokens[2], usual.tokens[0])
    full = replace(usual, pairs=[*usual.pairs, last], tokens=[*usual.tokens, *filler])
    alice = deployer(Story(Exchange.create(full, time_ms=START_MS)))
    assert step(alice, register_token2=REGISTER) is None
    too_many = ActionReject.DEPLOY_TOO_MANY.value
    assert step(alice, register_token2=REGISTER) == too_many
    mine: Any = spot_deploy.MOST_TOKENS - 1
    assert step(alice, user_genesis=give(token=mine, user_and_wei=((ALICE, "9"),))) is None
    assert step(alice, genesis=Genesis(mine, "9")) is None
    assert step(alice, register_spot=RegisterSpot((mine, 0))) is None  # type: ignore[arg-type]
    enabled: Any = EnableQuoteToken(mine)
    assert step(alice, enable_quote_token=enabled) is None
    assert step(alice, register_spot=RegisterSpot((mine, 2))) == ActionReject.DEPLOY_TOKENS.value  # type: ignore[arg-type]
    assert "@89999" in alice.market.ex.state.universe.by_coin


def test_a_full_list_of_pairs_takes_no_more() -> None:
    usual = universe()
    last = SpotPair(spot_deploy.MOST_SPOTS - 1, "@89999", usual.tokens[2], usual.tokens[0])
    story = Story(Exchange.create(replace(usual, pairs=[*usual.pairs, last]), time_ms=START_MS))
    alice = deployer(story)
    made(alice)
    found = step(alice, register_spot=RegisterSpot((3, 0)))  # type: ignore[arg-type]
    assert found == ActionReject.DEPLOY_TOO_MANY.value


# -- together --------------------------------------------------------------------------------------


class Deployers(Crowd):
    """Traders who also bring tokens, and trade on their pairs."""

    def deed(self) -> None:
        rng = self.rng
        if rng.random() < 0.7:
            super().deed()
            return
        trader = rng.choice(self.traders)
        state = self.market.ex.state
        token: Any = rng.randrange(len(state.universe.tokens) + 1)
        if state.deploys and rng.random() < 0.8:
            token = rng.choice(list(state.deploys))
        other: Any = rng.randrange(4)
        rows = tuple(
            (one.address, str(rng.randrange(10**9, 10**12))) for one in rng.sample(self.traders, 2)
        )
        deploy = state.deploys.get(token)
        supply = "5"
        if deploy is not None:
            supply = str(deploy.total)
            trader = next(one for one in self.traders if one.address == deploy.deployer)
        holders = ((other, str(rng.randrange(10**10))),) if rng.random() < 0.3 else ()
        steps: list[dict[str, Any]] = [
            {"register_token2": REGISTER},
            {"user_genesis": UserGenesis(token, rows, holders)},
            {"genesis": Genesis(token, supply, rng.random() < 0.9)},
            {"register_spot": RegisterSpot((token, 0))},  # type: ignore[arg-type]
            {"enable_quote_token": EnableQuoteToken(token)},
            {
                "set_deployer_trading_fee_share": SetDeployerTradingFeeShare(
                    token, f"{rng.randrange(110)}%"
                )
            },
        ]
        trader.act(SpotDeploy(**rng.choice(steps)))
        self.trade()

    def trade(self) -> None:
        """Somebody trades on the newest pair, at prices that meet."""
        pair = self.market.ex.state.universe.pairs[-1]
        if pair.index <= 107:
            return
        for trader in self.rng.sample(self.traders, 2):
            side = trader.buys if self.rng.random() < 0.5 else trader.sells
            side(f"{self.rng.randrange(5, 40)} {pair.coin} @ {self.rng.choice((2, 3, 4))}")


@pytest.mark.parametrize("seed", range(4))
def test_money_balances_and_snapshots_hold_whatever_is_deployed(seed: int) -> None:
    story = market(Rules(spot_deploy_gas=Wei(10**8)))
    crowd = Deployers(seed, story=story)
    for _ in range(20):
        crowd.run(30)
        state = story.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
    assert len(state.universe.pairs) > 2
    assert any(fill.asset_id > 10_107 for t in crowd.traders for fill in t.account.fills)
    restored = Exchange.restore(story.ex.snapshot())
    assert restored.state_hash() == story.ex.state_hash()


def test_a_story_that_is_replayed_from_its_journal_is_the_same() -> None:
    inputs: list[Any] = []
    story = market(Rules(spot_deploy_gas=Wei(10**8)), journal=inputs.append)
    Deployers(7, story=story).run(150)
    twin = market(Rules(spot_deploy_gas=Wei(10**8)))
    for item in inputs:
        twin.ex.feed(item)
    assert twin.ex.state_hash() == story.ex.state_hash()


# -- on the wire -----------------------------------------------------------------------------------


def posted(**variants: Any) -> Any:
    signature = {"r": "1", "s": "1", "v": 27}
    return {"action": {"type": "spotDeploy", **variants}, "nonce": 1, "signature": signature}


@pytest.mark.parametrize(
    "variants",
    [
        {},
        {"genesis": None},
        {"genesis": {"token": 3, "maxSupply": "1"}, "registerSpot": {"tokens": [3, 0]}},
        {"genesis": {"token": 3, "maxSupply": 1}},
        {"registerSpot": {"tokens": [3]}},
        {"registerSpot": {"tokens": [3, 0, 1]}},
        {"registerSpot": {"tokens": [3, -1]}},
        {"userGenesis": {"token": 3, "userAndWei": [[ALICE]], "existingTokenAndWei": []}},
        {"userGenesis": {"token": 3, "userAndWei": [["x", "1"]], "existingTokenAndWei": []}},
        {"freezeUser": {"token": 3, "user": ALICE, "freeze": True}},
        {"requestEvmContract": {"token": 3, "address": ALICE, "evmExtraWeiDecimals": 0}},
    ],
)
def test_a_body_that_is_no_step_is_no_action(variants: dict[str, Any]) -> None:
    """Observed: what cannot be parsed is a 422 (exchange 1.1)."""
    with pytest.raises(BadRequest, match="422"):
        read_envelope_value(posted(**variants))


def test_addresses_of_a_genesis_are_signed_in_lower_case() -> None:
    """Observed: of any L1 action (exchange 2.2)."""
    rows = [["0x" + "AB" * 20, "5"]]
    fields = {"token": 3, "userAndWei": rows, "existingTokenAndWei": [], "blacklistUsers": None}
    envelope = read_envelope_value(posted(userGenesis=fields))
    assert msgpack.unpackb(envelope.packed) == {
        "type": "spotDeploy",
        "userGenesis": {
            "token": 3,
            "userAndWei": [["0x" + "ab" * 20, "5"]],
            "existingTokenAndWei": [],
        },
    }


def test_a_token_of_few_decimals_quotes_nothing() -> None:
    """Assumed: what is held for an order must be whole wei."""
    alice = deployer()
    coarse = replace(REGISTER, spec=TokenSpec("COARSE", 2, 7))  # type: ignore[arg-type]
    assert step(alice, register_token2=coarse) is None
    assert step(alice, user_genesis=give(user_and_wei=((ALICE, "9"),))) is None
    assert step(alice, genesis=Genesis(3, "9", True)) is None  # type: ignore[arg-type]
    refused = step(alice, enable_quote_token=EnableQuoteToken(3))  # type: ignore[arg-type]
    assert refused == ActionReject.DEPLOY_TOKENS.value
