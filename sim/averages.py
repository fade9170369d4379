"""Exponential averages, and what the mark of a market remembers in them. Plain data."""

from __future__ import annotations

from dataclasses import field
from decimal import Context, Decimal

from ..matching.dataclass import dataclass
from .fixed import Px, div_down, div_half_even

PERIOD_MS = 3_000
"""Documented: oracle and mark move about every 3 s (mechanics 9)."""
WEIGHT = 10**12
"""One sample's weight in an average."""
HOLDS = 1_500
"""After so many equal samples no average can tell one more: e ** -30."""


def decay(elapsed_ms: int, period_ms: int) -> int:
    """e ** -(elapsed / period), scaled by WEIGHT."""
    context = Context(prec=30)
    power = context.divide(Decimal(-elapsed_ms), Decimal(period_ms))
    return int(context.multiply(context.exp(power), Decimal(WEIGHT)))


BASIS_DECAY = decay(PERIOD_MS, 150_000)
LOCAL_DECAY = decay(PERIOD_MS, 30_000)
"""Documented: 150 s for mid against oracle, 30 s for the book's own price (mechanics 9)."""


@dataclass(slots=True)
class Ema:
    """An exponential average of samples that come at equal intervals.

    Documented: num = num * e^(-t/T) + sample * t, den = den * e^(-t/T) + t, ema = num / den
    (mechanics 9); t is the same for all, so it cancels.
    """

    num: int = 0
    den: int = 0

    def add(self, sample: int, kept: int) -> int:
        """Counts `sample` and returns the new average, rounded; `kept` is the decay."""
        self.num = num = div_down(self.num * kept, WEIGHT) + sample * WEIGHT
        self.den = den = div_down(self.den * kept, WEIGHT) + WEIGHT
        return div_half_even(num, den)

    def hold(self, sample: int, times: int, kept: int) -> None:
        """Counts `times` more samples that all equal the average."""
        den = self.den
        for _ in range(min(times, HOLDS)):
            den = div_down(den * kept, WEIGHT) + WEIGHT
        self.num, self.den = sample * den, den

    def value(self) -> int | None:
        """The average, rounded half to even; None before the first sample."""
        return div_half_even(self.num, self.den) if self.den else None


@dataclass(slots=True)
class Averages:
    """What the mark of one market remembers between two updates, and what was read last."""

    basis: Ema = field(default_factory=Ema)
    """Mid less oracle, 1e-8."""
    local: Ema = field(default_factory=Ema)
    """The book's own price, 1e-8."""
    basis_px: int = 0
    local_px: int = 0
    """The latest sample of each."""
    settled: tuple[int, Px, Px | None] | None = None
    """(book version, oracle, last price) at which both averages had reached their samples."""
    held: int = 0
    """Updates since then, not counted into the averages yet."""
    impact: tuple[int, tuple[int, int] | None] = field(
        default=(-1, None), compare=False, metadata={"transient": True}
    )
    """A cache: the book's version and its impact prices."""
    premium_seen: tuple[int, Px] | None = field(
        default=None, compare=False, metadata={"transient": True}
    )
    """(book version, oracle) of the latest premium sample."""
    own_mark: tuple[int, Px | None, Px] = field(
        default=(-1, None, Px(0)), compare=False, metadata={"transient": True}
    )
    """A cache, of a deployed perp: book version, last price, and the mark that they make alone."""
