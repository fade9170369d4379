"""What a vault gives up for a withdrawal: open orders by the margin they use, then positions."""

from __future__ import annotations

from typing import Any

import pytest
from houses import (
    Deputy,
    deltas,
    deposits,
    later,
    out_of,
    refusal,
    register,
    stake,
    value,
    vault_of,
    withdraws,
)
from stories import Story, Trader, market, sz, usd

from hlsim.sim import ledger, margin
from hlsim.sim.actions.orders import PlaceOrders
from hlsim.sim.actions.vaults import VaultModify
from hlsim.sim.operations import SetHalt
from hlsim.sim.replies import Done, Resting

EQUITY = "Insufficient vault equity for withdrawal"


def house() -> tuple[Story, Trader, Trader, Deputy]:
    """A vault of $2000, half of it bob's who may withdraw, and a maker."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    vault = vault_of(alice)
    deposits(bob, vault, "1000")
    later(m)
    return m, bob, m.account("maker", usd="10000000"), vault


def long(maker: Trader, vault: Deputy, terms: str = "0.4 BTC @ 50000") -> None:
    """The vault buys `terms` from the maker, who then quotes a wide market."""
    maker.sells(terms)
    vault.buys(terms)


def idle(vault: Deputy) -> int:
    return margin.withdrawable(vault.market.ex.state, vault.account)


def statuses(vault: Deputy, status: str) -> list[int]:
    """Oids in the order in which they got the status."""
    return [oid for oid, name, _ in vault.statuses() if name == status]


# -- orders ----------------------------------------------------------------------------------------


def test_nothing_is_touched_while_there_is_margin_enough() -> None:
    """Documented: mechanics 13."""
    _, bob, maker, vault = house()
    long(maker, vault, "0.2 BTC @ 50000")
    vault.buys("0.02 BTC @ 49000")
    # 2000 less 4.5; a tenth of 10000 is more than initial margin and order: 500 and 49.
    assert idle(vault) == usd("995.5")

    assert withdraws(bob, vault, "995.5") == Done()

    assert (len(vault.account.orders), vault.szi("BTC")) == (1, sz("0.2"))
    (row,) = deltas(bob, ledger.VaultWithdraw)
    assert (row.closing_cost, row.net) == (0, usd("995.5"))
    assert idle(vault) == 0


def test_orders_that_use_margin_go_first_those_that_use_least_before() -> None:
    """Documented: in increasing order of margin used (mechanics 13). Assumed: what uses none
    stays, and of equals the older goes first."""
    m, bob, maker, vault = house()
    vault.leverage("ETH", 1)
    for terms in ("0.3 ETH @ 1900", "0.2 ETH @ 1900", "1 BTC @ 10000", "0.1 ETH @ 1900"):
        vault.buys(terms)
    long(maker, vault, "2 SOL @ 100")
    vault.sells("1 SOL @ 150", reduce_only=True)
    vault.sells("1 SOL @ 160")
    reserved = [usd(text) for text in ("570", "380", "500", "190")]
    assert margin.order_margin(m.ex.state, vault.account) == sum(reserved)
    before = list(vault.account.orders)
    bob_worth = usd("1000") - usd("0.045")

    assert withdraws(bob, vault, "999.955") == Done()

    # 359.91 is free: 640.045 more are needed, and 190 + 380 are not enough.
    assert bob_worth == usd("999.955")
    assert statuses(vault, "vaultWithdrawalCanceled") == [before[3], before[1], before[2]]
    assert list(vault.account.orders) == [before[0], *before[4:]]
    assert vault.szi("SOL") == sz("2")


# -- positions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "closed"),
    [("0.000001", "0"), ("2", "0.08"), ("400", "0.08"), ("400.000001", "0.16"), ("990", "0.24")],
)
def test_positions_close_by_fifths_until_it_is_enough(amount: str, closed: str) -> None:
    """Documented: 20 % of all positions, again and again (mechanics 13).

    $2000 less a fee of 9 carry $20,000 of BTC, whose initial margin at 20x is 1000 and of which a
    tenth is 2000: nothing is idle, and each fifth frees 400 of the tenth.
    """
    _, bob, maker, vault = house()
    long(maker, vault)
    assert idle(vault) == 0
    vault.account.raw_usd = vault.account.raw_usd + usd("9")  # type: ignore[assignment]
    if amount == "0.000001":
        vault.account.raw_usd = vault.account.raw_usd + usd("0.000001")  # type: ignore[assignment]
    maker.buys("0.4 BTC @ 50000")
    assert value(vault) - usd("2000") in (0, 1)

    response = withdraws(bob, vault, amount)

    assert response == Done()
    assert sz("0.4") - vault.szi("BTC") == sz(closed)
    (row,) = deltas(bob, ledger.VaultWithdraw)
    assert row.closing_cost == usd("22.5") * sz(closed) // 10**8
    assert row.net == usd(amount) - row.closing_cost
    assert [fill.dir.value for fill in vault.account.fills] == ["Open Long"] + (
        ["Close Long"] if sz(closed) else []
    )


def test_what_closing_costs_is_borne_by_who_withdraws() -> None:
    """Documented: `closingCost` of the ledger row (info 7.2). Inferred: price and fee together,
    against the mark, and nobody else pays any of it."""
    _, bob, maker, vault = house()
    alice_before = stake(vault, bob).shares
    long(maker, vault)
    maker.buys("0.05 BTC @ 49990")
    maker.buys("1 BTC @ 49900")
    maker.sells("1 BTC @ 50100")
    before, mark = value(vault), vault.market.market("BTC").mark_px
    worth = before // 2

    assert withdraws(bob, vault, "300") == Done()

    (row,) = deltas(bob, ledger.VaultWithdraw)
    traded = usd("2499.5") + 3 * usd("499")
    assert vault.szi("BTC") == sz("0.32")
    fees = usd("2499.5") * 45 // 10**5 + 3 * usd("499") * 45 // 10**5
    assert row.closing_cost == mark * sz("0.08") // 10**10 - traded + fees
    assert (row.requested, row.commission) == (usd("300"), 0)
    assert row.net == usd("300") - row.closing_cost
    found = register(vault)
    left = value(vault)
    assert left == before - usd("300")
    assert stake(vault, bob).shares < alice_before
    # The other's half is worth what it was, give or take the mark's own move: there was none.
    assert found.stakes[vault.signer].shares * left // found.shares == worth


def test_when_positions_close_orders_go_too_but_for_reduce_only_ones() -> None:
    """Documented: orders before positions (mechanics 13). Assumed: all that could open one."""
    _, bob, maker, vault = house()
    long(maker, vault)
    vault.sells("0.1 BTC @ 60000")
    vault.sells("0.4 BTC @ 61000", reduce_only=True)
    plain, reducing = list(vault.account.orders)
    maker.buys("1 BTC @ 50000")

    assert withdraws(bob, vault, "300") == Done()

    assert statuses(vault, "vaultWithdrawalCanceled") == [plain]
    assert list(vault.account.orders) == [reducing]
    assert vault.account.orders[reducing].sz == sz("0.32")


def test_shorts_and_isolated_positions_close_too() -> None:
    """An isolated margin comes free in proportion (mechanics 6.4)."""
    _, bob, maker, vault = house()
    vault.leverage("ETH", 2, cross=False)
    maker.sells("1.5 ETH @ 2000")
    vault.buys("1.5 ETH @ 2000")
    maker.buys("4 SOL @ 100")
    vault.sells("4 SOL @ 100")
    maker.buys("2 ETH @ 2000")
    maker.sells("5 SOL @ 100")
    # 1500 isolated; of the 500 that are left a tenth of 400 is needed.
    assert idle(vault) < usd("460")

    assert withdraws(bob, vault, "700") == Done()

    assert (vault.szi("ETH"), vault.szi("SOL")) == (sz("1.2"), -sz("3.2"))
    (row,) = deltas(bob, ledger.VaultWithdraw)
    assert row.net + row.closing_cost == usd("700")


def test_a_withdrawal_of_everything_flattens_the_vault() -> None:
    """The last step closes all, and then what it is worth is there."""
    m, bob, maker, vault = house()
    alice = Trader(m, vault.signer)
    assert withdraws(bob, vault, "1000") == Done()
    long(maker, vault, "0.1 BTC @ 50000")
    vault.sells("0.1 BTC @ 60000")
    maker.buys("1 BTC @ 50000")
    all_of_it = value(vault)

    assert withdraws(alice, vault, f"{all_of_it / 10**6:.6f}") == Done()

    assert (vault.szi("BTC"), vault.account.raw_usd, vault.account.orders) == (0, 0, {})
    assert register(vault).shares == 0


def test_a_vault_may_close_its_part_of_everything_at_each_withdrawal() -> None:
    """Documented: a leader may always close in proportion (exchange 5.2)."""
    m, bob, maker, vault = house()
    alice = Trader(m, vault.signer)
    alice.act(VaultModify(vault.address, always_close_on_withdraw=True))
    long(maker, vault, "0.01 BTC @ 50000")
    vault.buys("0.01 BTC @ 40000")
    maker.buys("1 BTC @ 50000")
    # 250 of 1999.775: a part of 0.0012502, in lots of 0.00001 and rounded up.
    assert withdraws(bob, vault, "250") == Done()
    assert vault.szi("BTC") == sz("0.01") - sz("0.00126")
    assert len(vault.account.orders) == 1

    alice.act(VaultModify(vault.address, always_close_on_withdraw=False))
    assert withdraws(bob, vault, "250") == Done()
    assert vault.szi("BTC") == sz("0.01") - sz("0.00126")


def test_the_only_depositor_of_such_a_vault_can_leave_it() -> None:
    """Flat, a sell order beside no position would use margin: it goes."""
    m, bob, maker, vault = house()
    alice = Trader(m, vault.signer)
    withdraws(bob, vault, "1000")
    alice.act(VaultModify(vault.address, always_close_on_withdraw=True))
    long(maker, vault, "0.01 BTC @ 50000")
    vault.sells("0.01 BTC @ 60000")
    maker.buys("1 BTC @ 50000")

    assert withdraws(alice, vault, f"{value(vault) / 10**6:.6f}") == Done()

    assert (vault.account.raw_usd, vault.account.orders) == (0, {})
    assert statuses(vault, "vaultWithdrawalCanceled") != []


# -- what cannot be closed -------------------------------------------------------------------------


def thin(maker: Trader, vault: Deputy) -> None:
    maker.buys("0.07999 BTC @ 50000")


def own(maker: Trader, vault: Deputy) -> None:
    maker.buys("0.07 BTC @ 50000")
    assert isinstance(vault.buys("0.02 BTC @ 49999"), Resting)


def halted(maker: Trader, vault: Deputy) -> None:
    maker.buys("1 BTC @ 50000")
    vault.market.ex.operate(SetHalt(0, True))


def dear(maker: Trader, vault: Deputy) -> None:
    """0.08 BTC at 46250: 300 below the mark in all, and a fee."""
    maker.buys("1 BTC @ 46250")


@pytest.mark.parametrize("reason", [thin, own, halted, dear])
def test_what_the_book_cannot_take_is_not_paid_and_nothing_happens(reason: Any) -> None:
    """Assumed: the text; a closing that costs as much as is withdrawn is none."""
    _, bob, maker, vault = house()
    long(maker, vault)
    if reason is own:
        vault.account.raw_usd = vault.account.raw_usd + usd("100")  # type: ignore[assignment]
    reason(maker, vault)
    before = vault.account.history.rows[-1], vault.szi("BTC"), len(vault.account.orders)

    assert refusal(bob, out_of(vault, "300")) == EQUITY

    assert before == (vault.account.history.rows[-1], vault.szi("BTC"), len(vault.account.orders))


def test_nothing_is_closed_outside_the_price_band() -> None:
    """Assumed: a closing is an order like any other; bids from before the mark rose do not count.
    The mark is the median of oracle, book and last trade (mechanics 9)."""
    m, bob, maker, vault = house()
    alice = Trader(m, vault.signer)
    withdraws(bob, vault, "1000")
    long(maker, vault, "0.01 BTC @ 50000")
    maker.buys("1 BTC @ 2600")
    almost_all = f"{(value(vault) - 1) / 10**6:.6f}"
    m.oracle("BTC", "53000")
    assert m.market("BTC").mark_px // 20 >= 2600 * 10**8
    assert refusal(alice, out_of(vault, almost_all)) == EQUITY
    m.oracle("BTC", "51000")
    assert m.market("BTC").mark_px // 20 < 2600 * 10**8
    assert withdraws(alice, vault, almost_all) == Done()
    assert vault.account.fills[-1].px == 2600 * 10**8


def test_a_maker_that_fails_at_the_match_makes_nobody_go_deeper() -> None:
    """Assumed: what came free is paid, at no worse a price than was foreseen; the rest of the
    shares stays. A bid that cannot be paid must not open the way to one far below."""
    m, bob, maker, vault = house()
    long(maker, vault)
    poor = m.account("poor", usd="110")
    thief = m.account("thief", usd="100000")
    maker.buys("0.03 BTC @ 50000")
    poor.buys("0.04 BTC @ 50000")
    thief.buys("1 BTC @ 30000")
    maker.buys("0.01 BTC @ 49990")
    poor.act(PlaceOrders((poor.new_order("5 SOL @ 100", is_buy=True),)))
    maker.sells("5 SOL @ 100")
    m.oracle("SOL", "99")
    poor.account.raw_usd = poor.account.raw_usd - usd("60")  # type: ignore[assignment]
    shares_before, worth = stake(vault, bob).shares, value(vault)

    assert withdraws(bob, vault, "300") == Done()

    assert vault.szi("BTC") == sz("0.36")
    assert not thief.account.fills
    (row,) = deltas(bob, ledger.VaultWithdraw)
    assert row.requested == usd("300")
    assert row.net < usd("300") - row.closing_cost
    assert row.net == bob.account.raw_usd - usd("99000")
    assert idle(vault) == 0
    paid = shares_before - stake(vault, bob).shares
    assert paid == -(-(row.net + row.closing_cost) * (2 * 10**15) // worth)
