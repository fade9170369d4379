"""Fixtures that several files share: one still exchange a file, a fresh account a test."""

from __future__ import annotations

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
