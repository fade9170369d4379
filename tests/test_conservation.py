"""Not a unit of money or of any token is made or lost, whatever anybody does."""

from __future__ import annotations

import pytest
from deeds import Crowd, Vandals, restored

from hlsim.matching.merged import Mirror
from hlsim.matching.types import Side
from hlsim.sim import trading
from hlsim.sim.fixed import ntl_wei, sz_to_wei
from hlsim.sim.margin import perp_of, position_of
from hlsim.sim.orders import Order, Stage
from hlsim.sim.stakes import HYPE
from hlsim.sim.state import Account, State
from hlsim.sim.transfers import collateral_of
from hlsim.sim.treasury import PerpsFlow


def perps_balance(state: State, token: int) -> int:
    """What every millionth of a collateral that ever came to perps adds up to now."""
    flow = state.treasury.flows.get(token, PerpsFlow())
    total: int = flow.fees + flow.to_spot + flow.funding + flow.to_rewards
    for account in state.accounts.values():
        for key, clearing in ((0, account), *account.dexes.items()):
            if collateral_of(state, key) == token:
                total += clearing.raw_usd
                total += sum(position.raw_usd for position in clearing.positions.values())
    return total


def token_balance(state: State, token: int) -> int:
    """What every wei of a token that ever came in adds up to now."""
    total = state.treasury.token_fees.get(token, 0) + state.treasury.token_burned.get(token, 0)
    total += state.reserves[token].cash if token in state.reserves else 0
    for outcome in state.outcomes.values():
        total += outcome.locked if outcome.quote == token else 0
    for question in state.questions.values():
        quote = state.outcomes[question.fallback].quote
        total += question.locked if quote == token else 0
    for account in state.accounts.values():
        total += sum(rewards.unclaimed for key, rewards in account.rewards.items() if key == token)
        balance = account.spot.get(token)
        total += balance.total if balance is not None else 0
        if account.stake is not None and state.universe.tokens[token].name == HYPE:
            total += account.stake.undelegated + account.stake.delegated + account.stake.leaving
    return total


def check_money(state: State) -> None:
    """Documented nowhere, true everywhere: the sums of all ledgers."""
    treasury = state.treasury
    inside = treasury.usd_deposited - treasury.usd_withdrawn
    for token, flow in treasury.flows.items():
        assert perps_balance(state, token) == (inside if token == 0 else 0), token
        assert flow.to_rewards >= 0
    for each in state.universe.tokens:
        minted = treasury.token_minted.get(each.index, 0)
        moved = treasury.flows.get(each.index, PerpsFlow())
        if moved != PerpsFlow():
            minted += 10 ** (each.wei_decimals - 6) * (moved.to_spot + moved.to_rewards)
        assert token_balance(state, each.index) == minted, each.name


def check_positions(state: State) -> None:
    """Longs equal shorts, open interest is their sum, isolated and cross do not mix."""
    for asset_id, market in state.markets.items():
        held = [
            clearing.positions[asset_id].szi
            for account in state.accounts.values()
            for clearing in account.clearings()
            if asset_id in clearing.positions
        ]
        assert sum(held) == 0
        assert sum(szi for szi in held if szi > 0) == market.open_interest
        assert 0 not in held
    for account in state.accounts.values():
        for key, clearing in ((0, account), *account.dexes.items()):
            for asset_id, position in clearing.positions.items():
                assert not position.is_cross or position.raw_usd == 0
                assert account.key_of(perp_of(state, asset_id)) == key


def check_orders(state: State) -> None:
    """Books, lists of open orders, holds, loads and counts tell one story."""
    resting = {}
    for market in state.markets.values():
        market.book.check()
        bid, ask = market.book.best_bid(), market.book.best_ask()
        assert bid is None or ask is None or bid < ask
        for side in Side:
            for order in market.book.orders(side):
                if type(order) is Mirror:
                    continue
                resting[order.oid] = order
    listed = {}
    for account in state.accounts.values():
        listed.update(account.orders)
        holds: dict[int, int] = {}
        loads: dict[int, list[int]] = {}
        by_asset: dict[int, dict[int, Order]] = {}
        for order in account.orders.values():
            by_asset.setdefault(order.asset_id, {})[order.oid] = order
            if order.stage is not Stage.LIVE:
                continue
            asset = state.markets[order.asset_id].asset
            is_bid = order.side is Side.BID
            if asset.is_spot:
                token = asset.quote if is_bid else asset.base  # type: ignore[union-attr]
                amount = (
                    ntl_wei(order.px, order.sz, token.wei_decimals)
                    if is_bid
                    else sz_to_wei(order.sz, token.wei_decimals)
                )
                holds[token.index] = holds.get(token.index, 0) + amount
            elif not order.reduce_only:
                loads.setdefault(order.asset_id, [0, 0])[not is_bid] += order.px * order.sz
        assert by_asset == account.orders_by_asset
        found = {i: load for each in account.clearings() for i, load in each.order_loads.items()}
        assert {i: [*load] for i, load in found.items()} == loads
        for token_index, balance in account.spot.items():
            assert balance.hold == holds.get(token_index, 0)
            assert balance.total >= balance.hold >= 0
        assert account.reduce_only_szs.keys() == account.reduce_only.keys()
        for asset_id, mine in account.reduce_only.items():
            position = position_of(state, account, asset_id)
            assert position is not None
            szi = position.szi
            total = sum(order.sz for order in mine.values())
            assert account.reduce_only_szs[asset_id] == total <= abs(szi)
            assert all(order.side.sign * szi < 0 for order in mine.values())
    live = {oid: order for oid, order in listed.items() if order.stage is Stage.LIVE}
    assert resting.keys() == live.keys()
    assert all(resting[oid] is order for oid, order in live.items())
    check_sleepers(state, listed)


def check_sleepers(state: State, listed: dict[int, Order]) -> None:
    """Armed orders sleep where the mark does not reach them; exits reduce; groups are open."""
    asleep = {}
    for asset_id, market in state.markets.items():
        names = [(oid, -px, True) for px, oid in market.triggers.above]
        names += [(oid, px, False) for px, oid in market.triggers.below]
        assert {oid for oid, _, _ in names} == market.sleeping.keys()
        for oid, px, is_above in names:
            order = asleep[oid] = market.sleeping[oid]
            assert order.asset_id == asset_id
            assert order.trigger is not None
            assert (order.trigger.px, order.trigger.is_above(order.side)) == (px, is_above)
            fires = trading.matches(state, market)
            assert not (fires and order.trigger.is_reached(order.side, market.mark_px))
    assert asleep == {oid: order for oid, order in listed.items() if order.stage is Stage.ARMED}
    for account in state.accounts.values():
        exits = {oid: order for mine in account.exits.values() for oid, order in mine.items()}
        own = account.orders.items()
        assert exits == {i: o for i, o in own if o.stage is Stage.ARMED and o.reduce_only}
        for order in exits.values():
            position = position_of(state, account, order.asset_id)
            assert position is not None
            assert position.szi * order.side.sign < 0
        grouped: dict[int, set[int]] = {}
        for oid, order in own:
            if order.group in account.brackets:
                grouped.setdefault(order.group, set()).add(oid)  # type: ignore[arg-type]
            if order.stage is Stage.WAITING:
                assert order.group in account.orders
        assert grouped == {group: {*oids} for group, oids in account.brackets.items()}


def check_stories(account: Account) -> None:
    """What the lists of an account say about an order or a position, told from its histories."""
    told: dict[int, list[str]] = {}
    newest: dict[str, int] = {}
    for row in account.history.rows:
        told.setdefault(row.order.oid, []).append(row.status)
        if row.order.cloid is not None:
            newest[row.order.cloid] = max(newest.get(row.order.cloid, 0), row.order.oid)
    assert len(account.history.rows) < account.history.kept
    assert newest == account.history.by_cloid
    for oid, statuses in told.items():
        assert (oid in account.orders) == (statuses == ["open"])
        if statuses[0] == "open":
            assert statuses.count("open") == 1
            assert len(statuses) <= 2
        else:
            assert len(statuses) == 1
            assert statuses[0].endswith("Rejected")
    carried: dict[str, int] = {}
    for order in account.orders.values():
        if order.cloid is not None:
            carried[order.cloid] = order.oid
    assert all(carried[cloid] == oid for cloid, oid in account.open_cloids.items())
    held: dict[int, int] = {}
    for fill in account.fills:
        if fill.asset_id < 10_000:
            assert held.get(fill.asset_id, 0) == fill.start_position
            held[fill.asset_id] = fill.start_position + fill.side.sign * fill.sz
    positions = {asset_id: position.szi for asset_id, position in account.positions.items()}
    assert {asset_id: szi for asset_id, szi in held.items() if szi} == positions
    assert all(p.entry_ntl * p.szi > 0 for p in account.positions.values())


@pytest.mark.parametrize("seed", range(12))
def test_nobody_breaks_the_house_on_purpose(seed: int) -> None:
    """The same, and every history, after deeds that try to."""
    vandals = Vandals(seed)
    for _ in range(30):
        vandals.run(10)
        state = vandals.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
        for account in state.accounts.values():
            check_stories(account)
    assert sum(len(t.account.fills) for t in vandals.traders) > 5


@pytest.mark.parametrize("seed", range(6))
def test_money_tokens_positions_and_lists_balance_after_anything(seed: int) -> None:
    """Every few deeds the whole house is counted."""
    crowd = Crowd(seed)
    for _ in range(40):
        crowd.run(25)
        state = crowd.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
    assert sum(len(t.account.fills) for t in crowd.traders) > 100


@pytest.mark.parametrize("seed", [11, 12])
def test_snapshot_then_restore_is_the_identity(seed: int) -> None:
    def check(state: State) -> None:
        check_money(state)
        check_orders(state)

    restored(Crowd, seed, check, before=400, after=200)
