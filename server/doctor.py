"""What somebody signed whose signature gives an address that nobody has.

The exchange writes an action in a form of its own and hashes that (exchange 2.2). A client that
signs anything else gets the address of nobody, another one each time. Here the usual other things
are tried until the signer is somebody known. It costs some recoveries, for whoever asks only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from ..matching.dataclass import dataclass
from ..sim.fixed import Address
from .canonical import wire_form
from .envelope import Envelope
from .signing import Chain, action_hash, l1_digest, signer_of

Json = Any


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to write the action. `text`: what was signed then, "" for the exchange's own."""

    wire: Json
    text: str


def who_signed_what(
    envelope: Envelope, posted: Json, chain: Chain, knows: Callable[[Address], bool]
) -> str | None:
    """A sentence with the signer and what he signed; None when nobody known signed any of it.

    `posted` is the action as it came. Of L1 actions only: a user-signed one has no other form.
    """
    if not envelope.spec.is_l1 or envelope.multi_sig is not None:
        return None
    own = ("testnet", "mainnet") if chain == "any" else (chain,)
    others = () if chain == "any" else (("mainnet" if chain == "testnet" else "testnet"),)
    vaults = {"": envelope.vault, "without the vaultAddress that came with it": None}
    ends = {"": envelope.expires_after, "without the expiresAfter that came with it": None}
    ways = product((*own, *others), _forms(envelope, posted), vaults, ends)
    for network, form, vault, end in ways:
        try:
            hashed = action_hash(form.wire, envelope.nonce, vaults[vault], ends[end])
        except (OverflowError, ValueError):
            continue  # nobody can sign that: it is more than msgpack holds
        digest = l1_digest(hashed, is_mainnet=network == "mainnet")
        signer = signer_of(digest, envelope.signature)
        if signer is None or not knows(signer):
            continue
        strange = f"for {network}, and this server is --chain {chain}" if network in others else ""
        said = "; ".join(part for part in (strange, vault, end, form.text) if part)
        return f"{signer} signed {said}." if said else None
    return None


def _forms(envelope: Envelope, posted: Json) -> Iterator[_Form]:
    """How the action may have been written, the exchange's own way first."""
    own = wire_form(envelope.action)
    yield _Form(own, "")
    found = difference(posted, own, "action")
    if found is not None:
        what = "the action as it was sent, which the exchange hashes in a form of its own"
        yield _Form(posted, f"{what}: {found}")
    yield _Form(_sorted(own), "its keys in alphabetical order, which is another one")


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def difference(posted: Json, own: Json, path: str) -> str | None:
    """The first thing in which the posted form is not the exchange's own; None: there is none."""
    if isinstance(posted, dict) and isinstance(own, dict):
        for key in posted:
            if key not in own:
                return f"{path}.{key} is not in it"
        for key in own:
            if key not in posted:
                return f"{path}.{key} is {json.dumps(own[key])} in it"
        found = (difference(posted[key], own[key], f"{path}.{key}") for key in own)
        order = f"the keys of {path} are {', '.join(own)}" if list(posted) != list(own) else None
        return next((one for one in found if one is not None), order)
    if isinstance(posted, list) and isinstance(own, list) and len(posted) == len(own):
        pairs = enumerate(zip(posted, own, strict=True))
        found = (difference(one, other, f"{path}[{place}]") for place, (one, other) in pairs)
        return next((one for one in found if one is not None), None)
    return None if posted == own else f"{path} is {json.dumps(own)} in it"
