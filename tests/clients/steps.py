"""What the drivers in Python share: steps with a name, run in order and told as lines of JSON."""

from __future__ import annotations

import json
import sys
import traceback
import urllib.request
from collections.abc import Callable, Iterable

# The first funded accounts of every exchange. The keys are public: never send real funds there.
ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
FRIEND = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
FRIEND_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
OTHER = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"
OTHER_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3001"

Step = Callable[[], object]
steps: list[tuple[str, Step]] = []


def can(capability: str) -> Callable[[Step], Step]:
    """Names what a step shows; it fails by raising."""

    def register(step: Step) -> Step:
        steps.append((capability, step))
        return step

    return register


def run(lacks: Iterable[str]) -> None:
    """Runs every step, in order. `lacks`: for what the client has no method."""
    for capability, step in steps:
        try:
            step()
        except Exception:
            print(json.dumps({"capability": capability, "error": traceback.format_exc()}))
        else:
            print(json.dumps({"capability": capability, "works": True}), flush=True)
    for capability in lacks:
        print(json.dumps({"capability": capability, "works": False}))


def advance(**amounts: int) -> None:
    """Moves the exchange's clock: `advance(minutes=5)`."""
    body = json.dumps(amounts).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}/hlsim/clock/advance", body, headers)
    urllib.request.urlopen(request).close()
