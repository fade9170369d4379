"""All that can happen on the exchange, to the same few accounts at the same time."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import gamblers
import pytest
from deeds import restored
from gamblers import Gamblers
from houses import Deputy
from stories import START_MS, Trader, market
from test_conservation import check_money, check_orders, check_positions
from test_events_properties import Upheaval
from test_house_crowd import Household, check_shares
from test_liquidation_properties import check_watch
from test_staking_properties import Stakers, check_rates, check_stakes
from test_trigger_crowd import TriggerCrowd
from test_twap_properties import Planners, check_twaps
from test_wallet_properties import Households, check_modes

from hlsim.sim.actions.multisig import ConvertToMultiSigUser, SignersText
from hlsim.sim.events import Direction, Fill
from hlsim.sim.operations import SetHalt
from hlsim.sim.state import State

RULES = replace(gamblers.RULES, max_twaps=4, delegation_lock_ms=3_600_000, unstaking_ms=7_200_000)


REVERT: Any = ConvertToMultiSigUser(SignersText("null", None), START_MS)  # type: ignore[arg-type]


class Everybody(Upheaval, Planners, Household, Stakers, Households, TriggerCrowd, Gamblers):
    """One crowd that does what all others do: stops, TWAPs, ruin, vaults, stakes, modes, events."""

    def __init__(self, seed: int) -> None:
        Gamblers.__init__(self, seed, traders=6, story=market(RULES))
        self.rng = Random(f"everybody {seed}")
        self.done = {}
        self.together = 0
        self.move_in()

    def deed(self) -> None:
        rng = self.rng
        trader = rng.choice(self.traders)
        kind = rng.randrange(100)
        if kind < 55:
            Gamblers.deed(self)
        elif kind < 59:
            self.happen()
        elif kind < 69:
            self.plan(trader)
        elif kind < 72:
            self.drop(trader)
        elif kind < 80:
            self.house(rng.choice(self.vaults))
        elif kind < 85:
            self.household(rng.choice(self.subs))
        elif kind < 92:
            self.earn(trader)
        else:
            rng.choice((self.own, self.act_together, self.change, self.small, self.crumb))()

    def happen(self) -> None:
        """Of halts most are short here: who cannot trade, does nothing worth looking at."""
        super().happen()
        for coin in self.coins:
            if self.rng.random() < 0.7:
                self.market.ex.operate(SetHalt(self.market.asset_id(coin), False))

    def own(self) -> None:
        """Seldom, and back again: who has owners trades through them only."""
        if self.rng.random() < 0.2:
            super().own()
        for trader in self.traders:
            if trader.account.multi_sig and self.rng.random() < 0.3:
                self.co_signed(trader, REVERT)

    def has_key(self, trader: Trader) -> bool:
        """False where somebody is represented by a multi-sig user, whose key alone does nothing."""
        signer = trader.signer if isinstance(trader, Deputy) else trader.address
        return self.market.ex.state.accounts[signer].multi_sig is None

    def plan(self, trader: Trader) -> None:
        if self.has_key(trader):
            super().plan(trader)

    def drop(self, trader: Trader) -> None:
        if self.has_key(trader):
            super().drop(trader)


def check_everything(state: State) -> None:
    check_money(state)
    check_positions(state)
    check_orders(state)
    check_shares(state)
    check_twaps(state)
    check_stakes(state)
    check_rates(state)
    check_modes(state)
    check_watch(state)


@pytest.mark.parametrize("seed", range(6))
def test_the_house_balances_whatever_everybody_does(seed: int) -> None:
    """Every list, register, band and unit of money, every few deeds."""
    crowd = Everybody(seed)
    dirs: dict[Direction, int] = {}
    for _ in range(40):
        crowd.run(25)
        check_everything(crowd.market.ex.state)
        for event in crowd.market.events():
            if isinstance(event, Fill):
                dirs[event.dir] = dirs.get(event.dir, 0) + 1
    assert len(dirs) > 5, "little happened: choose another seed"


@pytest.mark.parametrize("seed", [11, 12])
def test_a_restored_exchange_goes_on_as_the_one_that_it_was_taken_of(seed: int) -> None:
    restored(Everybody, seed, check_everything, before=250, after=150)
