"""Numbers and hashes that name things: transaction hashes, trade ids. Counters live in `State`."""

from __future__ import annotations

from hashlib import blake2b

from .fixed import Address

ZERO_HASH = "0x" + "00" * 32
ZERO_ADDRESS = "0x" + "00" * 20


def tx_hash(height: int, index: int) -> str:
    """The hash of action `index` of block `height`.

    Observed: ten bytes, 0x04, the height as four bytes, then the rest (mechanics 16); clients that
    decode the height from a hash find the right one.
    """
    seed = height.to_bytes(8, "big") + index.to_bytes(4, "big")
    head = blake2b(seed, digest_size=10, person=b"hlsim tx").hexdigest()
    tail = blake2b(seed, digest_size=17, person=b"hlsim tx").hexdigest()
    return f"0x{head}04{height & 0xFFFFFFFF:08x}{tail}"


def height_in(hash_: str) -> int:
    """The last 32 bits of the height of the block that `tx_hash` made a hash of."""
    return int(hash_[24:32], 16)


def block_hash(height: int, time_ms: int) -> str:
    """The hash of a block. Assumed: nothing can be read from it."""
    seed = height.to_bytes(8, "big") + time_ms.to_bytes(8, "big")
    return "0x" + blake2b(seed, digest_size=32, person=b"hlsim block").hexdigest()


def trade_id(buyer_oid: int, seller_oid: int) -> int:
    """The `tid` both sides of a match share: a 50-bit hash of both oids.

    Documented: "50-bit hash of (buyer_oid, seller_oid)" (mechanics 2.1).
    """
    seed = buyer_oid.to_bytes(8, "big") + seller_oid.to_bytes(8, "big")
    return int.from_bytes(blake2b(seed, digest_size=7).digest(), "big") & ((1 << 50) - 1)


def derived_address(kind: str, owner: Address, number: int) -> Address:
    """The address of the `number`-th account of a `kind` that `owner` made: nobody has its key."""
    seed = f"{kind} {number} of {owner}".encode()
    return Address("0x" + blake2b(seed, digest_size=20, person=b"hlsim account").hexdigest())
