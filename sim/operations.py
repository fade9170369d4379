"""What an operator or a scenario does to the exchange, unsigned. Journaled like actions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from . import prices, transfers
from .fixed import Address, Px, Usd, Wei

if TYPE_CHECKING:
    from .exchange import Exchange


class Operation(Protocol):
    """A frozen dataclass of plain data. `apply` changes state or raises ValueError before it
    does.
    """

    def apply(self, ex: Exchange) -> None: ...


@dataclass(frozen=True, slots=True)
class DepositUsd:
    """USDC from outside onto the perps account of `user`, who exists from then on."""

    user: Address
    usd: Usd

    def apply(self, ex: Exchange) -> None:
        transfers.deposit(ex, self.user, self.usd)


@dataclass(frozen=True, slots=True)
class MintToken:
    """Spot tokens from nowhere onto the account of `user`, who exists from then on."""

    user: Address
    token: int
    amount: Wei

    def apply(self, ex: Exchange) -> None:
        transfers.mint(ex, self.user, self.token, self.amount)


@dataclass(frozen=True, slots=True)
class SetOracle:
    """New oracle prices, `(asset_id, px)` each. Marks of those assets are computed at once."""

    pxs: tuple[tuple[int, Px], ...]

    def apply(self, ex: Exchange) -> None:
        prices.set_oracle(ex, self.pxs)


@dataclass(frozen=True, slots=True)
class SetReferralCode:
    """Registers `code` for `user`, as registerReferrer will."""

    user: Address
    code: str

    def apply(self, ex: Exchange) -> None:
        ex.open_account(self.user).referral_code = self.code
        ex.state.referral_codes[self.code] = self.user


@dataclass(frozen=True, slots=True)
class SetHalt:
    """Halts or resumes trading of one asset."""

    asset_id: int
    halted: bool

    def apply(self, ex: Exchange) -> None:
        market = ex.market(self.asset_id)
        if market is None:
            raise ValueError(f"no asset has id {self.asset_id}")
        market.halted = self.halted


@dataclass(frozen=True, slots=True)
class KeepHistory:
    """Keeps `rows` newest rows of each history of `user` from now on, instead of the exchange's.

    For accounts that trade without end and are never asked, such as those of a living market.
    """

    user: Address
    rows: int

    def apply(self, ex: Exchange) -> None:
        if self.rows < 1:
            raise ValueError(f"a history keeps at least one row: {self.rows}")
        account = ex.open_account(self.user)
        account.fills = deque(account.fills, self.rows)
        account.fundings = deque(account.fundings, self.rows)
        account.ledger = deque(account.ledger, self.rows)
        account.twap_history = deque(account.twap_history, self.rows)
        account.history.keep(self.rows)


OPERATIONS: dict[str, type[Operation]] = {
    cls.__name__: cls
    for cls in (DepositUsd, MintToken, SetOracle, SetReferralCode, SetHalt, KeepHistory)
}
"""By name, for the journal."""
