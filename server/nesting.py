"""How deep JSON is nested, told from its bytes: asked before any parser recurses into it.

A parser counts its depth against the recursion limit of the process, and a library that a bot
brings may have raised that beyond what the C stack can hold.
"""

from __future__ import annotations

import re

MAX_DEPTH = 127
"""Inferred: the exchange's parser (serde_json) gives up at the 128th level with a syntax error."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def is_deep(body: bytes) -> bool:
    """True when the first JSON value of `body` nests deeper than MAX_DEPTH."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(body):
        match token[0][:1]:
            case b"[" | b"{":
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            case b"]" | b"}":
                depth -= 1
                if depth <= 0:
                    return False
    return False
