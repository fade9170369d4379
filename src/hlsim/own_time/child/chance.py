"""Random numbers that nobody seeded: the same in each run with the same seed, others in each
process of a bot.
"""

from __future__ import annotations

import importlib
import os
import random
import struct
import time
from typing import Any

from .baton import Baton

SINCE_1582 = 0x01B2_1DD2_1381_4000
"""Units of 100 ns from the day on which the Gregorian calendar began until 1970."""


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
    _follow_uuids(baton, seed)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=begin)


def _follow_uuids(baton: Baton, seed: str) -> None:
    """What `uuid1` takes from a library of C: the time, and the name of the machine."""
    try:
        changed: Any = importlib.import_module("_uuid")
    except ImportError:
        return

    def generate_time_safe() -> tuple[bytes, None]:
        """Of version 1 as RFC 4122 has it, with a name by chance, another one in each process."""
        name = random.Random(f"hlsim/{seed}/{baton.line.number}/name")
        ticks = time.time_ns() // 100 + SINCE_1582
        fields = (
            ticks & 0xFFFF_FFFF,
            ticks >> 32 & 0xFFFF,
            ticks >> 48 & 0x0FFF | 0x1000,
            name.getrandbits(14) | 0x8000,
            name.getrandbits(16) | 0x0100,
            name.getrandbits(32),
        )
        return struct.pack(">IHHHHI", *fields), None

    changed.generate_time_safe = generate_time_safe
