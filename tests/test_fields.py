"""The language of field lists: what a list refuses, and what it keeps count of."""

from __future__ import annotations

from typing import Any

import pytest
from fields import (
    BOOL,
    COUNT,
    INT,
    TEXT,
    Fields,
    Later,
    Maybe,
    Mismatch,
    OneOf,
    Pair,
    Rows,
    Shape,
    Table,
    Where,
    decimal,
    every_point,
    is_bare,
    null_or,
    words,
)

ROW = Fields("row", a=INT, b=Maybe(null_or(TEXT)), c=BOOL)
TREE = Fields("tree", leaf=INT, below=Rows(Later(lambda: TREE)))


def refuses(shape: Shape, value: Any) -> bool:
    try:
        shape.check(value, "here", set())
    except Mismatch:
        return True
    return False


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (decimal(6), ["0.0", "20.0", "-0.5", "-10.25", "0.000001"], []),
        (decimal(6), [], ["20", "1.50", "1.00", "-0.0", "01.5", ".5", "5.", "1e5", "0.0000001"]),
        (decimal(6), [], ["+1.5", "1.5 ", "1.5\n", 1.5, None, "NaN", "\u0663.\u0665"]),
        (decimal(1), ["3.0", "3.5"], ["3.25"]),
        (decimal(6, least="0"), ["0.0", "1.5"], ["-1.5"]),
        (COUNT, [0, 7], [-1, True, 1.0, "1"]),
        (words("a", True), ["a", True], ["b", 1]),
        (null_or(INT), [None, 1], ["1"]),
        (Pair(INT, TEXT), [[1, "a"]], [[1], [1, "a", 2], ["a", 1], (1, "a")]),
        (Rows(INT, most=2), [[], [1, 2]], [[1, 2, 3], ["1"], {}]),
        (Rows(INT, rising=int), [[1, 1, 2]], [[2, 1]]),
        (Rows(INT, falling=int, is_strict=True), [[2, 1]], [[1, 2], [2, 2]]),
        (Table(words("a", "b"), INT, is_sorted=True), [{"a": 1, "b": 2}], [{"b": 2, "a": 1}]),
        (Table(words("a"), INT), [{}], [{"z": 1}, {"a": "1"}, []]),
        (Where(INT, "even", lambda n: n % 2 == 0), [2], [3, "2"]),
        (OneOf(INT, TEXT), [1, "a"], [None, True]),
        (TREE, [{"leaf": 1, "below": [{"leaf": 2, "below": []}]}], [{"leaf": 1, "below": [1]}]),
    ],
)
def test_a_value_is_what_its_list_says_and_nothing_else(
    shape: Shape, good: list[Any], bad: list[Any]
) -> None:
    assert [value for value in good if refuses(shape, value)] == []
    assert [value for value in bad if not refuses(shape, value)] == []


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1},
        {"c": True, "a": 1},
        {"a": 1, "c": True, "b": "x"},
        {"a": 1, "b": "x", "c": True, "d": 1},
        {"a": 1, "b": 1, "c": True},
        {"a": "1", "c": True},
        [],
        None,
    ],
)
def test_an_object_has_its_keys_in_their_order(value: Any) -> None:
    assert not refuses(ROW, {"a": 1, "c": True})
    assert not refuses(ROW, {"a": 1, "b": None, "c": False})
    assert refuses(ROW, value)


def test_a_refusal_says_where() -> None:
    rows = Rows(Fields("outer", rows=Rows(ROW)))

    with pytest.raises(Mismatch, match=r"^reply\[0\]\.rows\[1\]\.c: a truth value is wanted"):
        rows.check([{"rows": [{"a": 1, "c": True}, {"a": 1, "c": 0}]}], "reply", set())


def test_keys_count_as_seen_once_they_held_something() -> None:
    seen: set[str] = set()

    ROW.check({"a": 0, "b": None, "c": False}, "", seen)
    assert seen == {"row.a", "row.c", "null row.b"}
    ROW.check({"a": 0, "b": "x", "c": False}, "", seen)
    ROW.check({"a": 0, "c": False}, "", seen)

    assert seen == every_point([Rows(ROW)])
    assert seen == {"row.a", "row.b", "row.c", "no row.b", "null row.b"}


def test_an_alternative_that_was_refused_was_not_seen() -> None:
    seen: set[str] = set()

    either = OneOf(Fields("one", a=INT, b=INT), Fields("two", a=INT, b=TEXT))
    either.check({"a": 1, "b": "x"}, "", seen)

    assert seen == {"two.a", "two.b"}


def test_nothing_is_bare_however_deep() -> None:
    assert is_bare([None, {"a": [], "b": "0.0", "c": False}, 0, ""])
    assert not is_bare([None, {"a": [1]}])
