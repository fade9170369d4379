"""The pytest plugin: an exchange for each test, or one for the whole run.

Registered for whoever has hlsim installed, so nothing of ours is imported before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hlsim.library import RunningExchange
    from hlsim.opening import FundedAccount

MARKER = (
    "hlsim(seed=…, world=…, market=…, clock=…, chain=…, scenario=…): how the `hlsim` fixture starts"
)


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def hlsim(request: pytest.FixtureRequest) -> Iterator[RunningExchange]:
    """A fresh exchange on a free port: manual clock and still market unless marked otherwise.

    `@pytest.mark.hlsim(…)` takes what `hlsim.start` takes; the nearest marker wins, word by word.
    """
    from hlsim import start

    words: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("hlsim"))):
        if marker.args:
            raise pytest.UsageError("the hlsim marker takes keyword arguments only")
        words |= marker.kwargs
    try:
        running = start(**words)
    except TypeError as error:
        raise pytest.UsageError(f"the hlsim marker: {error}") from None
    with running:
        yield running


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
