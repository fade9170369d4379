"""Keccak-256 as Ethereum uses it, which is not SHA3-256: the fast library where it has a wheel."""

from __future__ import annotations

from collections.abc import Callable


def keccak256_portable(data: bytes) -> bytes:
    """Keccak-256 by pycryptodome: available everywhere, ten times slower on short messages."""
    # Where the other library is, start-up need not wait for this one.
    from Crypto.Hash import keccak

    return keccak.new(data=data, digest_bits=256).digest()


keccak256: Callable[[bytes], bytes]
try:
    from tiny_keccak import keccak256
except ImportError:  # pragma: no cover - platforms without a wheel
    keccak256 = keccak256_portable
