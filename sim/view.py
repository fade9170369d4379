"""The read-only face of the exchange: what info types, topics and shapes get. It has no `apply`."""

from __future__ import annotations

from .assets import Universe
from .fixed import Address
from .state import Account, Market, State


class View:
    """Reads of one state. Nothing may be written through it."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def state(self) -> State:
        """For `sim`'s own reading functions (`margin.…(state, account)`); never to be changed."""
        return self._state

    @property
    def universe(self) -> Universe:
        return self._state.universe

    @property
    def time_ms(self) -> int:
        """Exchange time: the time of the last block."""
        return self._state.time_ms

    @property
    def height(self) -> int:
        return self._state.height

    def dex(self, name: str) -> int | None:
        """The index of a perps dex, "" being the first; None for one that does not exist."""
        if not name:
            return 0
        found = self._state.universe.dex(name)
        return None if found is None else found.index

    def market(self, coin: str) -> Market | None:
        """The market of a wire coin name (`BTC`, `@107`, `PURR/USDC`), or None."""
        asset = self._state.universe.by_coin.get(coin)
        return None if asset is None else self._state.markets[asset.id]

    def market_of(self, asset_id: int) -> Market:
        """The market of a listed asset id."""
        return self._state.markets[asset_id]

    def account(self, user: Address) -> Account:
        """The account of `user`; a fresh, unstored, empty one for a never-seen address."""
        found = self._state.accounts.get(user)
        return Account(user) if found is None else found

    def knows(self, user: Address) -> bool:
        """True when `user` ever received anything."""
        return user in self._state.accounts
