"""The client side of a measurement: bodies signed ahead, a bare HTTP client, a server to watch.

The official SDK needs several times as long to sign an order as the exchange to execute it. Here
a body costs some 20 µs: our own hashing, and the C library's signature.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from coincurve import PrivateKey

from ..matching.dataclass import dataclass
from .keccak import keccak256
from .signing import action_hash, l1_digest

READY_WITHIN_S = 20.0
IDLE_WITHIN_S = 0.25
"""A server that pauses no longer than this is read while it runs."""


class Wallet:
    """One private key: its address and its signatures."""

    def __init__(self, key: str) -> None:
        """`key`: 64 hex digits, with or without 0x."""
        self._key = PrivateKey.from_hex(key.removeprefix("0x"))
        point = self._key.public_key.format(compressed=False)[1:]
        self.address = "0x" + keccak256(point)[-20:].hex()

    def sign_l1(self, action: dict[str, Any], nonce: int, *, is_mainnet: bool = False) -> bytes:
        """The `/exchange` body of an L1 action whose keys stand in canonical order."""
        digest = l1_digest(action_hash(action, nonce, None, None), is_mainnet=is_mainnet)
        packed = self._key.sign_recoverable(digest, hasher=None)
        signature = {
            "r": "0x" + packed[:32].hex(),
            "s": "0x" + packed[32:64].hex(),
            "v": 27 + packed[64],
        }
        return msgspec.json.encode({"action": action, "nonce": nonce, "signature": signature})


def order(asset: int, *, is_buy: bool, px: str, sz: str, tif: str, cloid: str | None = None) -> Any:
    """One order of an action, keys in canonical order. `px` and `sz` without trailing zeros."""
    wire: dict[str, Any] = {"a": asset, "b": is_buy, "p": px, "s": sz, "r": False}
    wire["t"] = {"limit": {"tif": tif}}
    if cloid is not None:
        wire["c"] = cloid
    return wire


def place(*orders: Any) -> dict[str, Any]:
    """The action that places `orders`."""
    return {"type": "order", "orders": list(orders), "grouping": "na"}


def post(path: str, body: bytes) -> bytes:
    """A whole HTTP/1.1 request that keeps its connection."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


# -- load ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Answers:
    """What came back: bodies in order of arrival, and how many were not `200` or held an error."""

    bodies: list[bytes] = field(default_factory=list)
    failed: int = 0
    first_failure: str = ""


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole."""

    def __init__(self, requests: Iterator[bytes], answers: Answers) -> None:
        self._requests = requests
        self._answers = answers
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        head_end = buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = buffer[:head_end].lower()
        at = head.index(b"content-length:") + 15
        line_end = head.find(b"\r", at)
        length = int(head[at : line_end if line_end > 0 else None])
        if len(buffer) < head_end + 4 + length:
            return
        body = buffer[head_end + 4 :]
        self._buffer = b""
        answers = self._answers
        answers.bodies.append(body)
        if not buffer.startswith(b"HTTP/1.1 200") or b'"error"' in body or b'"err"' in body:
            answers.failed += 1
            answers.first_failure = (
                answers.first_failure or (head[:20] + b" " + body[:200]).decode()
            )
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


async def pump(url: str, requests: Sequence[bytes], *, connections: int = 16) -> Answers:
    """Sends all `requests` over some keep-alive connections, each as fast as it is answered."""
    parts = urlsplit(url)
    answers = Answers()
    todo = iter(requests)
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(
            lambda: _Connection(todo, answers), parts.hostname or "127.0.0.1", parts.port or 80
        )
        for _ in range(min(connections, len(requests)))
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    return answers


# -- the server to watch ---------------------------------------------------------------------------


@dataclass(slots=True)
class Server:
    """A server process of ours or of a floor, on loopback."""

    process: subprocess.Popen[bytes]
    url: str
    ready_s: float
    """Process start to the ready file."""

    def cpu_s(self) -> float:
        """CPU time that the process has used so far.

        A kernel books the time of a running thread at its next switch or tick, milliseconds later:
        the reading waits for a moment in which no thread runs.
        """
        pid = self.process.pid
        if not Path(f"/proc/{pid}/task").exists():
            return _ps_seconds(_ps(pid, "time="))
        gives_up = time.perf_counter() + IDLE_WITHIN_S
        while _runs(pid) and time.perf_counter() < gives_up:
            time.sleep(0.0005)
        # What clock_getcpuclockid(3) answers on Linux: ended threads count as well.
        return time.clock_gettime(~pid << 3 | 2)

    def resident_mb(self) -> float:
        """Resident memory."""
        return int(_ps(self.process.pid, "rss=")) / 1024

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _runs(pid: int) -> bool:
    """True while a thread of the process is on a core or waits for one."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread may end between the listing and the reading.
        with contextlib.suppress(OSError):
            if (task / "stat").read_text().rpartition(")")[2].split()[0] == "R":
                return True
    return False


def _ps(pid: int, column: str) -> str:
    done = subprocess.run(
        ["ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _ps_seconds(text: str) -> float:
    """`[[hours:]minutes:]seconds` as seconds."""
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def start(*arguments: str) -> Server:
    """Starts `python -m …`; `{ready}` in the arguments becomes the ready file's path."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [sys.executable, "-m", *(part.format(ready=ready) for part in arguments)]
        quiet = {key: value for key, value in os.environ.items() if not key.startswith("HLSIM_")}
        # What is installed has its bytecode; whoever forbids it here would measure the compiler.
        quiet.pop("PYTHONDONTWRITEBYTECODE", None)
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=quiet)
        while not (ready.exists() and (url := ready.read_text().strip())):
            elapsed = time.perf_counter() - began
            if process.poll() is not None or elapsed > READY_WITHIN_S:
                process.kill()
                raise RuntimeError(f"{' '.join(command)} is not up after {elapsed:.1f} s")
            time.sleep(0.001)
        return Server(process, url, time.perf_counter() - began)


def start_hlsim(*flags: str) -> Server:
    """Starts `hlsim serve` on a free port."""
    return start("hlsim", "serve", "--port", "0", "--ready-file", "{ready}", "--quiet", *flags)


def start_echo() -> Server:
    """Starts the Starlette app that only echoes JSON."""
    return start("hlsim.server.bench_floors", "echo", "{ready}")


def start_verify() -> Server:
    """Starts the Starlette app that verifies signatures."""
    return start("hlsim.server.bench_floors", "verify", "{ready}")
