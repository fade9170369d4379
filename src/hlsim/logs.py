"""Where the log goes: to standard error, as text or as one JSON object a line."""

from __future__ import annotations

import json
import logging


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "event": "log",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, separators=(",", ":"))


def set_up(form: str) -> None:
    """`form` is "text" or "json". Warnings and worse are shown."""
    handler = logging.StreamHandler()
    text = logging.Formatter("hlsim: %(levelname)s: %(message)s")
    handler.setFormatter(_JsonLines() if form == "json" else text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # uvicorn warns of every request that is no HTTP; those are the client's affair.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
