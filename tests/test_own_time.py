"""Bots as child processes that live in exchange time, and `hlsim run` that starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commanding import HLSIM, PATIENCE_S, command

from hlsim import library
from hlsim.config import Settings
from hlsim.own_time.environment import child_environment
from hlsim.own_time.kin import steady_addresses
from hlsim.own_time.run import conducted
from hlsim.scenarios.faults import fault_of
from hlsim.server.blocks import Block

BOTS = Path(__file__).parent / "own_time"
START_S = 1_767_225_600


def life(bot: str, hash_seed: str, **settings: Any) -> dict[str, Any]:
    """One whole run of a bot: what it said, what the exchange took in, and how it ended."""
    inputs: list[str] = []

    def note(block: Block) -> None:
        inputs.extend(f"{block.height} {block.time_ms} {one}" for one in block.inputs)

    made = Settings(port=0, clock="manual", **settings)
    with library.RunningExchange(made, own_time=True) as running, conducted(running) as conductor:
        running.call(lambda server: server.node.subscribe(note))
        environment = child_environment(
            running.url,
            running.accounts[0],
            own_time=conductor.place,
            environ={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        child = subprocess.run(
            [sys.executable, str(BOTS / bot)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert (child.returncode, child.stderr) == (0, "")
        asked = [(one.time, one.path, one.request) for one in running.requests(limit=9999).requests]
        return {
            "said": child.stdout.replace(str(running.port), "PORT").splitlines(),
            "asked": asked,
            "inputs": inputs,
            "hash": running.state_hash(),
            "time": running.clock.now_ms,
        }


# -- clocks ----------------------------------------------------------------------------------------


def test_every_way_to_wait_takes_exchange_time() -> None:
    bot = [sys.executable, str(BOTS / "waiting.py")]
    found = command("run", "--own-time", "--market", "empty", "--", *bot, environ={"TZ": "UTC"})

    assert (found.returncode, found.stderr) == (0, "")
    told = json.loads(found.stdout)
    assert told["took"] == {
        "sleep": 10,
        "event": 20,
        "lock": 30,
        "condition": 40,
        "queue": 45,
        "simple queue": 46,
        "join": 100,
        "several joins": 12,
        "select": 60,
        "poll": 65,
        "epoll": 68,
        "socket": 70,
        "asyncio.sleep": 75,
        "call_later": 80,
        "wait_for": 90,
        "pool": 30,
        "timer": 55,
    }
    assert [round(one, 1) for one in told["started"]] == [START_S] * 4
    dates = ["2026-01-01", "2026-01-01", "2026", "2026-01-01", "2026"]
    assert told["stamps"] == [*dates, "2026-01-01T00:00"]
    assert [round(one) for one in told["total"]] == [896, 896]


# -- the same again --------------------------------------------------------------------------------


@pytest.mark.parametrize(("market", "polls", "again"), [("static", 5, "10"), ("live", 2, "1")])
def test_a_bot_of_the_sdk_lives_the_same_life_again(
    market: str, polls: int, again: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLLS", str(polls))

    first = life("sdk_bot.py", "0", market=market, seed=7)

    assert len(first["asked"]) > 10
    assert any(" userFills 1 " in line for line in first["said"])
    assert first["said"][-1].endswith(" done")
    for hash_seed in again:
        assert life("sdk_bot.py", hash_seed, market=market, seed=7) == first


def test_an_asyncio_bot_lives_the_same_life_again() -> None:
    first = life("async_bot.py", "0", market="live", seed=3)

    (timer,) = (line for line in first["said"] if line.endswith(" timer"))
    assert timer.startswith(f"{START_S + 15}.00")
    assert sum(" heard " in line for line in first["said"]) > 5
    assert life("async_bot.py", "1", market="live", seed=3) == first


def test_a_bot_with_a_pool_of_processes_lives_the_same_life_however_they_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POOL", "fork")
    first = life("pool_bot.py", "0", market="live", seed=3)

    assert sum(line.endswith(" ok") for line in first["said"]) == 9
    for way in ("fork", "spawn"):
        monkeypatch.setenv("POOL", way)
        assert life("pool_bot.py", "1", market="live", seed=3) == first


def test_processes_take_turns_however_long_each_of_them_works() -> None:
    first = life("sharing_bot.py", "0", market="static")

    assert len(first["asked"]) == 25
    for _ in range(2):
        assert life("sharing_bot.py", "1", market="static") == first


def test_chance_that_c_code_makes_is_the_same_again() -> None:
    code = "import uuid; print([uuid.uuid1() for _ in range(9)], uuid.getnode())"
    bot = [sys.executable, "-c", code]

    first, again, other = (
        command("run", "--own-time", "--market", "empty", "--seed", seed, "--", *bot).stdout
        for seed in ("1", "1", "2")
    )

    assert first.count("UUID(") == 9
    assert first == again != other


def test_a_set_of_objects_has_the_same_order_again() -> None:
    """Which goes by where they stand in memory."""
    with steady_addresses() as is_granted:
        pass
    if not is_granted:
        pytest.skip("the kernel lets nobody choose")
    code = (
        "class Order: pass\n"
        "orders = [Order() for _ in range(40)]\n"
        "print([orders.index(one) for one in set(orders)])\n"
    )
    words = ["run", "--own-time", "--market", "empty", "--", sys.executable, "-c", code]

    first, *rest = (command(*words).stdout for _ in range(4))

    assert first.count(",") == 39
    assert rest == [first] * 3


def test_nobody_sets_the_machines_clock_by_ours() -> None:
    """-1 is refused before it is asked who may: a test must not set that clock."""
    code = "import time; time.clock_settime(time.CLOCK_REALTIME, -1)"
    found = command("run", "--own-time", "--market", "empty", "--", sys.executable, "-c", code)

    assert found.stderr.endswith("PermissionError: [Errno 1] Operation not permitted\n")


# -- the command -----------------------------------------------------------------------------------


def test_the_exit_code_of_the_bot_is_passed_on() -> None:
    program = "import os, sys; print(os.environ['HLSIM_URL']); sys.exit(7)"
    for flags in ((), ("--own-time",)):
        found = command("run", "--market", "empty", *flags, "--", sys.executable, "-c", program)
        assert (found.returncode, found.stderr) == (7, "")
        assert found.stdout.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--own-time",), "hlsim: no command to run: hlsim run [FLAGS] -- COMMAND\n"),
        (("--", "/no/such/bot"), "hlsim: /no/such/bot: No such file or directory\n"),
        (
            ("--own-time", "--clock", "auto", "--", "python", "bot"),
            "hlsim: --own-time: the bot moves the clock, which cannot be auto\n",
        ),
        # A flag that does nothing is none.
        (
            ("--ready-file", "f", "--", "true"),
            "hlsim: unknown flag --ready-file; nearest: --profile\n",
        ),
        (("--config", "/no/file", "--", "true"), "hlsim: /no/file: No such file or directory\n"),
    ],
)
def test_what_cannot_run_is_refused(words: tuple[str, ...], complaint: str) -> None:
    found = command("run", "--market", "empty", *words)

    assert (found.returncode, found.stderr) == (2, complaint)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_bot_and_the_exchange(number: signal.Signals) -> None:
    program = "import time; print('up', flush=True)\nwhile True: time.sleep(3600)"
    words = ["run", "--own-time", "--market", "empty", "--"]
    with subprocess.Popen(
        [*HLSIM, *words, sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell that is no terminal has what it starts with `&` ignore Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"up\n"
        try:
            # A terminal tells the whole group of Ctrl-C.
            (os.killpg if number is signal.SIGINT else os.kill)(running.pid, number)
            running.communicate(timeout=PATIENCE_S)
        finally:
            with pytest.raises(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
        assert running.returncode == 128 + number


# -- what is slow ----------------------------------------------------------------------------------


def test_delays_of_faults_and_timeouts_of_bots_are_exchange_time() -> None:
    faults = [
        {"on": "meta", "effect": "delay", "ms": 5000},
        {"on": "spotMeta", "effect": "stall"},
    ]
    plans = tuple(fault_of(one) for one in faults)

    first = life("delayed_bot.py", "0", market="static", fault=plans)

    assert first["said"] == ["meta 200 5.0", "allMids 200 5.0", "meta 0 7.0", "spotMeta 0 52.0"]
    assert life("delayed_bot.py", "1", market="static", fault=plans) == first
