"""The table of info types: a type is a function, its parameters are the fields of its request."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_type_hints

import msgspec

from ...matching.dataclass import dataclass
from ...sim.fixed import div_down
from ...sim.view import View
from ..decode import NOT_SHAPED, BadRequest
from .request import Field, read_body, type_of

Json = Any
"""What msgspec encodes: dicts in wire order, lists, strings, numbers, null, or `msgspec.Raw`."""

Status = Literal["modelled", "static", "empty"]
"""modelled: computed from the state. static: constants. empty: the honest answer of a world without
the feature."""


class Unanswerable(Exception):
    """A well-formed request that cannot be answered: HTTP 500 with the body `null` (info 1)."""


@dataclass(frozen=True, slots=True)
class InfoSpec:
    """One row of the table."""

    name: str
    call: Callable[..., Json]
    """Takes the view, then one argument for each field, in order."""
    fields: tuple[Field, ...]
    weight: int
    rows_per_weight: int
    """So many rows of the answer cost one more; 0 when rows cost nothing."""
    status: Status
    source: str
    is_positional: bool
    """Also taken as a JSON array, `["userRole", "0x…"]`."""

    def surcharge(self, reply: Json) -> int:
        """What `reply` costs of the IP budget beside `weight`. Assumed: rounded down (contested
        61).
        """
        if not self.rows_per_weight or not isinstance(reply, list):
            return 0
        return div_down(len(reply), self.rows_per_weight)


INFO: dict[str, InfoSpec] = {}
"""By wire name, in the order of definition."""

F = TypeVar("F", bound=Callable[..., Json])


def info(
    name: str,
    *,
    source: str,
    weight: int = 20,
    rows_per_weight: int = 0,
    status: Status = "modelled",
    is_positional: bool = False,
) -> Callable[[F], F]:
    """Registers a function as the info type `name`. `source` is where its shape is known from."""

    def register(call: F) -> F:
        if name in INFO:
            raise ValueError(f"info type {name} is defined twice")
        hints = get_type_hints(call)
        fields = tuple(
            Field(
                parameter.name,
                hints[parameter.name],
                default=None if parameter.default is parameter.empty else parameter.default,
                is_required=parameter.default is parameter.empty,
            )
            for parameter in list(inspect.signature(call).parameters.values())[1:]
        )
        INFO[name] = InfoSpec(
            name, call, fields, weight, rows_per_weight, status, source, is_positional
        )
        return call

    return register


@dataclass(frozen=True, slots=True)
class Query:
    """A request that was understood. `answer` may still fail."""

    spec: InfoSpec
    arguments: tuple[Any, ...]

    def answer(self, view: View) -> Json:
        """Raises Unanswerable."""
        return self.spec.call(view, *self.arguments)


def query_of(request: Any) -> Query:
    """What a decoded request asks for. Raises BadRequest 422."""
    is_positional = isinstance(request, list)
    if is_positional:
        request = _from_positions(request)
    spec = _spec_of(request)
    if spec is None:
        raise BadRequest(422, NOT_SHAPED)
    try:
        arguments = [
            field.read(request) if field.is_named or is_positional else field.default
            for field in spec.fields
        ]
    except ValueError as error:
        raise BadRequest(422, NOT_SHAPED) from error
    return Query(spec, tuple(arguments))


def _spec_of(request: Any) -> InfoSpec | None:
    name = type_of(request)
    return None if name is None else INFO.get(name)


def _from_positions(values: list[Any]) -> dict[str, Any] | None:
    """The object that a positional array stands for, None when its type has no such form."""
    name = values[0] if values else None
    spec = INFO.get(name) if isinstance(name, str) else None
    if spec is None or not spec.is_positional or len(values) > 1 + len(spec.fields):
        return None
    request = dict(zip((field.wire for field in spec.fields), values[1:], strict=False))
    return {"type": name, **request}


def read_query(body: bytes) -> Query:
    """What the body of a request asks for. Raises BadRequest."""
    return query_of(read_body(body))


def answer(view: View, body: bytes) -> bytes:
    """The body of the answer to the body of a request. Raises BadRequest or Unanswerable."""
    return encoded(read_query(body).answer(view))


def answer_value(view: View, request: Any) -> Json:
    """As `answer`, of a request and for an answer that stand inside a larger message."""
    return query_of(request).answer(view)


def encoded(reply: Json) -> bytes:
    """`reply` as compact JSON in its own key order."""
    return bytes(reply) if type(reply) is msgspec.Raw else msgspec.json.encode(reply)
