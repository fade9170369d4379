"""The table of control endpoints: an endpoint is a function, its request a struct.

`@control("POST", "clock/advance")` makes a function the endpoint of that path. Its first parameter
is the console, its second one, if there is one, the request; what its fields are, what is refused,
and what `openapi.json` says follow from the struct.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Generator, Iterable
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec

from ...matching.dataclass import dataclass
from ..nesting import is_deep

Json = Any


class Download(msgspec.Struct, frozen=True):
    """An answer that is the first `size` bytes of a file, lines of JSON."""

    path: str
    size: int


Method = Literal["GET", "POST"]

T = TypeVar("T")
Steps = Generator[None, None, T]
"""What an endpoint returns whose work may take long: between two steps others have their turn."""


class Asked(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request; the base of all that take something."""

    wants_some: ClassVar[bool] = False
    """True: no key is required, but one of them is."""


class Nothing(Asked):
    """A request without fields."""


@dataclass(frozen=True, slots=True)
class ControlSpec:
    """One row of the table."""

    path: str
    """After `/hlsim/`."""
    method: Method
    call: Callable[..., Json]
    """Takes the console, and the request unless that is `Nothing`. Raises ValueError."""
    asked: type[Asked]
    returns: Any
    """Its annotation: a struct, `str` for plain text, `Download` for a file, anything else is JSON.
    """
    is_long: bool
    """It makes its answer in steps."""

    @property
    def text(self) -> str:
        """What its docstring says."""
        return inspect.getdoc(self.call) or ""

    @property
    def keys(self) -> tuple[str, ...]:
        """What a request may hold."""
        return self.asked.__struct_encode_fields__

    def read(self, body: bytes, query: bytes) -> Asked:
        """The request. Raises ValueError that says what is wrong with it."""
        if self.method == "GET":
            return self.take(_from_query(query), is_text=True)
        if is_deep(body):
            raise ValueError("not JSON that anybody writes: it nests too deep")
        try:
            given = msgspec.json.decode(body) if body else {}
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"not JSON: {error}") from None
        if body:
            _ONCE.decode(body.decode())
        return self.take(given)

    def take(self, given: Any, *, is_text: bool = False) -> Asked:
        """The request that `given` makes. Raises ValueError that says what is wrong with it."""
        if not isinstance(given, dict):
            raise ValueError(f"an object is wanted; known keys: {self._known()}")
        unknown = sorted(given.keys() - set(self.keys))
        if unknown:
            raise ValueError(f"unknown key {unknown[0]!r}; known: {self._known()}")
        if not given and self.asked.wants_some:
            raise ValueError(f"no key; known: {self._known()}")
        try:
            return msgspec.convert(given, self.asked, strict=not is_text)
        except msgspec.ValidationError as error:
            said = f"{error}{_choices(self.asked, str(error))}"
            raise ValueError(f"{said}; known keys: {self._known()}") from None

    def _known(self) -> str:
        return ", ".join(self.keys) or "none"

    def answer(self, console: Any, asked: Asked) -> Json:
        """What the endpoint answers, all steps done. Raises ValueError for what cannot be done."""
        steps = self.steps(console, asked)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    def steps(self, console: Any, asked: Asked) -> Steps[Json]:
        """Makes the answer, and lets go between two steps. Raises ValueError as `answer` does."""
        found = self.call(console) if self.asked is Nothing else self.call(console, asked)
        return (yield from found) if self.is_long else found


def _choices(asked: type[Asked], said: str) -> str:
    """Which words a key takes, where `said` is that it got another one."""
    if said.startswith("Invalid enum value"):
        for key, kind in zip(asked.__struct_encode_fields__, _kinds(asked), strict=True):
            words = next((get_args(one) for one in (kind, *get_args(kind)) if _is_choice(one)), ())
            if words and said.endswith(f"`$.{key}`"):
                return f": {', '.join(map(str, words))}"
    return ""


def _kinds(asked: type[Asked]) -> list[Any]:
    hints = get_type_hints(asked)
    return [hints[field] for field in asked.__struct_fields__]


def _is_choice(kind: Any) -> bool:
    return get_origin(kind) is Literal


CONTROL: dict[str, ControlSpec] = {}
"""By path, in the order of definition."""

F = TypeVar("F", bound=Callable[..., Json])


def control(method: Method, path: str) -> Callable[[F], F]:
    """Registers a function as the endpoint `path`."""

    def register(call: F) -> F:
        if path in CONTROL:
            raise ValueError(f"control endpoint {path} is defined twice")
        names = list(inspect.signature(call).parameters)
        hints = get_type_hints(call, include_extras=True)
        asked = hints[names[1]] if len(names) > 1 else Nothing
        returns = hints["return"]
        is_long = get_origin(returns) is Generator
        if is_long:
            returns = get_args(returns)[2]
        CONTROL[path] = ControlSpec(path, method, call, asked, returns, is_long)
        return call

    return register


def _from_query(query: bytes) -> dict[str, str]:
    return _each_once(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


def _each_once(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r:.80} is given twice")
        found[name] = value
    return found


_ONCE = json.JSONDecoder(object_pairs_hook=_each_once, parse_int=str, parse_float=str, strict=False)
"""Reads what is known to be JSON, and raises ValueError for a key that is there twice, however
deep: the parser that makes the values takes the last one and says nothing.
"""
