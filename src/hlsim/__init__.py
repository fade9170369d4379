"""An offline Hyperliquid exchange. `hlsim.start()` gives a running one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hlsim.library import RunningExchange

__version__ = "0.1.0"
__all__ = ["__version__", "start"]


def start(
    *,
    seed: int = 0,
    world: str = "mainnet",
    market: str = "static",
    clock: str = "manual",
    chain: str = "testnet",
    host: str = "127.0.0.1",
    port: int = 0,
    start_time: int | str | None = None,
    speed: float = 1.0,
    auto_wait: int = 10,
    block_time: int = 0,
    ws_lag: int = 0,
    accounts: int = 10,
    balance: int | str = 100_000,
    fund: Mapping[str, int | str] | None = None,
    profile: str | Sequence[str] = (),
    limits: str = "strict",
    limit_set: str | Sequence[str] = "address",
    limit_header: str | None = None,
    fault: str | Sequence[str] = (),
    record: str | None = None,
    journal: str | None = None,
    scenario: str | None = None,
    own_time: bool = False,
) -> RunningExchange:
    """A running exchange in a thread of this process; to be stopped, or used in a `with`.

    Everything means what the flag of the same name means to `hlsim serve`; `balance` and the values
    of `fund` are USDC. Numbers of `limit_set` change the set `address`, which limits nobody's
    requests to this server, unless it names another. To go on with a `journal`, start as before,
    the clock aside. A `scenario` begins at once; what it says of the exchange counts where a word
    has its default. `own_time`: clients live in exchange time, so nonces are judged by it. Raises
    ValueError for what cannot work and OSError for an address that is taken.
    """
    words = dict(locals())
    from hlsim.library import start as start_running

    return start_running(words)
