"""The actors behind a recorded market: a whole market's positions are theirs, and they bear it."""

from __future__ import annotations

from pathlib import Path

import pytest
from archives import CONTEXTS, Show, book_line, context_row, trade_line, write

from hlsim.scenarios.actors import actor_address
from hlsim.sim.events import AccountLiquidated

LOT = "100000"
MAKER, TAKER = (actor_address(f"archive/{each}/SOL") for each in ("maker", "taker"))


@pytest.mark.parametrize("step", [5, -5])
def test_days_of_one_sided_trades_and_a_crash_end_nobody(tmp_path: Path, step: int) -> None:
    """40 billion of open interest, then the price halves or doubles in eight steps."""
    lines = [book_line(0, "99 x 5", "101 x 5")]
    lines += [trade_line(100 * n, "B", f"{LOT} @ 101") for n in range(1, 4001)]
    write(tmp_path / "trades.jsonl", *lines)
    rows = [context_row(500_000 + 60_000 * n, "SOL", str(100 + n * step)) for n in range(9)]
    write(tmp_path / "contexts.csv", CONTEXTS, context_row(0, "SOL", "100"), *rows)
    playing = Show(tmp_path)
    playing.ex.drain()

    playing.play(2_000_000)

    szi = 4000 * int(LOT) * 10**8
    accounts = playing.ex.state.accounts
    assert accounts[TAKER].positions[2].szi == szi
    assert accounts[MAKER].positions[2].szi == -szi
    assert not [each for each in playing.ex.drain() if isinstance(each, AccountLiquidated)]


def test_no_order_of_the_archive_is_refused_or_cancelled_by_the_engine(tmp_path: Path) -> None:
    lines = [book_line(0, "99 x 90000000", "101 x 90000000")]
    lines += [trade_line(1000, "A", "80000000 @ 99"), book_line(2000, "98 x 70000000", "99 x 1")]
    playing = Show(write(tmp_path / "a.jsonl", *lines)).play(3000)

    statuses = {row.status for row in playing.ex.state.accounts[MAKER].history.rows}
    assert statuses <= {"open", "filled", "canceled"}
    assert playing.trades() == [("A", "99.0", "80000000.0", 1000)]
    assert playing.levels() == [[("98.0", "70000000.0")], [("99.0", "1.0")]]
