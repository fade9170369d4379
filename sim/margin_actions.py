"""What a user does to leverage and isolated margin, each with its refusals in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import margin
from .assets import MarginMode, Perp
from .errors import ActionError, ActionReject
from .fixed import Address, Usd, div_down, parse_decimal
from .state import Clearing, Leverage, Position

if TYPE_CHECKING:
    from .exchange import Exchange


_TIMES_DECIMALS = 18
"""A leverage to top up to is what some client divided: more digits than any double has."""


def set_leverage(
    ex: Exchange, user: Address, asset_id: int, leverage: int, *, is_cross: bool
) -> None:
    """Sets leverage and margin type of one perp.

    Raises ActionError; the texts are Observed (exchange 7.4). Assumed: the order of the checks; a
    spot pair is refused like an unknown perp; a leverage above what the tier of the open position
    allows is an invalid value.
    """
    perp, account = _perp(ex, asset_id), ex.state.accounts[user]
    if not 1 <= leverage <= perp.max_leverage:
        raise ActionError(ActionReject.INVALID_LEVERAGE)
    if is_cross and perp.only_isolated:
        raise ActionError(ActionReject.CROSS_NOT_ALLOWED)
    clearing, wanted = account.of(perp), Leverage(leverage, is_cross)
    position = clearing.positions.get(asset_id)
    if position is not None:
        _check_position(ex, clearing, perp, position, wanted)
    is_lower = leverage < margin.leverage_of(clearing, perp).value
    if is_lower and not _affordable(ex, clearing, perp, wanted):
        raise ActionError(ActionReject.LEVERAGE_MARGIN)
    account.enter(perp).leverages[asset_id] = wanted
    ex.touch(user)


def _check_position(
    ex: Exchange, clearing: Clearing, perp: Perp, position: Position, wanted: Leverage
) -> None:
    """What an open position forbids.

    Observed: the type cannot change, and an isolated position must hold the margin of a lower
    leverage before (mechanics 6.4).
    """
    if position.is_cross != wanted.is_cross:
        raise ActionError(ActionReject.LEVERAGE_SWITCH)
    value = margin.position_value(ex.state.markets[perp.id], position)
    if wanted.value > perp.margin_table.tier(value).max_leverage:
        raise ActionError(ActionReject.INVALID_LEVERAGE)
    if position.is_cross or wanted.value >= margin.leverage_of(clearing, perp).value:
        return
    if margin.margin_used(ex.state, clearing, perp.id) < div_down(value, wanted.value):
        raise ActionError(ActionReject.LEVERAGE_MARGIN)


def _affordable(ex: Exchange, clearing: Clearing, perp: Perp, wanted: Leverage) -> bool:
    """True when `wanted` would leave free margin, or no less than there is now. Changes nothing.

    Assumed: the text of a cross position or of resting orders that need more than there is was
    never recorded; the isolated one stands for it (exchange 7.4).
    """
    now = margin.free_margin(ex.state, clearing)
    stored = clearing.leverages.get(perp.id)
    clearing.leverages[perp.id] = wanted
    then = margin.free_margin(ex.state, clearing)
    if stored is None:
        del clearing.leverages[perp.id]
    else:
        clearing.leverages[perp.id] = stored
    return then >= min(0, now)


def move_isolated_margin(ex: Exchange, user: Address, asset_id: int, ntli: int) -> None:
    """Moves `ntli` µUSD from the cross ledger to an isolated position, or back when negative.

    Raises ActionError; the texts are Observed or Inferred (exchange 7.4). Documented: what remains
    is at least the initial margin and a tenth of the notional (mechanics 6.4). Assumed: the order
    of the checks; an increase may use what a new order may; removal from a strictly isolated
    position is refused with the text of a margin too small.
    """
    perp, account = _perp(ex, asset_id), ex.state.accounts[user]
    if ntli == 0:
        raise ActionError(ActionReject.ISOLATED_ZERO)
    clearing = account.of(perp)
    position = clearing.positions.get(asset_id)
    if position is None:
        raise ActionError(ActionReject.ISOLATED_EMPTY)
    if position.is_cross:
        raise ActionError(ActionReject.NOT_ISOLATED)
    if ntli > 0:
        if ntli > margin.free_margin(ex.state, clearing):
            raise ActionError(ActionReject.ISOLATED_INCREASE)
    elif perp.margin_mode is MarginMode.STRICT_ISOLATED or not _removable(
        ex, clearing, perp, -ntli
    ):
        raise ActionError(ActionReject.ISOLATED_REDUCE)
    clearing.raw_usd = Usd(clearing.raw_usd - ntli)
    position.raw_usd = Usd(position.raw_usd + ntli)
    ex.touch(user)


def top_up(ex: Exchange, user: Address, asset_id: int, leverage: str) -> None:
    """Adds as much to a strictly isolated position as makes it levered `leverage` times, a decimal.

    Raises ActionError. Documented: it targets a leverage (mechanics 6.4); `Asset not strict
    isolated` for other assets (exchange 7.4). Assumed: value at mark / margin, the margin rounded
    up; all other texts are those of updateIsolatedMargin, for which a leverage that is met needs a
    step of nothing and a higher one a reduction; what is no decimal above 0 is an invalid leverage.
    """
    perp, account = _perp(ex, asset_id), ex.state.accounts[user]
    if perp.margin_mode is not MarginMode.STRICT_ISOLATED:
        raise ActionError(ActionReject.NOT_STRICT)
    try:
        times = parse_decimal(leverage, _TIMES_DECIMALS)
    except ValueError:
        times = 0
    if times <= 0:
        raise ActionError(ActionReject.INVALID_LEVERAGE)
    clearing = account.of(perp)
    position = clearing.positions.get(asset_id)
    if position is None:
        raise ActionError(ActionReject.ISOLATED_EMPTY)
    value = margin.position_value(ex.state.markets[asset_id], position)
    wanted = -div_down(-value * 10**_TIMES_DECIMALS, times)
    move_isolated_margin(
        ex, user, asset_id, wanted - margin.margin_used(ex.state, clearing, asset_id)
    )


def _removable(ex: Exchange, clearing: Clearing, perp: Perp, usd: int) -> bool:
    """Observed: at 10x a step that left 11.57 % of notional passed, one that would have left
    9.955 % did not (exchange 7.4)."""
    position = clearing.positions[perp.id]
    value = margin.position_value(ex.state.markets[perp.id], position)
    left = margin.margin_used(ex.state, clearing, perp.id) - usd
    leverage = margin.leverage_of(clearing, perp).value
    return left >= div_down(value, min(leverage, 10))


def _perp(ex: Exchange, asset_id: int) -> Perp:
    market = ex.state.markets.get(asset_id)
    if market is None or not isinstance(market.asset, Perp):
        raise ActionError(ActionReject.INVALID_PERP)
    return market.asset
