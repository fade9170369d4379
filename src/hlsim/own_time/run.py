"""The command `hlsim run`: an exchange, and a bot as a child process of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from hlsim import logs
from hlsim.config import Refused, Settings
from hlsim.library import RunningExchange
from hlsim.own_time.environment import child_environment
from hlsim.own_time.stamps import is_python, library_for, stamped

if TYPE_CHECKING:
    from hlsim.own_time.conductor import Conductor

PARTING_S = 5.0
"""How long a bot that is asked to end may take, of real time."""


@contextmanager
def conducted(running: RunningExchange) -> Iterator[Conductor]:
    """A conductor of an exchange that was opened with `own_time`."""
    try:
        from hlsim.own_time.conductor import Conductor
    except ImportError:
        raise Refused("--own-time: not on this system, which has no fcntl") from None
    conductor = running.call(lambda server: Conductor(server, running.port))
    running.call(lambda server: conductor.run())
    try:
        yield conductor
    finally:
        running.call(lambda server: conductor.close())


def run(settings: Settings, command: Sequence[str], *, own_time: bool) -> int:
    """Runs a bot against an exchange of its own until the bot ends. Returns its exit code.

    Raises Refused when one of both cannot begin.
    """
    logs.set_up(settings.log)
    library = library_for(command) if own_time and not is_python(command) else None
    try:
        running = RunningExchange(settings, own_time=own_time)
    except (ValueError, OSError) as error:
        raise Refused(str(error)) from None
    with running:
        if not own_time:
            return _run_child(running, command, _environment(running))
        if library is not None:
            with stamped(running, library) as stamps:
                return _run_child(running, command, _environment(running) | stamps.environment())
        with conducted(running) as conductor:
            own = _environment(running, own_time=conductor.place, seed=settings.seed)
            return _run_child(running, command, own)


def _environment(running: RunningExchange, **own: Any) -> dict[str, str]:
    account = running.accounts[0] if running.accounts else None
    return child_environment(running.url, account, **own)


def _run_child(
    running: RunningExchange, command: Sequence[str], environment: dict[str, str]
) -> int:
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise Refused(f"{command[0]}: {error.strerror or error}") from None
    signal.signal(signal.SIGTERM, _leave)
    try:
        return _exit_code(child.wait())
    except KeyboardInterrupt:
        # A terminal sends it to the child, too, which may have something to tidy up.
        return _exit_code(_end(child))
    finally:
        if child.poll() is None:
            child.terminate()
            _end(child)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end(child: subprocess.Popen[bytes]) -> int:
    try:
        return child.wait(PARTING_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        return child.wait()


def _exit_code(code: int) -> int:
    """As a shell tells it: a signal that ended the child is above 128."""
    sys.stdout.flush()
    return code if code >= 0 else 128 - code
