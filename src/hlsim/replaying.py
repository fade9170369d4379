"""The job of `hlsim replay`: a journal played again, to compare it or to go on from a moment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from hlsim.config import Refused, Settings

if TYPE_CHECKING:
    from hlsim.opening import Opened
    from hlsim.server.player import Played, Until
    from hlsim.server.records import JournalFile

DIFFERENT = 1
"""Exit code when something came out otherwise."""

FEWEST_MS = 10**11
"""A number below is one of records; from here on it is a time, in ms. That is in 1973."""


def play(path: str, until: str | None, *, check: bool) -> int:
    """Plays a journal and prints what came of it. Returns the exit code. Raises Refused."""
    from hlsim.server.player import Differs

    with _journal(path) as found:
        try:
            opened, played = _played(Settings(), found, _until(until), check=check)
        except Differs as error:
            print(f"hlsim: {error}", file=sys.stderr)
            return DIFFERENT
    exchange = opened.server.node.exchange
    state = exchange.state
    is_short = until is not None and not played.is_cut
    print(f"records  {played.records}{': there are no more' if is_short else ''}")
    if found.torn:
        print(f"torn     {found.torn} bytes at the end, left out")
    if check:
        print(f"checked  {played.replies} replies and {played.hashes} hashes, all as recorded")
    print(f"time     {state.time_ms}")
    print(f"height   {state.height}")
    print(f"hash     {exchange.state_hash()}")
    return 0


def play_and_serve(path: str, until: str | None, settings: Settings, *, check: bool) -> None:
    """Plays a journal and serves from there on; the file stays as it is. Raises Refused."""
    from hlsim.journals import hand_over
    from hlsim.opening import check_faults
    from hlsim.serving import serve

    if "clock" not in settings.given:
        settings = replace(settings, clock="manual", given=(*settings.given, "clock"))

    def make() -> Opened:
        from hlsim.server.player import Differs

        with _journal(path) as found:
            try:
                opened, _ = _played(settings, found, _until(until), check=check)
            except Differs as error:
                raise SystemExit(_say(error)) from None
        node = opened.server.node
        node.pacer.move_to(node.exchange.state.time_ms)
        check_faults(opened.server, settings)
        hand_over(opened.server, settings)
        return opened

    serve(settings, make)


def _say(error: Exception) -> int:
    print(f"hlsim: {error}", file=sys.stderr)
    return DIFFERENT


def _played(
    settings: Settings, found: JournalFile, until: Until, *, check: bool
) -> tuple[Opened, Played]:
    from hlsim.journals import reopened
    from hlsim.server.player import Player

    opened = reopened(settings, found)
    return opened, Player(opened.server.console, found, check=check).play(until)


@contextmanager
def _journal(path: str) -> Iterator[JournalFile]:
    """Raises Refused for a file that is no journal, or is one no more."""
    from hlsim.server.records import check_plain, open_journal

    try:
        check_plain(path)
        with open(path, "rb") as file:
            found = open_journal(path, file)
            if found is None:
                raise Refused(f"{path}: not a journal of hlsim: it has no header")
            yield found
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise Refused(str(error)) from None


def _until(text: str | None) -> Until:
    """Whether a record is behind a time or a number of records. Raises Refused."""
    from hlsim.server.values import parse_time

    if text is None:
        return lambda record: False
    if text.isdigit() and int(text) < FEWEST_MS:
        most = int(text)
        return lambda record: record.n > most
    try:
        time_ms = parse_time(text)
    except ValueError as error:
        raise Refused(f"--until: {error}") from None
    return lambda record: record.time > time_ms
