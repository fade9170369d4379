"""Broken requests from good ones: bytes cut, swapped and doubled, values replaced by odd ones."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**18,
    10**40,
    -(10**40),
    "",
    "0",
    "-0",
    "1e5",
    "NaN",
    "0x",
    "0x" + "f" * 40,
    "\u0661",
    "\ud83d\ude00" * 50,
    "a" * 5_000,
    [],
    [[]],
    {},
    {"type": "order"},
    [None] * 300,
)

RAW: tuple[bytes, ...] = (
    b"",
    b"null",
    b"[]",
    b"0",
    b'"',
    b"{",
    b"NaN",
    b"1e999",
    b"\xff\xfe",
    b"\x00" * 64,
    b'"\\ud800"',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"9" * 10_000,
    b'{"type":"meta","type":"meta"}',
    b'{"type":"meta"} trailing',
    b'{"type":"\xc3\x28"}',
)

TOKENS = (b'"', b",", b":", b"{", b"}", b"[", b"]", b"\\", b"\x00", b"\xff", b"e", b"-", b"9")


def mutate(rng: Random, body: dict[str, Any]) -> bytes:
    """One broken variant; a few are left as they are."""
    kind = rng.randrange(20)
    if kind == 0:
        return rng.choice(RAW)
    if kind < 10:
        broken = copy.deepcopy(body)
        for _ in range(rng.randrange(1, 3)):
            _spoil(rng, broken)
        return json.dumps(broken, separators=(",", ":")).encode("utf-8", "surrogatepass")
    text = bytearray(json.dumps(body).encode())
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        if kind < 13:
            del text[at : at + rng.randrange(1, 9)]
        elif kind < 16:
            text[at:at] = rng.choice(TOKENS)
        elif kind < 18:
            text[at : at + 1] = bytes([rng.randrange(256)])
        else:
            text[at:at] = text[at : at + rng.randrange(1, 60)]
    return bytes(text)


def _spoil(rng: Random, root: Any) -> None:
    """Replaces, removes or adds one node somewhere in the tree."""
    node = root
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        inner = node[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.7:
            node = inner
            continue
        choice = rng.randrange(5)
        if choice == 0:
            del node[key]
        elif choice == 1 and isinstance(node, dict):
            node["unknown"] = inner
        else:
            node[key] = copy.deepcopy(rng.choice(ODD))
        return
