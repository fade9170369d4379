"""What `hlsim serve` prints when it is ready: what runs, whom it funded, how to connect."""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import Any, TextIO

from hlsim.matching.dataclass import dataclass

logger = logging.getLogger("hlsim.banner")

Line = tuple[str, str]
"""Text and its style on a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the banner tells."""

    url: str
    version: str
    chain: str
    clock: str
    seed: int
    market: str
    world: str
    perps: int
    pairs: int
    accounts: Sequence[tuple[str, str, str]]
    """Address, private key, perps USDC."""
    funded: Sequence[tuple[str, str]]
    """Further addresses and their perps USDC."""
    token: str | None
    journal: str | None = None
    """Its path, and how much was in it."""


def last_line(url: str) -> str:
    """The line that scripts wait for."""
    return f"Listening on {url}"


def show(facts: Facts, *, log: str, quiet: bool) -> None:
    """Prints the banner, its last line only, or the same facts as one line of JSON.

    The token is always among it: nobody can find it out elsewhere.
    """
    if log == "json":
        record: dict[str, Any] = {"event": "listening", "url": facts.url}
        if not quiet:
            record |= _record(facts)
        elif facts.token is not None:
            record["token"] = facts.token
        lines: Iterable[Line] = [(json.dumps(record, separators=(",", ":")), "")]
    else:
        told = _token_line(facts) if quiet else _lines(facts)
        lines = [*told, (last_line(facts.url), "bold green")]
    _print(lines, sys.stdout)


def _record(facts: Facts) -> dict[str, Any]:
    return {
        "version": facts.version,
        "chain": facts.chain,
        "clock": facts.clock,
        "seed": facts.seed,
        "market": facts.market,
        "world": facts.world,
        "accounts": [
            {"address": address, "key": key, "usdc": usdc} for address, key, usdc in facts.accounts
        ],
        "funded": [{"address": address, "usdc": usdc} for address, usdc in facts.funded],
        "token": facts.token,
        "journal": facts.journal,
    }


def _lines(facts: Facts) -> list[Line]:
    lines: list[Line] = [
        (f"hlsim {facts.version}", "bold"),
        ("an offline Hyperliquid exchange", "dim"),
        ("", ""),
        (f"  chain    {facts.chain}", ""),
        (f"  clock    {facts.clock}, seed {facts.seed}", ""),
        (
            f"  markets  {facts.market}: {facts.perps} perps and {facts.pairs} spot pairs"
            f" of world {facts.world}",
            "",
        ),
    ]
    if facts.journal is not None:
        lines.append((f"  journal  {facts.journal}", ""))
    lines += _token_line(facts)
    if facts.accounts:
        lines += [("", ""), ("Test accounts", "bold")]
        lines.append(
            ("  The keys are public, everyone has them: never send real funds there.", "red")
        )
        width = max(len(usdc) for _, _, usdc in facts.accounts)
        for index, (address, key, usdc) in enumerate(facts.accounts):
            lines.append((f"  {index:>2}  {address}  {usdc:>{width}} USDC", ""))
            lines.append((f"      {key}", "dim"))
    lines += [(f"  funded  {address}  {usdc} USDC", "") for address, usdc in facts.funded]
    return [*lines, *_snippet(facts), ("", "")]


def _token_line(facts: Facts) -> list[Line]:
    if facts.token is None:
        return []
    return [(f"  token    {facts.token}  (every request to /hlsim needs it)", "")]


def _snippet(facts: Facts) -> list[Line]:
    if not facts.accounts:
        return []
    # An address to listen on is none to connect to.
    url = facts.url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    source = f"""
from eth_account import Account
from hyperliquid.exchange import Exchange

exchange = Exchange(
    Account.from_key("{facts.accounts[0][1]}"),
    base_url="{url}",
)
print(exchange.order("ETH", True, 0.01, 1000, {{"limit": {{"tif": "Gtc"}}}}))
"""
    lines = [("", ""), ("Python SDK", "bold")]
    return lines + [(f"  {line}" if line else "", "cyan") for line in source.strip().splitlines()]


def _print(lines: Iterable[Line], out: TextIO | None) -> None:
    """Colours are for people; where nobody looks, rich is not even imported."""
    if out is None:
        # Started without a standard output.
        return
    if isinstance(out, TextIOWrapper):
        # A world file may be named beyond what the terminal can show.
        out.reconfigure(errors="backslashreplace")
    try:
        _write(lines, out)
    except BrokenPipeError:
        # `hlsim serve | head -1`: whoever read has read enough, the server goes on.
        _write_no_more()
    except OSError as error:
        # A full disk, say. That keeps nobody from trading.
        logger.warning("no banner: %s", error.strerror or error)
        _write_no_more()


def _write_no_more() -> None:
    """What is left in the buffer would fail again at the end of the process."""
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    atexit.register(nowhere.close)
    sys.stdout = nowhere


def _write(lines: Iterable[Line], out: TextIO) -> None:
    if out.isatty():
        from rich.console import Console
        from rich.text import Text

        console = Console(file=out, soft_wrap=True, highlight=False)
        for text, style in lines:
            console.print(Text(text, style=style))
    else:
        out.write("".join(text + "\n" for text, _ in lines))
    out.flush()
