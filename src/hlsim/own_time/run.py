"""The command `hlsim run`: an exchange, and a bot as a child process of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from hlsim import logs
from hlsim.config import Refused, Settings
from hlsim.library import RunningExchange
from hlsim.own_time.environment import child_environment
from hlsim.own_time.kin import (
    MARK,
    PARTING_S,
    adopt,
    await_end,
    end_all,
    marked,
    new_mark,
    steady_addresses,
)
from hlsim.own_time.pythons import is_python, why_astray
from hlsim.own_time.stamps import library_for, stamped
from hlsim.server.pacer import real_s

if TYPE_CHECKING:
    from hlsim.own_time.conductor import Conductor

START_S = 10.0
"""Real time after which a bot that does not follow is told of."""
ASTRAY = (
    "hlsim: --own-time: no Python of the bot follows the exchange's time, which stands still: let "
    "PYTHONPATH and HLSIM_OWN_TIME reach it, and start it without -I, -E and -S"
)


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
    library = None
    if own_time and is_python(command):
        if (why := why_astray(command)) is not None:
            raise Refused(f"--own-time: {why}")
    elif own_time:
        library = library_for(command)
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
            return _run_child(running, command, own, conductor)


def _environment(running: RunningExchange, **own: Any) -> dict[str, str]:
    account = running.accounts[0] if running.accounts else None
    return child_environment(running.url, account, **own)


def _run_child(
    running: RunningExchange,
    command: Sequence[str],
    environment: dict[str, str],
    conductor: Conductor | None = None,
) -> int:
    mark = new_mark()
    adopt()
    # Before there is a child, which is ended by its mark if one comes before its number is known.
    leave_on(signal.SIGTERM)
    try:
        return _follow_child(command, {**environment, MARK: marked(mark)}, conductor)
    finally:
        end_all(mark)


def _follow_child(
    command: Sequence[str], environment: dict[str, str], conductor: Conductor | None
) -> int:
    try:
        with nullcontext() if conductor is None else steady_addresses():
            child = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise Refused(f"{command[0]}: {error.strerror or error}") from None
    try:
        if conductor is not None:
            conductor.begin(child.pid)
            _await_first(child, conductor)
        return _exit_code(await_end(child))
    except KeyboardInterrupt:
        # A terminal sends it to the child, too, which may have something to tidy up. A supervisor
        # sends it to us alone, and means the child as well.
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(PARTING_S)
        return _exit_code(_end(child))
    finally:
        _end(child)


def leave_on(*numbers: signal.Signals) -> None:
    """From now on these end a command with `leave`, and a terminal that goes away does."""
    for number in numbers:
        signal.signal(number, leave)
    hangup = getattr(signal, "SIGHUP", None)
    # `nohup` has it ignored.
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        signal.signal(hangup, leave)


def leave(number: int, frame: FrameType | None) -> None:
    """Handles a signal that ends a command: whoever it has begun is ended, and there is no verdict.

    A shell tells it so, too.
    """
    raise SystemExit(128 + number)


def _await_first(child: subprocess.Popen[bytes], conductor: Conductor) -> None:
    """Until a process follows, for some time. Tells when none does."""
    until_s = real_s() + START_S
    while not conductor.has_met and child.poll() is None and real_s() < until_s:
        time.sleep(0.01)
    if not conductor.has_met:
        print(ASTRAY, file=sys.stderr, flush=True)


def _end(child: subprocess.Popen[bytes]) -> int:
    """Has it end, by being asked or anyway."""
    if child.poll() is not None:
        return child.returncode
    child.terminate()
    try:
        return child.wait(PARTING_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        print("hlsim: the bot did not end when it was told to: killed", file=sys.stderr, flush=True)
        child.kill()
        return child.wait()


def _exit_code(code: int) -> int:
    """As a shell tells it: a signal that ended the child is above 128."""
    sys.stdout.flush()
    return code if code >= 0 else 128 - code
