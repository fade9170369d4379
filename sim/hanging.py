"""What hangs on objects of a class, by the annotations of its fields: how to keep all of it."""

from __future__ import annotations

import re
import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, NewType, TypeVar

from ..matching.dataclass import dataclass, is_frozen
from .assets import Universe
from .events import Fill, LedgerRow, OrderUpdate, Trade
from .twap_state import TwapUpdate

_LEAVES = frozenset({int, str, bool, bytes, type(None)})
_CONTAINERS = frozenset({"dict", "list", "deque", "array"})
_CLOSED = frozenset({Universe, OrderUpdate, Fill, Trade, LedgerRow, TwapUpdate})
"""Never changed, nor what hangs on them: what is listed, and rows of histories; but for the orders
of such rows, which are open at one moment and over at another.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How to keep the objects of a class: the fields that others hang on, by name."""

    flat: tuple[str, ...] = ()
    """Containers of what never changes."""
    each: tuple[tuple[str, type], ...] = ()
    """Dicts of objects on which nothing hangs, all of one class."""
    orders: tuple[str, ...] = ()
    """Dicts of orders."""
    told: tuple[str, ...] = ()
    """Dicts of rows of the order history."""
    indexes: tuple[tuple[str, str], ...] = ()
    """Dicts of dicts of orders by their assets, and the dicts of all of them."""
    deep: tuple[str, ...] = ()
    """What has to be looked into."""


@cache
def plan_of(cls: type) -> Plan:
    """How to keep objects of `cls`. Raises TypeError for one that a state cannot hold."""
    if not is_dataclass(cls):
        raise TypeError(f"a state cannot hold {cls.__name__}")
    annotations = {part.name: str(part.type) for part in fields(cls)}
    flat: list[str] = []
    each: list[tuple[str, type]] = []
    orders: list[str] = []
    told: list[str] = []
    indexes: list[tuple[str, str]] = []
    deep: list[str] = []
    for part in fields(cls):
        name = part.name
        kind, simple = _kind_of(cls, annotations[name]), _simple(cls, annotations[name])
        if "index_of" in part.metadata:
            indexes.append((name, part.metadata["index_of"]))
        elif simple is not None:
            each.append((name, simple))
        elif annotations[name] == "dict[int, Order]":
            orders.append(name)
        elif annotations[name] == "dict[int, OrderUpdate]":
            told.append(name)
        elif kind != "leaf":
            (flat if kind == "flat" else deep).append(name)
    return Plan(tuple(flat), tuple(each), tuple(orders), tuple(told), tuple(indexes), tuple(deep))


_FLAT = re.compile(r"(?:dict|list|deque)\[.*\]")
_EACH = re.compile(r"dict\[(\w+), (\w+)\]")


def _kind_of(cls: type, annotation: str) -> str:
    """`leaf`, `flat` or `deep`, of a field by its annotation."""
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"\"[^\"]*\"|'[^']*'", "", annotation))
    containers = [word for word in words if word in _CONTAINERS]
    if not all(word in _CONTAINERS or _is_settled(cls, word) for word in words):
        return "deep"
    if not containers:
        return "leaf"
    return "flat" if len(containers) == 1 and _FLAT.fullmatch(annotation) else "deep"


def _simple(cls: type, annotation: str) -> type | None:
    """The class of what a dict holds, if that is all of one class and nothing hangs on it."""
    match = _EACH.fullmatch(annotation)
    if match is None or not _is_settled(cls, match[1]):
        return None
    held = _named(cls, match[2])
    if not isinstance(held, type) or not is_dataclass(held) or is_frozen(held) or held is cls:
        return None
    if held.__subclasses__():
        return None
    plan = plan_of(held)
    return None if plan.flat or plan.each or plan.orders or plan.deep else held


def _named(cls: type, word: str) -> Any:
    """What `word` stands for in the annotations of `cls`; None where that is not known."""
    spaces = [vars(sys.modules[one.__module__]) for one in cls.__mro__ if one is not object]
    return next((space[word] for space in spaces if word in space), _BUILTINS.get(word))


_BUILTINS = {"int": int, "str": str, "bool": bool, "bytes": bytes}


def _is_settled(cls: type, word: str) -> bool:
    """True when nothing that `word` names in the annotations of `cls` ever changes."""
    return word in ("None", "tuple", "Literal") or _never_changes(_named(cls, word))


def _never_changes(kind: Any) -> bool:
    if isinstance(kind, NewType):
        return _never_changes(kind.__supertype__)
    if isinstance(kind, TypeVar):
        return bool(kind.__constraints__) and all(map(_never_changes, kind.__constraints__))
    if isinstance(kind, UnionType):
        return all(map(_never_changes, kind.__args__))
    return isinstance(kind, type) and is_closed(kind)


@cache
def is_closed(cls: type) -> bool:
    """True when objects of `cls` never change, nor anything that hangs on them."""
    if cls in _LEAVES or cls in _CLOSED or issubclass(cls, Enum):
        return True
    if not is_dataclass(cls) or not is_frozen(cls):
        return False
    return all(_kind_of(cls, str(part.type)) == "leaf" for part in fields(cls))
