"""Lines of a journal fed to an exchange, which stands where they began."""

from __future__ import annotations

from collections.abc import Iterable

from hlsim.server.journal import decode
from hlsim.sim.exchange import Exchange


def replay(lines: Iterable[bytes], exchange: Exchange) -> None:
    for line in lines:
        exchange.feed(decode(line))
