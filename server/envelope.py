"""The body of `/exchange`: an action, its nonce and its signature, as typed values.

Two ways lead in. The quick one lets C code decode everything and then counts colons, which proves
that no field came twice. Whatever it does not like goes the strict way, which tells a refusal from,
say, a body with trailing bytes.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from threading import Lock
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..matching.dataclass import dataclass
from ..sim.actions import ACTIONS, Action, ActionSpec
from ..sim.fixed import Address
from .decode import (
    NOT_JSON,
    NOT_SHAPED,
    BadRequest,
    Read,
    Shape,
    action_shape,
    read_address,
    read_chain_id,
    read_u64,
    read_word256,
)
from .nesting import is_deep
from .requests import MULTI_SIG
from .strict_json import Object, read_json

__all__ = [
    "BadRequest",
    "Envelope",
    "Signature",
    "read_envelope",
    "read_envelope_value",
]


@dataclass(frozen=True, slots=True)
class Signature:
    """`r` and `s` may be any 256-bit number and `v` any byte: recovery decides."""

    r: int
    s: int
    v: int


@dataclass(frozen=True, slots=True)
class MultiSig:
    """What a multiSig action wraps around the action of its user (exchange 8).

    packed: the canonical msgpack of the wrapper without its `type`, which the outer signer signs.
    signature_chain_id: of the outer signature's domain.
    """

    user: Address
    outer_signer: Address
    signatures: tuple[Signature, ...]
    packed: bytes
    signature_chain_id: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """One request to `/exchange`, well-formed but not yet believed.

    Of a multiSig action it tells of the inner one, and `multi_sig` of what is around it.

    packed: the canonical msgpack of the action, which an L1 signature covers.
    chain, signature_chain_id: what a user-signed action says in `hyperliquidChain` and
        `signatureChainId`.
    """

    action: Action
    spec: ActionSpec
    packed: bytes
    nonce: int
    signature: Signature
    vault: Address | None = None
    expires_after: int | None = None
    chain: str | None = None
    signature_chain_id: int | None = None
    multi_sig: MultiSig | None = None


class _PostedSignature(msgspec.Struct):
    r: str
    s: str
    v: Annotated[int, Meta(ge=0, le=255)]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Everything derived from the table of actions."""

    envelope: msgspec.json.Decoder[Any]
    envelope_type: Any
    kinds: dict[type[Any], tuple[ActionSpec, Shape]]
    by_name: dict[str, Shape]
    wrapper: type[Any]


_building = Lock()


def _reader() -> _Reader:
    """Made with the first request, once: two servers in two threads may get theirs at a time."""
    with _building:
        return _built()


@cache
def _built() -> _Reader:
    kinds = {}
    by_name = {}
    for name, spec in ACTIONS.items():
        shape = action_shape(spec)
        kinds[shape.struct] = (spec, shape)
        by_name[name] = shape
    actions = reduce(or_, kinds)
    payload = msgspec.defstruct(
        "PostedPayload", [("multiSigUser", str), ("outerSigner", str), ("action", actions)]
    )
    wrapper = msgspec.defstruct(
        "PostedMultiSig",
        [
            ("signatureChainId", str),
            ("signatures", list[_PostedSignature]),
            ("payload", payload),
        ],
        tag=MULTI_SIG,
        tag_field="type",
        forbid_unknown_fields=True,
    )
    envelope_type = msgspec.defstruct(
        "PostedEnvelope",
        [
            ("action", actions | wrapper),
            ("nonce", int),
            ("signature", _PostedSignature),
            ("vaultAddress", str | None | UnsetType, UNSET),
            ("expiresAfter", int | None | UnsetType, UNSET),
            ("isFrontend", bool | UnsetType, UNSET),
        ],
        forbid_unknown_fields=True,
    )
    return _Reader(msgspec.json.Decoder(envelope_type), envelope_type, kinds, by_name, wrapper)


_to_json = msgspec.json.Encoder().encode
_to_msgpack = msgspec.msgpack.Encoder().encode


def read_envelope(body: bytes) -> Envelope:
    """The request in `body`. Raises BadRequest: 400 for no JSON, 422 for the wrong shape."""
    if is_deep(body):
        raise BadRequest(400, NOT_JSON)
    try:
        posted = _reader().envelope.decode(body)
        # Without escapes every colon of the body is a key's or stands in a string; what is encoded
        # again has each key once and no unknown ones. Equal counts: no key was lost on the way.
        plain = b"\\" not in body and b"-0" not in body
        if plain and body.count(b":") == _to_json(posted).count(b":"):
            return _envelope(posted)
    except (ValueError, RecursionError):
        pass
    return read_envelope_value(read_json(body))


def read_envelope_value(value: Any) -> Envelope:
    """The request in a JSON value that is already parsed. Raises BadRequest 422.

    Duplicate fields are seen when `read_json` parsed it.
    """
    reader = _reader()
    if _repeats_field(value, reader):
        raise BadRequest(422, NOT_SHAPED)
    try:
        return _envelope(msgspec.convert(value, reader.envelope_type))
    except ValueError:
        raise BadRequest(422, NOT_SHAPED) from None


def _repeats_field(value: Any, reader: _Reader) -> bool:
    """True when a known field comes twice. In the envelope and the action all fields are known."""
    if not isinstance(value, dict):
        return False
    if getattr(value, "repeated", None):
        return True
    if _repeats_any(value.get("signature"), "r", "s", "v"):
        return True
    action = value.get("action")
    if not isinstance(action, dict) or action.get("type") != MULTI_SIG:
        return _repeats_in_action(action, reader)
    if getattr(action, "repeated", None):
        return True
    signatures, payload = action.get("signatures"), action.get("payload")
    if isinstance(signatures, list) and any(_repeats_any(s, "r", "s", "v") for s in signatures):
        return True
    if _repeats_any(payload, "multiSigUser", "outerSigner", "action"):
        return True
    return isinstance(payload, dict) and _repeats_in_action(payload.get("action"), reader)


def _repeats_any(value: Any, *names: str) -> bool:
    repeated: frozenset[str] = getattr(value, "repeated", frozenset())
    return not repeated.isdisjoint(names)


def _repeats_in_action(action: Any, reader: _Reader) -> bool:
    if not isinstance(action, dict):
        return False
    if getattr(action, "repeated", None):
        return True
    name = action.get("type")
    return isinstance(name, str) and _repeats_part(action, reader.by_name.get(name))


def _repeats_part(value: Any, shape: Shape | None) -> bool:
    """True when a key that `shape` knows comes twice in its object, at any depth.

    Observed: a duplicate of an unknown nested field is tolerated (exchange 1).
    """
    if isinstance(value, list):
        return any(_repeats_part(one, shape) for one in value)
    if shape is None or not isinstance(value, Object):
        return False
    if not value.repeated.isdisjoint(shape.parts):
        return True
    return any(
        _repeats_part(value[key], shape.parts[key]) for key in value.keys() & shape.parts.keys()
    )


def _envelope(posted: Any) -> Envelope:
    """Raises ValueError when a text or number is not legal."""
    reader = _reader()
    wrapped = posted.action if type(posted.action) is reader.wrapper else None
    action_posted = posted.action if wrapped is None else wrapped.payload.action
    spec, shape = reader.kinds[type(action_posted)]
    chain, chain_id = None, None
    if not spec.is_l1:
        chain = action_posted.hyperliquidChain
        chain_id = read_chain_id(action_posted.signatureChainId)
        action_posted.signatureChainId = hex(chain_id)
    action = shape.build(action_posted)
    packed = _packed(action_posted)
    return Envelope(
        action,
        spec,
        packed,
        read_u64(posted.nonce)[0],
        _signature(posted.signature),
        _given(read_address, posted.vaultAddress),
        _given(read_u64, posted.expiresAfter),
        chain,
        chain_id,
        None if wrapped is None else _multi_sig(wrapped, packed),
    )


def _packed(posted: Any) -> bytes:
    """Canonical msgpack. The encoder takes the wide header for a struct of more than fifteen keys,
    however few of them are set; the exchange takes the narrowest (exchange 2.1).
    """
    packed = _to_msgpack(posted)
    if packed[0] == _MAP16 and packed[1] == 0 and packed[2] < 16:
        return bytes((_FIXMAP | packed[2],)) + packed[3:]
    return packed


_MAP16, _FIXMAP = 0xDE, 0x80


def _signature(posted: _PostedSignature) -> Signature:
    return Signature(read_word256(posted.r), read_word256(posted.s), posted.v)


def _multi_sig(wrapped: Any, packed: bytes) -> MultiSig:
    """What is around an inner action that is canonical already, and `packed`.

    Observed: inner signatures are hashed with `r` and `s` without leading zeros, addresses in lower
    case (exchange 8).
    """
    user = read_address(wrapped.payload.multiSigUser)[0]
    outer_signer = read_address(wrapped.payload.outerSigner)[0]
    chain_id = read_chain_id(wrapped.signatureChainId)
    signatures = tuple(_signature(one) for one in wrapped.signatures)
    wire = {
        "signatureChainId": hex(chain_id),
        "signatures": [{"r": hex(one.r), "s": hex(one.s), "v": one.v} for one in signatures],
        "payload": {
            "multiSigUser": user,
            "outerSigner": outer_signer,
            "action": msgspec.Raw(packed),
        },
    }
    return MultiSig(user, outer_signer, signatures, _to_msgpack(wire), chain_id)


def _given(read: Read, posted: Any) -> Any:
    """The value of an optional field; absent and null are None."""
    return None if posted is UNSET or posted is None else read(posted)[0]
