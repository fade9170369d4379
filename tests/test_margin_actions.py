"""Leverage and isolated margin: what is set, what moves, and every refusal's text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories import Story, Trader, market, px, usd

from hlsim.sim import margin
from hlsim.sim.actions.leverage import TopUpIsolatedOnlyMargin, UpdateIsolatedMargin, UpdateLeverage
from hlsim.sim.actions.misc import Noop
from hlsim.sim.assets import MarginMode, Perp
from hlsim.sim.errors import ActionReject
from hlsim.sim.events import AccountChanged
from hlsim.sim.replies import Done, Refused
from hlsim.sim.state import Leverage

LACKING = (
    "Isolated position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, add margin to the position."
)


def lever(coin_id: Any, value: Any, *, cross: bool = True) -> UpdateLeverage:
    return UpdateLeverage(coin_id, cross, value)


def add(coin_id: Any, amount: str) -> UpdateIsolatedMargin:
    ntli: Any = usd(amount)
    return UpdateIsolatedMargin(coin_id, True, ntli)


def refusal(trader: Trader, action: Any) -> str:
    """The text with which `action` is refused; its nonce and a request are spent and no more."""
    nonce = next(trader.market.nonces)
    before, last_ms = repr(trader.account), trader.account.last_request_ms
    response = trader.act(action, nonce=nonce)
    assert isinstance(response, Refused)
    trader.account.requests_used -= 1
    trader.account.last_request_ms = last_ms
    assert repr(trader.account) == before
    again = trader.act(Noop(), nonce=nonce)
    assert isinstance(again, Refused)
    assert again.error.why is ActionReject.NONCE_DUPLICATE
    assert isinstance(response.error.why, ActionReject)
    return response.error.why.value.format(**response.error.params)


def holding(
    coin: str, size: str, price: str, leverage: int, *, cross: bool, funds: str = "1000"
) -> tuple[Story, Trader]:
    """A long of alice's, made in an otherwise empty book."""
    m = market()
    alice, bob = m.account("alice", usd=funds), m.account("bob", usd="10000000")
    assert alice.leverage(coin, leverage, cross=cross) == Done()
    bob.leverage(coin, leverage, cross=cross)
    bob.sells(f"{size} {coin} @ {price}")
    alice.buys(f"{size} {coin} @ {price}")
    return m, alice


# -- leverage --------------------------------------------------------------------------------------


def test_a_setting_lasts_and_is_told() -> None:
    """Observed: per user and coin, also while flat (mechanics 6.4)."""
    m = market()
    alice = m.account("alice")
    m.events()
    assert alice.act(lever(1, 7, cross=False)) == Done()
    assert alice.account.leverages == {1: Leverage(7, False)}
    assert m.events() == [AccountChanged(alice.address)]


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (lever(0, 0), "Invalid leverage value"),
        (lever(0, 41), "Invalid leverage value"),
        (lever(2, 21, cross=False), "Invalid leverage value"),
        (lever(4, 5), "Cross margin is not allowed for this asset."),
        (lever(99, 5), "Invalid perp"),
        (lever(10_107, 5), "Invalid perp"),
        (add(99, "1"), "Invalid perp"),
        (add(2, "0"), "Update to isolated margin cannot be zero."),
        (add(2, "1"), "Cannot update margin for empty position."),
    ],
)
def test_refusals_of_a_flat_account(action: Any, text: str) -> None:
    """Observed or inferred: exchange 7.4; an asset that is no perp is Assumed."""
    assert refusal(market().account("alice"), action) == text


@pytest.mark.parametrize("cross", [True, False])
def test_the_type_cannot_change_under_a_position(cross: bool) -> None:
    """Observed: mechanics 6.4."""
    _, alice = holding("SOL", "1", "100", 10, cross=cross)
    text = "Cannot switch leverage type with open position."
    assert refusal(alice, lever(2, 10, cross=not cross)) == text
    assert alice.act(lever(2, 20, cross=cross)) == Done()


def test_an_isolated_position_must_hold_the_margin_of_a_lower_leverage() -> None:
    """Observed: the text; adding margin is the way out (mechanics 6.4)."""
    _, alice = holding("SOL", "10", "100", 10, cross=False)
    assert refusal(alice, lever(2, 5, cross=False)) == LACKING
    # 100 less the fee of 0.45 is there, 200 are wanted.
    assert alice.act(add(2, "100.449999")) == Done()
    assert refusal(alice, lever(2, 5, cross=False)) == LACKING
    assert alice.act(add(2, "0.000001")) == Done()
    assert alice.act(lever(2, 5, cross=False)) == Done()


def test_a_cross_position_needs_free_margin_to_lower_its_leverage() -> None:
    """Assumed: the isolated text stands for the unknown one (exchange 7.4)."""
    _, alice = holding("SOL", "50", "100", 20, cross=True)
    # 1000 less 2.25: 5x needs 1000.
    assert refusal(alice, lever(2, 5)) == LACKING
    assert alice.act(lever(2, 6)) == Done()
    assert margin.cross_margin_used(alice.market.ex.state, alice.account) == usd("833.333333")


def test_resting_orders_count_when_leverage_is_lowered() -> None:
    """Inferred: they reserve sz * px / leverage (mechanics 6.2)."""
    m = market()
    alice = m.account("alice", usd="1000")
    alice.buys("100 SOL @ 99")
    assert refusal(alice, lever(2, 9)) == LACKING
    assert alice.act(lever(2, 10)) == Done()
    assert alice.act(lever(0, 1)) == Done()


def test_an_account_under_water_may_lower_what_costs_nothing() -> None:
    """Only what makes things worse is refused."""
    m, alice = holding("SOL", "150", "100", 20, cross=True)
    m.market("SOL").mark_px = px("95")
    assert margin.free_margin(m.ex.state, alice.account) < 0
    assert alice.act(lever(0, 3)) == Done()
    assert refusal(alice, lever(2, 19)) == LACKING
    assert alice.act(lever(2, 20)) == Done()


def test_leverage_above_the_tier_of_the_position_is_invalid() -> None:
    """Assumed: from the tier limit of orders (mechanics 2.6)."""
    m, alice = holding("BTC", "3200", "50000", 20, cross=True, funds="20000000")
    assert refusal(alice, lever(0, 40)) == "Invalid leverage value"
    m.market("BTC").mark_px = px("46000")
    assert alice.act(lever(0, 40)) == Done()


# -- isolated margin -------------------------------------------------------------------------------


def test_margin_moves_between_the_two_ledgers() -> None:
    """Documented: `ntli` in µUSD, signed (exchange 5.1)."""
    m, alice = holding("SOL", "10", "100", 10, cross=False)
    m.events()
    before = alice.account.raw_usd
    assert alice.act(add(2, "50")) == Done()
    assert m.events() == [AccountChanged(alice.address)]
    position = alice.position("SOL")
    assert position is not None
    assert (alice.account.raw_usd, position.raw_usd) == (before - usd("50"), usd("-850.45"))
    assert alice.act(add(2, "-49.55")) == Done()
    assert (alice.account.raw_usd, position.raw_usd) == (before - usd("0.45"), usd("-900"))


def test_what_remains_is_the_initial_margin_or_a_tenth() -> None:
    """Observed: at 10x, 11.57 % of notional passed and 9.955 % did not (exchange 7.4)."""
    _, alice = holding("SOL", "10", "100", 10, cross=False)
    assert alice.act(add(2, "30.45")) == Done()
    text = "Position does not have sufficient margin for reduction."
    assert alice.act(add(2, "-14.3")) == Done()  # 115.7 are left
    assert refusal(alice, add(2, "-16.15")) == text  # 99.55 would be
    assert alice.act(add(2, "-15.7")) == Done()
    assert refusal(alice, add(2, "-0.000001")) == text


@pytest.mark.parametrize(("leverage", "floor"), [(20, "100"), (5, "200")])
def test_the_floor_is_the_larger_of_both(leverage: int, floor: str) -> None:
    """Documented: max(initial margin, 10 %) (mechanics 6.4)."""
    m, alice = holding("SOL", "10", "100", leverage, cross=False)
    used = margin.margin_used(m.ex.state, alice.account, 2)
    assert alice.act(add(2, "200")) == Done()
    most = used + usd("200") - usd(floor)
    text = "Position does not have sufficient margin for reduction."
    ntli: Any = -most - 1
    assert refusal(alice, UpdateIsolatedMargin(2, True, ntli)) == text  # type: ignore[arg-type]
    ntli = -most
    assert alice.act(UpdateIsolatedMargin(2, False, ntli)) == Done()  # type: ignore[arg-type]


def test_an_increase_takes_what_is_free_and_no_more() -> None:
    """Inferred: the text (exchange 7.4). Assumed: free as for a new order."""
    m, alice = holding("SOL", "10", "100", 10, cross=False)
    alice.buys("10 SOL @ 90")
    free: Any = margin.free_margin(m.ex.state, alice.account)
    assert free == usd("810")
    text = "Account does not have sufficient margin available for increase."
    assert refusal(alice, add(2, "810.000001")) == text
    assert alice.act(add(2, "810")) == Done()
    assert margin.free_margin(m.ex.state, alice.account) == 0


def test_a_cross_position_has_no_margin_of_its_own() -> None:
    """Observed: exchange 7.4."""
    _, alice = holding("SOL", "10", "100", 10, cross=True)
    text = "Position does not use isolated margin."
    assert refusal(alice, add(2, "1")) == text
    assert refusal(alice, add(2, "-1")) == text


def test_a_strictly_isolated_position_gives_nothing_back() -> None:
    """Assumed: the text (exchange 7.4); `noCross` assets do give back (mechanics 6.4)."""
    m, alice = holding("ISO", "10", "10", 2, cross=False)
    assert alice.act(add(4, "60")) == Done()
    text = "Position does not have sufficient margin for reduction."
    assert refusal(alice, add(4, "-1")) == text

    asset = m.market("ISO").asset
    assert isinstance(asset, Perp)
    looser = Perp(4, "ISO", 1, 5, asset.margin_table, margin_mode=MarginMode.NO_CROSS)
    m.market("ISO").asset = looser
    assert alice.act(add(4, "-1")) == Done()


# -- topping up ------------------------------------------------------------------------------------


def top(coin_id: Any, leverage: str) -> TopUpIsolatedOnlyMargin:
    return TopUpIsolatedOnlyMargin(coin_id, leverage)


def test_a_top_up_lowers_a_strictly_isolated_position_to_a_leverage() -> None:
    """Documented: it targets a leverage (mechanics 6.4). Assumed: value / margin at the mark."""
    m, alice = holding("ISO", "10", "10", 2, cross=False)
    before = alice.account.raw_usd
    assert margin.margin_used(m.ex.state, alice.account, 4) == usd("49.955")
    m.events()

    assert alice.act(top(4, "1.6")) == Done()

    assert m.events() == [AccountChanged(alice.address)]
    assert margin.margin_used(m.ex.state, alice.account, 4) == usd("62.5")
    assert alice.account.raw_usd == before - usd("12.545")
    assert alice.account.leverages[4] == Leverage(2, False)  # the setting is another thing
    # Rounded up: never above what was asked.
    assert alice.act(top(4, "1.1111111111111111")) == Done()
    assert margin.margin_used(m.ex.state, alice.account, 4) == usd("90.000001")
    m.market("ISO").mark_px = px("8")
    assert alice.act(top(4, "1")) == Done()
    assert margin.margin_used(m.ex.state, alice.account, 4) == usd("80")


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (top(99, "1"), "Invalid perp"),
        (top(10_107, "1"), "Invalid perp"),
        (top(2, "0"), "Asset not strict isolated"),
        (top(4, "0"), "Invalid leverage value"),
        (top(4, "-1"), "Invalid leverage value"),
        (top(4, ""), "Invalid leverage value"),
        (top(4, "1e0"), "Invalid leverage value"),
        (top(4, "9" * 5000), "Invalid leverage value"),
        (top(4, "1"), "Cannot update margin for empty position."),
    ],
)
def test_top_ups_that_are_refused_to_a_flat_account(action: Any, text: str) -> None:
    """Inferred: the first text (exchange 7.4). Assumed: those of the other margin actions."""
    assert refusal(market().account("alice"), action) == text


def test_a_top_up_takes_what_is_free_and_gives_nothing_back() -> None:
    """Assumed: the texts (exchange 7.4)."""
    _, alice = holding("ISO", "100", "10", 2, cross=False, funds="800")
    increase = "Account does not have sufficient margin available for increase."
    reduction = "Position does not have sufficient margin for reduction."
    assert refusal(alice, top(4, "1")) == increase
    assert refusal(alice, top(4, "3")) == reduction
    assert refusal(alice, top(4, "9" * 300)) == reduction
    assert alice.act(top(4, "1.6")) == Done()
    assert refusal(alice, top(4, "1.6")) == "Update to isolated margin cannot be zero."


def test_a_top_up_is_for_strictly_isolated_assets_only() -> None:
    """Inferred: `noCross` is another mode (mechanics 6.4, exchange 7.4)."""
    m, alice = holding("ISO", "10", "10", 2, cross=False)
    asset = m.market("ISO").asset
    assert isinstance(asset, Perp)
    m.market("ISO").asset = replace(asset, margin_mode=MarginMode.NO_CROSS)
    assert refusal(alice, top(4, "1")) == "Asset not strict isolated"
    m.market("ISO").asset = replace(asset, margin_mode=MarginMode.NORMAL)
    assert refusal(alice, top(4, "1")) == "Asset not strict isolated"
