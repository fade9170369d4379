"""Random numbers that nobody seeded: the same in each run with the same seed, others in each
process of a bot.
"""

from __future__ import annotations

import os
import random
from typing import Any

from .baton import Baton


def follow(baton: Baton, seed: str) -> None:
    """From now on chance is decided by `seed` and by which process of the bot this one is."""
    source: random.Random
    changed: Any = random
    system: Any = os

    def urandom(size: int, /) -> bytes:
        """As `os.urandom`."""
        if size < 0:
            raise ValueError("negative argument not allowed")
        return source.randbytes(size)

    def begin() -> None:
        nonlocal source
        source = random.Random(f"hlsim/{seed}/{baton.line.number}")
        changed.seed(source.randbytes(32))

    def seed_of(self: Any, a: Any = None, version: int = 2) -> None:
        real_seed(self, urandom(32) if a is None else a, version)

    real_seed = random.Random.seed
    begin()
    changed.Random.seed = seed_of
    # What `SystemRandom` and `secrets` take, and `uuid4`.
    changed._urandom = system.urandom = urandom
    if hasattr(os, "getrandom"):
        system.getrandom = lambda size, flags=0: urandom(size)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=begin)
