"""The pytest plugin: an exchange for each test, or one for the whole run.

Registered for whoever has hlsim installed, so nothing of ours is imported before a fixture is used.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hlsim.library import RunningExchange
    from hlsim.opening import FundedAccount

MARKER = (
    "hlsim(seed=…, world=…, market=…, clock=…, chain=…, scenario=…): how the `hlsim` fixture starts"
)

_failed = pytest.StashKey[bool]()
"""Of a test: whether anything of it failed so far."""
_own = pytest.StashKey["RunningExchange"]()
"""Of a test: its exchange, which is no argument of it where another fixture asked for it."""
_folder = pytest.StashKey[Path]()
"""Of a run: where journals are."""


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds what happened on the exchanges of a test to the report of its failure."""
    report = yield
    if report.failed:
        item.stash[_failed] = True
        for name, running in _exchanges(item).items():
            report.sections.append((f"hlsim: what happened on {name!r}", _report(running)))
    return report


def _report(running: RunningExchange) -> str:
    try:
        return running.report()
    except Exception as error:
        # The test failed; that is what is to be told, whatever is wrong with us.
        return f"nobody knows: {error!r}"


def _exchanges(item: pytest.Item) -> dict[str, RunningExchange]:
    """Those that fixtures of a test gave and that still run, each once, by the fixture's name."""
    import sys

    library = sys.modules.get("hlsim.library")
    if library is None:
        return {}
    found: dict[str, RunningExchange] = {}
    given = {**getattr(item, "funcargs", {}), "hlsim": item.stash.get(_own, None)}
    for name, value in given.items():
        if isinstance(value, library.RunningExchange) and value not in found.values():
            found[name] = value
    return {name: running for name, running in found.items() if running.is_running}


@pytest.fixture
def hlsim(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningExchange]:
    """A fresh exchange on a free port: manual clock and still market unless marked otherwise.

    `@pytest.mark.hlsim(…)` takes what `hlsim.start` takes; the nearest marker wins, word by word.
    When the test fails its report has what happened here, and the path of a journal of it.
    """
    from hlsim import start

    words: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("hlsim"))):
        if marker.args:
            pytest.fail("the hlsim marker takes keyword arguments only", pytrace=False)
        words |= marker.kwargs
    own = "journal" not in words
    if own:
        words["journal"] = str(_journal_path(request.node, tmp_path_factory))
    try:
        running = start(**words)
    except (TypeError, ValueError) as error:
        # No code of a test is wrong here, so one line says it all.
        raise pytest.fail.Exception(f"the hlsim marker: {error}", pytrace=False) from None
    request.node.stash[_own] = running
    with running:
        yield running
        if own and running.is_running and not request.node.stash.get(_failed, False):
            running.forget_journal()
    # Tests are kept until the end of the run, and what one of them was given must not be.
    del request.node.stash[_own]


def _journal_path(node: pytest.Item, factory: pytest.TempPathFactory) -> Path:
    """Where the journal of a test is written, until it passes."""
    stash = node.config.stash
    if _folder not in stash:
        stash[_folder] = factory.mktemp("hlsim")
    folder = stash[_folder]
    name = re.sub(r"\W+", "-", node.name)[:60].strip("-")
    number = 0
    while (path := folder / f"{name}{f'-{number}' if number else ''}.journal").exists():
        number += 1
    return path


@pytest.fixture(scope="session")
def hlsim_server() -> Iterator[RunningExchange]:
    """One exchange for the whole run (for each worker under xdist), with a manual clock."""
    from hlsim import start

    with start() as running:
        yield running


@pytest.fixture(scope="session")
def hlsim_accounts() -> Sequence[FundedAccount]:
    """The ten funded accounts that every exchange of the fixtures starts with."""
    from hlsim.opening import TEN_ACCOUNTS

    return TEN_ACCOUNTS
