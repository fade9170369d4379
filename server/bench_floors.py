"""The floors that `hlsim bench` measures against: the least that the same libraries would cost.

`BareBook` is a book and nothing else. `python -m hlsim.server.bench_floors echo|verify FILE` serves
a Starlette app as its own documentation would write it, under the settings of our own server; the
base URL goes to FILE when it listens.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sortedcontainers import SortedDict  # type: ignore[import-untyped]  # no types come with it

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response


class BareBook:
    """Price-time priority over a SortedDict per side: no owners, rules, totals or reports."""

    def __init__(self) -> None:
        self._bids: Any = SortedDict()
        self._asks: Any = SortedDict()
        self._where: dict[int, tuple[Any, int]] = {}

    def __len__(self) -> int:
        return len(self._where)

    def place(self, oid: int, *, is_bid: bool, px: int, sz: int) -> int:
        """Crosses, then rests the remainder. Returns what rests."""
        ours, theirs = (self._bids, self._asks) if is_bid else (self._asks, self._bids)
        while sz and theirs:
            best, level = theirs.peekitem(0 if is_bid else -1)
            if best > px if is_bid else best < px:
                break
            sz = self._eat(theirs, best, level, sz)
        if sz:
            level = ours.get(px)
            if level is None:
                level = ours[px] = {}
            level[oid] = sz
            self._where[oid] = (ours, px)
        return sz

    def _eat(self, side: Any, px: int, level: dict[int, int], sz: int) -> int:
        """Takes up to `sz` from one level, oldest first. Returns what is still wanted."""
        while sz and level:
            maker = next(iter(level))
            has = level[maker]
            if has > sz:
                level[maker] = has - sz
                return 0
            sz -= has
            del level[maker], self._where[maker]
        if not level:
            del side[px]
        return sz

    def cancel(self, oid: int) -> bool:
        """Removes a resting order. False when it does not rest any more."""
        found = self._where.pop(oid, None)
        if found is None:
            return False
        side, px = found
        level = side[px]
        del level[oid]
        if not level:
            del side[px]
        return True


def echo_app() -> Starlette:
    """Answers every POST with the JSON that came."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def echo(request: Request) -> Response:
        return JSONResponse(await request.json())

    return Starlette(routes=[Route("/{path:path}", echo, methods=["POST"])])


def verify_app() -> Starlette:
    """Decodes a signed action, recovers its signer, and answers with that."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from .envelope import read_envelope
    from .signing import recover

    async def verify(request: Request) -> Response:
        envelope = read_envelope(await request.body())
        return JSONResponse({"status": "ok", "signer": recover(envelope, chain="testnet")})

    return Starlette(routes=[Route("/{path:path}", verify, methods=["POST"])])


APPS = {"echo": echo_app, "verify": verify_app}


def main(name: str, ready_file: Path) -> None:
    """Serves the app `name` on a free port of the loopback interface until it is told to stop."""
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        APPS[name](),
        access_log=False,
        log_level="warning",
        lifespan="off",
        ws_per_message_deflate=False,
    )
    # The queue of a listening socket takes connections from here on: it is ready.
    ready_file.write_text(f"http://127.0.0.1:{listening.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
