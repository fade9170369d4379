"""Traded volume: since ever, and of the last days by UTC day and by hour."""

from __future__ import annotations

from dataclasses import field

from ..matching.dataclass import dataclass
from .fixed import div_down

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
DAYS_KEPT = 16
TIER_DAYS = 14
"""Documented: fee tiers look at fourteen days (mechanics 11.1). Assumed: full UTC days."""


def dollars(usd: int) -> str:
    """Observed: "$12066.75", and "$0" for nothing (exchange 5.1). `usd` is scaled by 1e8."""
    cents = div_down(usd, 10**6)
    return f"${div_down(cents, 100)}.{cents % 100:02d}" if cents else "$0"


@dataclass(slots=True)
class DayVolume:
    """Volume of a user or a market. USD in 1e-8, base sizes in 1e-8.

    `hours` maps hour number to (USD, base), the newest 25; `days` maps UTC day number to
    [taker USD, maker USD], the newest DAYS_KEPT, weighted as fee tiers weigh them.
    """

    total_usd: int = 0
    hours: dict[int, tuple[int, int]] = field(default_factory=dict)
    days: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(
        self, time_ms: int, usd: int, sz: int, *, is_taker: bool = True, weighted: int | None = None
    ) -> None:
        """Counts one fill; `weighted` is what the day counts where that is not `usd`."""
        self.total_usd += usd
        hour = time_ms // HOUR_MS
        old_usd, old_sz = self.hours.get(hour, (0, 0))
        self.hours[hour] = (old_usd + usd, old_sz + sz)
        if len(self.hours) > 25:
            del self.hours[next(iter(self.hours))]
        day = time_ms // DAY_MS
        taker, maker = self.days.get(day, (0, 0))
        counted = usd if weighted is None else weighted
        self.days[day] = (taker + counted, maker) if is_taker else (taker, maker + counted)
        if len(self.days) > DAYS_KEPT:
            del self.days[next(iter(self.days))]

    def last_day(self, time_ms: int) -> tuple[int, int]:
        """(USD, base) of the rolling 24 hours, to the hour."""
        first = time_ms // HOUR_MS - 23
        usd = sz = 0
        for hour, (hour_usd, hour_sz) in self.hours.items():
            if hour >= first:
                usd += hour_usd
                sz += hour_sz
        return usd, sz

    def before(self, day: int) -> tuple[int, int]:
        """(taker USD, maker USD) of the TIER_DAYS full days before UTC day `day`."""
        taker = maker = 0
        for past in range(day - TIER_DAYS, day):
            day_taker, day_maker = self.days.get(past, (0, 0))
            taker += day_taker
            maker += day_maker
        return taker, maker
