"""Liquidation on deployed dexes: each has its own liquidator, which takes cross assets only."""

from __future__ import annotations

from typing import Any

import pytest
from dexing import GOLD, IRON, dexed, dora_of, funded, met, priced, refusal, sends, sound, step
from stories import Story, Trader, px, sz, usd

from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.perp_deploys import Hip3LiquidatorTransfer
from hlsim.sim.events import AccountLiquidated, Direction
from hlsim.sim.fixed import Address
from hlsim.sim.handover import LIQUIDATOR, is_liquidator, liquidator_of
from hlsim.sim.ledger import Liquidated
from hlsim.sim.margin import liquidation_px
from hlsim.sim.replies import Filled, Resting

HOUSE = Address("0x4000000000000000000000000000000000000001")


def fall(m: Story, coin: str, to: str) -> None:
    """The deployer lets oracle and mark fall, by a hundredth at a time."""
    dora, symbol = dora_of(m), coin.partition(":")[2]
    while m.market(coin).mark_px > px(to):
        assert priced(dora, {symbol: to}, {symbol: to}, **{symbol: to}) is None
        m.advance(ms=2_500)


def long_of(m: Story, name: str, dollars: str, terms: str) -> tuple[Trader, Trader]:
    """A long on the dex with hardly any margin, and the short on its other side."""
    alice, bob = funded(m, name, dollars), funded(m, "bob", "100000")
    met(m, alice, bob, terms)
    return alice, bob


def test_a_dex_has_a_liquidator_of_its_own() -> None:
    """Documented: 0x400…00 + the index of the dex (mechanics 8.2)."""
    assert liquidator_of(1) == HOUSE
    assert liquidator_of(0) == LIQUIDATOR
    assert all(is_liquidator(liquidator_of(dex)) for dex in (0, 1, 99))
    assert not is_liquidator(Address("0x" + "40" * 20))


def test_cross_positions_go_to_the_liquidator_of_the_dex() -> None:
    """Long 1 at 4000 with 250 less a fee of 3.6: below two thirds of 1/40 at 3816."""
    m = dexed()
    alice, _ = long_of(m, "alice", "250", "1 test:GOLD @ 4000")
    m.events()

    fall(m, GOLD, "3810")

    assert alice.szi(GOLD) == 0
    assert alice.account.at(1).raw_usd == 0
    assert alice.account.raw_usd == usd("250")  # the first dex has nothing to do with it
    assert Trader(m, HOUSE).szi(GOLD) == sz("1")
    fill = alice.account.fills[-1]
    assert (fill.dir, fill.fee) == (Direction.LIQUIDATED_CROSS_LONG, 0)
    told = [event for event in m.events() if isinstance(event, AccountLiquidated)]
    assert told[-1].liquidator == HOUSE
    assert isinstance(alice.account.ledger[-1].delta, Liquidated)
    sound(m)


def test_the_book_comes_first_and_the_fee_is_the_dexs() -> None:
    m = dexed()
    alice, bob = long_of(m, "alice", "250", "1 test:GOLD @ 4000")
    bob.buys("1 test:GOLD @ 3850")

    fall(m, GOLD, "3840")

    fill = alice.account.fills[-1]
    assert (fill.dir, fill.px) == (Direction.CLOSE_LONG, px("3850"))
    assert fill.fee == usd("3.465")  # 0.09 %
    assert fill.liquidation is not None
    assert alice.account.at(1).raw_usd == usd("250") - usd("150") - usd("3.6") - usd("3.465")
    sound(m)


def test_what_the_liquidator_does_not_take_is_deleveraged_whole() -> None:
    """Documented: it takes assets only that can be held cross (mechanics 8.2)."""
    m = dexed()
    alice, bob = funded(m, "alice", "1000"), funded(m, "bob", "1000")
    for trader in (alice, bob):
        trader.leverage(IRON, 10, cross=False)
    assert isinstance(bob.sells("100 test:IRON @ 10"), Resting)
    assert isinstance(alice.buys("100 test:IRON @ 10"), Filled)

    fall(m, IRON, "9.2")

    assert alice.szi(IRON) == bob.szi(IRON) == 0
    assert alice.account.fills[-1].dir is Direction.LIQUIDATED_ISOLATED_LONG
    assert bob.account.fills[-1].dir is Direction.AUTO_DELEVERAGING
    assert m.ex.account(HOUSE) is None
    assert alice.account.at(1).raw_usd > usd("890")
    sound(m)


def test_the_mark_of_the_liquidation_price_liquidates_and_a_tick_before_does_not() -> None:
    m = dexed()
    alice, bob = long_of(m, "alice", "250", "1 test:GOLD @ 4000")
    assert isinstance(bob.buys("1 test:GOLD @ 3800"), Resting)
    found = liquidation_px(m.ex.state, alice.account.at(1), 110_000)
    assert found is not None
    tick = 10**9  # 0.1 in 1e-10
    edge = found - found % tick

    fall(m, GOLD, f"{(edge + tick) / 10**10:.1f}")
    before = alice.szi(GOLD)
    fall(m, GOLD, f"{edge / 10**10:.1f}")

    assert before == sz("1")
    assert alice.szi(GOLD) == 0
    assert isinstance(alice.account.ledger[-1].delta, Liquidated)


def test_a_dex_that_falls_takes_a_unified_account_with_all_it_has() -> None:
    m = dexed()
    alice, bob = m.account("alice", usd="500"), funded(m, "bob", "100000")
    alice.act(AgentSetAbstraction("unifiedAccount"))
    for terms in ("2 test:GOLD @ 4000", "0.02 BTC @ 50000"):
        assert isinstance(bob.sells(terms), Resting)
        assert isinstance(alice.buys(terms), Filled)

    fall(m, GOLD, "3800")

    assert alice.account.positions == {}
    assert Trader(m, HOUSE).szi(GOLD) == sz("2")
    assert Trader(m, LIQUIDATOR).szi("BTC") == sz("0.02")
    sound(m)


def test_users_lend_to_the_liquidator_and_take_back_no_more() -> None:
    """Documented: multiples of 1e9; Observed: the texts of what there is not (exchange 5.2)."""
    m = dexed()
    alice = funded(m, "alice", "5000")

    def move(ntl: int, *, is_deposit: bool, trader: Trader = alice, dex: str = "test") -> Any:
        return refusal(trader.act(Hip3LiquidatorTransfer(dex, ntl, is_deposit)))  # type: ignore[arg-type]

    assert move(2 * 10**9, is_deposit=True) is None
    assert m.ex.state.accounts[HOUSE].at(1).raw_usd == usd("2000")
    assert move(4 * 10**9, is_deposit=True) == "Insufficient funds available to deposit."
    assert move(3 * 10**9, is_deposit=False) == "Insufficient balance for withdrawal."
    assert move(10**9 + 1, is_deposit=True) == "Invalid number of decimals"
    assert move(10**9, is_deposit=True, dex="none") == "Invalid perp DEX"
    bob = m.account("bob")
    assert move(10**9, is_deposit=False, trader=bob) == "Insufficient balance for withdrawal."
    assert move(2 * 10**9, is_deposit=False) is None
    assert alice.account.at(1).raw_usd == usd("5000")
    assert m.ex.state.lent_to_liquidators == {}
    sound(m)


@pytest.mark.parametrize("mode", ["margin table", "order"])
def test_a_margin_table_that_asks_for_more_is_seen_at_once(mode: str) -> None:
    """Bands are drawn anew for whoever holds the perp."""
    m = dexed()
    alice, _ = long_of(m, "alice", "250", "1 test:GOLD @ 4000")
    m.advance(seconds=3)
    if mode == "order":
        assert step(dora_of(m), set_margin_table_ids=((IRON, 5),)) is None  # type: ignore[arg-type]
        assert alice.szi(GOLD) == sz("1")
        return

    assert step(dora_of(m), set_margin_table_ids=((GOLD, 2),)) is None  # type: ignore[arg-type]

    # Maintenance is now a quarter of 4000, four times what there is.
    assert alice.szi(GOLD) == 0
    sound(m)


def test_what_is_left_on_a_dex_can_be_sent_home_after_a_liquidation() -> None:
    m = dexed()
    alice, bob = long_of(m, "alice", "250", "1 test:GOLD @ 4000")
    bob.buys("1 test:GOLD @ 3850")
    fall(m, GOLD, "3840")

    left = alice.account.at(1).raw_usd
    assert sends(alice, f"{left / 10**6:.6f}", "test", "") is None
    assert alice.account.raw_usd == usd("250") + left
