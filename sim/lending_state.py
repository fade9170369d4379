"""What borrowing and lending keep: a reserve for each token, and what an account has in it.

Amounts are wei of the token. A share grows with the index of its reserve: what it is worth is its
part of that index, in whole wei, and every part of a wei that interest leaves is the reserve's.
"""

from __future__ import annotations

from dataclasses import field

from ..matching.dataclass import dataclass
from .fixed import RATE_SCALE, Address, Rate, Wei, div_down, div_up

INDEX = 10**18
"""An index that never grew."""
UNIT = 10**12
"""Parts of a wei that a share is counted in, so that what was moved just now is worth just that."""
YEAR_MS = 365 * 86_400_000
"""Assumed: a year of interest has 365 days."""

BASE_RATE = Rate(500_000_000)
KINK = Rate(8_000_000_000)
SLOPE_PERCENT = 475
"""Documented: 0.05 + 4.75 * max(0, utilization - 0.8) a year (mechanics 6.5)."""
KEPT = 10
"""Documented: a tenth of borrowers' interest stays with the reserve (info 8).

Observed: a reserve that pays 0.05 * 0.078054536 * 0.9 = 0.0035124541 to its suppliers.
"""


@dataclass(frozen=True, slots=True)
class InterestPaid:
    """Interest of one account and token since the row before: a row of `userBorrowLendInterest`."""

    user: Address
    token: str
    borrow: Wei
    """What was charged."""
    supply: Wei
    """What was earned."""
    decimals: int
    time_ms: int


@dataclass(slots=True)
class Share:
    """One side of an account in a reserve: what it supplied, or what it borrowed."""

    scaled: int = 0
    """What it is worth is this times the index, in INDEX * UNIT parts of a wei."""
    basis: Wei = Wei(0)
    """What it was when it was moved, without interest."""
    told: Wei = Wei(0)
    """What it would be had there been no interest since the last row of interest."""

    def add(self, amount: int, scaled: int) -> None:
        """Adds `amount`, which is `scaled` at the index of now."""
        self.scaled += scaled
        self.basis = Wei(self.basis + amount)
        self.told = Wei(self.told + amount)

    def take(self, amount: int, worth: int, scaled: int) -> Wei:
        """Takes `amount` of what is `worth` so much now; returns the interest in it.

        Assumed: what is moved carries its part of the interest, as `interestAmount` says.
        """
        is_all = amount == worth
        kept = 0 if is_all else div_down(self.basis * (worth - amount), worth)
        interest = Wei(amount - (self.basis - kept))
        self.basis = Wei(kept)
        self.told = Wei(self.told - amount)
        self.scaled = 0 if is_all else max(0, self.scaled - scaled)
        return interest


@dataclass(slots=True)
class Lent:
    """What one account has in one reserve."""

    supply: Share = field(default_factory=Share)
    borrow: Share = field(default_factory=Share)


@dataclass(slots=True)
class Reserve:
    """One token that can be supplied, and borrowed when it `is_borrowable`."""

    token: int
    decimals: int
    ltv: Rate
    """Part of its worth that may be borrowed against it; 0 for what is no collateral."""
    is_borrowable: bool
    cash: Wei = Wei(0)
    """What lies in it."""
    supplied: int = 0
    borrowed: int = 0
    """Sums of all shares, in their own units."""
    supply_index: int = INDEX
    borrow_index: int = INDEX
    time_ms: int = 0
    """When the indices were drawn."""

    @property
    def total_supplied(self) -> Wei:
        return Wei(div_down(self.supplied * self.supply_index, INDEX * UNIT))

    @property
    def total_borrowed(self) -> Wei:
        return Wei(div_up(self.borrowed * self.borrow_index, INDEX * UNIT))

    @property
    def kept(self) -> Wei:
        """What the reserve itself has: a tenth of all interest, and what rounding left."""
        return Wei(self.cash + self.total_borrowed - self.total_supplied)

    def utilization(self) -> Rate:
        """Borrowed over supplied (Documented)."""
        supplied = self.supplied * self.supply_index
        if supplied == 0:
            return Rate(0)
        return Rate(div_down(self.borrowed * self.borrow_index * RATE_SCALE, supplied))

    def borrow_rate(self) -> Rate:
        """A year's interest at the utilization of now."""
        above = max(0, self.utilization() - KINK)
        return Rate(BASE_RATE + div_down(above * SLOPE_PERCENT, 100))

    def supply_rate(self) -> Rate:
        """What of it arrives at the suppliers."""
        earned = self.borrow_rate() * self.utilization() * (KEPT - 1)
        return Rate(div_down(earned, RATE_SCALE * KEPT))

    def at(self, time_ms: int) -> Reserve:
        """This reserve as it will stand at `time_ms` if nobody moves anything: a copy.

        Documented: compounded continuously at the utilization of the instant (mechanics 6.5). The
        powers of the exponential beyond the fourth are less than any index can show in an hour.
        """
        grown = Reserve(self.token, self.decimals, self.ltv, self.is_borrowable, self.cash)
        grown.supplied, grown.borrowed = self.supplied, self.borrowed
        grown.supply_index, grown.borrow_index = self.supply_index, self.borrow_index
        grown.time_ms = time_ms
        if self.borrowed == 0 or time_ms <= self.time_ms:
            return grown
        power = term = div_down(
            self.borrow_rate() * (time_ms - self.time_ms) * INDEX, RATE_SCALE * YEAR_MS
        )
        growth = term
        for place in (2, 3, 4):
            term = div_down(term * power, place * INDEX)
            growth += term
        grown.borrow_index += div_up(self.borrow_index * growth, INDEX)
        paid = self.borrowed * (grown.borrow_index - self.borrow_index)
        if self.supplied:
            grown.supply_index += div_down(paid * (KEPT - 1), self.supplied * KEPT)
        return grown

    def accrue(self, time_ms: int) -> None:
        """Draws the indices anew at `time_ms`."""
        if time_ms > self.time_ms:
            grown = self.at(time_ms)
            self.supply_index, self.borrow_index = grown.supply_index, grown.borrow_index
            self.time_ms = time_ms

    def supply_worth(self, lent: Lent) -> Wei:
        """What an account can withdraw, rounded down."""
        return Wei(div_down(lent.supply.scaled * self.supply_index, INDEX * UNIT))

    def borrow_worth(self, lent: Lent) -> Wei:
        """What an account owes, rounded up."""
        return Wei(div_up(lent.borrow.scaled * self.borrow_index, INDEX * UNIT))

    # -- moves, at indices that were drawn just now --------------------------------------------
    # Shares are rounded by less than a billionth of a wei, so that what was moved is worth just
    # that; whole wei, which is all that anybody sees or moves, are rounded for the reserve.

    def supply(self, lent: Lent, amount: int) -> None:
        scaled = div_up(amount * INDEX * UNIT, self.supply_index)
        lent.supply.add(amount, scaled)
        self.supplied += scaled
        self.cash = Wei(self.cash + amount)

    def withdraw(self, lent: Lent, amount: int) -> Wei:
        """Returns the interest in `amount`, which is no more than what was supplied is worth."""
        before, worth = lent.supply.scaled, self.supply_worth(lent)
        scaled = div_down(amount * INDEX * UNIT, self.supply_index)
        interest = lent.supply.take(amount, worth, scaled)
        self.supplied -= before - lent.supply.scaled
        self.cash = Wei(self.cash - amount)
        return interest

    def borrow(self, lent: Lent, amount: int) -> None:
        scaled = div_down(amount * INDEX * UNIT, self.borrow_index)
        lent.borrow.add(amount, scaled)
        self.borrowed += scaled
        self.cash = Wei(self.cash - amount)

    def repay(self, lent: Lent, amount: int) -> Wei:
        """Returns the interest in `amount`, which is no more than what is owed."""
        before, worth = lent.borrow.scaled, self.borrow_worth(lent)
        scaled = div_up(amount * INDEX * UNIT, self.borrow_index)
        interest = lent.borrow.take(amount, worth, scaled)
        self.borrowed -= before - lent.borrow.scaled
        self.cash = Wei(self.cash + amount)
        return interest
