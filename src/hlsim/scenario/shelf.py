"""Where scenarios are found: those that come with hlsim by their names, others by their files."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from hlsim.scenario.reading import Mistake, read
from hlsim.scenarios.story import Scenario
from hlsim.server.slips import nearest

ENDINGS = (".yaml", ".yml")


def shipped() -> dict[str, Scenario]:
    """The scenarios of the library by name, in order of the names."""
    return {name: _shipped(name) for name in sorted(_files())}


def load(which: str) -> Scenario:
    """The scenario of a name or of a file. Raises Mistake for a file that is none, ValueError for
    what cannot be found.
    """
    if which in _files():
        return _shipped(which)
    path = Path(which)
    if not path.name.endswith(ENDINGS):
        near = nearest(which, _files())
        raise ValueError(f"no scenario {which!r}; nearest: {near}; a file ends in .yaml")
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ValueError(f"{which}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise Mistake(f"{which}:1: not YAML: {error}") from None
    return read(text, which, path.stem)


def about(which: str, error: ValueError) -> str:
    """What is wrong with a scenario, in a line that names it once."""
    said = str(error)
    return said if said.startswith(f"{which}:") else f"{which}: {said}"


def text_of(which: str) -> str:
    """The file of a scenario, as it was written."""
    files = _files()
    return files[which] if which in files else Path(which).read_text("utf-8")


@cache
def _files() -> dict[str, str]:
    folder = resources.files("hlsim.scenarios.library")
    return {
        file.name.removesuffix(".yaml"): file.read_text("utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    }


@cache
def _shipped(name: str) -> Scenario:
    return read(_files()[name], f"{name}.yaml", name)
