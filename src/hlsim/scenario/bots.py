"""The bot of a run, as a child process that finds the exchange in its environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from threading import Thread

from hlsim.library import RunningExchange
from hlsim.opening import FundedAccount

FAREWELL_S = 5.0
"""How long a bot that was told to stop has, of real time, before it is killed."""

LINE = 300
"""Characters of a line of its output that are kept."""


def environment(running: RunningExchange, account: FundedAccount) -> dict[str, str]:
    """What a bot is told, by the names that are in use: nautilus reads the keys so."""
    return {
        "HLSIM_URL": running.url,
        "HYPERLIQUID_API_URL": running.url,
        "HYPERLIQUID_PK": account.key,
        "HYPERLIQUID_TESTNET_PK": account.key,
        "HYPERLIQUID_ACCOUNT_ADDRESS": account.address,
    }


class BotProcess:
    """A running bot. `say` gets each line that it prints, in a thread of its own."""

    def __init__(
        self, command: Sequence[str], told: dict[str, str], say: Callable[[str], None]
    ) -> None:
        """Raises ValueError for a command that cannot be run."""
        # What hlsim itself reads is not for the bot, which may start an exchange of its own.
        inherited = {key: said for key, said in os.environ.items() if not key.startswith("HLSIM_")}
        try:
            self._process = subprocess.Popen(
                list(command),
                env={**inherited, "PYTHONUNBUFFERED": "1", **told},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise ValueError(f"the bot {command[0]!r} cannot be started: {error}") from None
        self._reader = Thread(target=self._read, args=(say,), name="hlsim bot", daemon=True)
        self._reader.start()

    def _read(self, say: Callable[[str], None]) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                if line.strip():
                    say(line.rstrip()[:LINE])

    @property
    def code(self) -> int | None:
        """The exit code; None: it runs. That of a signal is negative."""
        return self._process.poll()

    def hear_out(self) -> None:
        """Waits for the last words of one that has ended."""
        # A child of its own may hold the pipe open for ever.
        self._reader.join(1.0)

    def stop(self) -> None:
        """Ends it if it runs, gently at first."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(FAREWELL_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.hear_out()
