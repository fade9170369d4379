"""Real clients, unmodified, each in an environment of its own, do all that they can.

A driver of `tests/clients/` goes through one client's methods and prints a line of JSON for each
capability. `make clients` records what was seen in docs/clients.json, from which `make docs` writes
the table of docs/clients.md; here it is compared.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from clients import environments

import hlsim
from hlsim.library import RunningExchange

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "clients"
RECORD = ROOT / "docs" / "clients.json"
README = (ROOT / "README.md").read_text()
HERE = "http://127.0.0.1:3001"
WRITES = os.environ.get("HLSIM_WRITE_CLIENTS") == "1"
NODE_IS_REQUIRED = os.environ.get("HLSIM_REQUIRE_NODE") == "1"
PATIENCE_S = 180
HOUR_MS = 3_600_000
CCXT_BUILDER = "0x6530512a6c89c7cfcebc3ba7fcd9ada5f30827a6"
"""Named in every order of ccxt. On the exchange it has the funds that a builder needs."""


@dataclass(frozen=True)
class Client:
    """A client of the registries: how its scripts are run, and how it signs unless told."""

    title: str
    environment: str
    chain: str
    scripts: str
    """The names of its drivers."""


CLIENTS = {
    "sdk": Client("hyperliquid-python-sdk", "sdk", "testnet", "sdk_{}.py"),
    "ccxt-python": Client("ccxt (Python)", "ccxt", "mainnet", "ccxt_{}.py"),
    "ccxt-node": Client("ccxt (Node.js)", "node", "mainnet", "ccxt_{}.mjs"),
    "nktkas": Client("@nktkas/hyperliquid", "node", "mainnet", "nktkas_{}.mjs"),
}
DRIVERS = ("trading", "accounts", "streams")
"""The scripts of each client, in the order in which they run against one exchange."""


@dataclass
class Watched:
    """An application before that of a server, which notes how every request was answered."""

    inner: Any
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.answers[scope["path"], message["status"]] += 1
            await send(message)

        await self.inner(scope, receive, told)


def watch(exchange: RunningExchange) -> Watched:
    """Puts a `Watched` before a server, for all connections from now on."""
    urlopen(f"{exchange.url}/hlsim/health", timeout=10).close()

    def install(server: Any) -> Watched:
        watched = Watched(server.config.loaded_app)
        server.config.loaded_app = watched
        return watched

    return exchange.call(install)


@contextmanager
def serving(chain: str) -> Iterator[tuple[str, Watched]]:
    """An exchange as `hlsim serve --market static` makes it, and what it answered.

    It opens early in the hour that is now, so that none begins but when a driver wants it.
    """
    now_ms = time.time_ns() // 1_000_000
    start_ms = min(now_ms, now_ms - now_ms % HOUR_MS + HOUR_MS // 12)
    with hlsim.start(
        market="static",
        clock="wall",
        chain=chain,
        start_time=start_ms,
        fund={CCXT_BUILDER: 1000},
    ) as exchange:
        yield exchange.url, watch(exchange)


def run(client: Client, *scripts: Path, url: str) -> str:
    """What the scripts print, each run with the client's own interpreter."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    if client.environment != "node":
        commands = [[environments.python_of(client.environment), script] for script in scripts]
        return "".join(_output([*command, url], environ) for command in commands)
    try:
        program = environments.node()
        with environments.beside_node_modules(*scripts, *FOLDER.glob("*.mjs")) as folder:
            commands = [[program, folder / script.name] for script in scripts]
            return "".join(_output([*command, url], environ) for command in commands)
    except environments.NoNode as reason:
        if NODE_IS_REQUIRED:
            raise
        pytest.skip(str(reason))


def _output(command: list[Any], environ: dict[str, str]) -> str:
    done = subprocess.run(
        list(map(str, command)), env=environ, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_does_all_that_it_can(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """No request is refused by HTTP, and the server has nothing to complain of."""
    client = CLIENTS[name]
    with serving(client.chain) as (url, watched):
        scripts = [FOLDER / client.scripts.format(driver) for driver in DRIVERS]
        printed = run(client, *scripts, url=url)
    told = [json.loads(line) for line in printed.splitlines()]

    assert "\n".join(one["error"] for one in told if "error" in one) == ""
    assert {status for _, status in watched.answers} == {200}
    ours = [one for one in caplog.records if one.name.startswith("hlsim")]
    assert [one.getMessage() for one in ours if one.levelno >= logging.WARNING] == []
    works = {one["capability"]: one["works"] for one in told}
    assert len(works) == len(told)
    if WRITES:
        record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        RECORD.write_text(json.dumps(record | {name: works}, indent=1) + "\n")
    assert works == json.loads(RECORD.read_text())[name]


def test_every_client_tells_of_every_capability() -> None:
    """Else the table would show that a client cannot do what nobody has tried."""
    record = json.loads(RECORD.read_text())
    every = set().union(*record.values())

    assert list(record) == list(CLIENTS)
    assert {name: sorted(every - set(works)) for name, works in record.items()} == {
        name: [] for name in CLIENTS
    }


def test_what_the_server_refuses_is_seen() -> None:
    with serving("testnet") as (url, watched):
        requests = {"/info": b'{"type":"meta"}', "/exchange": b"{}", "/nowhere": b""}
        for path, body in requests.items():
            status = 200
            request = Request(url + path, body, {"Content-Type": "application/json"})
            try:
                urlopen(request, timeout=10).close()
            except HTTPError as error:
                status = error.code
                error.close()
            assert watched.answers[path, status] == 1

    assert sorted(status for _, status in watched.answers) == [200, 404, 422]


@pytest.mark.parametrize("version", ["", "v18.20.4"])
def test_without_a_node_that_is_new_enough_there_is_a_reason(version: str, tmp_path: Path) -> None:
    """Without the packages of this environment, and with a path of its own."""
    if version:
        (tmp_path / "node").write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / "node").chmod(0o755)
    script = f"import sys; sys.path.append({str(FOLDER)!r}); import environments as e; e.node()"
    command = [sys.executable, "-I", "-S", "-c", script]

    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)

    reason = f"Node.js 22.12 or newer is needed; there is {version or 'none'}"
    assert done.stderr.splitlines()[-1] == f"environments.NoNode: {reason}"


# -- the README ------------------------------------------------------------------------------------

SECTION = README.partition("## Connect your client")[2].partition("\n## ")[0]
SHOWN = re.findall(r"^```(python|js)\n(.*?)^```$", SECTION, re.M | re.S)


TESTNET = {
    "ccxt-python": ('"enableRateLimit"', '"options": {"sandboxMode": True},\n"enableRateLimit"'),
    "ccxt-node": ("enableRateLimit", "options: { sandboxMode: true },\nenableRateLimit"),
    "nktkas": ("apiUrl: URL", "apiUrl: URL, isTestnet: true"),
}
"""How the others sign as testnet, as the README says it."""
CASES = [
    *((name, client.chain) for name, client in CLIENTS.items()),
    *((name, "testnet") for name in TESTNET),
    ("sdk", "any"),
    ("nktkas", "any"),
]


@pytest.mark.parametrize(("name", "chain"), CASES)
def test_what_the_readme_shows_connects(name: str, chain: str, tmp_path: Path) -> None:
    """The snippets stand in the order of the clients, and each prints the position it opened."""
    assert len(SHOWN) == len(CLIENTS)
    language, source = SHOWN[list(CLIENTS).index(name)]
    assert source.count(HERE) == 1
    if chain == "testnet" and name in TESTNET:
        source = source.replace(*TESTNET[name], 1)
    script = tmp_path / ("shown.py" if language == "python" else "shown.mjs")

    with serving(chain) as (url, watched):
        script.write_text(source.replace(HERE, url))
        printed = run(CLIENTS[name], script, url=url)

    assert printed == "0.1\n"
    assert {status for _, status in watched.answers} == {200}
