"""What objects were at one moment, as rows that can be put back into the same objects."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from .dataclass import dataclass

Row = tuple[Any, ...]
"""The values of all fields of one object."""


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """How to take all fields of an object and how to put them back."""

    names: tuple[str, ...]
    get: Callable[[Any], Row]
    put: Callable[[Any, Row], None]


@cache
def fields_of(cls: type) -> Fields:
    """Of a class all of whose instances' attributes are slots."""
    slots = [vars(one).get("__slots__", ()) for one in reversed(cls.__mro__)]
    names = tuple(name for own in slots for name in own if name != "__weakref__")
    get: Callable[[Any], Row]
    if len(names) == 1:
        single = attrgetter(names[0])

        def get(value: Any) -> Row:
            return (single(value),)

    else:
        get = attrgetter(*names) if names else lambda value: ()
    # One unpacking, compiled: a loop over setattr takes four times as long, a mark has many rows.
    targets = "".join(f"value.{name}, " for name in names)
    made: dict[str, Any] = {}
    exec(
        f"def put(value, row): {targets or '_'} = row" if names else "def put(value, row): pass",
        made,
    )
    return Fields(names, get, made["put"])


@dataclass(frozen=True, slots=True, eq=False)
class LadderMark:
    """One side of a book: its levels from the lowest price on, and the orders in them."""

    best: Any
    levels: list[Any]
    level_rows: list[Row]
    orders: list[Any]
    order_rows: list[Row]


@dataclass(frozen=True, slots=True, eq=False)
class BookMark:
    """A book as it was at `version`, for `OrderBook.rewind`. It holds the orders themselves."""

    version: int
    count: int
    bids: LadderMark
    asks: LadderMark
    mirrors: dict[int, Any]
    """Of a book with a dual."""
