"""Bodies of `/exchange` for the tests, and how they are answered."""

from __future__ import annotations

import json
from typing import Any

from hlsim.server.envelope import BadRequest, Envelope, read_envelope

NOT_JSON = (400, "Failed to parse the request body as JSON")
NOT_SHAPED = (422, "Failed to deserialize the JSON body into the target type")

CLOID = "0x" + "ab" * 16
ADDRESS = "0x" + "cd" * 20
ORDER: dict[str, Any] = {
    "a": 3,
    "b": True,
    "p": "1891.4",
    "s": "0.02",
    "r": False,
    "t": {"limit": {"tif": "Gtc"}},
    "c": CLOID,
}
SIGNATURE = {"r": "0x1", "s": "0x2", "v": 27}
USER_SIGNED = {"signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"}


def request(action: Any, **fields: Any) -> dict[str, Any]:
    return {"action": action, "nonce": 7, "signature": SIGNATURE, **fields}


def place(*orders: Any, **fields: Any) -> dict[str, Any]:
    return request({"type": "order", "orders": list(orders), "grouping": "na", **fields})


def order(**changes: Any) -> dict[str, Any]:
    """A request for one order; `...` takes a key away."""
    return place({k: v for k, v in {**ORDER, **changes}.items() if v is not ...})


def read(value: Any) -> Envelope:
    return read_envelope(json.dumps(value).encode())


def refusal(body: bytes) -> tuple[int, str] | None:
    """How `body` is refused, None when it is not."""
    try:
        read_envelope(body)
    except BadRequest as error:
        return error.status, error.text
    return None


def is_read(value: Any) -> bool:
    found = refusal(json.dumps(value).encode())
    assert found in (None, NOT_SHAPED)
    return found is None
