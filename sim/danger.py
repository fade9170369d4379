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
from .state import Account, Clearing, Position, State
from .watch import Band, BandRow

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
            _row_of(watch.bands[user], asset_id).is_asleep = False
            found[user] = None
    stale, watch.stale = watch.stale, {}
    for user in stale:
        account = state.accounts.get(user)
        if account is None or user in found:
            continue
        if user in state.portfolio or not _is_known_safe(watch.bands.get(user) or {}, account):
            found[user] = None
    return sorted(found)


def is_inside(state: State, user: Address, key: int, clearing: Clearing) -> bool:
    """True when a clearing whose money moved is inside its band as before."""
    bands = state.watch.bands.get(user)
    band = bands.get(key) if bands is not None else None
    return band is not None and _holds(band, clearing)


def _row_of(bands: dict[int, Band], asset_id: int) -> BandRow:
    return next(row for band in bands.values() for row in band.rows if row.asset_id == asset_id)


def _keyed(account: Account) -> list[tuple[int, Clearing]]:
    """All clearings of an account with the keys of their bands."""
    return [(0, account), *account.dexes.items()]


def _needs_none(clearing: Clearing) -> bool:
    return not clearing.positions and clearing.raw_usd >= 0


def _is_known_safe(bands: dict[int, Band], account: Account) -> bool:
    """Of the first dex first: few accounts use another one."""
    if not _is_covered(bands.get(0), account):
        return False
    dexes = account.dexes
    return not dexes or all(_is_covered(bands.get(key), one) for key, one in dexes.items())


def _is_covered(band: Band | None, clearing: Clearing) -> bool:
    return _needs_none(clearing) if band is None else _holds(band, clearing)


def _holds(band: Band, clearing: Clearing) -> bool:
    positions = clearing.positions
    if clearing.raw_usd < band.least_usd or len(positions) != len(band.rows):
        return False
    for row in band.rows:
        position = positions.get(row.asset_id)
        if position is None or position.szi != row.szi or position.is_cross != row.is_cross:
            return False
        if position.raw_usd < row.least_usd:
            return False
    return True


def look(state: State, account: Account) -> list[Pot]:
    """What of `account` is below maintenance; draws its bands anew when there is nothing.

    Who is in danger has no band and is looked at again at the next marks, whatever they are.
    """
    watch, user = state.watch, account.address
    forget(state, user)
    if user in state.portfolio:
        # No band: what it owes and what its tokens are worth moves without its positions.
        watch.stale[user] = None
        return [pot for pot in _pots(account) if not pot.is_safe(state)]
    danger: list[Pot] = []
    spares: dict[int, dict[int | None, Usd]] = {}
    for key, clearing in _keyed(account):
        if _needs_none(clearing):
            continue
        spare: dict[int | None, Usd] = {None: _above(state, Pot(account, key=key))}
        for asset_id, position in clearing.positions.items():
            if not position.is_cross:
                spare[asset_id] = _above(state, Pot(account, asset_id, key))
        danger += [Pot(account, name, key) for name, above in spare.items() if above < 0]
        if clearing.positions:
            spares[key] = spare
    if danger:
        watch.stale[user] = None
    elif spares:
        watch.bands[user] = {
            key: _draw(state, user, account if key == 0 else account.dexes[key], spare)
            for key, spare in spares.items()
        }
    return danger


def _pots(account: Account) -> list[Pot]:
    """All pots of an account."""
    found = []
    for key, clearing in _keyed(account):
        found.append(Pot(account, key=key))
        positions = clearing.positions.items()
        found += [Pot(account, name, key) for name, each in positions if not each.is_cross]
    return found


def _above(state: State, pot: Pot) -> Usd:
    """What a pot has above its maintenance margin; negative: what is missing."""
    return Usd(pot.value(state) - pot.maintenance(state))


def forget(state: State, user: Address) -> None:
    """Erases the bands of an account: it is looked at anew as soon as it is asked for."""
    watch = state.watch
    for band in watch.bands.pop(user, {}).values():
        for row in band.rows:
            if row.is_asleep:
                watch.sleepers[row.asset_id].remove(user, row.px, is_above=row.szi < 0)


def _draw(state: State, user: Address, clearing: Clearing, spare: dict[int | None, Usd]) -> Band:
    """Shares what each pot has above maintenance among its positions, by what they may lose.

    Cross positions may all move against the account by the same part of their marks at once.
    """
    watch, positions = state.watch, clearing.positions
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
            sleepers.add(user, px, is_above=position.szi < 0)
        rows.append(BandRow(asset_id, position.szi, position.is_cross, least, px, px > 0))
    return Band(Usd(clearing.raw_usd - kept), rows)


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
