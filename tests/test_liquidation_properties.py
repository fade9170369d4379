"""What holds after any deeds of gamblers in markets that jump."""

from __future__ import annotations

from random import Random

import pytest
from deeds import restored
from endangered import btc_isolated, vault
from gamblers import RULES, Gamblers
from stories import START_MS, Story, market, universe, usd
from test_conservation import check_money, check_orders, check_positions, check_stories

from hlsim.sim import danger, reactions
from hlsim.sim import exchange as exchange_module
from hlsim.sim.events import AccountLiquidated, Direction, Fill
from hlsim.sim.exchange import Exchange, Input
from hlsim.sim.fixed import Address
from hlsim.sim.handover import LIQUIDATOR, is_liquidator
from hlsim.sim.pots import Pot
from hlsim.sim.state import State
from hlsim.sim.watch import Watch


def pots(state: State) -> list[Pot]:
    """Every pot of every account, looked at one by one."""
    found = []
    for account in state.accounts.values():
        for key, clearing in ((0, account), *account.dexes.items()):
            alone = [each for each, p in clearing.positions.items() if not p.is_cross]
            found += [Pot(account, each, key) for each in (None, *alone)]
    return found


def check_watch(state: State) -> None:
    """Whoever has no fresh band is known; every band is safe at its own mark and rightly filed."""
    watch = state.watch
    for pot in pots(state):
        user = pot.account.address
        if user not in watch.stale and not is_liquidator(user):
            assert pot.is_safe(state), (user, pot.asset_id)
            assert pot.value(state) >= 0
        if user not in watch.stale and pot.clearing.positions:
            assert pot.key in watch.bands[user]
    asleep = [
        (row.asset_id, row.px, user, row.szi < 0)
        for user, bands in watch.bands.items()
        for band in bands.values()
        for row in band.rows
        if row.is_asleep
    ]
    filed = [
        (asset_id, px, Address(name), is_above)
        for asset_id, sleepers in watch.sleepers.items()
        for is_above, rows in ((True, sleepers.above), (False, sleepers.below))
        for px, name in ((-px if is_above else px, name) for px, name in rows)
    ]
    assert sorted(asleep) == sorted(filed)


@pytest.mark.parametrize("seed", range(10))
def test_whoever_is_ruined_no_money_is_made_or_lost(seed: int) -> None:
    """Money is conserved to the unit, longs equal shorts, lists agree, nobody safe was missed."""
    crowd = Gamblers(seed)
    dirs: dict[Direction, int] = {}
    for _ in range(60):
        crowd.run(10)
        state = crowd.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
        check_watch(state)
        for event in crowd.market.events():
            if isinstance(event, Fill) and event.liquidation:
                dirs[event.dir] = dirs.get(event.dir, 0) + 1
    for account in crowd.market.ex.state.accounts.values():
        check_stories(account)
    assert crowd.market.ex.state.next_lid >= 9
    assert Direction.AUTO_DELEVERAGING in dirs


def scan_everybody(ex: Exchange, moved: dict[int, None]) -> None:
    """The reactions of an exchange that keeps no bands."""
    ex.state.watch = Watch(stale=dict.fromkeys(ex.state.accounts))
    for react in reactions.REACTIONS:
        react(ex, moved)


@pytest.mark.parametrize("seed", range(6))
def test_bands_spare_work_and_change_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly what a look at every account after every update of the marks would liquidate is
    liquidated, at the same moments, in the same order.
    """
    journal: list[Input] = []
    crowd = Gamblers(seed, story=market(RULES, journal=journal.append))
    crowd.run(500)
    crowd.market.ex.seal()
    events = crowd.market.ex.drain()

    looked: list[int] = []
    waking = danger.waking

    def count(state: State, moved: dict[int, None]) -> list[Address]:
        found = waking(state, moved)
        looked.append(len(found))
        return found

    monkeypatch.setattr(danger, "waking", count)
    again = Exchange.create(universe(), time_ms=START_MS, rules=RULES)
    for item in journal:
        again.feed(item)
    with_bands = sum(looked)
    assert again.state_hash() == crowd.market.ex.state_hash()

    looked.clear()
    monkeypatch.setattr(exchange_module, "REACTIONS", (scan_everybody,))
    naive = Exchange.create(universe(), time_ms=START_MS, rules=RULES)
    for item in journal:
        naive.feed(item)

    assert [repr(event) for event in naive.drain()] == [repr(event) for event in events]
    assert sum(isinstance(event, AccountLiquidated) for event in events) >= 5
    naive.state.watch = again.state.watch = Watch()
    assert naive.state_hash() == again.state_hash()
    assert with_bands < sum(looked) // 3


@pytest.mark.parametrize("seed", [21, 22])
def test_a_restored_exchange_ruins_the_same_people(seed: int) -> None:
    def check(state: State) -> None:
        check_money(state)
        check_watch(state)

    restored(Gamblers, seed, check, before=300, after=200)


@pytest.mark.parametrize("seed", range(40))
def test_an_isolated_position_never_touches_cross(seed: int) -> None:
    """Documented: its own margin is all it can lose (mechanics 6.2). Whatever the book holds and
    wherever the mark goes, the cross ledger never falls.
    """
    rng = Random(seed)
    is_long = rng.random() < 0.5
    m, alice, bob = btc_isolated(is_long)
    carol = m.account("carol", usd="1000000")
    cross, mark = alice.account.raw_usd, 100_000
    for _ in range(12):
        price = max(1_000, mark + rng.randrange(-4_000, 4_000))
        terms = f"{rng.choice(('0.1', '0.3', '1'))} BTC @ {price}"
        (carol.buys if is_long else carol.sells)(terms)
        mark += rng.randrange(-1_500, 900) * (1 if is_long else -1)
        m.oracle("BTC", str(mark))
        m.advance(seconds=3)
        assert alice.account.raw_usd >= cross
        cross = alice.account.raw_usd
        check_money(m.ex.state)
        check_positions(m.ex.state)
    assert bob.account.raw_usd > 0


@pytest.mark.parametrize("seed", range(100, 104))
def test_a_few_updates_later_nobody_but_the_liquidator_is_below_zero(seed: int) -> None:
    """Documented: deleveraging is repeated until solved (mechanics 8.5)."""
    crowd = Gamblers(seed)
    for _ in range(40):
        crowd.run(10)
        crowd.market.advance(seconds=15)
        broke = [pot for pot in pots(crowd.market.ex.state) if pot.value(crowd.market.ex.state) < 0]
        assert [pot for pot in broke if pot.account.address != LIQUIDATOR] == []


def test_the_liquidator_comes_into_being_when_it_is_needed() -> None:
    m: Story = market()
    m.account("alice", usd="1")
    m.advance(hours=1)
    assert vault(m) is None
    assert m.ex.state.accounts.keys() == {m.account("alice").address}
    assert m.account("alice").account.raw_usd >= usd("1")
