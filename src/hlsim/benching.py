"""The line of `hlsim bench` that is about the library: what a test pays for its exchange."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import hlsim
from hlsim.server.bench import Effort, Row

STARTS = 10
"""In each round."""
GOAL_MS = 30


def bench_fixture(effort: Effort) -> Iterator[Row]:
    """Start and stop as the fixture `hlsim` does them, journal included, of another exchange each
    time: CPU time, the median. Beside it the first one of all, which fills its books.
    """
    samples: list[float] = []
    with TemporaryDirectory() as folder:
        for number in range(1 + STARTS * effort.rounds):
            began = time.process_time()
            running = hlsim.start(journal=os.path.join(folder, f"{number}.journal"))
            running.forget_journal()
            running.stop()
            samples.append(1000 * (time.process_time() - began))
    first, value = samples[0], statistics.median(samples[1:])
    ours, beside = f"{value:.1f} ms", f"{first:.0f} ms"
    yield Row("exchange of one test", ours, beside, value, GOAL_MS, at_most=True)
