"""What an operator or a scenario does to the exchange, unsigned. Journaled like actions."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from ..matching.dataclass import dataclass
from ..matching.types import Side
from . import listing, open_interest, outcomes, played, prices, trading, transfers
from .assets import MarginMode, OutcomeSide
from .fixed import Address, Px, Sz, Usd, Wei

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
    """Spot tokens from nowhere onto the account of `user`, who exists from then on; not to a vault,
    which has no use for them.
    """

    user: Address
    token: int
    amount: Wei

    def apply(self, ex: Exchange) -> None:
        if self.user in ex.state.vaults:
            raise ValueError(f"a vault trades perps only: {self.user}")
        transfers.mint(ex, self.user, self.token, self.amount)


@dataclass(frozen=True, slots=True)
class SetOracle:
    """New oracle prices, `(asset_id, px)` each. Marks of those assets are computed at once."""

    pxs: tuple[tuple[int, Px], ...]

    def apply(self, ex: Exchange) -> None:
        prices.set_oracle(ex, self.pxs)


@dataclass(frozen=True, slots=True)
class SetMark:
    """Marks of perps, `(asset_id, px)` each, until the exchange computes them anew."""

    pxs: tuple[tuple[int, Px], ...]

    def apply(self, ex: Exchange) -> None:
        prices.set_marks(ex, self.pxs)


@dataclass(frozen=True, slots=True)
class Requote:
    """Orders of `user` as a recorded book has them: `(oid, sz left)` shrink where they stand,
    `(is a bid, px, sz)` are placed behind what rests. No check of clients' orders holds for them.
    """

    user: Address
    asset_id: int
    shrunk: tuple[tuple[int, Sz], ...] = ()
    placed: tuple[tuple[bool, Px, Sz], ...] = ()

    def apply(self, ex: Exchange) -> None:
        played.requote(ex, self.user, self.asset_id, self.shrunk, self.placed)


@dataclass(frozen=True, slots=True)
class TakeBook:
    """A recorded trade: `user` trades with what rests at `px` or better, up to `sz`. No check of
    clients' orders holds for it.
    """

    user: Address
    asset_id: int
    is_buy: bool
    px: Px
    sz: Sz

    def apply(self, ex: Exchange) -> None:
        side = Side.BID if self.is_buy else Side.ASK
        played.take(ex, self.user, self.asset_id, side, self.px, self.sz)


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
    """Halts or resumes trading of one asset. Both sides of an outcome share one book, so both
    halt.
    """

    asset_id: int
    halted: bool

    def apply(self, ex: Exchange) -> None:
        market = ex.market(self.asset_id)
        if market is None:
            raise ValueError(f"no asset has id {self.asset_id}")
        market.halted = self.halted
        if isinstance(market.asset, OutcomeSide):
            ex.state.markets[market.asset.dual_id].halted = self.halted
        if not self.halted:
            ex.mark_moved(self.asset_id)  # what it reached meanwhile was left asleep


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
        account.interest = deque(account.interest, self.rows)
        account.twap_history = deque(account.twap_history, self.rows)
        account.history.keep(self.rows)


@dataclass(frozen=True, slots=True)
class GrantRequests:
    """Gives `user` so many requests as if it had bought them (reserveRequestWeight)."""

    user: Address
    count: int

    def apply(self, ex: Exchange) -> None:
        if self.count < 1:
            raise ValueError(f"at least one request: {self.count}")
        ex.open_account(self.user).requests_reserved += self.count


@dataclass(frozen=True, slots=True)
class ListPerp:
    """Lists a perp while the exchange runs; its id is the next one. `margin_table` 0: the implicit
    table of `max_leverage`.
    """

    coin: str
    sz_decimals: int
    max_leverage: int
    oracle_px: Px
    margin_table: int = 0
    margin_mode: MarginMode = MarginMode.NORMAL
    impact_ntl: Usd = Usd(6_000_000_000)

    def apply(self, ex: Exchange) -> None:
        listing.list_perp(
            ex,
            coin=self.coin,
            sz_decimals=self.sz_decimals,
            max_leverage=self.max_leverage,
            oracle_px=self.oracle_px,
            margin_table=self.margin_table,
            margin_mode=self.margin_mode,
            impact_ntl=self.impact_ntl,
        )


@dataclass(frozen=True, slots=True)
class DelistPerp:
    """Ends a perp: orders are cancelled, positions settled at the oracle's mean of an hour."""

    asset_id: int

    def apply(self, ex: Exchange) -> None:
        listing.delist_perp(ex, self.asset_id)


@dataclass(frozen=True, slots=True)
class SetOpenInterestCap:
    """Caps the open interest of a perp, in µUSD of one side; None lifts the cap."""

    asset_id: int
    cap: Usd | None

    def apply(self, ex: Exchange) -> None:
        open_interest.set_cap(ex, self.asset_id, self.cap)


@dataclass(frozen=True, slots=True)
class UpgradeNetwork:
    """Ends every connection; for `post_only_ms` from now only post-only orders are taken."""

    post_only_ms: int

    def apply(self, ex: Exchange) -> None:
        trading.upgrade(ex, self.post_only_ms)


@dataclass(frozen=True, slots=True)
class ListOutcome:
    """Lists an outcome of its own, with the next number. `px` is where its first side stands."""

    name: str
    description: str = ""
    sides: tuple[str, str] = ("Yes", "No")
    quote: int = 0
    px: Px = outcomes.EVEN

    def apply(self, ex: Exchange) -> None:
        outcomes.list_outcome(
            ex, self.name, self.description, sides=self.sides, quote=self.quote, px=self.px
        )


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """Lists a question and an outcome for each of `named` and for `fallback`: name and description
    each.
    """

    name: str
    named: tuple[tuple[str, str], ...]
    description: str = ""
    fallback: tuple[str, str] = ("Other", "")
    sides: tuple[str, str] = ("Yes", "No")
    quote: int = 0

    def apply(self, ex: Exchange) -> None:
        outcomes.list_question(
            ex,
            self.name,
            self.description,
            named=self.named,
            fallback=self.fallback,
            sides=self.sides,
            quote=self.quote,
        )


@dataclass(frozen=True, slots=True)
class SettleOutcome:
    """Ends an outcome; each token of its first side is paid `fraction`, 1e-8."""

    outcome: int
    fraction: Px
    details: str = ""

    def apply(self, ex: Exchange) -> None:
        outcomes.settle(ex, self.outcome, self.fraction, self.details)


@dataclass(frozen=True, slots=True)
class SettleQuestion:
    """Ends a question: the outcome `winner` happened."""

    question: int
    winner: int
    details: str = ""

    def apply(self, ex: Exchange) -> None:
        outcomes.settle_question(ex, self.question, self.winner, self.details)


OPERATIONS: dict[str, type[Operation]] = {
    cls.__name__: cls
    for cls in (
        DepositUsd,
        MintToken,
        SetOracle,
        SetMark,
        Requote,
        TakeBook,
        SetReferralCode,
        SetHalt,
        KeepHistory,
        GrantRequests,
        ListPerp,
        DelistPerp,
        SetOpenInterestCap,
        UpgradeNetwork,
        ListOutcome,
        ListQuestion,
        SettleOutcome,
        SettleQuestion,
    )
}
"""By name, for the journal."""
