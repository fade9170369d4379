"""About how much memory values take: for what is kept within a bound."""

from __future__ import annotations

from typing import Any

CONTAINER_BYTES, TEXT_BYTES, OTHER_BYTES = 60, 50, 30


def footprint(value: Any) -> int:
    """About how many bytes plain data take."""
    if isinstance(value, bytes | str):
        return TEXT_BYTES + len(value)
    if isinstance(value, dict):
        held = sum(map(footprint, value)) + sum(map(footprint, value.values()))
        return CONTAINER_BYTES + held
    if isinstance(value, list | tuple):
        return CONTAINER_BYTES + sum(map(footprint, value))
    return OTHER_BYTES
