"""What one client may ask of this API server: weight of requests, sockets, and what goes over them.

These are limits of the API server, not of the exchange: they are counted in real time, by IP
address, and forgotten. What an address may send is the exchange's own limit, counted in its state
(`sim/request_budget.py`); here are only its numbers, so that an operator finds all in one place.
Who did how much is counted in `clients.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Literal

from ..matching.dataclass import dataclass

logger = logging.getLogger("hlsim.limits")

Mode = Literal["strict", "warn", "off"]
"""strict: what is above a limit is refused. warn: it is answered, and the log says what would have
been refused. off: neither."""

NONE = 2**62
"""A limit that nobody reaches."""

SPAN_S = 60
"""Documented: limits of rates are by the minute (ws 6, 8.1). Assumed: a sliding one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSet:
    """Numbers of the limits. NONE: there is no such limit."""

    ip_weight: int = 1200
    """Documented: weight of the requests of an IP address in a minute (info 3)."""
    ws_connections: int = 10
    ws_new_connections: int = 30
    """Documented: sockets of an IP address at a time, and opened in a minute (ws 6)."""
    ws_subscriptions: int = 1000
    ws_users: int = 15
    """Observed: subscriptions and different users in them, over all sockets of an IP address; the
    documentation says 10 users (ws 6, contested 5)."""
    ws_subscriptions_each: int = NONE
    """Subscriptions of one socket. The exchange has no such limit; some guides claim one."""
    ws_messages: int = 2000
    """Documented: messages that an IP address sends in a minute (ws 6)."""
    ws_posts: int = 100
    """Documented: posts of an IP address that wait for their answer (ws 6)."""
    address_requests: int = 10_000
    address_cancels: int = 100_000
    address_wait_ms: int = 10_000
    address_daily: int = 50_000
    """Documented: of an address at the exchange, in exchange time (exchange 9)."""


OFFICIAL = LimitSet()
_OWN = {field.name: NONE for field in fields(LimitSet) if not field.name.startswith("address_")}

SETS: dict[str, LimitSet] = {
    "official": OFFICIAL,
    "guide": LimitSet(ws_subscriptions_each=10),
    "address": LimitSet(**_OWN),
}
"""Named sets. `address` has the exchange's own limits only: for tests, which ask faster than any
bot does."""

NUMBERS = tuple(field.name for field in fields(LimitSet))
"""As `--limit-set` has them, with dashes."""


def has_own(limits: LimitSet) -> bool:
    """False when nothing but the exchange itself limits anybody."""
    return any(getattr(limits, name) != NONE for name in _OWN)


def limit_set(parts: tuple[tuple[str, int], ...]) -> LimitSet:
    """The set that `parts` describe, each of which is the name of a set, or of a number and the
    number. A set's name begins anew; `official` goes without saying.
    """
    found = OFFICIAL
    for name, number in parts:
        found = SETS[name] if name in SETS else replace(found, **{name: number})
    return found


# -- what is told ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Advice:
    """How a limit is called in the log, how it refuses, and what a client can do."""

    unit: str
    refuses: str
    remedy: str


ADVICE: Mapping[str, Advice] = {
    "ip-weight": Advice(
        "weight a minute", "HTTP 429", "ask less often, ask for less, or subscribe over /ws"
    ),
    "ws-connections": Advice(
        "sockets at a time", "HTTP 429", "put more subscriptions on one socket"
    ),
    "ws-new-connections": Advice(
        "new sockets a minute", "HTTP 429", "wait longer before a reconnect"
    ),
    "ws-subscriptions": Advice("subscriptions", "an error frame", "unsubscribe from some"),
    "ws-subscriptions-each": Advice(
        "subscriptions of a socket", "an error frame", "open another socket"
    ),
    "ws-users": Advice(
        "different users in subscriptions", "an error frame", "unsubscribe from all of one user"
    ),
    "ws-messages": Advice("messages a minute", "an error frame", "send fewer, batch orders"),
    "ws-posts": Advice(
        "posts without an answer", "an error frame", "wait for answers before the next post"
    ),
    "address-requests": Advice(
        "requests of an address",
        "Too many cumulative requests sent",
        "trade, reserveRequestWeight, or send one in 10 s",
    ),
    "address-cancels": Advice(
        "requests of an address, for a cancel",
        "Too many cumulative requests sent",
        "trade, reserveRequestWeight, or send one in 10 s",
    ),
    "address-daily": Advice(
        "actions a day of an account with unified balances",
        "Too many cumulative requests sent",
        "wait for the next UTC day",
    ),
}
"""By the name of the limit as `--limit-set` has it. Not `address-wait-ms`, which lets through."""


class Log:
    """Says in the log who went over which limit, once a minute each."""

    LINES_KEPT = 1000
    """Most different lines in a minute."""

    def __init__(self, mode: Mode, clock: Callable[[], float]) -> None:
        self.mode: Mode = mode
        self._clock = clock
        self._told: dict[tuple[str, str], float] = {}

    def tell(self, limit: str, who: str, wanted: int, most: int) -> None:
        """`who` wants to be at `wanted` where `most` is allowed."""
        now_s = self._clock()
        key = (limit, who)
        if now_s - self._told.get(key, -SPAN_S) < SPAN_S:
            return
        if len(self._told) >= self.LINES_KEPT:
            fresh = {one: at for one, at in self._told.items() if now_s - at < SPAN_S}
            self._told = fresh
            if len(fresh) >= self.LINES_KEPT:
                return
        self._told[key] = now_s
        advice = ADVICE[limit]
        if self.mode == "strict":
            text = "%s is over limit %s: %d, allowed are %d %s; refused with %s. Remedy: %s"
            text += " (--limits warn or off answers all the same)"
        else:
            text = "%s is over limit %s: %d, allowed are %d %s; the exchange would refuse with %s."
            text += " Remedy: %s"
        words = (advice.unit, advice.refuses, advice.remedy)
        logger.warning(text, who, limit, wanted, most, *words)


def rules_of(limits: LimitSet, mode: Mode) -> dict[str, Any]:
    """The fields of the exchange's `Rules` that are its own limits of addresses."""
    return {
        "address_limits": mode,
        "free_requests": limits.address_requests,
        "cancel_requests": limits.address_cancels,
        "throttle_ms": limits.address_wait_ms,
        "daily_actions": limits.address_daily,
    }
