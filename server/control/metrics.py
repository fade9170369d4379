"""Numbers for Prometheus.

Plain text of a dozen numbers that are at hand. Its client library takes a tenth of a second to
import, and keeps one registry for the process, which in tests is the bot's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..console import Console
from .registry import control

Line = tuple[str, str, str, list[tuple[str, float]]]
"""Name, kind, help, and (labels, value) of each sample."""


@control("GET", "metrics")
def metrics(console: Console) -> str:
    """Counters and gauges in the text format of Prometheus."""
    found: list[str] = []
    for name, kind, said, samples in _lines(console):
        found += [f"# HELP hlsim_{name} {said}", f"# TYPE hlsim_{name} {kind}"]
        found += [f"hlsim_{name}{labels} {value:.15g}" for labels, value in samples]
    return "\n".join(found) + "\n"


def _lines(console: Console) -> Iterator[Line]:
    node, requests = console.node, console.requests
    state = node.exchange.state
    counts = [
        (f'{{path="{path}",status="{status}"}}', float(count))
        for (path, status), count in sorted(requests.counts.items())
    ]
    yield "requests_total", "counter", "Answered requests by path and HTTP status.", counts
    cpu_s = sum(os.times()[:2])
    sockets, topics = console.streams.counts()
    for name, kind, said, value in (
        ("height", "gauge", "Number of the next block.", state.height),
        ("exchange_time_seconds", "gauge", "Exchange time since 1970.", state.time_ms / 1000),
        ("clock_speed", "gauge", "Exchange seconds a real one.", node.pacer.speed),
        ("accounts", "gauge", "Accounts, actors of the market included.", len(state.accounts)),
        ("open_orders", "gauge", "Orders that rest in a book.", _open_orders(console)),
        ("orders_total", "counter", "Orders that ever took an oid.", state.next_oid - 1),
        ("waiting_actions", "gauge", "Actions that wait for the next block.", node.waiting),
        ("sockets", "gauge", "Open sockets.", sockets),
        ("topics", "gauge", "Different topics somebody listens to.", topics),
        ("snapshots", "gauge", "Kept snapshots.", len(console.moments)),
        ("snapshot_bytes", "gauge", "About what kept snapshots take.", console.moments.size),
        ("kept_requests", "gauge", "Requests that can be asked for.", len(requests)),
        (
            "cpu_seconds_total",
            "counter",
            "CPU time of the process.",
            cpu_s,
        ),
    ):
        yield name, kind, said, [("", float(value))]


def _open_orders(console: Console) -> int:
    return sum(len(market.book) for market in console.node.exchange.state.markets.values())
