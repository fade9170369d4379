"""The living market quotes whatever is listed while it runs: perps and outcomes."""

from __future__ import annotations

from typing import Any

import pytest
from deploying import ALICE, BOB, REGISTER, wei
from stories import px
from test_conservation import check_money, check_orders, check_positions
from test_crowd import START_MS, assert_full, opened, refusals, run
from test_crowd_events import FRESH, MINUTE_MS, traded

from hlsim.matching.types import Side, Tif
from hlsim.scenarios import crowd
from hlsim.scenarios.actors import Pen, new_order
from hlsim.scenarios.crowd import LivingMarket
from hlsim.scenarios.ladder import highest_px, rungs
from hlsim.scenarios.worlds import parse_world
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock, Pacer
from hlsim.sim.actions.deploys import Genesis, RegisterSpot, SpotDeploy, UserGenesis
from hlsim.sim.actions.orders import PlaceOrders
from hlsim.sim.assets import OutcomeSide, SpotPair, Universe
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Address, Sz, Wei
from hlsim.sim.operations import (
    ListOutcome,
    ListQuestion,
    MintToken,
    SettleOutcome,
    SettleQuestion,
)
from hlsim.sim.replies import Done, OrderReplies

PEN = Pen()
WORLD = """{
    "perps": [{"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "oraclePx": "66383"}],
    "tokens": [
        {"index": 0, "name": "USDC", "szDecimals": 8, "weiDecimals": 8},
        {"index": 1, "name": "CAT", "szDecimals": 0, "weiDecimals": 5},
        {"index": 2, "name": "HYPE", "szDecimals": 2, "weiDecimals": 8}
    ],
    "spot": [{"index": 107, "name": "@107", "tokens": [2, 0], "markPx": "35"}]
}"""


def world() -> Universe:
    return parse_world(WORLD)


def running(seed: int = 7) -> tuple[LivingMarket, Exchange]:
    script = LivingMarket(world(), seed)
    return script, opened(script, world())


def step(ex: Exchange, **variant: Any) -> None:
    assert PEN.send(ex, Address(ALICE), SpotDeploy(**variant)) == Done()


def deploy(ex: Exchange, supply: str = "1000") -> SpotPair:
    """Alice's token, all of which is hers, and its pair, without liquidity."""
    for user in (ALICE, BOB):
        ex.operate(MintToken(Address(user), 0, Wei(100_000 * 10**8)))
        ex.operate(MintToken(Address(user), 2, Wei(1_000 * 10**8)))
    index = len(ex.state.universe.tokens)
    step(ex, register_token2=REGISTER)
    rows = ((Address(ALICE), wei(supply)),)
    step(ex, user_genesis=UserGenesis(index, rows, ()))  # type: ignore[arg-type]
    step(ex, genesis=Genesis(index, wei(supply), True))  # type: ignore[arg-type]
    step(ex, register_spot=RegisterSpot((index, 0)))  # type: ignore[arg-type]
    return ex.state.universe.pairs[-1]


def place(ex: Exchange, user: str, pair: SpotPair, side: Side, price: str, sz: int) -> Any:
    is_buy = side is Side.BID
    order = new_order(pair, is_buy=is_buy, px=px(price), sz=Sz(sz * 10**8), tif=Tif.GTC)
    response = PEN.send(ex, Address(user), PlaceOrders((order,)))
    assert isinstance(response, OrderReplies)
    return response.statuses[0]


def balanced(ex: Exchange) -> None:
    check_money(ex.state)
    check_positions(ex.state)
    check_orders(ex.state)


def test_a_pair_of_a_users_token_is_its_users_to_quote() -> None:
    """An actor would pay with real dollars for what somebody made of nothing."""
    script, ex = running()
    pair = deploy(ex)
    place(ex, ALICE, pair, Side.ASK, "2.5", 20)
    place(ex, BOB, pair, Side.BID, "2.5", 10)
    supply = ex.state.treasury.token_minted[pair.base.index]

    run(ex, script, MINUTE_MS)

    assert len(ex.state.markets[pair.id].book) == 1
    assert ex.state.treasury.token_minted[pair.base.index] == supply
    balanced(ex)


def test_outcomes_are_quoted_between_0_and_1_until_they_settle() -> None:
    """Evidence: none; makers get their tokens by the split that anybody makes, so all of them are
    backed."""
    script, ex = running()
    ex.operate(ListOutcome("Rain?", px=px("0.97")))
    ex.operate(ListOutcome("Snow?", px=px("0.02")))
    ex.operate(ListQuestion("Who?", (("A", ""), ("B", ""))))
    run(ex, script, 3_000)
    sides = ex.state.universe.outcomes
    assert len(sides) == 2 * 5
    for side in sides:
        book = ex.state.markets[side.id].book
        bid, ask = book.best_bid(), book.best_ask()
        assert bid is not None
        assert ask is not None
        assert 0 < bid < ask < 10**8
        mark = ex.state.markets[side.id].mark_px
        assert abs(bid + ask - 2 * mark) * 10 < 2 * 10**8, side.coin

    happened = run(ex, script, 20 * MINUTE_MS)
    assert min(traded(happened)[side.coin] for side in sides if side.index % 10 == 0) > 5
    balanced(ex)

    ex.operate(SettleOutcome(1, px("1")))
    ex.operate(SettleQuestion(1, 3))
    happened = run(ex, script, 5 * MINUTE_MS)
    assert traded(happened).keys() & {"#10", "#11", "#30", "#40", "#50"} == set()
    assert traded(happened)["#20"] > 0
    assert all(one.locked == 0 for one in ex.state.outcomes.values() if one.settled)
    balanced(ex)


def test_ladders_of_outcomes_end_below_1() -> None:
    side = _first_side()
    assert list(rungs(98, 10**6, 5, highest_px(side))[1]) == [px("0.99")]
    assert list(rungs(98, 10**6, 2)[1]) == [px("0.99"), px("1")]


def _first_side() -> OutcomeSide:
    _, ex = running()
    ex.operate(ListOutcome("Rain?"))
    return ex.state.universe.outcomes[0]


def test_newcomers_of_every_kind_go_on_from_a_state() -> None:
    script, ex = running()
    ex.operate(ListOutcome("Rain?"))
    ex.operate(FRESH)
    run(ex, script, MINUTE_MS)
    resumed = LivingMarket(world(), 7)
    resumed.restore(script.state())
    twin = Exchange.restore(ex.snapshot())
    assert resumed.state() == script.state()

    for one, market in ((ex, script), (twin, resumed)):
        one.operate(ListOutcome("Snow?"))
        run(one, market, 5 * MINUTE_MS)

    assert twin.state_hash() == ex.state_hash()
    assert resumed.state() == script.state()
    assert_full(ex, 10)


def test_a_node_that_goes_back_forgets_newcomers_of_every_kind() -> None:
    script, ex = running()
    ex.drain()
    pacer = Pacer(Clock.MANUAL, start_ms=START_MS, wall_ns=lambda: 0)
    node = LocalNode(ex, pacer, scripts=[script])
    before = node.save()
    ends = []
    for _ in range(2):
        node.operate(ListOutcome("Rain?"))
        node.operate(FRESH)
        node.advance(MINUTE_MS)
        ends.append((ex.state.next_oid, script.state()))
        node.load(before)
    assert ends[0] == ends[1]


def test_no_more_newcomers_than_a_market_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "MOST_NEWCOMERS", 2)
    script, ex = running()
    for name in ("A", "B", "C"):
        ex.operate(ListOutcome(name))
    run(ex, script, MINUTE_MS)
    counts = [len(ex.state.markets[side.id].book) > 0 for side in ex.state.universe.outcomes]
    assert counts == [True] * 4 + [False] * 2
    assert set(refusals(ex)) <= {"iocCancelRejected"}
