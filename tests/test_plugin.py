"""The pytest plugin, as a bot's own test suite uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLUGIN_TESTS = """
import sys

def test_nothing_is_imported_before_it_is_used():
    assert not [name for name in sys.modules if name.startswith("hlsim.") and "plugin" not in name]

import pytest

def test_a_fresh_exchange(hlsim, hlsim_accounts):
    assert hlsim.accounts[0] == hlsim_accounts[0]
    assert hlsim.clock.now_ms % 3_600_000 == 0
    hlsim.clock.advance(ms=1)
    assert hlsim.read(lambda exchange: len(exchange.state.markets[0].book)) == 40

def test_another_one(hlsim):
    assert hlsim.clock.now_ms % 3_600_000 == 0

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
"""


def run_pytest(folder: Path, *arguments: str) -> str:
    (folder / "test_bot.py").write_text(PLUGIN_TESTS)
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
    assert "7 passed, 2 errors" in text
    assert "unexpected keyword argument 'sed'" in text
    assert "unknown world 'nowhere'" in text


def test_the_plugin_works_in_parallel(tmp_path: Path) -> None:
    assert "7 passed, 2 errors" in run_pytest(tmp_path, "-n", "2")
