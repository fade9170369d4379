"""What else is bound to the real functions by the time that others stand in for them.

A bot's environment may have imported something before us: what stands in a `.pth` file, or is
imported by it. There `from time import sleep` has the real one, and locks that exist are real ones:
one that a thread waits for in C stops all others, since it keeps the baton meanwhile.

Nothing here asks `isinstance` of what it finds: a proxy would be asked for what it stands for.
"""

from __future__ import annotations

import _thread
import gc
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .locks import Lock

OURS = "hlsim_own_time"
INTERPRETER = {*sys.builtin_module_names, "_frozen_importlib", "_frozen_importlib_external"}
"""Modules that need the real ones, or have nothing else."""

_RealLock: Any = _thread.LockType
_RealRLock: Any = _thread.RLock


class Function:
    """Stands in for a function that is written in C: it is no method where a class has it, and is
    pickled by its name.
    """

    def __init__(self, call: Callable[..., Any], module: str, name: str) -> None:
        self._call = call
        self.__doc__ = call.__doc__
        self.__module__ = module
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **words: Any) -> Any:
        return self._call(*args, **words)

    def __reduce__(self) -> str:
        return self.__name__


class Names:
    """All that modules have bound, when this is made: before anything stands in for anything."""

    def __init__(self) -> None:
        modules = [
            one for one in list(sys.modules.values()) if issubclass(type(one), types.ModuleType)
        ]
        self._before = [
            (module, dict(vars(module))) for module in modules if not _is_ours(module.__name__)
        ]

    def renew(self) -> None:
        """Binds all to what stands in for it now."""
        standing_in = self._standing_in()
        for module, _ in self._before:
            if module.__name__ in INTERPRETER:
                continue
            _renew(module, standing_in)
            for value in list(vars(module).values()):
                if issubclass(type(value), type):
                    _renew(value, standing_in)
        before = {module.__name__: names for module, names in self._before}
        if "threading" in before:
            real_queue = before["queue"]["SimpleQueue"] if "queue" in before else None
            _renew_objects(
                {
                    _RealLock: lambda old: None if old.locked() else Lock(),
                    _RealRLock: _renewing_reentrant(standing_in[id(_RealRLock)]),
                    real_queue: lambda old: _filled(standing_in[id(real_queue)], old),
                }
            )

    def _standing_in(self) -> dict[int, Any]:
        """By the `id` of what it stands in for, which `_before` keeps alive."""
        found: dict[int, Any] = {}
        for module, before in self._before:
            for word, real in before.items():
                ours = vars(module).get(word)
                if ours is real or not callable(real) or not callable(ours):
                    continue
                if type(real) is types.BuiltinFunctionType and type(ours) in (
                    types.FunctionType,
                    types.MethodType,
                ):
                    ours = Function(ours, module.__name__, word)
                    setattr(module, word, ours)
                found[id(real)] = ours
            if module.__name__ == "queue":
                # It waits in C, and has its like in Python.
                found[id(before["SimpleQueue"])] = vars(module)["_PySimpleQueue"]
        return found


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == OURS


def _renew(holder: Any, standing_in: dict[int, Any]) -> None:
    """What a module or a class is bound to, and what its functions take by default."""
    for word, value in list(vars(holder).items()):
        plain = value.__func__ if type(value) in (staticmethod, classmethod) else value
        if type(plain) is types.FunctionType:
            _renew_defaults(plain, standing_in)
        if id(plain) in standing_in:
            setattr(holder, word, standing_in[id(plain)])


def _renew_defaults(function: Any, standing_in: dict[int, Any]) -> None:
    defaults, by_word = function.__defaults__ or (), function.__kwdefaults__ or {}
    if any(id(one) in standing_in for one in defaults):
        function.__defaults__ = tuple(standing_in.get(id(one), one) for one in defaults)
    for word, value in by_word.items():
        by_word[word] = standing_in.get(id(value), value)


# -- what was made before --------------------------------------------------------------------------


def _renewing_reentrant(make: Callable[[], Any]) -> Callable[[Any], Any]:
    return lambda old: None if old._is_owned() else make()


def _filled(make: Callable[[], Any], old: Any) -> Any:
    new = make()
    while old.qsize():
        new.put(old.get_nowait())
    return new


def _renew_objects(renewing: dict[Any, Callable[[Any], Any]]) -> None:
    """Locks that nobody has, and queues: `renewing` makes one in place of another, or None, by
    type. They stand in modules, classes and objects, as do their methods.
    """
    found: dict[int, tuple[Any, Any]] = {}

    def renewed(value: Any) -> Any:
        """What replaces it, None where nothing does."""
        if type(value) is types.BuiltinMethodType and type(value.__self__) in renewing:
            owner = renewed(value.__self__)
            return None if owner is None else getattr(owner, value.__name__)
        renew = renewing.get(type(value))
        if renew is None:
            return None
        if id(value) not in found:
            # The old one is kept, too: another would have its `id`.
            found[id(value)] = value, renew(value)
        return found[id(value)][1]

    everything = gc.get_objects()
    for one in everything:
        if issubclass(type(one), type):
            for word, value in list(vars(one).items()):
                if (new := renewed(value)) is not None:
                    with suppress(TypeError):
                        setattr(one, word, new)
    for one in everything:
        table = one if type(one) is dict else _table(one)
        for word, value in list(table.items()):
            if (new := renewed(value)) is not None:
                table[word] = new
        if type(one) is list:
            for place, value in enumerate(one):
                if (new := renewed(value)) is not None:
                    one[place] = new


def _table(one: Any) -> dict[Any, Any]:
    """An object's attributes. A proxy that has none of its own may raise anything."""
    try:
        found = object.__getattribute__(one, "__dict__")
    except Exception:
        return {}
    return found if type(found) is dict else {}
