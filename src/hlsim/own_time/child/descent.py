"""Which process is which, and who has begun it. A child is told by its parent: the order in which
processes get to the conductor is a race of real time.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .line import PLACE, Line
from .processes import is_apart


def follow(line: Line) -> None:
    """From now on children have numbers, and the conductor hears of each before this process can
    wait for it. Before `Baton.begin_anew` is called in forked ones.
    """
    if hasattr(os, "register_at_fork"):
        _follow_forks(line)
    _follow_commands(line)
    _follow_programs(line)


def _follow_forks(line: Line) -> None:
    number = ""

    def before() -> None:
        nonlocal number
        number = line.child()

    def begin() -> None:
        line.descend(number)
        said = os.environ.get(PLACE)
        if said is not None:
            os.environ[PLACE] = line.told(said, number)

    os.register_at_fork(before=before, after_in_child=begin)
    real_fork, real_forkpty = os.fork, os.forkpty

    def fork() -> int:
        """As `os.fork`."""
        child = real_fork()
        if child:
            line.born(child)
        return child

    def forkpty() -> tuple[int, int]:
        """As `os.forkpty`."""
        child, descriptor = real_forkpty()
        if child:
            line.born(child)
        return child, descriptor

    system: Any = os
    system.fork, system.forkpty = fork, forkpty


def _follow_commands(line: Line) -> None:
    """What `subprocess` and `multiprocessing` start."""
    try:
        module: Any = importlib.import_module("_posixsubprocess")
    except ImportError:
        return
    real: Callable[..., int] = module.fork_exec
    start = os.fsencode(f"{PLACE}=")

    def fork_exec(command: Any, *rest: Any) -> int:
        if is_apart(command):
            return real(command, *rest)
        child = begin(line.child(), command, *rest)
        line.born(child)
        return child

    def begin(number: str, command: Any, *rest: Any) -> int:
        *first, environment = rest[:5]
        if environment is None:
            with _renamed(line, number):
                return real(command, *rest)
        told = [
            os.fsencode(line.told(os.fsdecode(said), number)) if said.startswith(start) else said
            for said in environment
        ]
        return real(command, *first, told, *rest[5:])

    module.fork_exec = fork_exec


@contextmanager
def _renamed(line: Line, number: str) -> Iterator[None]:
    """While it lasts, a program that takes over our environment comes with that number."""
    said = os.environ.get(PLACE)
    if said is None:
        yield
        return
    os.environ[PLACE] = line.told(said, number)
    try:
        yield
    finally:
        os.environ[PLACE] = said


def _follow_programs(line: Line) -> None:
    """What gets an environment that is a mapping, a copy of an older one perhaps."""

    def told(environment: Any, number: str) -> Any:
        return {
            key: line.told(os.fsdecode(said), number) if os.fsdecode(key) == PLACE else said
            for key, said in (os.environ if environment is None else environment).items()
        }

    def spawning(real: Callable[..., int]) -> Callable[..., int]:
        def spawn(path: Any, argv: Any, env: Any, /, **words: Any) -> int:
            child = real(path, argv, told(env, line.child()), **words)
            line.born(child)
            return child

        return spawn

    system: Any = os
    for name in ("posix_spawn", "posix_spawnp"):
        if hasattr(os, name):
            setattr(system, name, spawning(getattr(os, name)))
    real_execve = os.execve

    def execve(path: Any, argv: Any, env: Any) -> Any:
        """As `os.execve`."""
        real_execve(path, argv, told(env, line.number))

    system.execve = execve
