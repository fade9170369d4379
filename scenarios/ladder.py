"""Ladders: evenly spaced legal prices around a mid, and sizes that keep every rule."""

from __future__ import annotations

from ..matching.merged import UNIT
from ..sim.assets import MAX_PX, Asset, OutcomeSide, SpotPair, lot, px_decimals
from ..sim.fixed import Px, Sz, Wei, wei_to_sz

_LEAST_USD = 11
"""No order is worth less: the $10 rule, and room for a price that moves (mechanics 2.5)."""
_USD = 10**16
"""One USD in px * sz units."""


def tick(asset: Asset, px: int) -> int:
    """The tick that holds for `px` and 3 % beyond, where a figure more may make it coarser."""
    figures: int = 10 ** max(len(str(px + px // 32)) - 5, 0)
    decimals: int = 10 ** (8 - px_decimals(asset))
    return max(min(figures, 10**8), decimals)


def step_for(asset: Asset, px: int, spacing: int) -> int:
    """The multiple of the tick nearest to `spacing` millionths of `px`, one tick at least."""
    unit = tick(asset, px)
    return max(1, (2 * px * spacing + unit * 10**6) // (2 * unit * 10**6)) * unit


def step_fits(asset: Asset, px: int, spacing: int, step: int) -> bool:
    """True while `step` is legal at `px` and no more than twice or half of what it should be.

    A ladder that kept its step as long as this lies still when its price wobbles around a border.
    """
    if step % tick(asset, px):
        return False
    wanted = step_for(asset, px, spacing)
    return 2 * step >= wanted and step <= 2 * wanted


def size_for(asset: Asset, px: int, usd: int) -> Sz:
    """About `usd` whole dollars' worth at `px`, in whole lots and above the minimum order."""
    step = lot(asset)
    sz = usd * _USD // px
    sz -= sz % step
    least = -(-_LEAST_USD * _USD // px)
    return Sz(max(sz, least + -least % step))


def order_size(asset: Asset, px: int, usd: int) -> Sz:
    """`size_for`, but no more than half of a token's supply, which no order may exceed."""
    sz = size_for(asset, px, usd)
    if not isinstance(asset, SpotPair) or not asset.base.total_supply:
        return sz
    supply = asset.base.total_supply
    most = wei_to_sz(Wei(supply // 2), asset.base.wei_decimals)
    return Sz(min(sz, most - most % lot(asset)))


def highest_px(asset: Asset) -> Px:
    """No order of an actor has a higher price: a side of an outcome is worth less than 1."""
    return Px(UNIT - UNIT // 10**5 if isinstance(asset, OutcomeSide) else MAX_PX)


def rungs(center: int, step: int, count: int, highest: int = MAX_PX) -> tuple[range, range]:
    """Bid prices from `center * step` down and ask prices from the next rung up, best first.

    Fewer bids when they would reach 0, and fewer asks beyond `highest`.
    """
    middle = center * step
    bids = range(middle, middle - min(count, center) * step, -step)
    return bids, range(middle + step, min(middle + count * step, highest) + 1, step)
