"""Whatever happens to markets while a crowd trades: money, lists and histories stay in step."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from deeds import Crowd, Vandals, restored
from stories import Story, Trader, market
from test_conservation import check_money, check_orders, check_positions, check_stories
from test_trigger_crowd import TriggerCrowd
from test_trigger_crowd import check_stories as check_trigger_stories

from hlsim.sim.actions.leverage import TopUpIsolatedOnlyMargin
from hlsim.sim.actions.orders import NewOrder
from hlsim.sim.assets import MarginMode, lot, round_px
from hlsim.sim.exchange import Input
from hlsim.sim.fixed import Px, Rate, Usd
from hlsim.sim.operations import (
    DelistPerp,
    ListPerp,
    SetHalt,
    SetOpenInterestCap,
    UpgradeNetwork,
)
from hlsim.sim.rules import Rules

CONTESTED: dict[str, tuple[Any, ...]] = {
    "order_margin": ("sum", "larger_side"),
    "min_notional_price": ("first_cross", "limit"),
    "ioc_check_order": ("match_first", "minimum_first"),
    "partial_gtc_reply": ("filled", "resting"),
    "duplicate_cloid": ("accept", "reject"),
    "oi_cap_text": ("live", "docs"),
    "open_interest_growth": (None, Rate(500_000_000)),
    "upgrade_reject": ("order", "action"),
}
"""Rules that histories do not tell of: how they are told is another test's."""


def rules_of(seed: int) -> Rules:
    rng = Random(seed)
    return Rules(**{name: rng.choice(words) for name, words in CONTESTED.items()})


class Upheaval(Crowd):
    """A crowd to whose markets things happen."""

    def deed(self) -> None:
        if self.rng.random() < 0.85:
            super().deed()
        else:
            self.happen()

    def happen(self) -> None:
        rng, ex = self.rng, self.market.ex
        perps = [perp for perp in ex.state.universe.perps if not perp.is_delisted]
        perp = rng.choice(perps)
        kind = rng.randrange(100)
        if kind < 25:
            ex.operate(SetHalt(perp.id, rng.random() < 0.3))
        elif kind < 50:
            found = ex.state.markets[perp.id]
            ntl = found.open_interest * found.mark_px // 10**10
            cap = rng.choice((None, Usd(1 + ntl * rng.randrange(8, 14) // 10)))
            ex.operate(SetOpenInterestCap(perp.id, cap))
        elif kind < 60:
            ex.operate(UpgradeNetwork(rng.randrange(0, 100_000)))
        elif kind < 75:
            mode = rng.choice(list(MarginMode))
            number = len(ex.state.universe.perps)
            price = Px(rng.randrange(1, 1_000) * 10**8)
            ex.operate(ListPerp(f"NEW{number}", rng.randrange(4), 10, price, margin_mode=mode))
        elif kind < 83 and len(perps) > 3:
            ex.operate(DelistPerp(perp.id))
        else:
            trader = rng.choice(self.traders)
            asset: Any = rng.choice([perp.id for perp in perps if perp.only_isolated] or [4])
            trader.act(TopUpIsolatedOnlyMargin(asset, f"{rng.randrange(1, 50)}.5"))

    def order(self, trader: Trader) -> NewOrder:
        """Half of the orders go to whatever is listed now."""
        order = super().order(trader)
        rng = self.rng
        if rng.random() < 0.5:
            return order
        found = self.market.ex.state.markets[rng.choice(self.market.ex.state.universe.perps).id]
        asset = found.asset
        raw = found.mark_px * rng.randrange(9_900, 10_100) // 10_000
        price = round_px(asset, raw, up=rng.random() < 0.5)
        size = 10**16 * rng.randrange(5, 3_000) // price
        size -= size % lot(asset)
        return replace(order, asset=asset.id, px=price, sz=size, reduce_only=rng.random() < 0.2)  # type: ignore[arg-type]


class Riot(Upheaval, Vandals):
    """The same, among traders who try to break the house."""


class Turmoil(Upheaval, TriggerCrowd):
    """The same, among traders with stops and brackets."""


def crowd(seed: int, journal: Any = None) -> Upheaval:
    return Upheaval(seed, story=market(rules_of(seed), journal=journal))


def check(made: Upheaval) -> None:
    state = made.market.ex.state
    check_money(state)
    check_positions(state)
    check_orders(state)
    for account in state.accounts.values():
        if isinstance(made, TriggerCrowd):
            check_trigger_stories(account)
        else:
            check_stories(account)
    for market_ in state.markets.values():
        if market_.asset.is_delisted:
            assert not len(market_.book)
            assert not market_.sleeping
            assert market_.open_interest == 0
        if market_.open_interest_cap is None:
            assert not market_.is_at_cap


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", [Upheaval, Riot, Turmoil])
def test_the_house_balances_whatever_happens_to_its_markets(
    seed: int, kind: type[Upheaval]
) -> None:
    """Every few deeds the whole house is counted."""
    made = crowd(seed) if kind is Upheaval else kind(seed)
    for _ in range(20):
        made.run(15)
        check(made)
    state = made.market.ex.state
    assert len(state.universe.perps) > 6
    assert state.universe.origin is not state.universe


def test_the_upheavals_reach_what_they_are_made_for() -> None:
    """Otherwise the properties above would hold of nothing."""
    told: set[str] = set()
    for seed in range(8):
        made = crowd(seed)
        made.run(600)
        for account in made.market.ex.state.accounts.values():
            told |= {row.status for row in account.history.rows}
            told |= {fill.dir.value for fill in account.fills}
    assert told >= {
        "Settlement", "delistedCanceled", "openInterestCapCanceled",
        "positionIncreaseAtOpenInterestCapRejected", "positionFlipAtOpenInterestCapRejected",
        "tooAggressiveAtOpenInterestCapRejected", "openInterestIncreaseRejected",
    }  # fmt: skip


@pytest.mark.parametrize("seed", [21, 22])
def test_a_snapshot_in_the_middle_goes_on_equally(seed: int) -> None:
    check(restored(crowd, seed, check_orders, before=250, after=150))


@pytest.mark.parametrize("seed", [31, 32])
def test_the_journal_repeats_all_of_it(seed: int) -> None:
    inputs: list[Input] = []
    made = crowd(seed, journal=inputs.append)
    made.run(400)
    other: Story = market(rules_of(seed))
    for item in inputs:
        other.ex.feed(item)
    assert other.ex.state_hash() == made.market.ex.state_hash()
