"""Who signed: the digests of L1 and user-signed actions, and the recovery of the address.

Constants of EIP-712 are computed once; an L1 order costs four short keccaks and one recovery. The
libsecp256k1 calls use fresh buffers each time, so any thread may recover.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

import msgpack  # type: ignore[import-untyped]  # no types come with it
from coincurve import PublicKey
from coincurve.context import GLOBAL_CONTEXT

from ..sim.actions.multisig import SignersText
from ..sim.errors import ActionError, ActionReject
from ..sim.fixed import Address
from .canonical import action_fields
from .envelope import Envelope, Signature
from .keccak import keccak256

Chain = Literal["testnet", "mainnet", "any"]

CHAIN_WORDS = {"testnet": "Testnet", "mainnet": "Mainnet"}
"""What `hyperliquidChain` says on each network."""

_SOURCES = {"testnet": keccak256(b"b"), "mainnet": keccak256(b"a")}

_PREFIX = b"\x19\x01"


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


_DOMAIN_TYPE = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)


def _domain(name: bytes, chain_id: int) -> bytes:
    fields = (_DOMAIN_TYPE, keccak256(name), keccak256(b"1"), _word(chain_id), _word(0))
    return keccak256(b"".join(fields))


_L1_PREFIX = _PREFIX + _domain(b"Exchange", 1337)
_AGENT_TYPE = keccak256(b"Agent(string source,bytes32 connectionId)")


# -- digests ---------------------------------------------------------------------------------------


def action_hash(wire: Any, nonce: int, vault: Address | None, expires_after: int | None) -> bytes:
    """The connection id of a wire form (exchange 2.1): any plain value that msgpack can pack."""
    return packed_hash(msgpack.Packer().pack(wire), nonce, vault, expires_after)


def packed_hash(
    packed: bytes, nonce: int, vault: Address | None, expires_after: int | None
) -> bytes:
    """The connection id of an action that is packed already."""
    if vault is None:
        signed = packed + nonce.to_bytes(8, "big") + b"\0"
    else:
        signed = packed + nonce.to_bytes(8, "big") + b"\1" + bytes.fromhex(vault[2:])
    if expires_after is not None:
        # NB: the mark is 0, not 1, and stands there with a vault too.
        signed += b"\0" + expires_after.to_bytes(8, "big")
    return keccak256(signed)


def l1_digest(connection_id: bytes, *, is_mainnet: bool) -> bytes:
    """What the signer of an L1 action signs: the phantom agent of its connection id."""
    source = _SOURCES["mainnet" if is_mainnet else "testnet"]
    return keccak256(_L1_PREFIX + keccak256(_AGENT_TYPE + source + connection_id))


def user_signed_digest(
    primary_type: str,
    signs: tuple[str, ...],
    values: Sequence[Any],
    *,
    chain: str,
    chain_id: int,
) -> bytes:
    """What the signer of a user-signed action signs (exchange 3).

    `signs` are the EIP-712 fields behind `hyperliquidChain`, "type name" each, and `values` theirs;
    `chain` is the word of `hyperliquidChain`, `chain_id` the domain's.
    """
    type_hash, encoders = _message_type(primary_type, signs)
    parts = [type_hash, keccak256(chain.encode())]
    parts += [encode(value) for encode, value in zip(encoders, values, strict=True)]
    return keccak256(_user_signed_prefix(chain_id) + keccak256(b"".join(parts)))


@lru_cache(maxsize=1024)
def _user_signed_prefix(chain_id: int) -> bytes:
    return _PREFIX + _domain(b"HyperliquidSignTransaction", chain_id)


@lru_cache(maxsize=1024)
def _message_type(
    primary_type: str, signs: tuple[str, ...]
) -> tuple[bytes, list[Callable[[Any], bytes]]]:
    fields = ",".join(("string hyperliquidChain", *signs))
    type_hash = keccak256(f"HyperliquidTransaction:{primary_type}({fields})".encode())
    return type_hash, [_ENCODERS[sign.split()[0]] for sign in signs]


def _string(value: str | None) -> bytes:
    # An unnamed agent is signed as "" (exchange 6).
    return keccak256((value or "").encode())


def _address(value: str) -> bytes:
    return bytes(12) + bytes.fromhex(value[2:])


def _bytes32(value: bytes) -> bytes:
    return value


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "string": _string,
    "uint64": _word,
    "uint32": _word,
    "bool": _word,
    "address": _address,
    "bytes32": _bytes32,
    "bytes": keccak256,
}
"""EIP-712 encodings of the types that signed fields have."""


# -- recovery --------------------------------------------------------------------------------------


def _address_of(public_key: bytes) -> Address:
    """`public_key`: the 64 bytes x ‖ y."""
    return Address("0x" + keccak256(public_key)[12:].hex())


def recover_portable(digest: bytes, r: int, s: int, parity: int) -> Address | None:
    """As `recover_address`, through coincurve's public interface only."""
    signature = _word(r) + _word(s) + bytes((parity,))
    try:
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError:
        return None
    return _address_of(key.format(compressed=False)[1:])


try:
    from coincurve._libsecp256k1 import ffi, lib  # type: ignore[import-not-found]  # made of C
except ImportError:  # pragma: no cover - a coincurve that is built otherwise
    recover_address = recover_portable
else:
    _KEY = ffi.typeof("secp256k1_pubkey *")
    _SIGNATURE = ffi.typeof("secp256k1_ecdsa_recoverable_signature *")
    _BYTES65 = ffi.typeof("unsigned char[65]")
    _LENGTH = ffi.typeof("size_t *")
    _UNCOMPRESSED = lib.SECP256K1_EC_UNCOMPRESSED

    def recover_address(digest: bytes, r: int, s: int, parity: int) -> Address | None:
        """The address whose key made the signature, or None when no key can have.

        `parity` is 0 or 1. High s values are fine: nobody checks malleability (exchange 2.3).
        """
        context = GLOBAL_CONTEXT.ctx
        signature = ffi.new(_SIGNATURE)
        compact = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if not lib.secp256k1_ecdsa_recoverable_signature_parse_compact(
            context, signature, compact, parity
        ):
            return None
        key = ffi.new(_KEY)
        if not lib.secp256k1_ecdsa_recover(context, key, signature, digest):
            return None
        output = ffi.new(_BYTES65)
        length = ffi.new(_LENGTH, 65)
        lib.secp256k1_ec_pubkey_serialize(context, output, length, key, _UNCOMPRESSED)
        return _address_of(ffi.buffer(output)[1:])


# -- envelopes -------------------------------------------------------------------------------------

_PARITIES = {0: 0, 1: 1, 27: 0, 28: 1}
"""Observed: every other v is unrecoverable (exchange 2.3)."""


def recover(
    envelope: Envelope, *, chain: Chain, knows: Callable[[Address], bool] = lambda address: False
) -> Address:
    """The address that signed, after steps 2 to 5 of exchange 1.3 (5 for user-signed actions only).

    Raises ActionError. With `chain` "any" an L1 signature fits both networks: the first whose
    recovered address `knows` is taken, testnet before mainnet, and testnet's when neither is known.
    """
    if envelope.spec.is_l1:
        return _recover_l1(envelope, chain, knows)
    check_fields(envelope, chain)
    signer = _recover(envelope_digest(envelope), envelope)
    check_extras(envelope)
    return signer


def check_fields(envelope: Envelope, chain: Chain) -> None:
    """What a user-signed action must say before anybody looks for its signer."""
    if chain != "any" and envelope.chain != CHAIN_WORDS[chain]:
        raise ActionError(ActionReject.CHAIN)
    if signed_values(envelope)[-1] != envelope.nonce:
        raise ActionError(ActionReject.NONCE_MISMATCH)


def check_extras(envelope: Envelope) -> None:
    """What a user-signed action must not have beside it."""
    if envelope.vault is not None:
        raise ActionError(ActionReject.VAULT_ON_USER_SIGNED)
    if envelope.expires_after is not None:
        raise ActionError(ActionReject.EXPIRES_ON_USER_SIGNED)


def _recover_l1(envelope: Envelope, chain: Chain, knows: Callable[[Address], bool]) -> Address:
    connection_id = packed_hash(
        envelope.packed, envelope.nonce, envelope.vault, envelope.expires_after
    )
    if chain != "any":
        return _recover(l1_digest(connection_id, is_mainnet=chain == "mainnet"), envelope)
    testnet = _recover(l1_digest(connection_id, is_mainnet=False), envelope)
    if knows(testnet):
        return testnet
    mainnet = _recover(l1_digest(connection_id, is_mainnet=True), envelope)
    return mainnet if knows(mainnet) else testnet


def envelope_digest(envelope: Envelope) -> bytes:
    """The digest of a user-signed action, for the chain that it names."""
    spec = envelope.spec
    if spec.signs is None or envelope.chain is None or envelope.signature_chain_id is None:
        raise ValueError(f"{spec.name} is not user-signed")
    return user_signed_digest(
        spec.primary_type,
        spec.signs,
        signed_values(envelope),
        chain=envelope.chain,
        chain_id=envelope.signature_chain_id,
    )


def signed_values(envelope: Envelope) -> list[Any]:
    """What the signature of a user-signed action covers, in order; the nonce is last."""
    values = [getattr(envelope.action, entry.name) for entry in action_fields(envelope.spec.name)]
    return [value.text if type(value) is SignersText else value for value in values]


def _recover(digest: bytes, envelope: Envelope) -> Address:
    signer = signer_of(digest, envelope.signature)
    if signer is None:
        raise ActionError(ActionReject.UNRECOVERABLE)
    return signer


def signer_of(digest: bytes, signature: Signature) -> Address | None:
    """Who made a posted signature of `digest`; None when nobody can have."""
    parity = _PARITIES.get(signature.v)
    return None if parity is None else recover_address(digest, signature.r, signature.s, parity)
