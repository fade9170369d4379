"""The accounts that stand for everybody in an archive: of each coin a maker and a taker.

A whole market's positions, gains and losses are theirs, so they are given whatever they need before
they need it: nothing of an archive fails for want of money.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..sim.assets import Asset, Perp, SpotPair
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Px, Sz, Usd, Wei, ntl, ntl_wei, sz_to_wei
from ..sim.margin import cross_value
from ..sim.operations import MintToken
from ..sim.state import Account
from .actors import ACTOR_USD, Pen, actor_address, add_collateral, deposit, equip

SPOT_USD = 50_000_000
"""Tokens of a pair, worth so much each, that one begins with."""

Orders = Iterable[tuple[bool, Px, Sz]]
"""(is a bid, px, sz)."""


class StandIns:
    """Opens and backs them. Nothing of its own lasts."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen

    def maker(self, ex: Exchange, asset: Asset) -> Account:
        """Who rests what was in the book."""
        return self._opened(ex, maker_address(asset), asset)

    def taker(self, ex: Exchange, asset: Asset) -> Account:
        """Who trades what was traded."""
        return self._opened(ex, _taker_address(asset), asset)

    def _opened(self, ex: Exchange, user: Address, asset: Asset) -> Account:
        account = ex.account(user)
        if account is None:
            deposit(ex, user)
            equip(ex, user, asset, self._pen, spot_usd=SPOT_USD)
            account = ex.open_account(user)
        return account

    def back(self, ex: Exchange, asset: Asset, px: Px, sz: int = 0) -> None:
        """Makes both worth at least their positions at `px`, and `sz` more that trades there.

        To be called before the price goes there. So no margin is missed at any leverage, and no
        mark liquidates them.
        """
        if not isinstance(asset, Perp):
            return
        for user in (maker_address(asset), _taker_address(asset)):
            account = ex.account(user)
            if account is None:
                continue
            clearing = account.of(asset)
            position = clearing.positions.get(asset.id)
            szi = 0 if position is None else position.szi
            wanted = max(ACTOR_USD, 2 * ntl(px, abs(szi) + sz))
            worth = cross_value(ex.state, clearing)
            gain = ntl(px - ex.state.markets[asset.id].mark_px, szi)
            if 2 * (worth + gain) < wanted:
                missing = 2 * wanted - worth - gain
                add_collateral(ex, user, asset, self._pen, Usd(missing))

    def supply(self, ex: Exchange, account: Account, asset: Asset, orders: Orders) -> None:
        """Gives one of them the tokens that it lacks for orders of a pair."""
        if not isinstance(asset, SpotPair):
            return
        base, quote = asset.base, asset.quote
        paid = sold = 0
        for is_bid, px, sz in orders:
            if is_bid:
                paid += ntl_wei(px, sz, quote.wei_decimals)
            else:
                sold += sz_to_wei(sz, base.wei_decimals)
        for token, needed in ((quote, paid), (base, sold)):
            held = account.spot.get(token.index)
            free = 0 if held is None else held.total - held.hold
            # Twice as much: fees are paid of it, too.
            if free < 2 * needed:
                ex.operate(MintToken(account.address, token.index, Wei(10 * needed)))


def maker_address(asset: Asset) -> Address:
    """The address of `StandIns.maker`."""
    return actor_address(f"archive/maker/{asset.coin}")


def _taker_address(asset: Asset) -> Address:
    return actor_address(f"archive/taker/{asset.coin}")
