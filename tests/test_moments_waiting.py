"""Snapshot, restore and reset while actions wait for their block: they are in one first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import eth_account
import pytest
from bots import GTC, one
from hyperliquid.exchange import Exchange
from struck import Beside, until

import hlsim
from hlsim.library import RunningExchange

BLOCK_MS = 3_600_000
"""Longer than any test: blocks are made when the clock is moved, or for a reason."""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "waiting.journal"


@pytest.fixture
def exchange(journal: Path) -> Iterator[RunningExchange]:
    with hlsim.start(market="empty", block_time=BLOCK_MS, journal=str(journal)) as running:
        yield running


def waiting(exchange: RunningExchange, count: int = 1) -> list[Beside]:
    """Orders that wait for the next block, each of an account of its own."""
    sent = []
    for place in range(count):
        wallet = eth_account.Account.from_key(exchange.accounts[place].key)
        client = Exchange(wallet, exchange.url)
        sent.append(Beside(lambda client=client: client.order("ETH", True, 0.1, 1500, GTC)))  # type: ignore[misc]
    until(lambda: exchange.call(lambda server: server.node.waiting) == count)
    return sent


def orders(exchange: RunningExchange) -> int:
    return exchange.read(
        lambda found: sum(len(account.orders) for account in found.state.accounts.values())
    )


def check_done(exchange: RunningExchange, sent: list[Beside]) -> None:
    """Their clients got the answer, and nothing of them is left to do."""
    for beside in sent:
        assert "resting" in one(beside.outcome())
    assert exchange.call(lambda server: server.node.waiting) == 0


def test_a_snapshot_holds_what_waited(exchange: RunningExchange) -> None:
    sent = waiting(exchange, 3)
    mark = exchange.snapshot()
    check_done(exchange, sent)
    hashed = exchange.state_hash()
    assert orders(exchange) == 3
    exchange.clock.advance(ms=BLOCK_MS)
    exchange.restore(mark)
    assert (orders(exchange), exchange.state_hash()) == (3, hashed)


def test_what_is_saved_holds_what_waited(exchange: RunningExchange) -> None:
    sent = waiting(exchange)
    saved = exchange.save()
    check_done(exchange, sent)
    hashed = exchange.state_hash()
    exchange.clock.advance(ms=BLOCK_MS)
    exchange.load(saved)
    assert (orders(exchange), exchange.state_hash()) == (1, hashed)


def by_restore(exchange: RunningExchange) -> Callable[[], Any]:
    mark = exchange.snapshot()
    return lambda: exchange.restore(mark)


def by_load(exchange: RunningExchange) -> Callable[[], Any]:
    saved = exchange.save()
    return lambda: exchange.load(saved)


def by_reset(exchange: RunningExchange) -> Callable[[], Any]:
    return exchange.reset


def by_second_reset(exchange: RunningExchange) -> Callable[[], Any]:
    """Which goes another way: the first one opens the exchange anew."""
    exchange.reset()
    return exchange.reset


@pytest.mark.parametrize("way", [by_restore, by_load, by_reset, by_second_reset])
def test_what_waited_is_done_in_its_own_time_and_not_in_the_past(
    exchange: RunningExchange, journal: Path, way: Callable[..., Callable[[], Any]]
) -> None:
    go_back = way(exchange)
    hashed = exchange.state_hash()
    exchange.clock.advance(ms=1)
    sent = waiting(exchange, 2)

    go_back()

    check_done(exchange, sent)
    assert (exchange.state_hash(), orders(exchange)) == (hashed, 0)
    told = exchange.requests(action="order").count
    assert told == (0 if "reset" in way.__name__ else 2)
    # Nor later.
    exchange.clock.advance(ms=BLOCK_MS)
    assert orders(exchange) == 0
    # The past is open to new ones, as ever.
    (again,) = waiting(exchange)
    exchange.clock.advance(ms=1)
    assert "resting" in one(again.outcome())
    assert exchange.requests(action="order").count == told + 1
    exchange.stop()
    replayed = subprocess.run(
        [sys.executable, "-m", "hlsim", "replay", str(journal), "--check"],
        capture_output=True,
        text=True,
    )
    assert replayed.returncode == 0, replayed.stderr
