"""`hlsim serve` as a user meets it: a process that says what it does and ends when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from websockets.sync.client import connect

FIRST = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
STOPS_WITHIN_S = 5.0
"""Far above what it takes, far below the keep-alive that a server that waits would wait for."""


class Served:
    """`hlsim serve` in a process of its own."""

    def __init__(self, ready: Path, arguments: Sequence[str], environ: dict[str, str]) -> None:
        self.ready = ready
        command = [sys.executable, "-m", "hlsim", "serve", *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ},
        )

    @property
    def url(self) -> str:
        """The base URL, once it is there."""
        deadline = time.monotonic() + 20
        while not self.ready.exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return self.ready.read_text().strip()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


@contextmanager
def served(tmp_path: Path, *arguments: str, **environ: str) -> Iterator[Served]:
    ready = tmp_path / "ready"
    one = Served(ready, ["--ready-file", str(ready), *arguments], environ)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.communicate()


EMPTY = ("--port", "0", "--market", "empty")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_and_fast_on_a_signal(tmp_path: Path, number: int) -> None:
    with served(tmp_path, *EMPTY) as one:
        url = one.url
        session = requests.Session()
        assert session.post(url + "/info", json={"type": "meta"}, timeout=5).ok
        with connect(url.replace("http", "ws") + "/ws") as client:
            client.send('{"method":"subscribe","subscription":{"type":"allMids"}}')
            client.recv(5)
            began = time.perf_counter()
            code, out, err = one.stop(number)
            took_s = time.perf_counter() - began
        session.close()
    assert (code, err) == (0, "")
    assert took_s < STOPS_WITHIN_S
    assert out.endswith(f"\nListening on {url}\n")
    assert FIRST in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_on_a_long_way_through_time(tmp_path: Path, number: int) -> None:
    """An hour of all markets is under way, which takes longer than a test may; the journal ends
    with a whole block.
    """
    journal = tmp_path / "journal"
    with served(tmp_path, "--port", "0", "--clock", "manual", "--journal", str(journal)) as one:
        url, before = one.url, journal.stat().st_size
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client:
            body = b'{"days":1}'
            head = f"POST /hlsim/clock/advance HTTP/1.1\r\nhost: {url[7:]}\r\n"
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            deadline = time.monotonic() + 20
            while journal.stat().st_size < before + 10_000:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            code, _, err = one.stop(number)
            assert client.recv(1) == b""
    assert (code, err) == (0, "")
    replayed = [sys.executable, "-m", "hlsim", "replay", str(journal), "--check"]
    done = subprocess.run(replayed, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "torn" not in done.stdout


def test_serve_takes_flags_environment_and_file(tmp_path: Path) -> None:
    file = tmp_path / "hlsim.toml"
    file.write_text('market = "empty"\naccounts = 1\nclock = "manual"\nport = 1\n')
    with served(tmp_path, "--config", str(file), "--quiet", HLSIM_PORT="0") as one:
        state = requests.get(one.url + "/hlsim/state", timeout=5).json()
        code, out, err = one.stop()
    assert (state["accounts"], state["clock"], state["market"]) == (1, "manual", "empty")
    assert (code, err) == (0, "")
    assert out == f"Listening on {one.ready.read_text()}"


def test_serve_with_json_log(tmp_path: Path) -> None:
    with served(tmp_path, *EMPTY, "--log", "json") as one:
        url = one.url
        _, out, _ = one.stop()
    (line,) = out.splitlines()
    assert json.loads(line)["url"] == url


def test_serve_without_arguments_trades_at_once(tmp_path: Path) -> None:
    with served(tmp_path, "--port", "0") as one:
        book = requests.post(
            one.url + "/info", json={"type": "l2Book", "coin": "BTC"}, timeout=5
        ).json()
        code, _, err = one.stop()
    assert [len(side) for side in book["levels"]] == [20, 20]
    assert (code, err) == (0, "")


def test_serve_survives_a_reader_that_leaves(tmp_path: Path) -> None:
    """`hlsim serve | head -1` must not end the server, nor print a traceback."""
    with served(tmp_path, *EMPTY) as one:
        assert one.process.stdout is not None
        one.process.stdout.close()
        one.process.stdout = None
        assert requests.get(one.url + "/hlsim/health", timeout=5).ok
        code, _, err = one.stop()
    assert (code, err) == (0, "")


def refused(*arguments: str, **environ: str) -> str:
    """The one line that a server says which cannot begin."""
    found = subprocess.run(
        [sys.executable, "-m", "hlsim", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, **environ},
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.count("\n") == 1
    return found.stderr.strip()


def test_a_taken_port_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert refused("--port", port) == (
            f"hlsim: port {port} of 127.0.0.1 is taken: stop what listens there, or take another"
            " with --port (0 finds a free one)"
        )


def test_a_world_config_or_ready_file_that_cannot_be_is_one_line_and_exit_code_2(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    toml = tmp_path / "broken.toml"
    toml.write_text("port")
    assert "unknown world 'nowhere'" in refused("--port", "0", "--world", "nowhere")
    assert str(broken) in refused("--port", "0", "--world", str(broken))
    assert refused("--config", str(toml)).startswith(f"hlsim: {toml}: not TOML: ")
    unwritable = str(tmp_path / "no" / "ready")
    assert refused(*EMPTY, "--ready-file", unwritable) == (
        f"hlsim: {unwritable}: No such file or directory"
    )
    assert refused(*EMPTY, "--host", "no.such.host.invalid").startswith(
        "hlsim: cannot listen on no.such.host.invalid:0: "
    )
    assert refused(*EMPTY, "--fault", "order[coin=ETHH]:1:drop").startswith(
        "hlsim: fault order[coin=ETHH]:1:before:drop: no coin 'ETHH'; nearest: ETH"
    )
    assert refused("--prot", "0") == "hlsim: unknown flag --prot; nearest: --port"
    assert refused(HLSIM_SPEED="fast").startswith("hlsim: HLSIM_SPEED: 'fast' is no speed")


# -- limits ----------------------------------------------------------------------------------------

OVER = "hlsim: WARNING: 127.0.0.1 is over limit ip-weight: 1220, allowed are 1200 weight a minute; "


def statuses(one: Served, count: int) -> list[int]:
    session = requests.Session()
    url = one.url + "/info"
    return [session.post(url, json={"type": "meta"}, timeout=10).status_code for _ in range(count)]


def test_serve_refuses_what_the_exchange_refuses(tmp_path: Path) -> None:
    """Decided: strict, with the official numbers; sixty queries of 20 a minute (info 3)."""
    with served(tmp_path, *EMPTY) as one:
        assert statuses(one, 62) == [200] * 60 + [429, 429]
        code, _, err = one.stop()
    assert code == 0
    assert err.startswith(OVER + "refused with HTTP 429.")
    assert err.count("\n") == 1


def test_serve_warns_of_limits_from_a_file_and_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "hlsim.toml"
    file.write_text('limit-set = ["guide", "ip-weight=1200"]\nlimits = "strict"\n')
    with served(tmp_path, *EMPTY, "--config", str(file), HLSIM_LIMITS="warn") as one:
        assert statuses(one, 62) == [200] * 62
        _, _, err = one.stop()
    assert err.startswith(OVER + "the exchange would refuse with HTTP 429.")
    assert err.count("\n") == 1


def test_serve_is_silent_about_limits_that_are_off(tmp_path: Path) -> None:
    with served(tmp_path, *EMPTY, "--limits", "off", HLSIM_LIMITS="warn") as one:
        assert statuses(one, 62) == [200] * 62
        assert one.stop()[2] == ""


def test_limits_that_do_not_read_end_serve_with_a_line(tmp_path: Path) -> None:
    with served(tmp_path, *EMPTY, "--limit-set", "ip-wait=3") as one:
        one.process.wait(10)
        _, err = one.process.communicate()
    assert one.process.returncode == 2
    assert err == "hlsim: --limit-set: 'ip-wait=3' is no limit; nearest: ip-weight=\n"
