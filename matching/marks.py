"""What objects were at one moment, as rows that can be put back into the same objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any

from .dataclass import dataclass

Row = tuple[Any, ...]
"""The values of all fields of one object."""
Cells = list[Any]
"""The rows of objects of one class, one behind the other.

Not a tuple for each: the garbage collector would look at every one of them.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """How to take fields of objects of one class and how to put them back."""

    names: tuple[str, ...]
    get: Callable[[Any], Row]
    put: Callable[[Any, Row], None]

    def cells_of(self, values: Iterable[Any]) -> Cells:
        """What all of them hold."""
        return list(chain.from_iterable(map(self.get, values)))

    def column(self, cells: Cells, name: str) -> list[Any]:
        """What one field of each of them holds."""
        return cells[self.names.index(name) :: len(self.names)]

    def rows(self, cells: Cells) -> Iterator[Row]:
        """What each of them holds."""
        return zip(*[iter(cells)] * len(self.names), strict=True)


@cache
def fields_of(cls: type, *names: str) -> Fields:
    """Of a class all of whose instances' attributes are slots: `names`, or all there are."""
    if not names:
        slots = [vars(one).get("__slots__", ()) for one in reversed(cls.__mro__)]
        names = tuple(name for own in slots for name in own if name != "__weakref__")
        if not names:
            raise TypeError(f"{cls.__name__} has no slots")
    # Compiled, one for each class: loops over getattr and setattr, and attrgetter, take four times
    # as long, and a mark has many rows.
    row = "".join(f"value.{name}, " for name in names).rstrip()
    made: dict[str, Any] = {}
    exec(f"def get(value): return ({row})\ndef put(value, row): {row} = row", made)
    return Fields(names, made["get"], made["put"])


class Rows:
    """Objects of one class and what they held."""

    __slots__ = ("_cells", "_fields", "values")

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.values: list[Any] = []
        self._cells: Cells = []

    def extend(self, values: Iterable[Any]) -> Cells:
        """Keeps objects, none of which is looked into. Returns what they hold."""
        new = list(values)
        cells = self._fields.cells_of(new)
        self.values += new
        self._cells += cells
        return cells

    def put_back(self) -> None:
        """Makes every object what it was."""
        put = self._fields.put
        for value, row in zip(self.values, self._fields.rows(self._cells), strict=True):
            put(value, row)


@dataclass(frozen=True, slots=True, eq=False)
class LevelMark:
    """One price of a book, and its orders from the oldest on."""

    level: Any
    row: Row
    orders: list[Any]
    cells: Cells


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
