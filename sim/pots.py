"""Margin that lives and dies as one: the cross ledger of a clearing, or one isolated position."""

from __future__ import annotations

from ..matching.dataclass import dataclass
from . import margin, portfolio
from .assets import Perp
from .fixed import Usd
from .state import PORTFOLIO_MARGIN, Account, Clearing, State


@dataclass(frozen=True, slots=True)
class Pot:
    """The cross ledger of a clearing with all cross positions, or the isolated position of an
    asset id.
    """

    account: Account
    asset_id: int | None = None
    key: int = 0
    """Which clearing of the account (`Account.key_of`)."""

    @property
    def clearing(self) -> Clearing:
        return self.account if self.key == 0 else self.account.dexes[self.key]

    @property
    def is_portfolio(self) -> bool:
        """True for the whole of an account with portfolio margin, its collateral included."""
        is_main = self.asset_id is None and self.key == 0
        return is_main and self.account.abstraction == PORTFOLIO_MARGIN

    def dex(self, state: State) -> int:
        """The dex whose liquidator stands for it: of a pool of dexes the first."""
        return self.key if self.asset_id is None else margin.perp_of(state, self.asset_id).dex

    def assets(self, state: State) -> list[int]:
        """Asset ids of its open positions, the largest notional first.

        Assumed: the order in which positions of a cross account are liquidated (mechanics 8.2).
        """
        positions = self.clearing.positions
        if self.asset_id is not None:
            return [self.asset_id] if self.asset_id in positions else []
        cross = [asset_id for asset_id, position in positions.items() if position.is_cross]
        return sorted(
            cross,
            key=lambda each: (-margin.position_value(state.markets[each], positions[each]), each),
        )

    def concerns(self, state: State, asset_id: int) -> bool:
        """True for the assets whose orders are cancelled when it is liquidated."""
        if self.asset_id is not None:
            return asset_id == self.asset_id
        asset = state.markets[asset_id].asset
        return (self.account.key_of(asset) if isinstance(asset, Perp) else 0) == self.key

    def value(self, state: State) -> Usd:
        """Account value of the pot at mark."""
        if self.is_portfolio:
            return portfolio.equity(state, self.account)
        if self.asset_id is None:
            return margin.cross_value(state, self.clearing)
        if self.asset_id not in self.clearing.positions:
            return Usd(0)
        return margin.margin_used(state, self.clearing, self.asset_id)

    def maintenance(self, state: State) -> Usd:
        """What it must be worth at least."""
        if self.is_portfolio:
            return portfolio.maintenance(state, self.account)
        if self.asset_id is None:
            return margin.cross_maintenance(state, self.clearing)
        position = self.clearing.positions.get(self.asset_id)
        if position is None:
            return Usd(0)
        return margin.maintenance_of(state, self.asset_id, position)

    def is_safe(self, state: State) -> bool:
        """Documented: cross is liquidated while its value is below the sum of maintenance margins,
        isolated while its margin is below its own (mechanics 8.1)."""
        if self.is_portfolio:
            return portfolio.is_safe(state, self.account)
        return self.value(state) >= self.maintenance(state)

    def is_lost(self, state: State) -> bool:
        """Documented: below two thirds of maintenance it goes to the backstop (mechanics 8.2)."""
        if self.is_portfolio:
            return portfolio.is_lost(state, self.account)
        return 3 * self.value(state) < 2 * self.maintenance(state)
