"""Takers: accounts that trade against whatever stands in the books, and go home to flat.

The further a taker's position is from where it began, the likelier it trades the other way; at its
limit it always does. So inventories stay bounded, the makers' with them.
"""

from __future__ import annotations

from typing import Any

from ..matching.dataclass import dataclass
from ..matching.types import Tif
from ..sim.actions.orders import PlaceOrders
from ..sim.assets import Asset, SpotPair, Universe, round_px
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Wei, wei_to_sz
from ..sim.trading import matches
from .actors import Pen, actor_address, base_endowment, deposit, equip, new_order
from .ladder import highest_px, order_size
from .paths import resume_stream, stream, stream_state
from .profiles import Profile, live_assets, profile_of

MARKETS_EACH = 16
LIMIT_TRADES = 12
"""A taker's position is worth this many typical trades at most, or one trade more."""
SPOT_TRADES_WORTH = 200
"""A taker starts with this many trades' worth of base and quote tokens for every pair."""
_USD = 10**16
"""One USD in px * sz units."""


@dataclass(slots=True)
class Habit:
    """How one market is taken: by whom, how much, how often."""

    address: Address
    asset: Asset
    profile: Profile
    endowed: Wei = Wei(0)
    """Base tokens of the account at the start; 0 for a perp."""

    @property
    def spot_usd(self) -> int:
        return self.profile.trade_usd * SPOT_TRADES_WORTH


class Takers:
    """All takers of a living market."""

    def __init__(self, universe: Universe, seed: int, pen: Pen) -> None:
        self._pen = pen
        self._rng = stream(seed, "takers")
        self.habits: dict[int, Habit] = {}
        """By asset id."""
        minted: dict[tuple[Address, int], int] = {}
        assets = live_assets(universe)
        # Dealt out in turn, so that each taker gets busy and quiet markets.
        accounts = -(-len(assets) // MARKETS_EACH)
        for place, asset in enumerate(assets):
            address = actor_address(f"taker/{place % accounts}")
            habit = Habit(address, asset, profile_of(universe, asset))
            self.habits[asset.id] = habit
            if isinstance(asset, SpotPair):
                key = (address, asset.base.index)
                minted[key] = minted.get(key, 0) + base_endowment(asset, habit.spot_usd)
        for habit in self.habits.values():
            if isinstance(habit.asset, SpotPair):
                habit.endowed = Wei(minted[habit.address, habit.asset.base.index])

    def add(self, asset: Asset, profile: Profile) -> Habit:
        """One more taker, for a market that was listed later; it is not funded."""
        habit = Habit(actor_address(f"taker/listed/{asset.coin}"), asset, profile)
        if isinstance(asset, SpotPair):
            habit.endowed = base_endowment(asset, habit.spot_usd)
        self.habits[asset.id] = habit
        return habit

    def open_one(self, ex: Exchange, habit: Habit) -> None:
        """Funds the taker of `add`."""
        deposit(ex, habit.address)
        equip(ex, habit.address, habit.asset, self._pen, spot_usd=habit.spot_usd)

    def open(self, ex: Exchange) -> None:
        """Funds every taker."""
        for address in dict.fromkeys(habit.address for habit in self.habits.values()):
            deposit(ex, address)
        for habit in self.habits.values():
            equip(ex, habit.address, habit.asset, self._pen, spot_usd=habit.spot_usd)

    def pause_ms(self, asset_id: int) -> int:
        """How long until the next trade of a market: a third to five thirds of the mean."""
        return self.habits[asset_id].profile.trade_every_ms * (64 + self._rng.getrandbits(8)) // 192

    def first_pause_ms(self, asset_id: int) -> int:
        """How long until the first trade: up to the mean, so that all begin at full pace."""
        return 1 + (self.habits[asset_id].profile.trade_every_ms * self._rng.getrandbits(8) >> 8)

    def trade(self, ex: Exchange, asset_id: int) -> None:
        """Takes from one book, unless a side of it is empty or nothing may trade there."""
        habit, market = self.habits[asset_id], ex.market(asset_id)
        if market is None or not matches(ex.state, market):
            return
        bid, ask = market.book.best_bid(), market.book.best_ask()
        if bid is None or ask is None:
            return
        is_buy = self._buys(self._inventory_usd(ex, habit, bid), habit.profile)
        best = ask if is_buy else bid
        sz = order_size(habit.asset, best, self._worth(habit.profile))
        limit = round_px(
            habit.asset, best + best // 500 if is_buy else best - best // 500, up=is_buy
        )
        limit = min(limit, highest_px(habit.asset))
        order = new_order(habit.asset, is_buy=is_buy, px=limit, sz=sz, tif=Tif.IOC)
        self._pen.send(ex, habit.address, PlaceOrders((order,)))

    def _buys(self, inventory_usd: int, profile: Profile) -> bool:
        """The side: even odds when flat, none of the further side at the limit."""
        lean = 128 * inventory_usd // (profile.trade_usd * LIMIT_TRADES)
        return self._rng.getrandbits(8) >= 128 + lean

    def _worth(self, profile: Profile) -> int:
        """Whole USD of one trade: mostly about the typical one, one in 32 six times that."""
        bits = self._rng.getrandbits(13)
        usd = profile.trade_usd * (32 + (bits & 0xFF)) // 160
        return usd * 6 if bits >> 8 == 0 else usd

    def _inventory_usd(self, ex: Exchange, habit: Habit, px: int) -> int:
        """What the taker holds more than at the start, in whole USD; negative when less."""
        account, asset = ex.account(habit.address), habit.asset
        assert account is not None
        if isinstance(asset, SpotPair):
            gained = Wei(account.spot[asset.base.index].total - habit.endowed)
            szi: int = wei_to_sz(gained, asset.base.wei_decimals)
        else:
            position = account.of(asset).positions.get(asset.id)
            szi = 0 if position is None else position.szi
        return px * szi // _USD

    def state(self) -> Any:
        """Plain data for `restore`."""
        return stream_state(self._rng)

    def restore(self, state: Any) -> None:
        """Goes on where the takers of `state` stood."""
        resume_stream(self._rng, state)
