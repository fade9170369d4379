"""Fixtures that several files share: one still exchange a file, a fresh account a test; and the
check that no test passes over a bug of ours.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import hlsim

# Hundreds of servers are started; each would compile every module anew, as no user's does.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Takes away what tells the tests how to run, now that every module has read it: `hlsim serve`
    would call it a slip.
    """
    for name in ("HLSIM_REQUIRE_NODE", "HLSIM_WRITE_CLIENTS", "HLSIM_WRITE_GOLDENS"):
        os.environ.pop(name, None)


class _Bugs(logging.Handler):
    """Errors in the log: a request that was answered 500 for want of a better answer, a frame that
    was not built, a task that ended with nobody looking. Clients hear of most of them nothing.
    """

    LOGGERS = ("hlsim", "uvicorn.error", "asyncio")

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        for name in self.LOGGERS:
            logging.getLogger(name).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(self.format(record))


_bugs = _Bugs()


@pytest.fixture(autouse=True)
def no_bug_passes(request: pytest.FixtureRequest) -> Iterator[None]:
    """No server of a test has an error to tell of, but where the test plants one: `breaks`.

    What shared servers tell of between two tests fails the second.
    """
    yield
    told, _bugs.told = _bugs.told, []
    if request.node.get_closest_marker("breaks") is None:
        assert "\n".join(told) == ""
    else:
        assert told, "nothing broke"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """One still exchange for a whole file; every test trades from an account of its own."""
    with hlsim.start(market="static", clock="manual", accounts=80) as running:
        yield running


@pytest.fixture(scope="module")
def wallets(server: Any) -> Iterator[Any]:
    """The funded accounts, each handed out once."""
    return iter(server.accounts)


@pytest.fixture(scope="module")
def metas(server: Any) -> tuple[Any, Any]:
    """What the SDK's classes would ask for at each construction."""
    from hyperliquid.info import Info

    info = Info(server.url, skip_ws=True)
    return info.meta(), info.spot_meta()


@pytest.fixture
def bot(server: Any, wallets: Any, metas: Any) -> Any:
    from bots import Bot

    return Bot(server, next(wallets), metas)


@pytest.fixture
def other(server: Any, wallets: Any, metas: Any) -> Any:
    """A second client."""
    from bots import Bot

    return Bot(server, next(wallets), metas)


@pytest.fixture
def owners(server: Any, wallets: Any, metas: Any) -> list[Any]:
    """Two clients who own a multi-sig user together."""
    from bots import Bot

    return [Bot(server, next(wallets), metas) for _ in range(2)]


@pytest.fixture
def multi(bot: Any, owners: list[Any]) -> Any:
    """That user, who was a client like any other."""
    from bots import OK

    addresses = [owner.address for owner in owners]
    assert bot.exchange.convert_to_multi_sig_user(addresses, 2) == OK
    return bot


@pytest.fixture(scope="module")
def struck_exchange() -> Iterator[Any]:
    """One exchange for a whole file, whose clients live in its time."""
    from struck import Struck

    found = Struck()
    with found.running:
        yield found
        found.reset()


@pytest.fixture
def struck(struck_exchange: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same as it was at its start. The SDK stamps what it signs with its time."""
    monkeypatch.setattr("hyperliquid.exchange.get_timestamp_ms", struck_exchange.stamp)
    struck_exchange.reset()
    return struck_exchange
