"""A clock that changes hands while the exchange runs: everything timed follows the new one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import ask, get
from houses import deposits, text_of, traded, vault_of
from nodes import RealTime, node, run, signed
from stories import START_MS, Trader, address, market, sz
from twaps import slices, twap

import hlsim
from hlsim import cli, config
from hlsim.opening import open_server
from hlsim.server.app import Server
from hlsim.server.blocks import Block
from hlsim.server.node import LocalNode
from hlsim.server.pacer import Clock
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.cancels import ScheduleCancel
from hlsim.sim.actions.orders import PlaceOrders
from hlsim.sim.actions.vaults import VaultTransfer
from hlsim.sim.errors import ActionError, ActionReject
from hlsim.sim.nonces import FUTURE_MS
from hlsim.sim.operations import GrantRequests
from hlsim.sim.orders import OrderStatus
from hlsim.sim.replies import Done, Refused

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MOVED_MS = DAY_MS + HOUR_MS


class Waiting:
    """An exchange on which everything that time alone decides is under way."""

    def __init__(self) -> None:
        self.real = RealTime()
        self.story = market()
        self.maker = self.story.account("maker", usd="100000000")
        self.maker.buys("100 BTC @ 49990")
        self.maker.sells("100 BTC @ 50010")
        self.bot = traded(self.story.account("bot"), 10_000_000)
        self.bot.buys("0.1 BTC @ 50010")
        self.twap = twap(self.bot, "buy 0.2 BTC", minutes=30)
        self.agent = address("agent")
        until = START_MS + 2 * HOUR_MS
        name = f"short valid_until {until}"
        assert self.bot.act(ApproveAgent(self.agent, START_MS, name)) == Done()  # type: ignore[arg-type]
        self.vault = vault_of(traded(self.story.account("leader")))
        saver = self.story.account("saver")
        assert deposits(saver, self.vault, "500") == Done()
        self.saver = saver
        self.sleeper = traded(self.story.account("sleeper"), 10_000_000)
        self.sleeper.buys("0.1 BTC @ 40000")
        assert self.sleeper.act(ScheduleCancel(START_MS + HOUR_MS)) == Done()  # type: ignore[arg-type]
        self.node: LocalNode

    def start(self, clock: Clock) -> LocalNode:
        self.node = node(clock=clock, real=self.real, story=self.story)
        return self.node

    def withdrawal(self) -> Any:
        return VaultTransfer(self.vault.address, False, 100_000_000)  # type: ignore[arg-type]

    def check_before(self) -> None:
        assert sum(fill.sz for fill in slices(self.bot)) < sz("0.2")
        assert self.agent in self.story.ex.state.agents
        assert len(self.sleeper.account.orders) == 1
        assert text_of(self.saver.act(self.withdrawal())).startswith("Cannot withdraw during lock")

    def check_after(self) -> None:
        """Everything came to pass, each at its own time."""
        state = self.story.ex.state
        assert state.time_ms == START_MS + MOVED_MS
        assert [row.time_ms for row in self.bot.account.fundings] == [
            START_MS + hour * HOUR_MS for hour in range(1, 26)
        ]
        assert sum(fill.sz for fill in slices(self.bot)) == sz("0.2")
        assert slices(self.bot)[-1].time_ms <= START_MS + HOUR_MS // 2 + 60_000
        row = self.sleeper.account.history.rows[-1]
        assert (row.status, row.time_ms) == (OrderStatus.SCHEDULED_CANCEL, START_MS + HOUR_MS)
        assert self.agent not in state.agents
        assert self.saver.act(self.withdrawal()) == Done()
        bars = self.story.market("BTC").candles.rows("1h", START_MS, state.time_ms, state.time_ms)
        assert next(bar.t for bar in bars) == START_MS


def by_wall(waiting: Waiting) -> None:
    """Real time takes over, so fast that a second is enough."""
    waiting.node.switch(Clock.WALL, MOVED_MS / 1000)
    waiting.real.go(1000)
    waiting.node.operate(GrantRequests(address("alice"), 1))


def by_hand(waiting: Waiting) -> None:
    waiting.node.switch(Clock.MANUAL, 1.0)
    waiting.real.go(DAY_MS)
    waiting.node.operate(GrantRequests(address("alice"), 1))
    assert waiting.story.ex.state.time_ms == START_MS
    waiting.node.advance(MOVED_MS)


def by_itself(waiting: Waiting) -> None:
    """It jumps from one thing that is due to the next."""

    async def until_moved() -> None:
        moved = asyncio.Event()

        def look(block: Block) -> None:
            if block.time_ms >= START_MS + MOVED_MS:
                waiting.node.switch(Clock.MANUAL, 1.0)
                moved.set()

        waiting.node.subscribe(look)
        waiting.node.run()
        waiting.node.switch(Clock.AUTO, 1.0)
        await moved.wait()
        waiting.node.close()

    asyncio.run(asyncio.wait_for(until_moved(), 60))


@pytest.mark.parametrize(
    ("first", "move"),
    [
        (Clock.MANUAL, by_wall),
        (Clock.AUTO, by_wall),
        (Clock.WALL, by_hand),
        (Clock.AUTO, by_hand),
        (Clock.MANUAL, by_itself),
    ],
)
def test_everything_timed_follows_whoever_moves_the_clock(
    first: Clock, move: Callable[[Waiting], None]
) -> None:
    waiting = Waiting()
    waiting.start(first)
    waiting.check_before()

    move(waiting)

    waiting.check_after()


def test_a_wall_clock_goes_on_from_where_a_manual_one_stood() -> None:
    real = RealTime()
    made = node(clock=Clock.MANUAL, real=real)
    made.advance(DAY_MS)
    real.go(10 * DAY_MS)
    made.switch(Clock.WALL, 1.0)
    assert made.pacer.now_ms() == START_MS + DAY_MS
    real.go(5)
    assert made.pacer.now_ms() == START_MS + DAY_MS + 5
    made.switch(Clock.WALL, 100.0)
    real.go(5)
    assert made.pacer.now_ms() == START_MS + DAY_MS + 505
    made.switch(Clock.MANUAL, 100.0)
    real.go(5)
    assert made.pacer.now_ms() == START_MS + DAY_MS + 505


@pytest.mark.parametrize("clock", list(Clock))
def test_nonces_are_judged_by_the_clients_time_whoever_moves_the_exchanges(clock: Clock) -> None:
    """Unmodified clients stamp them with their own clock."""
    real = RealTime()
    story = market()
    made = node(clock=Clock.MANUAL, real=real, story=story)
    made.advance(2 * DAY_MS)
    made.switch(clock, 1.0)
    trader = Trader(story, address("alice"))
    action = PlaceOrders((trader.new_order("0.01 BTC @ 40000", is_buy=True),))

    async def send() -> list[Any]:
        now_ms = real.ns // 1_000_000
        nonces = (now_ms + 5, now_ms + FUTURE_MS + 1, now_ms + 2 * DAY_MS)
        sent = [signed(action) for _ in nonces]
        for one, nonce in zip(sent, nonces, strict=True):
            object.__setattr__(one, "nonce", nonce)
        return [await made.submit(one) for one in sent]

    fine, late, later = run(send)

    assert not isinstance(fine, Refused)
    for refused in (late, later):
        assert isinstance(refused.error, ActionError)
        assert refused.error.why is ActionReject.NONCE_HIGH


def test_the_clock_changes_hands_over_http() -> None:
    with hlsim.start(market="empty", auto_wait=40) as exchange:
        began_ms = exchange.clock.now_ms

        def told(path: str, **keys: Any) -> Any:
            answer = ask(exchange, "POST", f"/hlsim/{path}", json.dumps(keys).encode())
            return answer.status, json.loads(answer.body)

        assert told("clock/set", time=began_ms + 5) == (200, {"time": began_ms + 5})
        assert told("clock/set", time="2026-01-01T00:01:00Z")[1] == {"time": began_ms + 60_000}
        assert told("clock/set", time=began_ms) == (
            400,
            {"error": "time does not go back: -60000 ms"},
        )
        assert told("clock/mode", clock="wall", speed=100)[1]["clock"] == "wall"
        assert told("clock/mode", speed=2)[1]["speed"] == 2
        assert told("clock/mode", clock="manual")[1]["clock"] == "manual"
        now_ms = exchange.clock.now_ms
        assert now_ms >= began_ms + 60_000
        assert exchange.clock.now_ms == now_ms
        assert told("clock/mode", clock="sundial")[1] == {
            "error": "no clock 'sundial'; known: wall, manual, auto"
        }
        assert told("clock/mode")[1] == {"error": "no key; known: clock, speed, auto_wait"}
        assert told("clock/mode", speed=0)[0] == 400
        mark = exchange.snapshot()
        assert told("clock/mode", auto_wait=250)[1] == {
            "clock": "manual",
            "speed": 2.0,
            "auto_wait": 250,
            "time": now_ms,
        }
        assert told("clock/mode", auto_wait=-1)[0] == 400
        exchange.restore(mark)
        assert told("clock/mode", speed=1)[1]["auto_wait"] == 40
        exchange.clock.mode(auto_wait=0)
        exchange.reset()
        assert told("clock/mode", speed=1)[1]["auto_wait"] == 40


def reopened(journal: Path, **flags: str) -> Server:
    """The exchange of a journal, as `hlsim serve` opens it: what no flag says is as it was."""
    opened = open_server(config.settings({"journal": str(journal), **flags}, environ={}))
    recorder = opened.server.console.recorder
    assert recorder is not None
    recorder.close(opened.server.node)
    return opened.server


def test_an_auto_clock_that_goes_on_waits_as_long_as_it_was_told_last(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with hlsim.start(market="empty", journal=str(journal)) as exchange:
        exchange.clock.mode(auto_wait=70)
        exchange.snapshot()
        exchange.clock.mode(auto_wait=80)
        tail = get(exchange, "journal?tail=3")["tail"]
    assert [(row["deed"], row["terms"]["ms"]) for row in (tail[0], tail[2])] == [
        ("auto wait", 70),
        ("auto wait", 80),
    ]
    waits = [
        reopened(journal, **flags).node.pacer.auto_wait_ms
        for flags in ({}, {"auto-wait": "90"}, {})
    ]
    assert waits == [80, 90, 90]
    assert cli.run(["replay", str(journal), "--check"]) == 0
