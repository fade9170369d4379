"""Field lists: what a value on the wire may look like, key by key and in which order.

A list is data (`Fields("level", px=PX, sz=SZ, n=INT)`), so it reads like the sheet that it is
copied from. msgspec's structs say neither in which order keys stand nor which of them were ever
seen; both matter here: `seen` collects every key that held something, and a key that no busy
exchange ever filled has not been tested.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = Any


class Mismatch(AssertionError):
    """A value that its field list does not allow."""


def expect(fact: bool, path: str, said: str, value: Json) -> None:
    if not fact:
        raise Mismatch(f"{path}: {said}, got {str(value)[:300]!r}")


class Shape:
    """What may stand at one place."""

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        """Raises Mismatch. `seen` gets the keys below that held something."""
        raise NotImplementedError

    def parts(self) -> Iterable[Shape]:
        """The shapes inside."""
        return ()

    def points(self) -> Iterator[str]:
        """What of it `seen` can hold, inner ones too."""
        return iter(())


def every_point(shapes: Iterable[Shape]) -> set[str]:
    """All that checks of these shapes can see."""
    found: set[str] = set()
    waiting, known = list(shapes), set[int]()
    while waiting:
        shape = waiting.pop()
        if id(shape) not in known:
            known.add(id(shape))
            found.update(shape.points())
            waiting.extend(shape.parts())
    return found


def is_bare(value: Json) -> bool:
    """True for what says nothing: null, zero, false, nothing, and any nest of them."""
    if isinstance(value, dict):
        return all(map(is_bare, value.values()))
    if isinstance(value, list):
        return all(map(is_bare, value))
    return value in (None, 0, "", "0.0")


# -- single values ---------------------------------------------------------------------------------


class Plain(Shape):
    """A value without insides."""

    def __init__(self, name: str, admits: Callable[[Json], object]) -> None:
        self.name, self.admits = name, admits

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        expect(bool(self.admits(value)), path, f"{self.name} is wanted", value)


def matching(name: str, pattern: str) -> Shape:
    """A string that is `pattern` from end to end."""
    found = re.compile(pattern, re.ASCII)
    return Plain(name, lambda value: type(value) is str and found.fullmatch(value))


def decimal(places: int, *, least: str = "") -> Shape:
    """A canonical decimal string: one fractional digit at least, no zeros behind more of them, no
    exponent, no zero with a sign; `least="0"` for what is never negative. Evidence: info 2.3.
    """
    sign = "" if least == "0" else "(?!-0[.]0$)-?"
    fraction = rf"(\d|\d{{0,{places - 1}}}[1-9])"
    return matching(f"a decimal of {places} places", rf"{sign}(0|[1-9]\d*)[.]{fraction}")


def words(*known: Json) -> Shape:
    """One of a closed set."""
    return Plain(f"one of {known}", lambda value: any(same(value, one) for one in known))


def listed(text: str) -> Shape:
    """`words`, as one string with spaces."""
    return words(*text.split())


def same(value: Json, other: Json) -> bool:
    """Equal, and of one type: `true` is not 1."""
    return type(value) is type(other) and bool(value == other)


TEXT = Plain("a string", lambda value: type(value) is str)
INT = Plain("an integer", lambda value: type(value) is int)
COUNT = Plain("a natural number", lambda value: type(value) is int and value >= 0)
BOOL = Plain("a truth value", lambda value: type(value) is bool)
TRUE = words(True)
NULL = Plain("null", lambda value: value is None)
NUMBER = Plain("a JSON number", lambda value: type(value) in (int, float))
TIME = Plain("a time in ms", lambda value: type(value) is int and value >= 10**12)
SECONDS = Plain("a time in s", lambda value: type(value) is int and 10**9 <= value < 10**11)


# -- structures ------------------------------------------------------------------------------------


class Maybe:
    """A key that may be absent."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape


class Fields(Shape):
    """An object with these keys and no other, in this order.

    `name` is how `seen` calls it: `name.key` held something, `no name.key` was left out, and
    `null name.key` was null.
    """

    def __init__(self, name: str, /, **fields: Shape | Maybe) -> None:
        self.name = name
        self.fields = {key: one for key, one in fields.items() if isinstance(one, Shape)}
        self.optional = {key: one.shape for key, one in fields.items() if isinstance(one, Maybe)}
        self.order = list(fields)

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        expect(type(value) is dict, path, f"an object ({self.name}) is wanted", value)
        missing = [key for key in self.fields if key not in value]
        unknown = [key for key in value if key not in self.order]
        expect(not missing, path, f"{self.name} lacks {missing}", value)
        expect(not unknown, path, f"{self.name} has no key {unknown}", value)
        order = [key for key in self.order if key in value]
        expect(list(value) == order, path, f"the order of {self.name} is {order}", list(value))
        for key, one in value.items():
            shape = self.fields[key] if key in self.fields else self.optional[key]
            shape.check(one, f"{path}.{key}", seen)
            if one not in (None, [], {}):
                seen.add(f"{self.name}.{key}")
            elif one is None:
                seen.add(f"null {self.name}.{key}")
        seen.update(f"no {self.name}.{key}" for key in self.optional if key not in value)

    def parts(self) -> Iterable[Shape]:
        return [*self.fields.values(), *self.optional.values()]

    def points(self) -> Iterator[str]:
        yield from (f"{self.name}.{key}" for key in self.order)
        yield from (f"no {self.name}.{key}" for key in self.optional)
        for key, shape in (*self.fields.items(), *self.optional.items()):
            if isinstance(shape, NullOr):
                yield f"null {self.name}.{key}"


Key = Callable[[Json], Any]


class Rows(Shape):
    """A list of one kind of item; `rising` or `falling` is what orders it."""

    def __init__(
        self,
        item: Shape,
        *,
        rising: Key | None = None,
        falling: Key | None = None,
        is_strict: bool = False,
        most: int = 10**9,
    ) -> None:
        self.item, self.rising, self.falling = item, rising, falling
        self.is_strict, self.most = is_strict, most

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        expect(type(value) is list, path, "a list is wanted", value)
        expect(len(value) <= self.most, path, f"at most {self.most} items", len(value))
        for place, one in enumerate(value):
            self.item.check(one, f"{path}[{place}]", seen)
        for key, is_back in ((self.rising, False), (self.falling, True)):
            if key is not None:
                keys = [key(one) for one in value]
                expect(keys == sorted(keys, reverse=is_back), path, "not in order", keys)
                if self.is_strict:
                    expect(len(set(keys)) == len(keys), path, "two of one kind", keys)

    def parts(self) -> Iterable[Shape]:
        return [self.item]


class Pair(Shape):
    """A list with a shape for each place."""

    def __init__(self, *items: Shape) -> None:
        self.items = items

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        expect(type(value) is list, path, "a list is wanted", value)
        expect(len(value) == len(self.items), path, f"{len(self.items)} items are wanted", value)
        for place, (one, shape) in enumerate(zip(value, self.items, strict=True)):
            shape.check(one, f"{path}[{place}]", seen)

    def parts(self) -> Iterable[Shape]:
        return self.items


class Table(Shape):
    """An object whose keys are names of one kind."""

    def __init__(self, key: Shape, value: Shape, *, is_sorted: bool = False) -> None:
        self.key, self.value, self.is_sorted = key, value, is_sorted

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        expect(type(value) is dict, path, "an object is wanted", value)
        for name, one in value.items():
            self.key.check(name, f"{path} key", seen)
            self.value.check(one, f"{path}.{name}", seen)
        if self.is_sorted:
            expect(list(value) == sorted(value), path, "not sorted", list(value))

    def parts(self) -> Iterable[Shape]:
        return [self.key, self.value]


class OneOf(Shape):
    """Any of several shapes."""

    def __init__(self, *shapes: Shape) -> None:
        self.shapes = shapes

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        complaints = []
        for shape in self.shapes:
            here: set[str] = set()
            try:
                shape.check(value, path, here)
            except Mismatch as error:
                complaints.append(str(error))
            else:
                seen |= here
                return
        raise Mismatch("\n or ".join(complaints))

    def parts(self) -> Iterable[Shape]:
        return self.shapes


class NullOr(OneOf):
    """Null, or a shape."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(NULL, shape)


def null_or(shape: Shape) -> Shape:
    return NullOr(shape)


class Later(Shape):
    """A shape that is defined further below, or contains itself."""

    def __init__(self, name: Callable[[], Shape]) -> None:
        self.name = name

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        self.name().check(value, path, seen)

    def parts(self) -> Iterable[Shape]:
        return [self.name()]


class Where(Shape):
    """A shape with a rule about several of its values."""

    def __init__(self, shape: Shape, said: str, holds: Callable[[Json], object]) -> None:
        self.shape, self.said, self.holds = shape, said, holds

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        self.shape.check(value, path, seen)
        expect(bool(self.holds(value)), path, self.said, value)

    def parts(self) -> Iterable[Shape]:
        return [self.shape]
