"""How scenarios write times: `500ms`, `1.5s`, `2m`, `1h`, `1d`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

import msgspec

from hlsim.scenarios.story import DURATION, MOST_MS, UNITS_MS

Duration = Annotated[
    str, msgspec.Meta(pattern=f"^{DURATION}$", description="a time such as 500ms, 1.5s, 2m, 1h")
]


def duration_ms(text: object) -> int:
    """The milliseconds of a time as it is written. Raises ValueError."""
    match = re.fullmatch(DURATION, text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is no time such as 500ms, 1.5s, 2m, 1h")
    unit = match[2]
    found = Decimal(match[0].removesuffix(unit)) * UNITS_MS[unit]
    if found != int(found) or found > MOST_MS:
        raise ValueError(f"{text!r} is no whole number of ms up to {MOST_MS}")
    return int(found)
