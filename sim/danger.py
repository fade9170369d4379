"""Which accounts are below maintenance, without looking at those that cannot be.

Bands (`watch.py`) only spare work: who is found never depends on when a band was drawn. They are
drawn for the worst case, so an account may be looked at in vain, never too late.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..matching.triggers import Triggers
from . import margin
from .fixed import Address, Usd, div_down
from .pots import Pot
from .state import Account, Position, State
from .watch import Band, BandRow, Watch

_RESERVE = 8
"""This fraction of what an account has above maintenance is set aside for its ledger to fall, as
funding makes it every hour; the rest is for marks to move."""


def waking(state: State, moved: Iterable[int]) -> list[Address]:
    """Who must be looked at now, by address: those whose band holds no more."""
    watch = state.watch
    found: dict[Address, None] = {}
    for asset_id in moved:
        sleepers = watch.sleepers.get(asset_id)
        if sleepers is None:
            continue
        for name in sleepers.wake(state.markets[asset_id].mark_px):
            user = Address(name)
            row = next(row for row in watch.bands[user].rows if row.asset_id == asset_id)
            row.is_asleep = False
            found[user] = None
    stale, watch.stale = watch.stale, {}
    for user in stale:
        account = state.accounts.get(user)
        if account is not None and user not in found:
            band = watch.bands.get(user)
            if not (_needs_none(account) if band is None else _holds(band, account)):
                found[user] = None
    return sorted(found)


def _needs_none(account: Account) -> bool:
    return not account.positions and account.raw_usd >= 0


def _holds(band: Band, account: Account) -> bool:
    positions = account.positions
    if account.raw_usd < band.least_usd or len(positions) != len(band.rows):
        return False
    for row in band.rows:
        position = positions.get(row.asset_id)
        if position is None or position.szi != row.szi or position.is_cross != row.is_cross:
            return False
        if position.raw_usd < row.least_usd:
            return False
    return True


def look(state: State, account: Account) -> list[Pot]:
    """What of `account` is below maintenance; draws its band anew when there is nothing.

    Who is in danger has no band and is looked at again at the next marks, whatever they are.
    """
    watch, user = state.watch, account.address
    _erase(watch, user)
    if _needs_none(account):
        return []
    spare: dict[int | None, Usd] = {None: _above(state, Pot(account))}
    for asset_id, position in account.positions.items():
        if not position.is_cross:
            spare[asset_id] = _above(state, Pot(account, asset_id))
    danger = [Pot(account, name) for name, above in spare.items() if above < 0]
    if danger:
        watch.stale[user] = None
    elif account.positions:
        _draw(state, account, spare)
    return danger


def _above(state: State, pot: Pot) -> Usd:
    """What a pot has above its maintenance margin; negative: what is missing."""
    return Usd(pot.value(state) - pot.maintenance(state))


def _erase(watch: Watch, user: Address) -> None:
    band = watch.bands.pop(user, None)
    if band is not None:
        for row in band.rows:
            if row.is_asleep:
                watch.sleepers[row.asset_id].remove(user, row.px, is_above=row.szi < 0)


def _draw(state: State, account: Account, spare: dict[int | None, Usd]) -> None:
    """Shares what each pot has above maintenance among its positions, by what they may lose.

    Cross positions may all move against the account by the same part of their marks at once.
    """
    watch, positions = state.watch, account.positions
    cross = [asset_id for asset_id, position in positions.items() if position.is_cross]
    above = spare[None]
    kept = div_down(above, _RESERVE) if cross else above
    rest = above - kept - sum(_slack(state, asset_id) for asset_id in cross)
    exposed = sum(_exposed(state, asset_id, positions[asset_id]) for asset_id in cross)
    rows = []
    for asset_id, position in positions.items():
        least = position.raw_usd
        if position.is_cross:
            px = _wakes_at(state, asset_id, position, rest, exposed)
        else:
            own_kept = div_down(spare[asset_id], _RESERVE)
            own_rest = spare[asset_id] - own_kept - _slack(state, asset_id)
            least = Usd(least - own_kept)
            own_exposed = _exposed(state, asset_id, position)
            px = _wakes_at(state, asset_id, position, own_rest, own_exposed)
        if px > 0:
            sleepers = watch.sleepers.setdefault(asset_id, Triggers())
            sleepers.add(account.address, px, is_above=position.szi < 0)
        rows.append(BandRow(asset_id, position.szi, position.is_cross, least, px, px > 0))
    watch.bands[account.address] = Band(Usd(account.raw_usd - kept), rows)


def _wakes_at(state: State, asset_id: int, position: Position, spare: int, exposed: int) -> int:
    """The mark at which `spare` may be used up if all of `exposed` moves alike."""
    mark = state.markets[asset_id].mark_px
    distance = div_down(mark * max(0, spare), exposed)
    return mark + distance if position.szi < 0 else max(0, mark - distance)


def _exposed(state: State, asset_id: int, position: Position) -> int:
    """At least what a position loses above maintenance when its mark moves by all of itself.

    A long loses its value while its maintenance falls, too. A short loses as much while its
    maintenance grows, by no more than its last tier asks for.
    """
    value = margin.position_value(state.markets[asset_id], position) + 1
    if position.szi > 0:
        return value
    last = margin.perp_of(state, asset_id).margin_table.tiers[-1]
    return value + div_down(value, 2 * last.max_leverage) + 1


def _slack(state: State, asset_id: int) -> int:
    """More than roundings to whole µUSD can make of a position: of its value, of its maintenance
    and of each tier's deduction.
    """
    return 4 + len(margin.perp_of(state, asset_id).margin_table.tiers)
