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
    try:
        running = RunningExchange(settings, own_time=own_time)
    except (ValueError, OSError) as error:
        raise Refused(str(error)) from None
    with running:
        if not own_time:
            return _run_child(running, command, {})
        with conducted(running) as conductor:
            return _run_child(
                running, command, {"own_time": conductor.place, "seed": settings.seed}
            )


def _run_child(running: RunningExchange, command: Sequence[str], own: dict[str, Any]) -> int:
    account = running.accounts[0] if running.accounts else None
    environment = child_environment(running.url, account, **own)
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
