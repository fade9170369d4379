"""What objects were at one moment, as rows that can be put back into the same objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain
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
def fields_of(cls: type, *names: str) -> Fields:
    """Of a class all of whose instances' attributes are slots: `names`, or all there are."""
    if not names:
        slots = [vars(one).get("__slots__", ()) for one in reversed(cls.__mro__)]
        names = tuple(name for own in slots for name in own if name != "__weakref__")
        if not names:
            raise TypeError(f"{cls.__name__} has no slots")
    # One unpacking, compiled: a loop over setattr takes four times as long, a mark has many rows.
    targets = "".join(f"value.{name}, " for name in names)
    made: dict[str, Any] = {}
    exec(f"def put(value, row): {targets.rstrip()} = row", made)
    return Fields(names, attrgetter(*names) if len(names) > 1 else _short(names), made["put"])


def _short(names: tuple[str, ...]) -> Callable[[Any], Row]:
    """`attrgetter` makes a tuple of two or more only."""
    return lambda value: tuple(getattr(value, name) for name in names)


class Rows:
    """Objects of one class, and the values of their fields in one long row.

    Not a tuple for each: the garbage collector would look at every one of them.
    """

    __slots__ = ("_cells", "_fields", "values")

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.values: list[Any] = []
        self._cells: list[Any] = []

    def add(self, value: Any) -> Row:
        """Keeps one object. Returns its values."""
        row = self._fields.get(value)
        self.values.append(value)
        self._cells += row
        return row

    def extend(self, values: Iterable[Any]) -> None:
        """Keeps many, none of which is looked into."""
        before = len(self.values)
        self.values.extend(values)
        new = self.values[before:] if before else self.values
        self._cells.extend(chain.from_iterable(map(self._fields.get, new)))

    def put_back(self) -> None:
        """Makes every object what it was."""
        cells, put = iter(self._cells), self._fields.put
        rows = zip(*[cells] * len(self._fields.names), strict=True)
        for value, row in zip(self.values, rows, strict=True):
            put(value, row)


@dataclass(frozen=True, slots=True, eq=False)
class LevelMark:
    """One price of a book, and its orders from the oldest on."""

    level: Any
    row: Row
    orders: list[Any]
    cells: list[Any]
    """The rows of all of them, one behind the other."""


@dataclass(frozen=True, slots=True, eq=False)
class LadderMark:
    """One side of a book: its levels from the lowest price on."""

    best: Any
    levels: list[LevelMark]


@dataclass(frozen=True, slots=True, eq=False)
class BookMark:
    """A book as it was at `version`, for `OrderBook.rewind`. It holds the orders themselves."""

    version: int
    count: int
    bids: LadderMark
    asks: LadderMark
    mirrors: dict[int, Any]
    """Of a book with a dual."""
