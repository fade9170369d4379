"""Who signed a multiSig action: one outer signature over the wrapper, several inner ones over the
action (exchange 8). Whether they may is for the exchange to say.
"""

from __future__ import annotations

from ..sim.call import CoSigned
from ..sim.errors import ActionError, ActionReject
from ..sim.fixed import Address
from ..sim.ids import ZERO_ADDRESS
from .envelope import Envelope, MultiSig
from .signing import (
    CHAIN_WORDS,
    Chain,
    check_extras,
    check_fields,
    l1_digest,
    packed_hash,
    signed_values,
    signer_of,
    user_signed_digest,
)

MOST_SIGNATURES = 100
"""Assumed: ten owners need no more; each costs a recovery before anything else is known."""

_OUTER = ("bytes32 multiSigActionHash", "uint64 nonce")
_INNER = ("address payloadMultiSigUser", "address outerSigner")


def recover_multi_sig(
    envelope: Envelope, parts: MultiSig, *, chain: Chain
) -> tuple[Address, CoSigned]:
    """The outer signer, and for whom with whose signatures.

    Raises ActionError, in the order of the checks of exchange 1.3. Observed: an outer signature
    that recovers to another address than `outerSigner`. Assumed: an inner signature that nobody can
    have made is a stranger's.
    """
    if not envelope.spec.is_l1:
        check_fields(envelope, chain)
    word = _outer_chain(envelope, parts, chain)
    if not envelope.spec.is_l1:
        check_extras(envelope)
    if len(parts.signatures) > MOST_SIGNATURES:
        raise ActionError(ActionReject.MULTI_SIG_INNER)
    digest = inner_digest(envelope, parts, is_mainnet=word == CHAIN_WORDS["mainnet"])
    found = [signer_of(digest, signature) for signature in parts.signatures]
    signers = tuple(Address(signer or ZERO_ADDRESS) for signer in found)
    return parts.outer_signer, CoSigned(parts.user, signers)


def _outer_chain(envelope: Envelope, parts: MultiSig, chain: Chain) -> str:
    """The network for which the outer signer signed: the wrapper does not name one."""
    words = CHAIN_WORDS.values() if chain == "any" else (CHAIN_WORDS[chain],)
    for word in words:
        signer = signer_of(outer_digest(envelope, parts, word), envelope.signature)
        if signer is None:
            raise ActionError(ActionReject.UNRECOVERABLE)
        if signer == parts.outer_signer:
            return word
    raise ActionError(ActionReject.MULTI_SIG_OUTER)


def outer_digest(envelope: Envelope, parts: MultiSig, chain: str) -> bytes:
    """What the outer signer signs; `chain` is the word of `hyperliquidChain`."""
    wrapper = packed_hash(parts.packed, envelope.nonce, envelope.vault, envelope.expires_after)
    return user_signed_digest(
        "SendMultiSig",
        _OUTER,
        (wrapper, envelope.nonce),
        chain=chain,
        chain_id=parts.signature_chain_id,
    )


def inner_digest(envelope: Envelope, parts: MultiSig, *, is_mainnet: bool) -> bytes:
    """What every inner signer signs: of an L1 action the array of user, outer signer and action, of
    a user-signed one its own message with both addresses in front.
    """
    spec = envelope.spec
    if spec.signs is None:
        # An array of three: two texts of 42 bytes, then the action as it is packed already.
        names = (b"\xd9\x2a" + one.encode() for one in (parts.user, parts.outer_signer))
        packed = b"\x93" + b"".join(names) + envelope.packed
        connection_id = packed_hash(packed, envelope.nonce, envelope.vault, envelope.expires_after)
        return l1_digest(connection_id, is_mainnet=is_mainnet)
    assert envelope.chain is not None
    assert envelope.signature_chain_id is not None
    return user_signed_digest(
        spec.primary_type,
        (*_INNER, *spec.signs),
        (parts.user, parts.outer_signer, *signed_values(envelope)),
        chain=envelope.chain,
        chain_id=envelope.signature_chain_id,
    )
