"""The command `hlsim`, run to its end as whoever types it does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PATIENCE_S = 120

HLSIM = (sys.executable, "-m", "hlsim")


def command(
    *words: str,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    patience_s: float | None = PATIENCE_S,
) -> subprocess.CompletedProcess[str]:
    """`environ` comes on top of the environment of the tests."""
    return subprocess.run(
        [*HLSIM, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=patience_s,
        env={**os.environ, **(environ or {})},
        check=False,
    )
