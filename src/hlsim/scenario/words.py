"""Which of the words of `hlsim.start` a scenario may say under `exchange`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hlsim.config import OPTIONS, Option
from hlsim.scenarios.worlds import world_path

NOT_OF_A_SCENARIO = {
    *("host", "port", "ready-file", "log", "quiet", "limit-header"),  # of where it runs
    *("clock", "speed", "auto-wait", "seed", "fault", "scenario"),  # of the scenario or of one run
}

WORDS: dict[str, Option] = {
    option.key: option for option in OPTIONS if option.name not in NOT_OF_A_SCENARIO
}


def check_word(key: str, value: Any) -> None:
    """Raises ValueError for what `hlsim.start` would not take."""
    option = WORDS.get(key)
    if option is None:
        raise ValueError(f"unknown key {key!r}; known: {', '.join(WORDS)}")
    for part in _parts(option, value):
        if isinstance(part, bool | list | dict) or part is None:
            raise ValueError("a text or a number is wanted")
        option.parse(str(part))
        if key == "world":  # else it is refused when the exchange starts, without the line
            world_path(str(part))


def _parts(option: Option, value: Any) -> list[Any]:
    if option.key == "fund":
        if not isinstance(value, Mapping):
            raise ValueError("an object is wanted: USDC by address")
        return [f"{address}:{usdc}" for address, usdc in value.items()]
    return value if option.parts and isinstance(value, list) else [value]


def texts_of(exchange: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a scenario says of its exchange, as `hlsim.config.settings` takes it."""
    texts = {
        WORDS[key].name: [str(part) for part in _parts(WORDS[key], value)]
        for key, value in exchange.items()
    }
    if "limit-set" in texts:
        # As `hlsim.start` has it: nobody but addresses is limited unless it says so.
        texts["limit-set"].insert(0, "address")
    return texts
