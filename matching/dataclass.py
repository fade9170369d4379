"""`dataclass` as in the standard library, whose methods are compiled when they are first called.

hlsim has some 300 dataclasses, and compiling six methods for each of them is a third of the time it
takes to start; few are ever compared or printed. What is made is the standard library's own, but
for one thing: it is the type checker that keeps `frozen` instances from being changed. The standard
`__setattr__` that refuses makes them five times as slow to build, and every order builds a dozen.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, eq=True, **options):
        """The standard decorator; not for `order`, `unsafe_hash` or `InitVar`."""

        def wrap(cls):
            return _dataclass(cls, frozen=frozen, eq=eq, **options)

        return wrap if cls is None else wrap(cls)


_FROZEN: WeakSet[type] = WeakSet()


def is_frozen(cls: type) -> bool:
    """True for a dataclass whose instances never change."""
    return cls in _FROZEN


def _dataclass(cls: Any, *, frozen: bool, eq: bool, slots: bool = False, **rest: Any) -> Any:
    own = frozenset(vars(cls))
    if cls.__doc__ is None:
        # Else the standard library writes the signature there, which is as costly as a method.
        cls.__doc__ = cls.__name__
    cls = dataclasses.dataclass(cls, init=False, repr=False, eq=False, slots=slots, **rest)
    if "__init__" not in own:
        _compile_later(cls, "__init__", init=True, slots=slots)
    if "__repr__" not in own:
        _compile_later(cls, "__repr__", repr=True)
    if eq and "__eq__" not in own:
        _compile_later(cls, "__eq__", eq=True)
        if "__hash__" not in own:
            cls.__hash__ = None
            if frozen:
                _compile_later(cls, "__hash__", unsafe_hash=True)
    if frozen:
        _FROZEN.add(cls)
        if "__getstate__" not in own:
            # Shorter bytes than by name, and no names to look up.
            cls.__getstate__, cls.__setstate__ = _values, _set_values
    return cls


def _compile_later(cls: Any, name: str, **options: bool) -> None:
    """Gives `cls` a method that makes way for the standard one when it is called."""

    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        compiled = _compiled(cls, name, options)
        setattr(cls, name, compiled)
        return compiled(self, *args, **kwargs)

    method.__name__, method.__qualname__ = name, f"{cls.__qualname__}.{name}"
    setattr(cls, name, method)


def _compiled(cls: Any, name: str, options: dict[str, bool]) -> Any:
    """The method `name` that the standard library makes for a class like `cls`."""
    namespace = {"__doc__": cls.__doc__}
    if hasattr(cls, "__post_init__"):
        namespace["__post_init__"] = cls.__post_init__
    members = [(one.name, one.type, one) for one in dataclasses.fields(cls)]
    wanted: dict[str, Any] = {"init": False, "repr": False, "eq": False} | options
    twin = dataclasses.make_dataclass(cls.__name__, members, namespace=namespace, **wanted)
    compiled = vars(twin)[name]
    compiled.__qualname__ = f"{cls.__qualname__}.{name}"
    return compiled


def _values(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _set_values(self: Any, values: list[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), values, strict=True):
        setattr(self, one.name, value)
