"""The pytest plugin, as a bot's own test suite uses it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hlsim import cli

PLUGIN_TESTS = """
import gc
import sys
import weakref

def test_nothing_is_imported_before_it_is_used():
    assert not [name for name in sys.modules if name.startswith("hlsim.") and "plugin" not in name]

import pytest

def test_a_fresh_exchange(hlsim, hlsim_accounts):
    assert hlsim.accounts[0] == hlsim_accounts[0]
    assert hlsim.clock.now_ms % 3_600_000 == 0
    hlsim.clock.advance(ms=1)
    assert hlsim.read(lambda exchange: len(exchange.state.markets[0].book)) == 40

ended = []

def test_another_one(hlsim):
    assert hlsim.clock.now_ms % 3_600_000 == 0
    ended.append(weakref.ref(hlsim))

def test_nothing_is_left_of_one_that_ended():
    gc.collect()
    assert [one for one in ended if one() is not None] == []

@pytest.mark.hlsim(market="empty", accounts=1)
class TestMarked:
    @pytest.mark.hlsim(accounts=2)
    def test_nearest_marker_wins(self, hlsim):
        assert len(hlsim.accounts) == 2
        assert hlsim.read(lambda exchange: len(exchange.state.markets[0].book)) == 0

@pytest.mark.hlsim(scenario="new-listing")
def test_a_scenario(hlsim):
    assert not hlsim.verdict().passed
    hlsim.clock.advance(seconds=2)
    assert hlsim.market.resume("FRESH").mid == "5.0"

ports = []

@pytest.mark.parametrize("turn", [1, 2])
def test_one_for_the_run(hlsim_server, turn):
    ports.append(hlsim_server.port)
    assert len(set(ports)) == 1

@pytest.mark.hlsim(sed=7)
def test_a_wrong_word(hlsim):
    pass

@pytest.mark.hlsim(world="nowhere")
def test_a_wrong_world(hlsim):
    pass

@pytest.mark.hlsim(scenario="new-listign")
def test_a_wrong_scenario(hlsim):
    pass
"""


FAILING_TESTS = """
import asyncio

import pytest
import requests
from eth_account import Account
from hyperliquid.exchange import Exchange

GTC = {"limit": {"tif": "Gtc"}}

def order(exchange, px):
    return Exchange(Account.from_key(exchange.accounts[0].key), exchange.url).order(
        "ETH", True, 1, px, GTC
    )

@pytest.fixture
def shared(hlsim_server):
    hlsim_server.reset()
    return hlsim_server

def test_refused(hlsim):
    assert "resting" in order(hlsim, 1000.01)["response"]["data"]["statuses"][0]

def test_left_open(hlsim):
    order(hlsim, 1001)
    hlsim.assert_flat(hlsim.accounts[0])

def test_of_a_shared_one(shared):
    order(shared, 1002)
    assert False

def test_stopped(hlsim):
    hlsim.stop()
    assert False

@pytest.mark.hlsim(journal="my.journal")
def test_passes(hlsim):
    order(hlsim, 1003)
    hlsim.requests(action="order").assert_count(1)

def test_passes_too(hlsim):
    order(hlsim, 1004)

@pytest.fixture
def broken(hlsim):
    order(hlsim, 1005)
    raise RuntimeError

def test_of_a_broken_fixture(broken):
    pass

"""

ASYNC_TESTS = """
import asyncio
import json

import pytest
from eth_account import Account
from hyperliquid.exchange import Exchange
from websockets.asyncio.client import connect

GTC = {"limit": {"tif": "Gtc"}}

@pytest.fixture
def anyio_backend():
    return "asyncio"

async def story(hlsim):
    account = hlsim.accounts[0]
    async with connect(hlsim.ws_url) as socket:
        asked = {"type": "userFills", "user": account.address}
        await socket.send(json.dumps({"method": "subscribe", "subscription": asked}))
        for _ in range(2):
            await asyncio.wait_for(socket.recv(), 10)
        bot = await asyncio.to_thread(Exchange, Account.from_key(account.key), hlsim.url)
        with hlsim.fault("order:1:before:500"):
            with pytest.raises(Exception, match="500"):
                await asyncio.to_thread(bot.market_open, "ETH", True, 1)
        opened = asyncio.create_task(asyncio.to_thread(bot.market_open, "ETH", True, 1))
        fills = json.loads(await asyncio.wait_for(socket.recv(), 10))["data"]["fills"]
        await opened
        hlsim.advance(hours=1)
        assert [fill["dir"] for fill in fills] == ["Open Long"]
    hlsim.requests(action="order", status="struck").assert_count(1)
    hlsim.requests(action="order").assert_count(2)

@pytest.mark.anyio
async def test_by_a_plugin(hlsim):
    await story(hlsim)

def test_by_hand(hlsim):
    asyncio.run(story(hlsim))
"""


def run_pytest(folder: Path, *arguments: str, tests: str = PLUGIN_TESTS) -> str:
    (folder / "test_bot.py").write_text(tests)
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "--strict-markers", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={name: value for name, value in os.environ.items() if "PYTEST" not in name},
    )
    return found.stdout


def test_the_plugin_gives_fixtures_and_a_marker(tmp_path: Path) -> None:
    text = run_pytest(tmp_path)
    assert "8 passed, 3 errors" in text
    assert "unexpected keyword argument 'sed'" in text
    assert "unknown world 'nowhere'" in text
    said = "the hlsim marker: no scenario 'new-listign'; nearest: new-listing"
    assert len([line for line in text.splitlines() if line.startswith(said)]) == 1
    assert "During handling" not in text
    assert "Traceback" not in text
    assert "pytest_plugin.py" not in text


def test_the_plugin_works_in_parallel(tmp_path: Path) -> None:
    assert "8 passed, 3 errors" in run_pytest(tmp_path, "-n", "2")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_failure_tells_what_happened_and_keeps_the_journal(tmp_path: Path, workers: str) -> None:
    base = tmp_path / "base"
    text = run_pytest(tmp_path, "-n", workers, f"--basetemp={base}", tests=FAILING_TESTS)

    assert "4 failed, 2 passed, 1 error" in text
    shown = sections(text)
    names = ["test_left_open", "test_of_a_broken_fixture", "test_of_a_shared_one", "test_refused"]
    assert sorted(shown) == names
    assert "order: buy 1 ETH at 1000.01 Gtc -> refused: Price must be" in shown["test_refused"]
    assert "do:  Round to five significant figures first" in shown["test_refused"]
    assert "order: buy 1 ETH at 1001 Gtc -> rests" in shown["test_left_open"]
    assert re.search(r"open order: buy 1.0 ETH at 1001.0, oid \d+\n", text)
    assert "on 'hlsim_server'" in shown["test_of_a_shared_one"]
    assert "journal" not in shown["test_of_a_shared_one"]
    kept = {path.stem: path for path in base.rglob("*.journal")}
    assert sorted({*kept, "test_of_a_shared_one"}) == [*names, "test_stopped"]
    for name, path in kept.items():
        if name in shown:
            assert f"hlsim replay {path} --serve" in shown[name]
    assert cli.run(["replay", str(kept["test_left_open"]), "--check"]) == 0
    assert (tmp_path / "my.journal").exists()


def sections(text: str) -> dict[str, str]:
    """What the report of each failed test says of an exchange."""
    parts = re.split(r"^_+ (?:ERROR at \w+ of )?(test_\w+) _+$", text, flags=re.MULTILINE)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return {name: said for name, said in found.items() if "hlsim: what happened" in said}


def test_async_tests_and_bots(tmp_path: Path) -> None:
    """The exchange has a thread and an event loop of its own: it is in nobody's way."""
    assert "2 passed" in run_pytest(tmp_path, tests=ASYNC_TESTS)
