"""What runs inside a bot's own interpreter and lets it live in exchange time.

Nothing but the standard library, and nothing of hlsim: a bot's environment need not have it. It is
imported by `../path/sitecustomize.py` as `hlsim_own_time`, before anything of the bot.
"""

from __future__ import annotations

import os
import sys


def install(place: str) -> None:
    """From now on this process follows the conductor at `place`, HOST:PORT:EXCHANGE_PORT:TOKEN:
    NUMBER."""
    from . import clocks, locks, processes
    from .baton import Baton
    from .line import Line
    from .names import Names

    if processes.is_apart(sys.orig_argv):
        return
    names = Names()
    line = Line(place)
    baton = Baton(line)
    clocks.follow(baton)
    locks.follow(baton)
    # What these import may make locks.
    from . import chance, descent, files, sending, signals, sockets, streams

    sockets.follow(baton)
    sending.follow(baton)
    streams.follow(baton)
    files.follow(baton)
    descent.follow(line)
    processes.follow(baton)
    signals.follow(baton)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=baton.begin_anew)
    chance.follow(baton, os.environ.get("HLSIM_CHANCE", "0"))
    names.renew()
