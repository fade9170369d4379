"""Which commands run Python, as far as they say so, and which of those cannot follow the time."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence

INTERPRETER = re.compile(r"(python|pypy)[0-9.]*(\.exe)?")
_PYTHON = re.compile(r"(python|pypy)[\d.]*|pytest|.*\.pyw?")
_BETWEEN = re.compile(r"[\s/;&|()'\"=]+")
"""What stands between the words of a shell, and between the names of a path."""
_SHELL = re.compile(r"(ba|da|z|k|a)?sh")
_MUCH = 65_536
"""Characters of a script that are looked at."""


def is_python(command: Sequence[str]) -> bool:
    """Whether a command runs Python, as far as it says so: in its words, in the first line of the
    script that it names, or in any line of a shell's.
    """
    if any(_PYTHON.fullmatch(_name(word)) for word in _words(command)):
        return True
    first, *rest = _script(command) or [""]
    return "python" in first or any(_PYTHON.fullmatch(_name(word)) for word in _words(rest))


def why_astray(command: Sequence[str]) -> str | None:
    """Why a Python that a command starts cannot follow exchange time, and what to do; None: it can.

    It follows what is on its PYTHONPATH, at which it does not look with the flags -I and -E, and
    which it does not run with -S.
    """
    lines = [line.removeprefix("#!").split() for line in _script(command)]
    for words in (list(_words(command)), *lines):
        flag = _isolating(words)
        if flag is not None:
            return (
                f"python -{flag} leaves out PYTHONPATH or what stands there, which gives a bot the "
                f"exchange's time: start it without -{flag}"
            )
    return None


def _isolating(words: Sequence[str]) -> str | None:
    """The letter of the first such flag that an interpreter gets."""
    names = [_name(word) for word in words]
    place = next((n for n, name in enumerate(names) if INTERPRETER.fullmatch(name)), len(words))
    following = iter(words[place + 1 :])
    for word in following:
        if not word.startswith("-"):
            return None  # the script: what follows is its own
        if word.startswith("--"):
            continue
        for at, letter in enumerate(word[1:], 2):
            if letter in "IES":
                return letter
            if letter in "cm":
                return None
            if letter in "WX":
                if at == len(word):
                    next(following, None)
                break
    return None


def _words(command: Sequence[str]) -> Iterator[str]:
    """Those of the command, and those of a line for a shell among them."""
    for part in command:
        yield from part.split()


def _name(word: str) -> str:
    """Of a path, what it leads to."""
    return _BETWEEN.split(word.rstrip("'\";)"))[-1]


def _script(command: Sequence[str]) -> list[str]:
    """Of a script that begins with the name of what runs it, that line; of one for a shell, all
    that say what to do. Empty for anything else.
    """
    named = command
    if _SHELL.fullmatch(_name(command[0])):
        named = [word for word in command[1:] if not word.startswith("-")]
    text = _text(shutil.which(named[0]) or named[0]) if named else ""
    first, *rest = text.splitlines() or [""]
    if not first.startswith("#!"):
        if named is command:
            return []
        first, rest = "", [first, *rest]
    elif named is command and not any(_SHELL.fullmatch(_name(word)) for word in first[2:].split()):
        return [first]
    return [first, *(line for line in rest if not line.lstrip().startswith("#"))]


def _text(path: str) -> str:
    if not os.path.isfile(path):
        return ""  # what a pipe has it has only once
    try:
        with open(path, "rb") as file:
            return file.read(_MUCH).decode("utf-8", "replace")
    except OSError:
        return ""  # it may be run, but not read
