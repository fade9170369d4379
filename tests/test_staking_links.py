"""Staking links: one user's stake lowers another's fees, and gives power over it."""

from __future__ import annotations

from typing import Any

import pytest
from houses import sub_account, vault_of
from stakers import NONCE, VALIDATOR, acts, ask, hype, refusal, stakes, undelegates
from stories import Story, Trader, address, market, sz, usd
from test_conservation import check_money, check_orders, check_positions

from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.misc import Noop
from hlsim.sim.actions.multisig import ConvertToMultiSigUser, SignersText
from hlsim.sim.actions.outcomes import SplitOutcome, UserOutcome
from hlsim.sim.actions.staking import (
    LinkStakingUser,
    StakingLinkDisableTradingUser,
    TokenDelegate,
)
from hlsim.sim.call import CoSigned
from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import ListOutcome
from hlsim.sim.replies import Done, Response
from hlsim.sim.rules import Rules
from hlsim.sim.state import SignerSet

DAY_MS = 86_400_000


def pair(**rules: Any) -> tuple[Story, Trader, Trader]:
    """tom trades, sue stakes 20 HYPE."""
    m = market(Rules(**rules))
    tom = m.account("tom", spot_usdc="1000", HYPE="50", PURR="100")
    sue = m.account("sue", HYPE="500")
    stakes(sue, "20")
    return m, tom, sue


def asks(trader: Trader, other: Trader) -> Response:
    return acts(trader, LinkStakingUser(other.address, False, NONCE))


def finalizes(staker: Trader, other: Trader) -> Response:
    return acts(staker, LinkStakingUser(other.address, True, NONCE))


def disables(staker: Trader, other: Trader) -> Response:
    return acts(staker, StakingLinkDisableTradingUser(other.address, NONCE))


def linked(**rules: Any) -> tuple[Story, Trader, Trader]:
    m, tom, sue = pair(**rules)
    assert (asks(tom, sue), finalizes(sue, tom)) == (Done(), Done())
    return m, tom, sue


def shown(m: Story, trader: Trader) -> Any:
    return ask(m, "userFees", user=trader.address)["stakingLink"]


def rates(m: Story, trader: Trader) -> tuple[str, str]:
    """(taker rate, staking discount)."""
    found = ask(m, "userFees", user=trader.address)
    return found["userCrossRate"], found["activeStakingDiscount"]["discount"]


# -- two steps -------------------------------------------------------------------------------------


def test_the_trading_user_asks_and_the_staking_user_finalizes() -> None:
    """Documented: in this order (mechanics 11.3). Observed: the forms (info 7.3)."""
    m, tom, sue = pair()
    assert (shown(m, tom), shown(m, sue)) == (None, None)

    assert asks(tom, sue) == Done()

    assert shown(m, tom) == {"type": "requested", "stakingUser": sue.address}
    assert shown(m, sue) is None
    assert rates(m, tom) == ("0.00045", "0.0")

    assert finalizes(sue, tom) == Done()

    assert shown(m, tom) == {"type": "tradingUser", "stakingUser": sue.address}
    assert shown(m, sue) == {"type": "stakingUser", "tradingUser": tom.address}


def test_the_discount_of_a_stake_moves_to_the_trading_user() -> None:
    """Documented: the staking user has none any more (mechanics 11.3); with the next fill."""
    m, tom, sue = pair()
    bob = m.account("bob")
    bob.sells("1 BTC @ 50000")
    tom.buys("0.1 BTC @ 50000")
    sue.buys("0.1 BTC @ 50000")
    assert [rates(m, one) for one in (tom, sue)] == [("0.00045", "0.0"), ("0.0004275", "0.05")]
    asks(tom, sue)

    finalizes(sue, tom)

    assert [rates(m, one) for one in (tom, sue)] == [("0.0004275", "0.05"), ("0.00045", "0.0")]
    tom.buys("0.1 BTC @ 50000")
    sue.buys("0.1 BTC @ 50000")
    assert [one.account.fills[-1].fee for one in (tom, sue)] == [usd("2.1375"), usd("2.25")]


def test_what_the_staking_user_does_counts_at_once() -> None:
    """Of the trading user's own stake: Assumed, that it counts beside the other's."""
    m, tom, sue = linked(delegation_lock_ms=0)
    tom.buys("0.1 BTC @ 40000")  # has its rates worked out

    stakes(sue, "85")
    assert rates(m, tom) == ("0.000405", "0.1")
    undelegates(sue, "10")
    assert rates(m, tom) == ("0.0004275", "0.05")
    stakes(tom, "6")
    found = ask(m, "userFees", user=tom.address)["activeStakingDiscount"]
    assert found == {"bpsOfMaxSupply": "0.00101", "discount": "0.1"}
    assert ask(m, "userFees", user=sue.address)["activeStakingDiscount"]["bpsOfMaxSupply"] == "0.0"


def test_a_days_rewards_count_for_the_trading_user_too() -> None:
    """They are delegated again, and may make the next tier."""
    m, tom, sue = linked()
    acts(sue, TokenDelegate(VALIDATOR, hype("0"), False, NONCE))
    stakes(sue, "80")
    assert rates(m, tom)[1] == "0.05"

    m.advance(ms=DAY_MS)

    assert rates(m, tom)[1] == "0.1"
    check_money(m.ex.state)


def test_sub_accounts_of_the_trading_user_share_the_discount() -> None:
    """Documented: they share their master's tier (mechanics 11.1)."""
    m, tom, _ = linked()
    desk = sub_account(tom, dollars="5000")
    m.account("bob").sells("1 BTC @ 50000")

    desk.buys("0.01 BTC @ 50000")

    assert desk.account.fills[-1].fee == usd("0.21375")


def test_a_later_request_takes_the_place_of_an_earlier_one() -> None:
    """Assumed. The staking user's own request is forgotten when it finalizes another's."""
    m, tom, sue = pair()
    ann = m.account("ann")
    asks(tom, ann)
    asks(sue, ann)

    asks(tom, sue)
    assert refusal(finalizes(ann, tom)) == "Staking link error: user has not requested a link"
    assert finalizes(sue, tom) == Done()

    assert refusal(finalizes(ann, sue)) == "Staking link error: user is already linked"
    assert shown(m, sue) == {"type": "stakingUser", "tradingUser": tom.address}


def test_a_link_is_for_good() -> None:
    """Documented: permanent (mechanics 13); the texts are Assumed."""
    m, tom, sue = linked()
    ann = m.account("ann")
    taken = "Staking link error: user is already linked"

    for one, other in ((tom, ann), (ann, tom), (sue, ann), (ann, sue), (tom, sue)):
        assert refusal(asks(one, other)) == taken
        assert refusal(finalizes(one, other)) == taken
    assert shown(m, ann) is None


def test_whom_nobody_can_link() -> None:
    """Assumed: oneself, who is not here, and who has no key to finalize with."""
    m, tom, sue = pair()
    invalid = "Staking link error: invalid user"
    desk, vault = sub_account(sue), vault_of(m.account("leader"))

    for other in (tom.address, address("nobody"), desk.address, vault.address):
        assert refusal(acts(tom, LinkStakingUser(other, False, NONCE))) == invalid
    for other in (tom.address, address("nobody")):
        assert refusal(acts(tom, LinkStakingUser(other, True, NONCE))) == invalid
    assert shown(m, tom) is None


# -- disabling -------------------------------------------------------------------------------------


def test_only_the_staking_user_disables_and_only_its_trading_user() -> None:
    m, tom, sue = pair()
    ann = m.account("ann")
    missing = "Staking link error: user is not a linked trading user"
    asks(tom, sue)
    assert refusal(disables(sue, tom)) == missing
    finalizes(sue, tom)

    assert refusal(disables(tom, sue)) == missing
    assert refusal(disables(ann, tom)) == missing
    assert refusal(disables(sue, ann)) == missing
    assert acts(tom, Noop()) == Done()


def test_a_disabled_user_does_nothing_any_more() -> None:
    """Documented: unusable and locked, for good (mechanics 11.3). Assumed: the text, and that its
    orders and TWAPs end; neither its agents nor its sub-accounts act."""
    m, tom, sue = linked()
    agent = address("agent")
    tom.act(ApproveAgent(agent, NONCE, "bot"))
    desk = sub_account(tom)
    tom.buys("0.1 BTC @ 40000")
    tom.sells("100 PURR/USDC @ 0.3")
    asleep = tom.trigger("0.1 BTC @ 60000", at="55000", is_buy=True, reduce_only=False)
    tom.place(asleep)
    m.events()

    assert disables(sue, tom) == Done()

    assert [status for _, status in m.updates()] == ["canceled"] * 3
    assert not tom.account.orders
    disabled = "Staking link error: trading user is disabled"
    before = m.ex.state_hash()
    for response in (acts(tom, Noop()), m.act(agent, Noop()), acts(desk, Noop())):
        assert refusal(response) == disabled
    assert refusal(disables(tom, sue)) == disabled
    assert m.ex.state_hash() == before, "a refusal before the nonce leaves no trace"
    assert refusal(disables(sue, tom)) == disabled
    assert shown(m, tom) == {"type": "tradingUser", "stakingUser": sue.address}
    assert acts(sue, Noop()) == Done()
    check_orders(m.ex.state)


def test_a_disabled_multi_sig_user_does_nothing_either() -> None:
    m, tom, sue = linked()
    ann = m.account("ann")
    owners: Any = SignerSet((ann.address,), 1)
    tom.act(ConvertToMultiSigUser(SignersText("{}", owners), NONCE))
    signed = CoSigned(tom.address, (ann.address,))
    assert m.act(ann.address, Noop(), multi_sig=signed) == Done()

    disables(sue, tom)

    response = m.act(ann.address, Noop(), multi_sig=signed)
    assert refusal(response) == "Staking link error: trading user is disabled"


@pytest.mark.parametrize("mode", ["", "unifiedAccount"])
def test_at_the_end_the_staking_user_has_what_is_free(mode: Any) -> None:
    """Documented: automatically, a year after (mechanics 11.3), which the rules here make an hour.
    Assumed: what no position needs."""
    assert Rules().staking_link_lock_ms == 365 * DAY_MS
    m, tom, sue = linked(staking_link_lock_ms=3_600_000)
    bob = m.account("bob")
    if mode:
        tom.act(AgentSetAbstraction(mode))
    bob.sells("0.1 BTC @ 50000")
    tom.buys("0.1 BTC @ 50000")
    tom.sells("100 PURR/USDC @ 0.3")
    m.ex.operate(ListOutcome("Rain?"))
    tom.act(UserOutcome(split_outcome=SplitOutcome(1, sz("5"))))  # type: ignore[arg-type]
    disables(sue, tom)

    m.advance(ms=3_600_000 - 1)
    assert tom.spot("PURR") == 100 * 10**5
    copy = Exchange.restore(m.ex.snapshot())
    for ex in (m.ex, copy):
        ex.advance(ex.state.time_ms + 1)

    assert copy.state_hash() == m.ex.state_hash()
    assert (tom.spot("PURR"), tom.spot("HYPE")) == (0, 0)
    assert sue.spot("PURR") == 100 * 10**5
    assert sue.spot("HYPE") == hype("530")
    assert [sue.account.spot[100_000_010 + side].total for side in (0, 1)] == [sz("5")] * 2
    state = m.ex.state
    perps = ask(m, "clearinghouseState", user=tom.address)
    assert (perps["withdrawable"], tom.szi("BTC")) == ("0.0", sz("0.1"))
    rows = ask(m, "userNonFundingLedgerUpdates", user=sue.address)
    sent = {(row["delta"].get("token"), row["delta"].get("sourceDex")) for row in rows}
    assert sent >= {(token, "spot") for token in ("PURR", "HYPE", "USDC")}
    assert rows[-1]["delta"]["user"] == tom.address
    check_money(state)
    check_positions(state)
