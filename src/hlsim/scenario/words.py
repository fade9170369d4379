"""Which of the words of `hlsim.start` a scenario may say under `exchange`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hlsim.config import OPTIONS, Option

NOT_OF_A_SCENARIO = {
    *("host", "port", "ready-file", "log", "quiet", "limit-header"),  # of where it runs
    *("clock", "speed", "auto-wait", "seed", "fault"),  # of the scenario itself or of one run
}

WORDS: dict[str, Option] = {
    option.key: option for option in OPTIONS if option.name not in NOT_OF_A_SCENARIO
}


def check_word(key: str, value: Any) -> None:
    """Raises ValueError for what `hlsim.start` would not take."""
    option = WORDS.get(key)
    if option is None:
        raise ValueError(f"unknown key {key!r}; known: {', '.join(WORDS)}")
    if key == "fund":
        if not isinstance(value, Mapping):
            raise ValueError("an object is wanted: USDC by address")
        parts: list[Any] = [f"{address}:{usdc}" for address, usdc in value.items()]
    elif option.parts:
        parts = value if isinstance(value, list) else [value]
    else:
        parts = [value]
    for part in parts:
        if isinstance(part, bool | list | dict) or part is None:
            raise ValueError("a text or a number is wanted")
        option.parse(str(part))
