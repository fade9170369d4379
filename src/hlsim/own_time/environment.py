"""What a bot that runs as a child process finds in its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hlsim.opening import FundedAccount

PATH = str(Path(__file__).parent / "path")
"""The folder that makes a Python child follow the conductor."""


def child_environment(
    url: str,
    account: FundedAccount | None,
    *,
    own_time: str | None = None,
    seed: int = 0,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The environment of a bot: where the exchange is, and a funded account of it.

    `own_time` is a conductor's `place`; `seed` decides all chance in a process that lives there.
    """
    found = {**environ, "HLSIM_URL": url, "HYPERLIQUID_API_URL": url}
    if account is not None:
        # Two names of the key, for nautilus reads the second one.
        found["HYPERLIQUID_PK"] = found["HYPERLIQUID_TESTNET_PK"] = account.key
        found["HYPERLIQUID_ACCOUNT_ADDRESS"] = account.address
    if own_time is not None:
        # Where to, and who this is: the first one, of which all others descend.
        found["HLSIM_OWN_TIME"] = f"{own_time}:0"
        found["HLSIM_CHANCE"] = str(seed)
        rest = environ.get("PYTHONPATH")
        found["PYTHONPATH"] = f"{PATH}{os.pathsep}{rest}" if rest else PATH
        # Sets of texts have an order that differs from run to run.
        found.setdefault("PYTHONHASHSEED", "0")
    return found
