"""Texts of actions that mean more than they say: modes, the signers of a multi-sig, bytes.

Each reader gives (value, canonical wire value) and raises ValueError, as those of `decode.py` do.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from ..sim.actions.abstraction import AbstractionWord
from ..sim.actions.multisig import SignersText
from ..sim.fixed import Address
from ..sim.state import SignerSet

SHORT_WORDS = {"disabled": "i", "unifiedAccount": "u", "portfolioMargin": "p"}
"""What a mode is called where it is hashed (exchange 5.1, 2.2)."""
_LONG_WORDS = {short: long for long, short in SHORT_WORDS.items()}

_BYTES = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})*)")
_ADDRESS = re.compile(r"(?:0x)?([0-9a-fA-F]{40})")


def read_abstraction(text: str) -> tuple[AbstractionWord, str]:
    """A mode. Inferred: both spellings are read everywhere, since a multi-sig payload must say "i"
    where the direct action says "disabled" (exchange 2.2).
    """
    long = _LONG_WORDS.get(text, text)
    if long not in SHORT_WORDS:
        raise ValueError("not a mode")
    return AbstractionWord(long), SHORT_WORDS[long]


def read_bytes(text: str) -> tuple[bytes, str]:
    """Bytes in hex. Assumed: their `0x` is optional, as that of other hex."""
    match = _BYTES.fullmatch(text)
    if match is None:
        raise ValueError("not bytes in hex")
    data = bytes.fromhex(match[1])
    return data, f"0x{data.hex()}"


class _Signers(msgspec.Struct):
    """The JSON inside `signers`. Assumed: unknown keys are ignored."""

    authorizedUsers: list[str]
    threshold: Annotated[int, Meta(ge=0)]


_decoder = msgspec.json.Decoder(_Signers | None)


def read_signers(text: str) -> tuple[SignersText, str]:
    """The signers of a multi-sig user. What cannot be read is for the exchange to refuse.

    Observed: a text of the wrong shape has an error of its own, not a 422 (exchange 8).
    """
    try:
        found = _decoder.decode(text)
        asked = None
        if found is not None:
            users = tuple(_address(one) for one in found.authorizedUsers)
            asked = SignerSet(users, found.threshold)
    except (ValueError, RecursionError):
        return SignersText(text, None, is_readable=False), text
    return SignersText(text, asked), text


def _address(text: str) -> Address:
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError("not an address")
    return Address("0x" + match[1].lower())
