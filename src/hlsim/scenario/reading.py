"""Scenario files: YAML to `Scenario`, and for what is wrong the line and the path of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NoReturn, TypeVar

from hlsim.matching.dataclass import dataclass
from hlsim.scenario.acts import FAULT, act_of, opening_of, plan_of
from hlsim.scenario.conditions import condition_of
from hlsim.scenario.durations import duration_ms
from hlsim.scenario.judges import judge_of
from hlsim.scenario.names import check_names
from hlsim.scenario.words import check_word
from hlsim.scenarios.story import Named, Scenario, Senseless, Step, Written
from hlsim.server.control import CONTROL

T = TypeVar("T")

MOST_SAID = 1_000


class Mistake(ValueError):
    """A file that is no scenario: `FILE:LINE: PATH: what is wrong`."""


@dataclass(frozen=True, slots=True)
class Part:
    """A value of the file, and where it stands."""

    value: Any
    file: str
    path: str
    lines: Mapping[str, int]

    def wrong(self, said: str) -> NoReturn:
        """Raises Mistake."""
        path = self.path or "the file"
        line = " ".join(said.split())[:MOST_SAID]  # what it quotes may be anything
        raise Mistake(f"{self.file}:{self.lines[self.path]}: {path}: {line}")

    def at(self, key: str | int) -> Part:
        """What stands under a key or at a place."""
        path = f"{self.path}[{key}]" if isinstance(key, int) else f"{self.path}.{key}".lstrip(".")
        return Part(self.value[key], self.file, path, self.lines)

    def mapping(self) -> dict[str, Any]:
        """It is an object."""
        if not isinstance(self.value, dict):
            self.wrong("an object is wanted")
        return self.value

    def items(self) -> Iterator[Part]:
        """It is a list."""
        if not isinstance(self.value, list):
            self.wrong("a list is wanted")
        return (self.at(place) for place in range(len(self.value)))

    def only(self) -> Part:
        """What stands under its only key."""
        if len(self.mapping()) != 1:
            self.wrong("one key is wanted")
        return self.at(next(iter(self.value)))

    def take(self, make: Callable[[Any], T]) -> T:
        """What `make` makes of it, whose ValueError becomes a Mistake."""
        try:
            return make(self.value)
        except Mistake:
            raise
        except ValueError as error:
            said = str(error)
            if "Expected `str`, got `int`" in said:  # 0x… is a number to YAML
                said = f"in quotes it is a text: {said}"
            self.wrong(said)


def read(text: str, file: str, name: str) -> Scenario:
    """The scenario of a file. Raises Mistake."""
    whole = _parsed(text, file)
    keys = whole.mapping()
    for key in keys:
        if key not in FIELDS:
            whole.at(key).wrong(f"unknown key {key!r}; known: {', '.join(FIELDS)}")
    for key in REQUIRED:
        if key not in keys:
            whole.wrong(f"{key!r} is missing")
    found: dict[str, Any] = {"name": name, "written": Written(file, whole.lines)}
    for key in keys:
        field, make = FIELDS[key]
        found[field] = make(whole.at(key))
    try:
        scenario = Scenario(**found)
        check_names(scenario)
    except Senseless as error:
        (key,) = (key for key, (field, _) in FIELDS.items() if field == error.field)
        part = whole.at(key) if key in keys else whole
        (part if error.place is None else part.at(error.place)).wrong(str(error))
    return scenario


# -- the parts of a scenario -----------------------------------------------------------------------


def _text(part: Part) -> str:
    if not isinstance(part.value, str) or not part.value.strip():
        part.wrong("a text is wanted")
    return " ".join(part.value.split())


def _duration(part: Part) -> int:
    return part.take(duration_ms)


def _whole(part: Part) -> int:
    if not isinstance(part.value, int) or isinstance(part.value, bool):
        part.wrong("a whole number is wanted")
    return part.value


def _number(part: Part) -> float:
    if not isinstance(part.value, int | float) or isinstance(part.value, bool):
        part.wrong("a number is wanted")
    return part.value


def _exchange(part: Part) -> dict[str, Any]:
    for key in part.mapping():
        part.at(key).take(partial(check_word, key))
    return dict(part.value)


def _named(part: Part, make: Callable[[Named], object]) -> Named:
    """An object of one key, the name; `make` says whether it is good."""
    if isinstance(part.value, str):
        part.wrong(f"an object is wanted: {part.value!r:.80} lacks a colon behind it")
    inner = part.only()
    (name,) = part.value
    # A judge that takes nothing may stand there without anything.
    keys = {} if inner.value is None else inner.mapping()
    named = Named(name, keys)
    inner.take(lambda _: make(named))
    return named


def _actors(part: Part) -> tuple[Named, ...]:
    found = []
    for name in part.mapping():
        inner = part.at(name)
        actor = Named(name, {} if inner.value is None else inner.mapping())
        inner.take(partial(_open, actor))
        found.append(actor)
    return tuple(found)


def _open(actor: Named, _: Any) -> None:
    opening_of(actor)


def _step(part: Part) -> Step:
    keys = part.mapping()
    acts = [key for key in keys if key not in TIMES]
    if len(acts) != 1:
        known = [key for key in acts if key == FAULT or key in CONTROL]
        unknown = [key for key in acts if key not in known]
        if known and unknown:  # a time that is misspelt looks like one more thing to do
            said = f"unknown key {unknown[0]!r}; known beside {known[0]}: {', '.join(TIMES)}"
            part.at(unknown[0]).wrong(said)
        part.wrong(f"one thing to do is wanted beside {', '.join(TIMES)}")
    (name,) = acts
    inner = part.at(name)
    act = Named(name, {"plan": inner.value} if name == FAULT else inner.mapping())
    inner.take(lambda _: act_of(act))
    found = {TIMES[key][0]: TIMES[key][1](part.at(key)) for key in keys if key in TIMES}
    return part.take(lambda _: Step(act, **found))


def _each(make: Callable[[Part], T]) -> Callable[[Part], tuple[T, ...]]:
    return lambda part: tuple(make(one) for one in part.items())


TIMES: dict[str, tuple[str, Callable[[Part], Any]]] = {
    "at": ("at_ms", _duration),
    "every": ("every_ms", _duration),
    "when": ("when", lambda part: _named(part, condition_of)),
    "after": ("after_ms", _duration),
    "times": ("times", _whole),
    "for": ("for_ms", _duration),
}
"""Keys of a step beside what it does: the field of `Step`, and how it is read."""

FIELDS: dict[str, tuple[str, Callable[[Part], Any]]] = {
    "title": ("title", _text),
    "teaches": ("teaches", _text),
    "source": ("source", _text),
    "exchange": ("exchange", _exchange),
    "account": ("account", _whole),
    "lasts": ("lasts_ms", _duration),
    "step": ("step_ms", _duration),
    "speed": ("speed", _number),
    "faults": ("faults", _each(lambda part: part.take(plan_of))),
    "actors": ("actors", _actors),
    "timeline": ("timeline", _each(_step)),
    "expect": ("expect", _each(lambda part: _named(part, judge_of))),
}
"""Keys of a file: the field of `Scenario`, and how it is read."""

REQUIRED = ("title", "lasts", "expect")


# -- YAML ------------------------------------------------------------------------------------------

MOST_CHARACTERS = 1_000_000
MOST_VALUES = 100_000
"""Of a file. Half of it is read in a second or two."""

HINTS = {
    "expected <block end>": "; look at the indentation of this line and the one before",
    "'\\t' that cannot start": "; indent with spaces, not with a tab",
    "mapping values are not allowed": "; a text with a colon in it stands in quotes",
    "another document": "; a file has one scenario and no second ---",
}
"""Behind what PyYAML says of a mistake that people make, what to do about it."""


def _parsed(text: str, file: str) -> Part:
    """The file's values with the line of each. Raises Mistake for what is no YAML."""
    import yaml

    if len(text) > MOST_CHARACTERS:
        raise Mistake(f"{file}:1: the file: it has more than {MOST_CHARACTERS:,} characters")
    lines: dict[str, int] = {}
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise Mistake(f"{file}:1: the file: it is empty")
        value = _value(loader, node, file, "", lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error)
        hint = next((hint for problem, hint in HINTS.items() if problem in said), "")
        raise Mistake(f"{file}:{mark.line + 1 if mark else 1}: not YAML: {said}{hint}") from None
    except RecursionError:
        raise Mistake(f"{file}:1: not YAML: it is nested too deep") from None
    return Part(value, file, "", lines)


def _value(loader: Any, node: Any, file: str, path: str, lines: dict[str, int]) -> Any:
    """The value of a node. Keys are text as it stands: YAML would make `on` a truth value."""
    line = lines[path] = node.start_mark.line + 1
    if len(lines) > MOST_VALUES:
        # A few lines of aliases of aliases are as many as one likes.
        raise Mistake(f"{file}:{line}: {path}: more than {MOST_VALUES:,} values")
    if node.id == "scalar":
        try:
            node.value.encode()
            return loader.construct_object(node)
        except ValueError as error:  # a date of the 45th, half a character
            raise Mistake(f"{file}:{line}: {path}: {error}") from None
        except (AttributeError, LookupError):  # what PyYAML makes of a tag that does not fit
            said = f"{node.value!r:.80} is no {node.tag.rpartition(':')[2]}"
            raise Mistake(f"{file}:{line}: {path}: {said}") from None
    if node.id == "sequence":
        return [
            _value(loader, inner, file, f"{path}[{place}]", lines)
            for place, inner in enumerate(node.value)
        ]
    found: dict[str, Any] = {}
    for key, inner in node.value:
        line = key.start_mark.line + 1
        if key.id != "scalar":
            raise Mistake(f"{file}:{line}: {path or 'the file'}: a key is a text")
        name = key.value.encode(errors="backslashreplace").decode()
        below = f"{path}.{name}".lstrip(".")
        if name in found:
            raise Mistake(f"{file}:{line}: {below}: it is there twice")
        found[name] = _value(loader, inner, file, below, lines)
        lines[below] = line
    return found
