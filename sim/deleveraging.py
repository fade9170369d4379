"""Auto-deleveraging: who is on the right side of a move pays for who is below zero on the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import margin
from .events import Direction, Liquidation
from .fixed import RATE_SCALE, Px, Rate, Sz, div_down
from .handover import Hand, hand_over, keep_apart
from .pots import Pot
from .state import Account, State

if TYPE_CHECKING:
    from .exchange import Exchange

LIQUIDATED = {
    (True, True): Direction.LIQUIDATED_CROSS_LONG,
    (True, False): Direction.LIQUIDATED_CROSS_SHORT,
    (False, True): Direction.LIQUIDATED_ISOLATED_LONG,
    (False, False): Direction.LIQUIDATED_ISOLATED_SHORT,
}
"""(is cross, is long) to what the liquidated side is told (mechanics 7.2)."""


def deleverage(ex: Exchange, pot: Pot, moved: Mapping[int, None], *, wholly: bool = False) -> None:
    """Closes positions of a pot against their other sides until it is not below zero, or all.

    Documented: at the previous mark, against the opposite side in the order of `adl_index`
    (mechanics 8.5). Assumed: the position that gains most by the previous mark comes first; one
    that would lose by it is left, and so is what has no other side above zero.
    """
    for asset_id in _gaining(ex.state, pot, moved, wholly=wholly):
        _close_against_others(ex, pot, asset_id, _px_before(ex.state, asset_id, moved), wholly)


def _px_before(state: State, asset_id: int, moved: Mapping[int, None]) -> Px:
    """Observed: 22.075 while the mark was 22.025 already (mechanics 8.4)."""
    market = state.markets[asset_id]
    return market.mark_px_before if asset_id in moved else market.mark_px


def _gaining(state: State, pot: Pot, moved: Mapping[int, None], *, wholly: bool) -> list[int]:
    gains: dict[int, int] = {}
    for asset_id in pot.assets(state):
        better = _px_before(state, asset_id, moved) - state.markets[asset_id].mark_px
        gain = pot.clearing.positions[asset_id].szi * better
        if gain >= 0 or wholly:
            gains[asset_id] = gain
    return sorted(gains, key=lambda asset_id: -gains[asset_id])


def _close_against_others(ex: Exchange, pot: Pot, asset_id: int, px: Px, wholly: bool) -> None:
    state, account, mine = ex.state, pot.account, pot.clearing
    perp = margin.perp_of(state, asset_id)
    told = Liquidation(account.address, state.markets[asset_id].mark_px, "backstop")
    is_long = mine.positions[asset_id].szi > 0
    loser = Hand(account, LIQUIDATED[pot.asset_id is None, is_long], crossed=False)
    for other in ranked(state, asset_id, is_long=not is_long):
        position = mine.positions.get(asset_id)
        if position is None or (pot.value(state) >= 0 and not wholly):
            return
        clearing = other.of(perp)
        theirs = clearing.positions[asset_id]
        sz = Sz(min(abs(position.szi), abs(theirs.szi)))
        before, their_before = mine.raw_usd, clearing.raw_usd
        their_pot = Pot(other, None if theirs.is_cross else asset_id, other.key_of(perp))
        winner = Hand(other, Direction.AUTO_DELEVERAGING, crossed=True)
        seller, buyer = (loser, winner) if is_long else (winner, loser)
        hand_over(ex, asset_id, seller, buyer, px, sz, told)
        keep_apart(ex, pot, before, releases=False)
        keep_apart(ex, their_pot, their_before, releases=True)


def ranked(state: State, asset_id: int, *, is_long: bool) -> list[Account]:
    """Whoever holds the long or the short side and is above zero, the first to be closed first.

    Assumed: at one index by address.
    """
    found: list[tuple[int, str, Account]] = []
    perp = margin.perp_of(state, asset_id)
    for account in state.accounts.values():
        position = account.of(perp).positions.get(asset_id)
        if position is not None and (position.szi > 0) is is_long:
            index = adl_index(state, account, asset_id)
            if index is not None:
                found.append((-index, account.address, account))
    found.sort(key=lambda row: row[:2])
    return [account for _, _, account in found]


def adl_index(state: State, account: Account, asset_id: int) -> Rate | None:
    """mark / entry * notional / account value of one position, 1e-10; None at or below zero value.

    Documented for longs (mechanics 8.5); shorts by entry / mark (contested 53). Assumed: the value
    of an isolated position is its margin.
    """
    perp = margin.perp_of(state, asset_id)
    position = account.of(perp).positions[asset_id]
    only = None if position.is_cross else asset_id
    value: int = Pot(account, only, account.key_of(perp)).value(state)
    if value <= 0:
        return None
    notional = margin.position_value(state.markets[asset_id], position)
    entry = abs(position.entry_ntl)
    if position.szi > 0 or state.rules.adl_short_index == "literal":
        return Rate(div_down(notional * notional * RATE_SCALE, max(1, entry) * value))
    return Rate(div_down(entry * RATE_SCALE, value))
