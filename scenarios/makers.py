"""Makers: accounts that keep a ladder of orders around the outside price of every market.

A ladder stands on fixed rungs, whole multiples of its step. When the mid moves, only the rungs at
the edges change: what is on the wrong side or too far out is cancelled, what is missing is placed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from ..matching.dataclass import dataclass
from ..matching.types import Side, Tif
from ..sim.actions.cancels import CancelOid
from ..sim.actions.orders import U32, U64, NewOrder
from ..sim.assets import Asset, SpotPair, Universe
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Px, Wei, wei_to_sz
from ..sim.orders import Order
from ..sim.state import Account
from ..sim.trading import is_open
from .actors import Pen, actor_address, base_endowment, deposit, equip, new_order
from .ladder import highest_px, order_size, rungs, step_fits, step_for
from .paths import bell, resume_stream, stream, stream_state
from .profiles import Profile, live_assets, profile_of

LEVELS = 22
"""Rungs a side: a taker may eat two before a side shows fewer than 20."""
MARKETS_EACH = 12
"""Markets of one maker: 12 ladders are 528 orders, of 1000 that may be open (mechanics 2.7). More
would make every margin check longer, fewer would make more histories to keep.
"""
MAJOR_EVERY_MS = 500
EVERY_MS = 3_000
"""How often a maker looks at its ladders."""
SPOT_LEVELS_WORTH = 1_000
"""A maker starts with this many levels' worth of base and quote tokens for every pair."""

_PARTS = 10**9
_USD = 10**16
"""One USD in px * sz units."""
_BASIS_SIGMA = 15_000
_BASIS_HOME = 200
"""The distance of a mid from the outside price wanders some 3 bp, and comes back (Assumed)."""
_SKEW_LEVELS = 4
_SKEW_MOST = 6
"""A maker quotes a rung lower for every four levels' worth that it is long, six rungs at most."""

OutsidePx = Callable[[int], int]
"""Asset id to the outside price of now, 1e-8."""


@dataclass(slots=True)
class Ladder:
    """One market of a maker. The mid stands half a step above `center * step`."""

    asset: Asset
    profile: Profile
    step: int = 0
    center: int = 0
    basis: int = 0
    """How far the mid stands above the outside price, in 1e-9 of it."""
    stood: int = 0
    stood_step: int = 0
    """Center and step when it was sorted last; 0: not known."""

    @property
    def spot_usd(self) -> int:
        return self.profile.level_usd * SPOT_LEVELS_WORTH

    def aim(self, px: int, inventory_usd: int) -> bool:
        """Puts the ladder around `px`, unless it stands there well enough; True when it moved."""
        px += px * self.basis // _PARTS
        if not self.step or not step_fits(self.asset, px, self.profile.spacing, self.step):
            self.step = step_for(self.asset, px, self.profile.spacing)
            self.center = 0
        lean = inventory_usd // (_SKEW_LEVELS * self.profile.level_usd)
        # In halves of a step; it stands well from a half below its place to a half above.
        wanted = 2 * px // self.step - 2 * max(-_SKEW_MOST, min(_SKEW_MOST, lean))
        if self.center and -1 <= wanted - 2 * self.center <= 2:
            return False
        self.center = max(1, wanted // 2)
        return True

    def sort(self, mine: Mapping[int, Order]) -> tuple[list[CancelOid], list[tuple[int, Side, Px]]]:
        """Cancels of those orders of `mine` that stand wrong, and where none stands: (how far from
        the middle, side, price).
        """
        asset, step = self.asset, self.step
        bids, asks = rungs(self.center, step, LEVELS, highest_px(asset))
        bid_places: Sequence[int]
        ask_places: Sequence[int]
        shift = self.center - self.stood if step == self.stood_step else 0
        self.stood, self.stood_step = self.center, step
        is_whole = len(mine) == 2 * LEVELS == len(bids) + len(asks)
        if is_whole and 0 < abs(shift) < LEVELS:
            # A whole ladder changes at its edges only: what it gains there on one side, it loses on
            # the other.
            inner, outer = range(abs(shift)), range(LEVELS - abs(shift), LEVELS)
            bid_places, ask_places = (inner, outer) if shift > 0 else (outer, inner)
            gone = {bids[place] - shift * step for place in ask_places}
            gone.update(asks[place] - shift * step for place in bid_places)
            wrong = [order.oid for order in mine.values() if order.px in gone]
        else:
            stay: set[int] = set()
            wrong = []
            for order in mine.values():
                if order.px in (bids if order.side is Side.BID else asks):
                    stay.add(order.px)
                else:
                    wrong.append(order.oid)
            bid_places = [place for place, px in enumerate(bids) if px not in stay]
            ask_places = [place for place, px in enumerate(asks) if px not in stay]
        missing = [(place, Side.BID, Px(bids[place])) for place in bid_places]
        missing += [(place, Side.ASK, Px(asks[place])) for place in ask_places]
        return [CancelOid(U32(asset.id), U64(oid)) for oid in wrong], missing


@dataclass(slots=True)
class Maker:
    """One account and the markets that it quotes."""

    address: Address
    ladders: list[Ladder]
    every_ms: int
    endowed: dict[int, Wei] = field(default_factory=dict)
    """Base tokens at the start, by token index; two pairs may share one."""

    def __post_init__(self) -> None:
        for ladder in self.ladders:
            if isinstance(ladder.asset, SpotPair):
                token = ladder.asset.base.index
                minted = base_endowment(ladder.asset, ladder.spot_usd)
                self.endowed[token] = Wei(self.endowed.get(token, 0) + minted)

    def inventory_usd(self, account: Account, ladder: Ladder, px: int) -> int:
        """What the maker holds more than at the start, in whole USD; negative when less."""
        asset = ladder.asset
        if isinstance(asset, SpotPair):
            token = asset.base
            gained = Wei(account.spot[token.index].total - self.endowed[token.index])
            szi: int = wei_to_sz(gained, token.wei_decimals)
        else:
            position = account.of(asset).positions.get(asset.id)
            szi = 0 if position is None else position.szi
        return px * szi // _USD


class Makers:
    """All makers of a living market."""

    def __init__(self, universe: Universe, seed: int, pen: Pen) -> None:
        self._pen = pen
        self._rng = stream(seed, "makers")
        self.makers: list[Maker] = []
        ladders = [Ladder(asset, profile_of(universe, asset)) for asset in live_assets(universe)]
        majors = [one for one in ladders if one.profile.is_major]
        perps = [one for one in ladders if not one.profile.is_major and not one.asset.is_spot]
        pairs = [one for one in ladders if one.asset.is_spot]
        for kind, mine, every_ms in (
            ("majors", majors, MAJOR_EVERY_MS),
            ("perps", perps, EVERY_MS),
            ("spot", pairs, EVERY_MS),
        ):
            for start in range(0, len(mine), MARKETS_EACH):
                address = actor_address(f"maker/{kind}/{start // MARKETS_EACH}")
                part = mine[start : start + MARKETS_EACH]
                self.makers.append(Maker(address, part, every_ms))

    def open(self, ex: Exchange, outside: OutsidePx) -> None:
        """Funds every maker and places all ladders."""
        for maker in self.makers:
            self.open_one(ex, maker, outside)

    def open_one(self, ex: Exchange, maker: Maker, outside: OutsidePx) -> None:
        """Funds one maker and places its ladders."""
        deposit(ex, maker.address)
        orders: list[NewOrder] = []
        for ladder in maker.ladders:
            equip(ex, maker.address, ladder.asset, self._pen, spot_usd=ladder.spot_usd)
            ladder.aim(outside(ladder.asset.id), 0)
            _, missing = ladder.sort({})
            orders += [self._draw_up(ladder, *rung) for rung in missing]
        self._pen.place(ex, maker.address, orders)

    def of(self, asset_id: int) -> Maker | None:
        """Who quotes a market, if anybody does."""
        quoted = (
            maker for maker in self.makers for one in maker.ladders if one.asset.id == asset_id
        )
        return next(quoted, None)

    def leave(self, asset_id: int) -> None:
        """Quotes a market no more; what rests there is the caller's to cancel."""
        for maker in self.makers:
            maker.ladders = [one for one in maker.ladders if one.asset.id != asset_id]

    def add(self, asset: Asset, profile: Profile) -> Maker:
        """One more maker, for a market that was listed later; it is not opened."""
        every_ms = MAJOR_EVERY_MS if profile.is_major else EVERY_MS
        address = actor_address(f"maker/listed/{asset.coin}")
        maker = Maker(address, [Ladder(asset, profile)], every_ms)
        self.makers.append(maker)
        return maker

    def requote(self, ex: Exchange, maker: Maker, outside: OutsidePx) -> None:
        """Brings the ladders of `maker` to where the outside prices are."""
        account = ex.account(maker.address)
        assert account is not None
        moved: list[Ladder] = []
        for ladder in maker.ladders:
            asset = ladder.asset
            market = ex.market(asset.id)
            if market is None or not is_open(market):
                continue
            wander = bell(self._rng) * _BASIS_SIGMA // 4
            ladder.basis += wander - ladder.basis // _BASIS_HOME
            px = outside(asset.id)
            full = len(account.orders_by_asset.get(asset.id, ())) == 2 * LEVELS
            if ladder.aim(px, maker.inventory_usd(account, ladder, px)) or not full:
                moved.append(ladder)
        if moved:
            self._move(ex, account, moved)

    def _move(self, ex: Exchange, account: Account, moved: list[Ladder]) -> None:
        """Cancels and places at the edges of the ladders that moved."""
        cancels: list[CancelOid] = []
        places: list[NewOrder] = []
        for ladder in moved:
            mine = account.orders_by_asset.get(ladder.asset.id, {})
            wrong, missing = ladder.sort(mine)
            cancels += wrong
            places += [self._draw_up(ladder, *rung) for rung in missing]
        self._pen.cancel(ex, account.address, cancels)
        self._pen.place(ex, account.address, places)

    def _draw_up(self, ladder: Ladder, place: int, side: Side, px: Px) -> NewOrder:
        """The order for a rung, larger further out."""
        asset, usd = ladder.asset, ladder.profile.level_usd
        worth = usd * (24 + 4 * place + self._rng.getrandbits(6)) // 100
        sz = order_size(asset, px, worth)
        return new_order(asset, is_buy=side is Side.BID, px=px, sz=sz, tif=Tif.ALO)

    def state(self) -> Any:
        """Plain data for `restore`."""
        ladders = [
            [ladder.step, ladder.center, ladder.basis]
            for maker in self.makers
            for ladder in maker.ladders
        ]
        return [stream_state(self._rng), ladders]

    def restore(self, state: Any) -> None:
        """Goes on where the makers of `state` stood; the universe must be the same."""
        resume_stream(self._rng, state[0])
        ladders = [ladder for maker in self.makers for ladder in maker.ladders]
        for ladder, (step, center, basis) in zip(ladders, state[1], strict=True):
            ladder.step, ladder.center, ladder.basis = step, center, basis
            ladder.stood = ladder.stood_step = 0
