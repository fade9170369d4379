"""Margin that lives and dies as one: the cross ledger of an account, or one isolated position."""

from __future__ import annotations

from ..matching.dataclass import dataclass
from . import margin
from .fixed import Usd
from .state import Account, State


@dataclass(frozen=True, slots=True)
class Pot:
    """The cross ledger with all cross positions, or with an asset id the isolated position."""

    account: Account
    asset_id: int | None = None

    def assets(self, state: State) -> list[int]:
        """Asset ids of its open positions, the largest notional first.

        Assumed: the order in which positions of a cross account are liquidated (mechanics 8.2).
        """
        positions = self.account.positions
        if self.asset_id is not None:
            return [self.asset_id] if self.asset_id in positions else []
        cross = [asset_id for asset_id, position in positions.items() if position.is_cross]
        return sorted(
            cross,
            key=lambda each: (-margin.position_value(state.markets[each], positions[each]), each),
        )

    def value(self, state: State) -> Usd:
        """Account value of the pot at mark."""
        if self.asset_id is None:
            return margin.cross_value(state, self.account)
        if self.asset_id not in self.account.positions:
            return Usd(0)
        return margin.margin_used(state, self.account, self.asset_id)

    def maintenance(self, state: State) -> Usd:
        """What it must be worth at least."""
        if self.asset_id is None:
            return margin.cross_maintenance(state, self.account)
        position = self.account.positions.get(self.asset_id)
        if position is None:
            return Usd(0)
        return margin.maintenance_of(state, self.asset_id, position)

    def is_safe(self, state: State) -> bool:
        """Documented: cross is liquidated while its value is below the sum of maintenance margins,
        isolated while its margin is below its own (mechanics 8.1)."""
        return self.value(state) >= self.maintenance(state)

    def is_lost(self, state: State) -> bool:
        """Documented: below two thirds of maintenance it goes to the backstop (mechanics 8.2)."""
        return 3 * self.value(state) < 2 * self.maintenance(state)
