"""Who sends an action, and when: everything about a request that is not the action itself."""

from __future__ import annotations

from ..matching.dataclass import dataclass
from .fixed import Address


@dataclass(frozen=True, slots=True)
class CoSigned:
    """An action of a multi-sig user: whose it is, and who signed it inside.

    signers: the recovered addresses in the order posted, strangers and repetitions included; the
        zero address stands for a signature that nobody can have made.
    """

    user: Address
    signers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """The envelope of one action, after its signature was checked.

    signer: the recovered address, a user or an agent; of a multi-sig action the outer signer's.
    nonce: the envelope's nonce, ms.
    nonce_clock_ms: what nonces and `expires_after` are judged against. Clients stamp both with
        their own wall clock, so this is wall time plus a scenario's skew; an input like any other,
        written to the journal.
    """

    signer: Address
    nonce: int
    nonce_clock_ms: int
    vault: Address | None = None
    expires_after: int | None = None
    multi_sig: CoSigned | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """A call after its signer was looked up: `user` is the account that acts."""

    user: Address
    signer: Address
    nonce: int
    is_agent: bool
    hash: str
    """Transaction hash of the action."""
    clock_ms: int
    """The client's clock as the exchange sees it: `Call.nonce_clock_ms`."""
