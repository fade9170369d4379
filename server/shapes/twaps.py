"""TWAPs: their state, a row of their history, and a slice's fill."""

from __future__ import annotations

from typing import Any

from ...sim.assets import dex_of
from ...sim.events import Fill
from ...sim.state import Account
from ...sim.twap_state import TwapTerms, TwapUpdate
from ..encode import plain_text
from .fills import fill_row
from .orders import SIDE_TEXT
from .text import px_text


def twap_state(terms: TwapTerms, executed_sz: int, executed_ntl: int) -> dict[str, Any]:
    """Documented: key order of info 6.6; `trigger` and `stopPx` are null when there is none."""
    trigger, stop_px = terms.trigger, terms.stop_px
    return {
        "coin": terms.coin,
        "user": terms.user,
        "side": SIDE_TEXT[terms.side],
        "sz": px_text(terms.sz),
        "executedSz": px_text(executed_sz),
        "executedNtl": px_text(executed_ntl),
        "minutes": terms.minutes,
        "reduceOnly": terms.reduce_only,
        "randomize": terms.randomize,
        "timestamp": terms.time_ms,
        "trigger": None
        if trigger is None
        else {"px": px_text(trigger.px), "above": trigger.is_above},
        "stopPx": None if stop_px is None else px_text(stop_px),
    }


def twap_states(account: Account, dex: int = 0) -> list[Any]:
    """`[id, state]` of every TWAP of a dex that runs or waits, oldest first (Assumed)."""
    return [
        [twap.terms.id, twap_state(twap.terms, twap.executed_sz, twap.executed_ntl)]
        for twap in account.twaps.values()
        if dex_of(twap.terms.asset_id) == dex
    ]


def twap_row(update: TwapUpdate) -> dict[str, Any]:
    """A row of `twapHistory` and of the streams that carry it.

    Observed: `time` is in seconds; only an error has a description (info 6.6).
    """
    status = {"status": update.status.value}
    if update.error is not None:
        status["description"] = plain_text(update.error)
    return {
        "time": update.time_ms // 1000,
        "state": twap_state(update.terms, update.executed_sz, update.executed_ntl),
        "status": status,
        "twapId": update.terms.id,
    }


def slice_fill_row(fill: Fill) -> dict[str, Any]:
    """A row of `userTwapSliceFills` and of the streams that carry it."""
    return {"fill": fill_row(fill), "twapId": fill.twap_id}
