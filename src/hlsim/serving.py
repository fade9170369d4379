"""The job of `hlsim serve`: one process, one server, until a signal ends it."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING

from hlsim import __version__
from hlsim.config import Refused, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hlsim.banner import Facts
    from hlsim.opening import Opened
    from hlsim.server.app import Server


def serve(settings: Settings, make: Callable[[], Opened] | None = None) -> None:
    """Serves until Ctrl-C or SIGTERM, then returns. Raises Refused when it cannot begin.

    `make` opens the server, unless the settings say it all.
    """
    signal.signal(signal.SIGTERM, _leave)
    if settings.journal is None and make is None:
        # Nothing that a start makes is garbage, and looking for some takes a tenth of the time.
        gc.disable()
    from hlsim import logs

    logs.set_up(settings.log)
    if settings.ready_file is not None:
        _remove(settings.ready_file)
    listening = _listen(settings)
    from hlsim.opening import open_server
    from hlsim.server.app import new_loop

    try:
        opened = open_server(settings) if make is None else make()
    except ValueError as error:
        listening.close()
        raise Refused(str(error)) from None
    job = _Job(opened, listening)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(job.run())
    if job.refusal is not None:
        raise job.refusal
    recorder = opened.server.console.recorder
    if recorder is not None and recorder.broke is not None:
        raise Refused(f"{recorder.path}: {recorder.broke.strerror or recorder.broke}")


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


class _Job:
    """A server on its way from ready to stopped."""

    def __init__(self, opened: Opened, listening: socket.socket) -> None:
        self.refusal: Refused | None = None
        self._opened = opened
        self._settings = opened.settings
        self._server = opened.server
        self._accounts = opened.accounts
        self._listening = listening
        host, port = listening.getsockname()[:2]
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def run(self) -> None:
        """Serves until told to stop by a signal."""
        for number in (signal.SIGINT, signal.SIGTERM):
            _on_signal(number, self._server)
        await self._server.live(self._listening, self._ready)

    def _ready(self) -> None:
        from hlsim.opening import begin_scenario
        from hlsim.server import garbage

        garbage.settle()
        try:
            begin_scenario(self._opened)
        except ValueError as error:
            from hlsim.scenario.shelf import about

            said = about(self._settings.scenario or "", error)
            self.refusal = Refused(f"--scenario {said}")
            self._server.stop()
            return
        path = self._settings.ready_file
        if path is not None:
            try:
                _write(path, self._url + "\n")
            except OSError as error:
                self.refusal = Refused(f"{path}: {error.strerror or error}")
                self._server.stop()
                return
        from hlsim import banner

        banner.show(self._facts(), log=self._settings.log, quiet=self._settings.quiet)

    def _facts(self) -> Facts:
        from hlsim import banner

        settings = self._settings
        universe = self._server.node.exchange.state.universe
        usdc = _dollars(settings.balance)
        return banner.Facts(
            url=self._url,
            version=__version__,
            chain=settings.chain,
            clock=self._server.node.pacer.clock.value,
            seed=settings.seed,
            market=settings.market,
            world=settings.world,
            perps=sum(not perp.is_delisted for perp in universe.all_perps),
            pairs=sum(not pair.is_delisted for pair in universe.pairs),
            accounts=[(one.checksum_address, one.key, usdc) for one in self._accounts],
            funded=[(address, _dollars(usd)) for address, usd in settings.fund],
            token=self._server.token,
            journal=self._journal(),
        )

    def _journal(self) -> str | None:
        recorder = self._server.console.recorder
        if recorder is None:
            return None
        return f"{recorder.path}, {recorder.count} records"


def _dollars(usd: int) -> str:
    whole, rest = divmod(usd, 1_000_000)
    return f"{whole:,}" + (f".{rest:06d}".rstrip("0") if rest else "")


def _on_signal(number: signal.Signals, server: Server) -> None:
    """Lets a signal end the server. A handler of the loop would be called between two of its
    callbacks only, and one may be on a long way through time.
    """
    loop = asyncio.get_running_loop()

    def leave(number: int, frame: FrameType | None) -> None:
        server.node.leave()
        loop.call_soon_threadsafe(server.stop)

    signal.signal(number, leave)


def _listen(settings: Settings) -> socket.socket:
    from hlsim.server.app import listen

    host, port = settings.host, settings.port
    try:
        return listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refused(
                f"port {port} of {host} is taken: stop what listens there, or take another with"
                " --port (0 finds a free one)"
            ) from None
        raise Refused(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    except UnicodeError:
        raise Refused(f"cannot listen on {host}:{port}: no such host name") from None


def _remove(path: str) -> None:
    """A file from an earlier run would tell a waiting script that we are ready."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise Refused(f"{path}: not a plain file")
    try:
        os.remove(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None


def _write(path: str, text: str) -> None:
    """All of it or nothing: a waiting script must not read half a line."""
    unfinished = f"{path}.{os.getpid()}"
    with open(unfinished, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(unfinished, path)
