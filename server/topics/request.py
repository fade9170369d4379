"""What a client sends: the text of one frame to a ping, a subscription, or a posted request."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ...matching.dataclass import dataclass
from ..decode import BadRequest
from ..info.request import read_body
from ..nesting import is_deep
from ..strict_json import Object
from .registry import TOPICS, Topic


class Unreadable(Exception):
    """The exchange could not parse the frame into a request (ws 2.2)."""


@dataclass(frozen=True, slots=True)
class Ping:
    """The JSON ping, not the protocol's."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    topic: Topic


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    topic: Topic


@dataclass(frozen=True, slots=True)
class Post:
    """A request as over HTTP. `number` is the client's `id`, any u64."""

    number: int
    kind: Literal["info", "action"]
    payload: Any
    """Objects in which a key came twice are `decode.Object`."""


Request = Ping | Subscribe | Unsubscribe | Post


class _Frame(msgspec.Struct):
    """Unknown keys are legal; ccxt puts an `id` of text where none belongs (ws 1.2)."""

    method: str
    subscription: msgspec.Raw = msgspec.Raw(b"null")
    id: Any = None
    request: msgspec.Raw = msgspec.Raw(b"null")


class _Posted(msgspec.Struct):
    type: Literal["info", "action"]
    payload: msgspec.Raw


_frame = msgspec.json.Decoder(_Frame)
_posted = msgspec.json.Decoder(_Posted)
_PING = Ping()


def read_request(text: str) -> Request:
    """The request in a frame. Raises Unreadable for anything that is none."""
    if is_deep(text.encode("utf-8", "replace")):
        raise Unreadable
    try:
        frame = _frame.decode(text)
        match frame.method:
            case "ping":
                return _PING
            case "subscribe":
                return Subscribe(_topic(frame.subscription))
            case "unsubscribe":
                return Unsubscribe(_topic(frame.subscription))
            case "post":
                return _post(frame)
    except (ValueError, RecursionError, BadRequest) as error:
        raise Unreadable from error
    raise Unreadable


def _topic(subscription: msgspec.Raw) -> Topic:
    """The topic asked for.

    Raises ValueError for an unknown type, and for a parameter that is missing, of the wrong type,
    or there twice.
    """
    value = read_body(bytes(subscription))
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if type(value) is Object and "type" in value.repeated:
        raise ValueError("duplicate field type")
    name = value.get("type")
    spec = TOPICS.get(name) if isinstance(name, str) else None
    if spec is None:
        raise ValueError("no such subscription")
    return spec.cls(*[field.read(value) for field in spec.fields])


def _post(frame: _Frame) -> Post:
    number = frame.id
    if type(number) is not int or not 0 <= number < 1 << 64:
        raise ValueError("not a post")
    posted = _posted.decode(frame.request)
    return Post(number, posted.type, read_body(bytes(posted.payload)))
