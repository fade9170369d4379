"""Whatever anybody does with TWAPs: the house balances, lists agree, and the past repeats."""

from __future__ import annotations

from collections import Counter

import pytest
from deeds import Crowd, restored
from replaying import replay
from stories import Story, Trader, market
from test_conservation import check_money, check_orders, check_positions, check_stories
from twaps import asked, cancel_twap, deep, opened, twap

from hlsim.server.journal import encode
from hlsim.sim.assets import lot
from hlsim.sim.operations import SetHalt
from hlsim.sim.rules import Rules
from hlsim.sim.state import State
from hlsim.sim.timers import Timer

COINS = ("BTC", "ETH", "MEME", "ISO", "@107")
RULES = Rules(max_twaps=4)
ENDS = {"finished", "terminated", "stopped", "error"}


class Planners(Crowd):
    """A crowd half of whose deeds are about TWAPs."""

    def __init__(self, seed: int, *, story: Story | None = None) -> None:
        super().__init__(seed, story=story or market(RULES))

    def deed(self) -> None:
        rng = self.rng
        trader = rng.choice(self.traders)
        kind = rng.randrange(100)
        if kind < 20:
            self.plan(trader)
        elif kind < 24:
            self.drop(trader)
        elif kind < 26:
            asset = self.market.asset_id(rng.choice(COINS))
            self.market.ex.operate(SetHalt(asset, rng.random() < 0.5))
        elif kind < 50:
            self.market.advance(ms=rng.randrange(1, 90_000))
        else:
            super().deed()

    def plan(self, trader: Trader) -> None:
        rng = self.rng
        coin = rng.choice(COINS)
        state = self.market.market(coin)
        size = rng.randrange(80, 20_000) * 10**16 // state.mark_px
        size -= size % lot(state.asset)
        near = f"{state.mark_px * rng.randrange(98, 103) // 100 // 10**8 or 1}"
        options = {
            "minutes": rng.choice((4, 5, 6, 10, 30)),
            "reduce_only": rng.random() < 0.3,
            "randomize": rng.random() < 0.5,
            rng.choice(("above", "below")): near if rng.random() < 0.4 else "",
            "stop": near if rng.random() < 0.35 else "",
        }
        side = rng.choice(("buy", "sell"))
        twap(trader, f"{side} {size // 10**8}.{size % 10**8:08d} {coin}", **options)  # type: ignore[arg-type]

    def drop(self, trader: Trader) -> None:
        running = list(trader.account.twaps.values())
        if running:
            terms = self.rng.choice(running).terms
            assert cancel_twap(trader, terms.coin, terms.id) is None


def check_twaps(state: State) -> None:
    """Lists, timers and sleepers tell one story, and fills add up to what is said to be done."""
    listed = {i: one for account in state.accounts.values() for i, one in account.twaps.items()}
    assert dict(sorted(state.twaps.items())) == dict(sorted(listed.items()))
    timers = Counter(int(key) for _, _, kind, key in state.timers.heap if kind == Timer.TWAP)
    asleep = {}
    for market_ in state.markets.values():
        waits = market_.twap_waits
        asleep |= {name: (-px, True) for px, name in waits.above}
        asleep |= {name: (px, False) for px, name in waits.below}
    waiting = {i: one.waits_for for i, one in listed.items() if one.waits_for is not None}
    assert asleep == {i: (wait.px, wait.is_above) for i, wait in waiting.items()}
    for twap_id, one in listed.items():
        assert timers[twap_id] == (one.started_ms is not None)
        assert one.executed_sz < one.terms.sz
        assert one.tried < one.slices
    for account in state.accounts.values():
        assert len(account.twaps) <= RULES.max_twaps
        done: dict[int, list[int]] = {}
        for fill in account.fills:
            if fill.twap_id is not None:
                total = done.setdefault(fill.twap_id, [0, 0])
                total[0] += fill.sz
                total[1] += fill.px * fill.sz // 10**8
        told: dict[int, list[str]] = {}
        said = {i: [one.executed_sz, one.executed_ntl] for i, one in account.twaps.items()}
        for row in account.twap_history:
            told.setdefault(row.terms.id, []).append(row.status.value)
            if row.status.value in ENDS:
                said[row.terms.id] = [row.executed_sz, row.executed_ntl]
        assert {i: total for i, total in said.items() if total[0]} == done
        for twap_id, statuses in told.items():
            assert (statuses[-1] in ENDS) == (twap_id not in account.twaps)
            assert Counter(statuses).most_common(1)[0][1] == 1


def check_reductions(state: State) -> None:
    """No slice of a reduce-only TWAP opens anything."""
    for account in state.accounts.values():
        reducing = {row.terms.id for row in account.twap_history if row.terms.reduce_only}
        for fill in account.fills:
            if fill.twap_id in reducing:
                assert fill.start_position * fill.side.sign <= -fill.sz


@pytest.mark.parametrize("seed", range(6))
def test_the_house_balances_whatever_is_planned(seed: int) -> None:
    crowd = Planners(seed)
    for _ in range(30):
        crowd.run(20)
        state = crowd.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
        check_twaps(state)
        check_reductions(state)
        for account in state.accounts.values():
            check_stories(account)


def test_the_crowd_sees_every_status() -> None:
    """The properties above are about something."""
    seen: Counter[str] = Counter()
    for seed in range(8):
        crowd = Planners(seed)
        crowd.run(800)
        for trader in crowd.traders:
            seen.update(row.status.value for row in trader.account.twap_history)
            seen["fills"] += sum(fill.twap_id is not None for fill in trader.account.fills)

    assert seen.keys() == {"waitingForTrigger", "activated", "fills", *ENDS}
    assert min(seen.values()) >= 10, seen


@pytest.mark.parametrize("seed", [3, 4])
def test_restored_in_the_middle_all_goes_on_the_same(seed: int) -> None:
    def check(state: State) -> None:
        assert len(state.twaps) > 2
        check_twaps(state)

    restored(Planners, seed, check, before=300, after=200)


def test_a_journal_with_twaps_repeats() -> None:
    lines: list[bytes] = []
    story = market(RULES, journal=lambda item: lines.append(encode(item)))
    crowd = Planners(5, story=story)
    for _ in range(200):
        crowd.deed()
        story.ex.seal()

    again = market(RULES).ex
    replay(lines, again)

    assert again.state_hash() == story.ex.state_hash()
    assert [repr(event) for event in again.drain()] == [repr(event) for event in story.ex.drain()]


def test_one_long_step_is_as_good_as_many_short_ones() -> None:
    """Time has no grain: what falls due does so at its own time."""
    hashes = []
    for steps in (1, 7_200):
        m, _, alice = opened()
        twap(alice, "buy 2 BTC", randomize=True)
        twap(alice, "sell 1 BTC", minutes=100, stop="52000")
        for _ in range(steps):
            m.advance(ms=7_200_000 // steps)
        hashes.append(m.ex.state_hash())

    assert hashes[0] == hashes[1]


def test_every_part_of_a_twap_counts_in_the_hash() -> None:
    """Two exchanges that differ in one word of a TWAP are two states."""
    words = [
        {},
        {"randomize": True},
        {"minutes": 61},
        {"stop": "40000"},
        {"stop": "40001"},
        {"below": "50000"},
    ]
    hashes = []
    for options in words:
        m = market()
        deep(m)
        alice = m.account("alice")
        alice.act(asked(alice, "buy 0.2 BTC", **options))  # type: ignore[arg-type]
        hashes.append(m.ex.state_hash())

    assert len(set(hashes)) == len(words)
