"""Fault plans, as data: what goes wrong, where, how often. What comes of it is the server's work.

A plan in one line is `WHAT[KEY=VALUE&…]:RATE:PHASE:EFFECT`, for example `order:0.05:after:drop` or
`ws/trades[coin=BTC]:#3:drop`. The same model is an object of JSON or YAML, and `Fault` itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from ..matching.dataclass import dataclass
from ..sim.fixed import bare_text, parse_decimal

CERTAIN = 10**6
"""The chance of what always happens: chances are integers, in millionths."""
MOST_MS = 3_600_000
MOST_LAG_MS = 60_000
"""How far queries may be behind: every block since then is kept for them."""
SOCKETS = "ws"
"""The opening of a socket; `ws/CHANNEL` are its frames, `ws/any` all of them."""


class Phase(Enum):
    """When a request is struck."""

    BEFORE = "before"
    """The exchange never hears of it."""
    AFTER = "after"
    """It is done; only the reply suffers."""


class Effect(Enum):
    """What happens. Of requests, of frames to a client, or of sockets; see `EFFECTS`."""

    DELAY = "delay"
    STATUS = "status"
    REFUSE = "refuse"
    LAG = "lag"
    DROP = "drop"
    RESET = "reset"
    STALL = "stall"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    LOSE = "lose"
    CLOSE = "close"


EFFECTS: dict[str, dict[Effect, str]] = {
    "request": {
        Effect.DELAY: "waits so many ms, or between two numbers of them: delay=200..800",
        Effect.STATUS: "is answered with a status: 429, 500, 502, 503 or 504 in place of the word",
        Effect.REFUSE: "is refused in the exchange's words and not done: refuse=margin, as below",
        Effect.LAG: "a query is answered from the exchange as it was so many ms ago: lag=400",
        Effect.DROP: "the connection ends without an answer",
        Effect.RESET: "the connection is reset",
        Effect.STALL: "nothing comes, and the connection stays",
        Effect.DUPLICATE: "is delivered twice; the first answer goes out, `after` the second",
    },
    "frame": {
        Effect.DELAY: "comes so many ms late: delay=200..800",
        Effect.DROP: "does not come",
        Effect.DUPLICATE: "comes twice",
        Effect.REORDER: "comes behind the next one of its channel, or a second late",
        Effect.LOSE: "neither it nor any later one of its channel comes on that socket",
        Effect.STALL: "nothing more comes on that socket, which stays open",
        Effect.CLOSE: "the socket closes: close=1000, 1001, 1006 (no close frame), 1011 or 1012",
        Effect.RESET: "the connection is reset",
    },
    "socket": {
        Effect.STATUS: "the handshake is answered with a status, as above",
        Effect.DROP: "the connection ends without an answer",
        Effect.RESET: "the connection is reset",
        Effect.DELAY: "the handshake waits so many ms",
        Effect.STALL: "the handshake is never answered, and the connection stays",
    },
}
"""What may be asked of what, and what it means."""

TIMED = (Effect.DELAY, Effect.LAG)
"""What takes ms."""
WHOLE = (Effect.REFUSE, Effect.LAG)
"""What becomes of a request is one thing: it has no phase."""
_VALUES = {"delay": "ms", "lag": "ms", "refuse": "refusal"}
"""What a line has behind the `=` of an effect; else a code."""
STATUSES = (429, 500, 502, 503, 504)
CLOSE_CODES = (1000, 1001, 1006, 1011, 1012)

_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9]*(/[A-Za-z][A-Za-z0-9]*)?")
_COIN = re.compile(r"[^\[\]&\s]+")
"""What a line can say: in it other signs end the coin."""
_RULE = re.compile(r"[a-z][a-z0-9_]*")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_CLOID = re.compile(r"0x[0-9a-f]{32}")
_KEYS = ("coin", "user", "cloid", "is", "from", "until", "times")
"""What stands in brackets."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One plan. Raises ValueError, in words for who wrote it, when it makes no sense.

    on: an action or info type, `exchange`, `info`, `explorer` or `any`; `ws`, `ws/CHANNEL`,
        `ws/any`.
    chance: in millionths, of every time that the rest holds; `nth` in its place: which times, from
        1 on.
    ms: the least and the most that a delay takes, of the time that clients live in; how far a lag
        is behind, of exchange time, twice.
    refusal: which one refuses, by its rule; "": that of who has no requests left, and of a query
        that it cannot be read.
    code: the status or the close code.
    coin, user, cloid: what else a request or a frame must name.
    snapshot: frames only: the first of a subscription (True) or any other (False).
    from_ms, until_ms: exchange time, the end excluded.
    times: how often at most.
    """

    on: str
    effect: Effect
    phase: Phase = Phase.BEFORE
    chance: int = CERTAIN
    nth: tuple[int, ...] = ()
    ms: tuple[int, int] = (0, 0)
    code: int = 0
    refusal: str = ""
    coin: str | None = None
    user: str | None = None
    cloid: str | None = None
    snapshot: bool | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    times: int | None = None

    def __post_init__(self) -> None:
        if not _WORDS.fullmatch(self.on) or ("/" in self.on and not self.is_of_frames):
            raise ValueError(f"{self.on!r} is neither a type of request nor ws nor ws/CHANNEL")
        known = EFFECTS[self.kind]
        if self.effect not in known:
            words = ", ".join(one.value for one in known)
            raise ValueError(f"a {self.kind} knows no {self.effect.value!r}; known: {words}")
        self._check_numbers()
        self._check_predicates()

    def _check_numbers(self) -> None:
        if not 0 < self.chance <= CERTAIN:
            raise ValueError("a chance is above 0 and at most 1")
        if self.nth and (self.chance != CERTAIN or min(self.nth) < 1):
            raise ValueError("nth counts from 1, and takes the place of a chance")
        self._check_ms()
        codes = {Effect.STATUS: STATUSES, Effect.CLOSE: CLOSE_CODES}.get(self.effect)
        if codes is None and self.code:
            raise ValueError(f"{self.effect.value} takes no code")
        if codes is not None and self.code not in codes:
            raise ValueError(f"{self.effect.value} takes one of {', '.join(map(str, codes))}")
        if self.times is not None and self.times < 1:
            raise ValueError("times is 1 or more")
        if self.until_ms is not None and self.until_ms <= (self.from_ms or 0):
            raise ValueError("until is not later than from: nothing would ever be struck")

    def _check_ms(self) -> None:
        least, most = self.ms
        if self.effect is Effect.LAG:
            if not 0 < least == most <= MOST_LAG_MS:
                raise ValueError(f"a lag takes ms: 1 to {MOST_LAG_MS}")
        elif not 0 <= least <= most <= MOST_MS or (most == 0) is (self.effect is Effect.DELAY):
            raise ValueError(f"a delay or a lag takes ms: 1 to {MOST_MS}, or LEAST..MOST")

    def _check_predicates(self) -> None:
        kind = self.kind
        if self.phase is Phase.AFTER and kind != "request":
            raise ValueError(f"a {kind} has no phase")
        if self.phase is Phase.AFTER and self.effect in WHOLE:
            raise ValueError(f"{self.effect.value} has no phase: nothing is done before it")
        if self.refusal and self.effect is not Effect.REFUSE:
            raise ValueError(f"{self.effect.value} takes no refusal")
        if self.refusal and not _RULE.fullmatch(self.refusal):
            raise ValueError(f"{self.refusal!r:.80} is no rule, as margin is one")
        if self.snapshot is not None and kind != "frame":
            raise ValueError("only frames are a snapshot or an update")
        if kind == "socket" and (self.coin or self.user or self.cloid):
            raise ValueError("a socket that opens names no coin, user or cloid")
        if kind == "frame" and self.cloid:
            raise ValueError("frames are told apart by channel, coin and user only")
        if self.coin is not None and not _COIN.fullmatch(self.coin):
            raise ValueError(f"{self.coin!r:.80} is no coin: BTC, @107, PURR/USDC, dex:COIN")
        if self.user is not None and not _ADDRESS.fullmatch(self.user):
            raise ValueError(f"{self.user!r} is no address: 0x and 40 hex digits")
        if self.cloid is not None and not _CLOID.fullmatch(self.cloid):
            raise ValueError(f"{self.cloid!r} is no cloid: 0x and 32 hex digits")

    @property
    def is_of_frames(self) -> bool:
        return self.on.startswith(SOCKETS + "/")

    @property
    def kind(self) -> str:
        """`request`, `frame` or `socket`."""
        if self.is_of_frames:
            return "frame"
        return "socket" if self.on == SOCKETS else "request"

    @property
    def channel(self) -> str:
        """Of a fault of frames."""
        return self.on.partition("/")[2]

    def text(self) -> str:
        """The plan in one line, for `parse_fault`."""
        named = {
            "coin": self.coin,
            "user": self.user,
            "cloid": self.cloid,
            "is": {True: "snapshot", False: "update", None: None}[self.snapshot],
            "from": self.from_ms,
            "until": self.until_ms,
            "times": self.times,
        }
        said = "&".join(f"{key}={value}" for key, value in named.items() if value is not None)
        parts = [f"{self.on}[{said}]" if said else self.on, self._rate()]
        if self.kind == "request" and self.effect not in WHOLE:
            parts.append(self.phase.value)
        return ":".join([*parts, self._effect_text()])

    def _rate(self) -> str:
        if self.nth:
            return "#" + "+".join(map(str, self.nth))
        return bare_text(self.chance, 6)

    def _effect_text(self) -> str:
        if self.effect is Effect.STATUS:
            return str(self.code)
        if self.effect is Effect.CLOSE:
            return f"close={self.code}"
        word: str = self.effect.value
        if self.effect in TIMED:
            least, most = self.ms
            return f"{word}={least}" if least == most else f"{word}={least}..{most}"
        return f"{word}={self.refusal}" if self.refusal else word


def parse_fault(text: str) -> Fault:
    """The plan of one line. Raises ValueError that says what is wrong with it."""
    # A colon may stand in the coin of a dex, inside the brackets.
    match = re.fullmatch(r"([^:\[\]]*)(?:\[([^\]]*)\])?((?::[^:]*)*)", text)
    if match is None:
        raise ValueError(f"{text!r} is not WHAT[KEY=VALUE&…]:RATE:PHASE:EFFECT")
    parts = match[3].split(":")[1:]
    words: dict[str, Any] = {"on": match[1]}
    if len(parts) == 3:
        words["phase"] = parts.pop(1)
    if len(parts) != 2:
        raise ValueError(f"{text!r} is not WHAT[KEY=VALUE&…]:RATE:PHASE:EFFECT")
    rate, effect = parts
    words |= {"nth": rate[1:].split("+")} if rate.startswith("#") else {"rate": rate}
    name, _, value = effect.partition("=")
    if name.isdigit() and not value:
        words |= {"effect": "status", "code": name}
    else:
        words["effect"] = name
        if value:
            words[_VALUES.get(name, "code")] = value
    for pair in (match[2] or "").split("&") if match[2] is not None else []:
        key, equals, value = pair.partition("=")
        if not equals or key not in _KEYS:
            raise ValueError(f"{pair!r} is none of {', '.join(one + '=' for one in _KEYS)}")
        if key in words:
            raise ValueError(f"{key} is given twice")
        words[key] = value
    return fault_of(words)


def fault_of(words: Mapping[str, Any]) -> Fault:
    """The plan of an object: `on`, `effect` and whatever else, numbers as such or as text.

    Keys: on, effect, phase, rate (a decimal), nth (a list), ms (a number or "LEAST..MOST"), code,
    refusal, coin, user, cloid, is ("snapshot" or "update"), from and until (ms), times. Raises
    ValueError.
    """
    given = dict(words)
    known = ("on", "effect", "phase", "rate", "nth", "ms", "code", "refusal", *_KEYS)
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; known: {', '.join(known)}")
    if missing := [key for key in ("on", "effect") if key not in given]:
        raise ValueError(f"a fault needs {missing[0]!r}")
    found: dict[str, Any] = {"on": str(given["on"])}
    found["effect"] = _word(Effect, given["effect"])
    found["phase"] = _word(Phase, given.get("phase", Phase.BEFORE.value))
    if "rate" in given:
        try:
            found["chance"] = parse_decimal(str(given["rate"]), 6)
        except ValueError:
            said = f"rate: {given['rate']!r:.80} is no chance such as 0.05, in a line also #3"
            raise ValueError(said) from None
    if "nth" in given:
        nth = given["nth"] if isinstance(given["nth"], list) else [given["nth"]]
        found["nth"] = tuple(_whole("nth", one) for one in nth)
    if "ms" in given:
        least, dots, most = str(given["ms"]).partition("..")
        found["ms"] = (_whole("ms", least), _whole("ms", most if dots else least))
    if "is" in given:
        if given["is"] not in ("snapshot", "update"):
            raise ValueError(f"is: {given['is']!r} is neither snapshot nor update")
        found["snapshot"] = given["is"] == "snapshot"
    found |= {key: str(given[key]) for key in ("coin", "refusal") if key in given}
    # As checksums have it, or upper case: an address is the same one.
    found |= {key: str(given[key]).lower() for key in ("user", "cloid") if key in given}
    for key, field_name in (("code", "code"), ("times", "times")):
        if key in given:
            found[field_name] = _whole(key, given[key])
    for key in ("from", "until"):
        if key in given:
            found[key + "_ms"] = _whole(key, given[key])
    return Fault(**found)


Word = TypeVar("Word", bound=Enum)


def _word(kind: type[Word], text: Any) -> Word:
    try:
        return kind(text)
    except ValueError:
        words = ", ".join(one.value for one in kind)
        raise ValueError(f"{text!r} is none of {words}") from None


def _whole(key: str, value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError(f"{key}: {value!r} is no whole number")
    return int(text)
