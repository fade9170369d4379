"""A bot's own clock: its process lives in exchange time, which moves when the process waits.

`conductor.py` moves the time, `stamps.py` shows it to programs that are not written in Python,
`environment.py` says what a child process needs to know, `run.py` is the command `hlsim run`.
`child` and `path` run in the bot's interpreter, and know nothing of hlsim.
"""

from __future__ import annotations
