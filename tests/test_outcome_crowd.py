"""Whatever is bet, listed and settled: it all adds up, and repeats."""

from __future__ import annotations

from typing import Any

import pytest
from betting import (
    check_supply,
    merge,
    merge_question,
    negate,
    split,
)
from deeds import Crowd, restored
from stories import Story, Trader, market, px
from test_conservation import check_money, check_orders, check_positions

from hlsim.sim.actions.cancels import Cancel, CancelOid
from hlsim.sim.assets import OutcomeSide
from hlsim.sim.events import Direction
from hlsim.sim.operations import (
    ListOutcome,
    ListQuestion,
    SettleOutcome,
    SettleQuestion,
)
from hlsim.sim.rules import Rules

ONE = 10**8


class Bettors(Crowd):
    """Traders of outcomes and of everything else, while an operator lists and settles."""

    def __init__(self, seed: int, *, story: Story | None = None) -> None:
        super().__init__(seed, story=story)
        self.market.ex.operate(ListOutcome("Rain?"))
        self.market.ex.operate(ListQuestion("Who?", (("A", ""), ("B", ""))))

    def deed(self) -> None:
        rng = self.rng
        kind = rng.randrange(100)
        trader = rng.choice(self.traders)
        if kind < 20:
            super().deed()
        elif kind < 65:
            self.bet(trader)
        elif kind < 72:
            self.take_back(trader)
        elif kind < 98:
            self.tokens(trader)
        else:
            self.operator()

    def bet(self, trader: Trader) -> None:
        rng = self.rng
        side: OutcomeSide = rng.choice(self.market.ex.state.universe.outcomes)
        place = trader.buys if rng.random() < 0.6 else trader.sells
        place(f"{rng.randrange(10, 90)} {side.coin} @ 0.{rng.randrange(30, 71)}")

    def take_back(self, trader: Trader) -> None:
        orders = [one for one in trader.account.orders.values() if one.coin[0] == "#"]
        if orders:
            order = self.rng.choice(orders)
            trader.act(Cancel((CancelOid(order.asset_id, order.oid),)))  # type: ignore[arg-type]

    def tokens(self, trader: Trader) -> None:
        rng = self.rng
        state = self.market.ex.state
        live = [one.id for one in state.outcomes.values() if one.settled is None]
        outcome = rng.choice([*live, *live, len(state.outcomes) + 1, 1])
        question = rng.randrange(1, len(state.questions) + 2)
        text = f"{rng.randrange(30)}.{rng.randrange(10**8):08d}"
        whole = rng.choice((text, text, None))
        match rng.randrange(5):
            case 0 | 1:
                split(trader, outcome, text)
            case 2:
                merge(trader, outcome, whole)
            case 3:
                merge_question(trader, question, whole)
            case _:
                negate(trader, question, outcome, text)

    def operator(self) -> None:
        rng = self.rng
        state = self.market.ex.state
        outcome = rng.randrange(1, len(state.outcomes) + 1)
        question = rng.randrange(1, len(state.questions) + 1)
        fraction: Any = rng.choice((0, 0, ONE, rng.randrange(ONE)))
        operation: Any = rng.choice(
            (
                ListOutcome("More?"),
                ListQuestion("More?", (("A", ""), ("B", ""))),
                SettleOutcome(outcome, fraction),
                SettleQuestion(question, outcome),
            )
        )
        try:
            self.market.ex.operate(operation)
        except ValueError:
            assert isinstance(operation, SettleOutcome | SettleQuestion)


@pytest.mark.parametrize("fees", ["zero", "schedule"])
@pytest.mark.parametrize("seed", range(8))
def test_everything_adds_up_whatever_is_bet(seed: int, fees: Any) -> None:
    """Also where closing and settling costs something (contested 55)."""
    crowd = Bettors(seed, story=market(Rules(outcome_fees=fees)))
    for _ in range(20):
        crowd.run(25)
        state = crowd.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
        check_supply(state)
    for question in list(crowd.market.ex.state.questions.values()):
        if not question.is_settled:
            crowd.market.ex.operate(SettleQuestion(question.id, question.live[0]))
    for outcome in list(crowd.market.ex.state.outcomes.values()):
        if outcome.settled is None:
            crowd.market.ex.operate(SettleOutcome(outcome.id, px("0.3")))
    check_money(crowd.market.ex.state)
    check_orders(crowd.market.ex.state)
    dirs = {fill.dir for trader in crowd.traders for fill in trader.account.fills}
    assert {Direction.SPLIT_OUTCOME, Direction.BUY, Direction.SETTLEMENT} <= dirs
    assert all(trader.spot("USDC") >= 0 for trader in crowd.traders)
    assert all(one.locked == 0 for one in crowd.market.ex.state.outcomes.values())
    rows = [fill for trader in crowd.traders for fill in trader.account.fills]
    paid = {fill.dir for fill in rows if fill.coin[0] == "#" and fill.fee}
    assert paid <= {Direction.SELL, Direction.SETTLEMENT}
    assert bool(paid) is (fees == "schedule")


@pytest.mark.parametrize("seed", [21, 22])
def test_a_restored_exchange_goes_on_as_the_other(seed: int) -> None:
    restored(Bettors, seed, check_orders, before=200, after=150)


def test_a_journal_repeats_it_all() -> None:
    inputs: list[Any] = []
    crowd = Bettors(5, story=market(journal=inputs.append))
    crowd.run(200)
    again = market()
    for item in inputs:
        again.ex.feed(item)
    assert again.ex.state_hash() == crowd.market.ex.state_hash()
