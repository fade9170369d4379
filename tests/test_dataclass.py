"""`matching/dataclass.py`: whatever the standard decorator makes, made when it is asked for."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from dataclasses import field
from typing import Any

import pytest

from hlsim.matching.dataclass import dataclass, is_frozen


@dataclass(frozen=True, slots=True)
class Frozen:
    """Every kind of field."""

    first: int
    second: str = "x"
    third: list[int] = field(default_factory=list, metadata={"wire": "t"})
    hidden: int = field(default=7, repr=False, compare=False)
    fixed: int = field(default=9, init=False)


@dataclass(frozen=True, slots=True)
class Child(Frozen):
    more: tuple[int, ...] = ()


@dataclass(slots=True)
class Changing:
    value: int
    twice: int = field(init=False)

    def __post_init__(self) -> None:
        self.twice = 2 * self.value


@dataclass(slots=True, eq=False)
class Itself:
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    left: int
    right: int = 2


@dataclass(frozen=True, slots=True)
class Own:
    value: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __hash__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "own"


def standard(cls: type, **options: Any) -> Any:
    """The same class by the standard decorator."""
    namespace = {"__annotations__": {}, "__module__": __name__, "__qualname__": cls.__qualname__}
    for one in dataclasses.fields(cls):
        namespace["__annotations__"][one.name] = one.type
        namespace[one.name] = copy.copy(one)
    made = type(cls.__name__, (), {**namespace, **options.pop("methods", {})})
    return dataclasses.dataclass(made, slots=True, **options)


OTHERS = [
    (Frozen, standard(Frozen, frozen=True), [(1,), (1, "y"), (1, "y", [3]), (2,)]),
    (Child, standard(Child, frozen=True), [(1,), (1, "y", [], 7, (4,)), (1, "y", [], 8, (4,))]),
    (Itself, standard(Itself, eq=False), [(1,), (2,)]),
    (
        Changing,
        standard(Changing, methods={"__post_init__": Changing.__post_init__}),
        [(1,), (2,)],
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "calls"), OTHERS, ids=lambda one: str(one)[:30])
def test_a_class_is_as_the_standard_decorator_makes_it(
    ours: Any, theirs: Any, calls: list[tuple[Any, ...]]
) -> None:
    mine, others = [ours(*call) for call in calls], [theirs(*call) for call in calls]
    pairs = [(a, b) for a in range(len(calls)) for b in range(len(calls))]

    assert [repr(one) for one in mine] == [repr(one) for one in others]
    assert [dataclasses.asdict(one) for one in mine] == [dataclasses.asdict(one) for one in others]
    assert [mine[a] == mine[b] for a, b in pairs] == [others[a] == others[b] for a, b in pairs]
    assert (ours.__hash__ is None) == (theirs.__hash__ is None)
    assert ours.__match_args__ == theirs.__match_args__
    assert str(inspect.signature(ours.__init__)) == str(inspect.signature(theirs.__init__))
    with pytest.raises(TypeError) as error:
        theirs()
    with pytest.raises(TypeError) as same:
        ours()
    assert str(same.value) == str(error.value)


def test_frozen_instances_hash_by_value_and_are_kept_from_change_by_the_type_checker() -> None:
    row = Child(1, more=(2,))
    row.first = 3  # type: ignore[misc]  # the checker warns of an ignore that is of no use
    assert row == Child(3, more=(2,))
    with pytest.raises(AttributeError):
        row.unknown = 2  # type: ignore[attr-defined]
    assert hash(Named(left=1)) == hash(Named(left=1, right=2))
    assert len({Named(left=1), Named(left=1), Named(left=3)}) == 2
    assert [is_frozen(cls) for cls in (Frozen, Child, Named, Changing, Itself)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_copies_and_pickles_are_equal() -> None:
    for row in (Frozen(1, "y", [3]), Child(1, more=(2,)), Changing(4), Named(left=1)):
        assert pickle.loads(pickle.dumps(row)) == row
        assert copy.deepcopy(row) == row
    assert dataclasses.replace(Child(1), second="z") == Child(1, "z")


def test_keyword_only_fields_take_no_place() -> None:
    assert Named(left=1, right=3).right == 3
    with pytest.raises(TypeError):
        Named(1, 2)  # type: ignore[call-arg,misc]


def test_methods_of_the_class_itself_stay() -> None:
    assert Own(1) == Own(2)
    assert (hash(Own(3)), repr(Own(3))) == (1, "own")


def test_what_was_never_called_was_never_compiled() -> None:
    """In a process of its own: here others may have called it."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from hlsim.sim.replies import Filled\n"
            "def where(): return {name: vars(Filled)[name].__code__.co_filename[-12:]"
            " for name in ('__init__', '__eq__', '__hash__', '__repr__')}\n"
            "before = where()\n"
            "assert Filled(1, 2, 3, None).oid == 1\n"
            "after = where()\n"
            "assert set(before.values()) == {'dataclass.py'}, before\n"
            "assert after == {**before, '__init__': '<string>'}, after\n",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")
