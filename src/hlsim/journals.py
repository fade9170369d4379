"""A journal file and the server it belongs to: a new one, or one that goes on where it ended."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from hlsim import __version__
from hlsim.config import Settings
from hlsim.opening import Opened, assembled, check_faults, options_of
from hlsim.scenarios.worlds import WORLDS, world_text
from hlsim.server.pacer import Clock, wall_ms
from hlsim.server.player import Differs, Player
from hlsim.server.recorder import Recorder
from hlsim.server.records import FORMAT, Header, JournalFile, Setup, check_plain, open_journal
from hlsim.starts import STARTS

if TYPE_CHECKING:
    from hlsim.server.app import Server

MOVERS = ("clock", "speed")
"""Of the settings in a header, those that may be others when the exchange goes on."""


def open_recorded(settings: Settings, path: str, *, keep: bool = False) -> Opened:
    """A server that writes every input to `path`. It goes on where a journal there ends.

    Raises ValueError, in one line, for a file that is something else, is in use, was started with
    other settings, or cannot be played again.
    """
    check_plain(path)
    try:
        descriptor = _hold(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    try:
        with open(path, "rb") as file:
            found = open_journal(path, file)
            if found is None:
                return _begin(settings, path, descriptor, keep=keep)
            return _go_on(settings, found, descriptor, keep=keep)
    except (OSError, Differs) as error:
        os.close(descriptor)
        raise ValueError(
            f"{path}: {error.strerror}" if isinstance(error, OSError) else str(error)
        ) from None
    except BaseException:
        os.close(descriptor)
        raise


def _hold(path: str) -> int:
    """The file, open for appending, made if need be. Nobody else holds it. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o644)
    try:
        import fcntl
    except ImportError:  # Windows: two servers on one journal are the user's own care
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OSError(None, "another exchange writes this journal") from None
    return descriptor


# -- a new one -------------------------------------------------------------------------------------


def _begin(settings: Settings, path: str, descriptor: int, *, keep: bool) -> Opened:
    text = None if settings.world in WORLDS else world_text(settings.world)
    options = replace(options_of(settings), world_text=text)
    opened = assembled(settings, options, keep=keep)
    check_faults(opened.server, settings)
    node = opened.server.node
    names = Setup.__struct_fields__
    header = Header(
        journal=FORMAT,
        version=__version__,
        setup=Setup(**{name: getattr(settings, name) for name in names}),
        start_ms=node.pacer.start_ms,
        world=text,
        hash=STARTS.hash_of(options, node) if keep else node.exchange.state_hash(),
    )
    opened.server.record(Recorder.begin(path, descriptor, header))
    return opened


# -- an old one ------------------------------------------------------------------------------------


def _go_on(settings: Settings, found: JournalFile, descriptor: int, *, keep: bool) -> Opened:
    refuse_other_settings(settings, found)
    opened = reopened(settings, found, keep=keep)
    server = opened.server
    Player(server.console, found, check=True).play()
    node, pacer = server.node, server.node.pacer
    pacer.move_to(node.exchange.state.time_ms)
    check_faults(server, settings)
    server.record(Recorder.go_on(found.path, descriptor, size=found.size, count=found.count))
    hand_over(server, settings)
    now_ms = wall_ms()
    follows = pacer.clock is Clock.WALL and found.header.setup.start_time is None
    if follows and now_ms > pacer.now_ms():
        # It is real time's, and nobody was here: what fell due in between does so now.
        node.skip_to(now_ms)
    return opened


def hand_over(server: Server, settings: Settings) -> None:
    """Gives the clock to whoever was asked for; else it stays with who had it last."""
    pacer = server.node.pacer
    clock = Clock(settings.clock) if "clock" in settings.given else pacer.clock
    speed = settings.speed if "speed" in settings.given else pacer.speed
    if (clock, speed) != (pacer.clock, pacer.speed):
        server.console.hand_clock(clock, speed)
    if "auto_wait" in settings.given and settings.auto_wait != pacer.auto_wait_ms:
        server.console.set_auto_wait(settings.auto_wait)


def reopened(settings: Settings, found: JournalFile, *, keep: bool = False) -> Opened:
    """The server as it was when the journal began."""
    setup = found.header.setup
    names = Setup.__struct_fields__
    settings = replace(settings, **{name: getattr(setup, name) for name in names})
    options = replace(
        options_of(settings), start_ms=found.header.start_ms, world_text=found.header.world
    )
    return assembled(settings, options, keep=keep)


def refuse_other_settings(settings: Settings, found: JournalFile) -> None:
    """Raises ValueError that names the settings that were given and are not those of the start."""
    setup = found.header.setup
    given = [name for name in settings.given if name not in MOVERS]
    names = [name for name in Setup.__struct_fields__ if name in given]
    others = [name for name in names if getattr(settings, name) != getattr(setup, name)]
    text = found.header.world
    if "world" in names and "world" not in others and text is not None:
        # The same path, but is it the same file?
        others += ["world"] if world_text(settings.world) != text else []
    if others:
        flags = ", ".join("--" + name.replace("_", "-") for name in others)
        raise ValueError(
            f"{found.path}: the exchange in it was started with another {flags}: leave that out, "
            "or begin another journal"
        )
