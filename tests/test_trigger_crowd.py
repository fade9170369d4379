"""A crowd with stops and brackets: the house must add up whatever its triggers do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from deeds import Crowd, restored
from stories import Trader, market
from test_conservation import check_money, check_orders, check_positions

from hlsim.matching.types import Px
from hlsim.sim.actions.cancels import ScheduleCancel
from hlsim.sim.actions.orders import (
    BatchModify,
    Modification,
    NewOrder,
    OrderTerms,
    PlaceOrders,
    TriggerTerms,
)
from hlsim.sim.assets import round_px
from hlsim.sim.state import Account


class TriggerCrowd(Crowd):
    """Half of what it places are trigger orders, alone or in groups; its oracle jumps."""

    has_switch = True
    """The dead man's switch wants volume that no input gives."""

    def place(self, trader: Trader) -> None:
        kind = self.rng.randrange(6)
        if kind < 3:
            super().place(trader)
        elif kind == 3:
            trader.act(PlaceOrders((self.trigger(trader),)))
        elif kind == 4:
            self.bracket(trader)
        else:
            self.tie(trader)

    def trigger(self, trader: Trader) -> NewOrder:
        """A trigger order near the mark, on any side of it."""
        order = self.order(trader)
        if self.rng.random() < 0.2:
            order = replace(order, sz=order.sz * 100)  # nothing asks for its margin yet
        return self.as_trigger(order, reduce_only=self.rng.random() < 0.6)

    def as_trigger(self, order: NewOrder, *, reduce_only: bool) -> NewOrder:
        rng = self.rng
        market = self.market.ex.state.markets[order.asset]
        at = Px(round_px(market.asset, order.px * rng.randrange(970, 1_031) // 1_000, up=False))
        tpsl = "sl" if (at > market.mark_px) is order.is_buy else "tp"
        if rng.random() < 0.2:
            tpsl = "tp" if tpsl == "sl" else "sl"
        terms = TriggerTerms(rng.random() < 0.6, at, tpsl)
        return replace(order, reduce_only=reduce_only, terms=OrderTerms(trigger=terms))

    def bracket(self, trader: Trader) -> None:
        parent = replace(self.order(trader), reduce_only=self.rng.random() < 0.1)
        child = replace(parent, is_buy=not parent.is_buy, cloid=None)
        count = self.rng.choice((1, 2, 2))
        children = [self.as_trigger(child, reduce_only=True) for _ in range(count)]
        trader.act(PlaceOrders((parent, *children), "normalTpsl"))

    def tie(self, trader: Trader) -> None:
        for asset_id, position in trader.account.positions.items():
            market = self.market.ex.state.markets[asset_id]
            order = NewOrder(
                asset=asset_id,  # type: ignore[arg-type]
                is_buy=position.szi < 0,
                px=round_px(market.asset, market.mark_px, up=False),
                sz=self.rng.choice((0, abs(position.szi))),  # type: ignore[arg-type]
                terms=OrderTerms(),
            )
            pair = tuple(self.as_trigger(order, reduce_only=True) for _ in range(2))
            trader.act(PlaceOrders(pair, "positionTpsl"))
            return

    def modify(self, trader: Trader) -> None:
        if self.rng.random() < 0.5:
            super().modify(trader)
            return
        oids = list(trader.account.orders) or [1]
        entry = Modification(self.rng.choice(oids), self.trigger(trader))  # type: ignore[arg-type]
        trader.act(BatchModify((entry,), self.rng.random() < 0.8))

    def leverage(self, trader: Trader) -> None:
        super().leverage(trader)
        if self.has_switch and self.rng.random() < 0.2:
            trader.account.volume.total_usd = 2_000_000 * 10**8
            trader.act(ScheduleCancel(self.market.ex.state.time_ms + 6_000))  # type: ignore[arg-type]

    def transfer(self, trader: Trader) -> None:
        if self.rng.random() < 0.3:
            super().transfer(trader)
        else:
            self.move_oracle()

    def move_oracle(self) -> None:
        for _ in range(self.rng.randrange(1, 5)):
            super().move_oracle()


OVER = {"filled", "canceled", "scheduledCancel"}


def check_stories(account: Account) -> None:
    """Every order's rows make one of the sequences that there are (ws 4.2)."""
    told: dict[int, list[str]] = {}
    for row in account.history.rows:
        told.setdefault(row.order.oid, []).append(row.status)
    assert len(account.history.rows) < account.history.kept
    for oid, statuses in told.items():
        *rest, last = statuses
        is_over = last in OVER or last.endswith(("Canceled", "Rejected"))
        assert is_over == (oid not in account.orders), statuses
        assert last != "triggered"
        words = rest if is_over else statuses
        allowed = ["waitingForFill", "open", "triggered", "open"]
        for word in words:
            assert word in allowed, statuses
            del allowed[: allowed.index(word) + 1]


@pytest.mark.parametrize("seed", range(8))
def test_the_house_adds_up_with_triggers(seed: int) -> None:
    """Money, positions, books, sleepers, groups and stories, every few deeds."""
    crowd = TriggerCrowd(seed)
    for _ in range(30):
        crowd.run(20)
        state = crowd.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
        for account in state.accounts.values():
            check_stories(account)


def test_the_crowd_meets_every_end_of_a_trigger_order() -> None:
    """Else the property above says nothing."""
    ends: Counter[str] = Counter()
    for seed in range(4):
        crowd = TriggerCrowd(seed)
        crowd.run(600)
        for trader in crowd.traders:
            for row in trader.account.history.rows:
                if row.order.trigger is not None:
                    ends[row.status] += 1
    assert ends.keys() >= {
        "waitingForFill",
        "open",
        "triggered",
        "filled",
        "canceled",
        "siblingFilledCanceled",
        "reduceOnlyCanceled",
        "badTriggerPxRejected",
        "reduceOnlyRejected",
        "scheduledCancel",
        "marketOrderNoLiquidityRejected",
        "perpMarginRejected",
    }


@pytest.mark.parametrize("seed", [21, 22])
def test_a_snapshot_in_the_middle_changes_nothing(seed: int) -> None:
    restored(TriggerCrowd, seed, check_orders, before=400, after=200)


def test_a_journal_repeats_what_triggers_did() -> None:
    """Fed to a fresh exchange, the inputs give the same state."""
    inputs: list[object] = []
    crowd = TriggerCrowd(5, story=market(journal=inputs.append))
    crowd.has_switch = False
    crowd.run(500)
    again = market().ex
    for item in inputs:
        again.feed(item)  # type: ignore[arg-type]

    assert again.state_hash() == crowd.market.ex.state_hash()
