"""`GET /hlsim/journal/file`: the whole journal, in pieces, while it is written."""

from __future__ import annotations

import http.client
import os
from contextlib import closing
from pathlib import Path

import pytest
from asking import ask
from wire import Pen

import hlsim
from hlsim import cli
from hlsim.library import RunningExchange
from hlsim.server.app import Server


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_a_journal_can_be_downloaded_while_it_is_written(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What came is whole, and a replay takes it; what is written later is not in it."""
    with hlsim.start(journal=str(journal), market="empty") as exchange:
        pen = Pen(exchange, exchange.accounts[0].key)
        pen.buys(0, "0.01", "90000")
        exchange.clock.advance(hours=1)
        hash_ = exchange.state_hash()
        whole = journal.read_bytes()
        answer = ask(exchange, "GET", "/hlsim/journal/file", None, {})
        pen.buys(0, "0.02", "90000")
    assert (answer.status, answer.body) == (200, whole)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="journal"'
    kept = journal.with_name("downloaded")
    kept.write_bytes(answer.body)
    assert cli.run(["replay", str(kept), "--check"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("records  2\nchecked  1 replies")
    assert told.endswith(f"hash     {hash_}\n")


def test_without_a_journal_there_is_none_to_download(journal: Path) -> None:
    with hlsim.start(market="empty") as exchange:
        answer = ask(exchange, "GET", "/hlsim/journal/file", None, {})
        assert (answer.status, b"start with --journal" in answer.body) == (400, True)
    with hlsim.start(journal=str(journal), market="empty") as exchange:
        journal.unlink()
        answer = ask(exchange, "GET", "/hlsim/journal/file", None, {})
        assert (answer.status, b"No such file" in answer.body) == (400, True)


LONG = 64 * 1024 * 1024


def test_a_long_journal_goes_out_in_pieces_and_others_are_served(journal: Path) -> None:
    """A client that takes nothing holds a piece of it and what fits into the socket, no more."""
    with hlsim.start(journal=str(journal), market="empty") as exchange:
        lengthen(exchange, journal)
        with closing(http.client.HTTPConnection(exchange.host, exchange.port, 30)) as slow:
            slow.request("GET", "/hlsim/journal/file")
            answer = slow.getresponse()
            assert int(answer.getheader("content-length", "")) > LONG
            assert ask(exchange, "GET", "/hlsim/health", None, {}).status == 200
            waiting = exchange.call(lambda server: [*server.server_state.connections])
            assert sum(one.transport.get_write_buffer_size() for one in waiting) < 2**20
            size = 0
            while piece := answer.read(2**20):
                size += len(piece)
            assert size == journal.stat().st_size


def test_whoever_goes_in_the_middle_of_a_download_leaves_nothing_open(journal: Path) -> None:
    with hlsim.start(journal=str(journal), market="empty") as exchange:
        lengthen(exchange, journal)
        impatient = http.client.HTTPConnection(exchange.host, exchange.port, timeout=30)
        impatient.request("GET", "/hlsim/journal/file")
        impatient.getresponse().read(1)
        impatient.close()
        while exchange.call(lambda server: len(server.server_state.tasks)):
            pass


@pytest.mark.breaks
def test_a_journal_that_became_shorter_is_not_passed_off_as_whole(journal: Path) -> None:
    with hlsim.start(journal=str(journal), market="empty") as exchange:
        lengthen(exchange, journal)
        cut = http.client.HTTPConnection(exchange.host, exchange.port, timeout=30)
        with closing(cut):
            cut.request("GET", "/hlsim/journal/file")
            answer = cut.getresponse()
            os.truncate(journal, 1000)
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                answer.read()


def lengthen(exchange: RunningExchange, journal: Path) -> None:
    """Makes the file longer than sockets hold, as a day of trading would."""
    os.truncate(journal, LONG)

    def tell(server: Server) -> None:
        assert server.console.recorder is not None
        server.console.recorder.size = LONG

    exchange.call(tell)
    exchange.fund(exchange.accounts[0].address, 1)
