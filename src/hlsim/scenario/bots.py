"""The bot of a run, as a child process that finds the exchange in its environment."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import PurePath
from select import select
from threading import Lock, Thread
from typing import IO

from hlsim.own_time.kin import MARK, end_all, marked, new_mark, steady_addresses
from hlsim.own_time.pythons import INTERPRETER

FAREWELL_S = 5.0
"""How long a bot that was told to stop has, of real time, before it is killed."""

LINE = 300
"""Characters of a line of its output that are kept."""
MOST_BYTES = 65_536

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_CONTROL = re.compile(r"[^\t -~\xa0-\U0010ffff]")


def is_python(command: Sequence[str]) -> bool:
    """True for a command whose first word is a Python interpreter, which can live in exchange
    time.
    """
    return INTERPRETER.fullmatch(PurePath(command[0]).name) is not None


def inherited() -> dict[str, str]:
    """Our environment without what is meant for us: a bot may start an exchange of its own."""
    return {key: said for key, said in os.environ.items() if not key.startswith("HLSIM_")}


class Held:
    """What a process prints, kept until somebody wants it: what it has printed by then, no less.

    Not on Windows, where pipes cannot be asked whether there is something in them.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        os.set_blocking(pipe.fileno(), False)
        self._kept = b""
        self._lock = Lock()

    def take(self) -> list[str]:
        """The lines that are whole by now."""
        with self._lock:
            self._fetch()
            *whole, self._kept = self._kept.split(b"\n")
            return [line.decode("utf-8", "replace") for line in whole]

    def collect(self) -> None:
        """Empties the pipe until it ends, so that nobody has to wait in order to print."""
        with self._pipe:
            is_open = True
            while is_open:
                select([self._pipe], [], [])
                with self._lock:
                    is_open = self._fetch()
        with self._lock:
            self._kept += b"\n"

    def _fetch(self) -> bool:
        """False at the end of the pipe."""
        while not self._pipe.closed:
            try:
                said = os.read(self._pipe.fileno(), MOST_BYTES)
            except BlockingIOError:
                return True
            if not said:
                return False
            self._kept += said
        return False


class BotProcess:
    """A running bot. `say` gets each line that it prints: in a thread of its own as it comes, or
    with `is_held` whenever `tell` is called.
    """

    def __init__(
        self,
        command: Sequence[str],
        told: Mapping[str, str],
        say: Callable[[str], None],
        *,
        is_held: bool = False,
    ) -> None:
        """`told` is its whole environment. Raises ValueError for a command that cannot be run."""
        self._mark = new_mark()
        try:
            with steady_addresses() if is_held else nullcontext():
                self._process = subprocess.Popen(
                    list(command),
                    env={"PYTHONUNBUFFERED": "1", **told, MARK: marked(self._mark)},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
        except OSError as error:
            raise ValueError(f"the bot {command[0]!r} cannot be started: {error}") from None
        assert self._process.stdout is not None
        self._pipe = self._process.stdout
        self._say = say
        self._held = Held(self._pipe) if is_held else None
        read = self._read if self._held is None else self._held.collect
        self._reader = Thread(target=read, name="hlsim bot", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self._pipe:
            for line in self._pipe:
                self._tell(line.decode("utf-8", "replace"))

    def tell(self) -> None:
        """Has what was held said."""
        for line in self._held.take() if self._held is not None else ():
            self._tell(line)

    def _tell(self, line: str) -> None:
        # Colours and the like are for the bot's own terminal.
        shown = _CONTROL.sub("?", _COLOUR.sub("", line).rstrip())
        if shown.strip():
            self._say(shown[:LINE])

    @property
    def pid(self) -> int:
        """Its id in the system."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code; None: it runs. That of a signal is negative."""
        return self._process.poll()

    def hear_out(self) -> None:
        """Waits for the last words of one that has ended."""
        # A child of its own may hold the pipe open for ever.
        self._reader.join(1.0)

    def terminate(self) -> None:
        """Tells it to stop, if it runs."""
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Until it has ended, for so long of real time. False: it has not."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Ends it whatever it does, and all that it has begun, and hears it out."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        end_all(self._mark)
        self.hear_out()
