"""Depth is told before a parser recurses, whatever the process allows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hlsim.server.nesting import MAX_DEPTH, is_deep

D = MAX_DEPTH

CRASHES = """
import sys
sys.setrecursionlimit(100_000)
import http.client, hlsim
from websockets.sync.client import connect
with hlsim.start(market="empty") as server:
    for deep in (b"[" * 200_000, b'{"a":' * 100_000, b'{"type":' + b"[" * 200_000):
        for path in ("/info", "/exchange"):
            connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
            connection.request("POST", path, deep, {"Content-Type": "application/json"})
            print(connection.getresponse().status)
            connection.close()
        with connect(server.ws_url, max_size=None) as socket:
            socket.send(deep.decode())
            print(socket.recv(10)[:19])
"""


@pytest.mark.parametrize(
    ("body", "deep"),
    [
        (b"[" * D + b"]" * D, False),
        (b"[" * (D + 1) + b"]" * (D + 1), True),
        (b'{"a":' * D + b"1" + b"}" * D, False),
        (b'{"a":' * (D + 1) + b"1" + b"}" * (D + 1), True),
        (b"[" + b"[]," * 500 + b"[]]", False),
        (b'["' + b"[" * 500 + b'"]', False),
        (b'["\\"' + b"[" * 500 + b'"]', False),
        (b"{} " + b"[" * 500, False),
        (b"[" * 100_000, True),
        (b'"' + b"[" * 500, False),
    ],
)
def test_depth_is_told_from_the_bytes(body: bytes, deep: bool) -> None:
    """Inferred: 127 levels, as serde_json; brackets in strings or behind the value count not."""
    assert is_deep(body) is deep


def test_deep_json_ends_no_process_that_raised_its_recursion_limit() -> None:
    """A library of the bot may have raised it far beyond what the C stack holds."""
    run = subprocess.run([sys.executable, "-c", CRASHES], capture_output=True, text=True)

    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.split() == ["400", "400", '{"channel":"error",'] * 3
