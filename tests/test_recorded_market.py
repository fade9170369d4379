"""The recorded market on the real exchange: books and trades as they were, clients among them."""

from __future__ import annotations

from pathlib import Path

import pytest
from archives import (
    CONTEXTS,
    Show,
    block_line,
    book_line,
    context_row,
    fill,
    trade_line,
    write,
)
from stories import px

from hlsim.sim.exchange import Exchange
from hlsim.sim.operations import SetHalt
from hlsim.sim.replies import Filled, Resting

ASKS = "101 x 50"


def show(folder: Path, *lines: str, contexts: tuple[str, ...] = ()) -> Show:
    write(folder / "SOL.jsonl", *lines)
    if contexts:
        write(folder / "contexts.csv", CONTEXTS, *contexts)
    return Show(folder)


def test_a_book_is_what_the_latest_snapshot_says(tmp_path: Path) -> None:
    """Sizes below the minimum order among them."""
    playing = show(
        tmp_path,
        book_line(0, "99 x 5, 98.5 x 0.01", "101 x 2, 102 x 7"),
        book_line(700, "99.5 x 0.02, 99 x 9, 98.5 x 0.03", "101 x 0.01, 101.5 x 4"),
        book_line(1400, "", "103 x 4"),
    )

    assert playing.levels() == [
        [("99.0", "5.0"), ("98.5", "0.01")],
        [("101.0", "2.0"), ("102.0", "7.0")],
    ]
    assert playing.play(1399).levels() == [
        [("99.5", "0.02"), ("99.0", "9.0"), ("98.5", "0.03")],
        [("101.0", "0.01"), ("101.5", "4.0")],
    ]
    assert playing.play(1400).levels() == [[], [("103.0", "4.0")]]
    assert playing.trades() == []


def test_an_order_in_the_line_fills_when_what_stood_before_it_is_eaten(tmp_path: Path) -> None:
    """Documented: price-time priority (mechanics 2.1)."""
    playing = show(
        tmp_path,
        book_line(0, "99 x 5", ASKS),
        book_line(500, "99 x 8", ASKS),
        trade_line(1000, "A", "4.99 @ 99"),
        trade_line(2000, "A", "0.01 @ 99"),
        trade_line(3000, "A", "0.4 @ 99"),
        block_line(4000, fill(4000, "A", "2 @ 99")),
        book_line(4000, "99 x 0.6", ASKS),
        book_line(5000, "99 x 4", ASKS),
    )
    alice = playing.story.account("alice")
    assert isinstance(alice.buys("1 SOL @ 99"), Resting)

    filled = [int(alice.szi("SOL")) // 10**6 for ms in (999, 1000, 2000, 2999, 3000, 4000)
              if playing.play(ms)]  # fmt: skip

    # 5 stood before it, 3 behind. The last 2 meet what is left of it, 0.6, then 1.4 behind it.
    assert filled == [0, 0, 0, 0, 40, 100]
    assert playing.trades() == [
        ("A", "99.0", "4.99", 1000),
        ("A", "99.0", "0.01", 2000),
        ("A", "99.0", "0.4", 3000),
        ("A", "99.0", "0.6", 4000),
        ("A", "99.0", "1.4", 4000),
    ]
    assert playing.levels()[0] == [("99.0", "0.6")]
    assert playing.play(5000).levels()[0] == [("99.0", "4.0")]


@pytest.mark.parametrize(
    ("left", "traded", "filled"),
    [
        ("6", "5", 0),  # 2 of the 3 behind were cancelled, 5 in front stay
        ("5", "5", 0),
        ("5", "5.5", 50),
        ("3", "3", 0),  # nothing was behind any more: 2 of those in front went
        ("3", "3.5", 50),
    ],
)
def test_what_a_level_loses_without_a_trade_was_behind_if_it_can(
    tmp_path: Path, left: str, traded: str, filled: int
) -> None:
    """Assumed: no archive of books tells who cancelled; an order moves up as late as it can."""
    playing = show(
        tmp_path,
        book_line(0, "99 x 5", ASKS),
        book_line(500, "99 x 8", ASKS),
        book_line(1000, f"99 x {left}", ASKS),
        trade_line(2000, "A", f"{traded} @ 99"),
    )
    alice = playing.story.account("alice")
    alice.buys("1 SOL @ 99")

    playing.play(2000)

    assert alice.szi("SOL") // 10**6 == filled


def test_a_better_order_trades_first_and_what_a_trade_passed_is_gone(tmp_path: Path) -> None:
    """A trade at 98 shows that nobody of the archive bid more by then, nor asked for less."""
    playing = show(
        tmp_path,
        book_line(0, "99 x 5, 98 x 1", "99.5 x 2, 101 x 2"),
        trade_line(1000, "A", "4 @ 98"),
        trade_line(2000, "B", "3 @ 101"),
    )
    alice = playing.story.account("alice")
    alice.buys("1 SOL @ 99.2")

    playing.play(1000)

    assert alice.szi("SOL") == 10**8
    assert playing.trades() == [("A", "99.2", "1.0", 1000), ("A", "98.0", "3.0", 1000)]
    assert playing.levels() == [[], [("99.5", "2.0"), ("101.0", "2.0")]]
    playing.play(2000)
    assert playing.trades()[2:] == [("B", "101.0", "3.0", 2000)]
    assert playing.levels() == [[], []]


def test_fills_of_one_order_are_taken_from_the_best_price_on(tmp_path: Path) -> None:
    """Observed: newest first in some archives (contested 27)."""
    playing = show(
        tmp_path,
        book_line(0, "99 x 2, 98 x 2", ASKS),
        block_line(1000, fill(1000, "A", "1 @ 98"), fill(1000, "A", "2 @ 99")),
    )
    alice = playing.story.account("alice")
    alice.buys("1 SOL @ 99")

    playing.play(1000)

    # The 2 at 99 were before it. Then it was the best bid, and the one at 98 met it.
    assert playing.trades() == [("A", "99.0", "2.0", 1000), ("A", "99.0", "1.0", 1000)]


def test_a_level_that_comes_across_an_order_trades_with_it(tmp_path: Path) -> None:
    playing = show(tmp_path, book_line(0, "99 x 5", ASKS), book_line(700, "97 x 5", "98 x 3"))
    alice = playing.story.account("alice")
    alice.buys("1 SOL @ 100")

    playing.play(700)

    assert playing.trades() == [("A", "100.0", "1.0", 700)]
    assert playing.levels() == [[("97.0", "5.0")], [("98.0", "2.0")]]


def test_what_a_client_takes_is_there_again_with_the_next_snapshot(tmp_path: Path) -> None:
    playing = show(tmp_path, book_line(0, "99 x 5", ASKS), book_line(700, "99 x 5", ASKS))
    alice = playing.story.account("alice")

    assert isinstance(alice.sells("5 SOL @ 99"), Filled)
    assert playing.levels()[0] == []
    assert playing.play(700).levels()[0] == [("99.0", "5.0")]


def test_what_lies_deeper_than_a_full_snapshot_stays(tmp_path: Path) -> None:
    """Documented: no snapshot has more than 20 levels (mechanics 18.1)."""
    high = ", ".join(f"{px / 10} x 1" for px in range(990, 970, -1))
    higher = ", ".join(f"{px / 10} x 2" for px in range(1000, 980, -1))
    playing = show(tmp_path, book_line(0, high, ""), book_line(700, higher, ""),
                   book_line(1400, "99 x 1", ""))  # fmt: skip

    bids = playing.play(700).levels()[0]

    assert [sz for _, sz in bids] == ["2.0"] * 20 + ["1.0"] * 10
    assert playing.play(1400).levels()[0] == [("99.0", "1.0")]


def test_contexts_set_oracle_and_mark(tmp_path: Path) -> None:
    playing = show(
        tmp_path,
        book_line(0, "99 x 5", "101 x 5"),
        contexts=(
            context_row(0, "SOL", "100.25", "100.5"),
            context_row(0, "BTC", "60000", "60010"),
            context_row(60_000, "SOL", "90.25", "90.5"),
        ),
    )
    sol, btc = playing.story.market("SOL"), playing.story.market("BTC")

    assert (sol.oracle_px, sol.mark_px) == (px("100.25"), px("100.5"))
    assert (btc.oracle_px, btc.mark_px) == (px("60000"), px("60010"))
    playing.play(60_000)
    assert (sol.oracle_px, sol.mark_px) == (px("90.25"), px("90.5"))


def test_without_contexts_the_mid_is_the_oracle(tmp_path: Path) -> None:
    """Assumed. At most every 3 s, as oracles go (mechanics 9)."""
    playing = show(
        tmp_path,
        *(book_line(ms, f"{99 + n} x 5", f"{101 + n} x 5") for n, ms in enumerate((0, 2000, 4000))),
    )
    oracles = [playing.play(ms).story.market("SOL").oracle_px for ms in (0, 2000, 4000)]

    assert oracles == [px("100"), px("100"), px("102")]


def test_trades_alone_make_a_market(tmp_path: Path) -> None:
    """Fills and no books: who waits at a price that trades is filled, and the oracle follows."""
    playing = show(tmp_path, trade_line(0, "A", "2 @ 99"), trade_line(4000, "B", "3 @ 103"))
    alice = playing.story.account("alice")
    alice.sells("1 SOL @ 102")

    playing.play(4000)

    assert playing.trades() == [("B", "102.0", "1.0", 4000), ("B", "103.0", "2.0", 4000)]
    assert playing.story.market("SOL").oracle_px == px("103")
    assert playing.levels() == [[], []]


def test_a_mark_that_falls_liquidates(tmp_path: Path) -> None:
    """The archive's prices count for accounts, and what is liquidated trades with its book."""
    playing = show(
        tmp_path,
        book_line(0, "100 x 500", "100.1 x 500"),
        book_line(60_000, "79 x 500", "79.1 x 500"),
        contexts=(context_row(0, "SOL", "100"), context_row(60_000, "SOL", "79", "79")),
    )
    alice = playing.story.account("alice", usd="1000")
    alice.leverage("SOL", 20)
    alice.buys("45 SOL @ 100.1")

    playing.play(70_000)

    assert alice.szi("SOL") == 0


def test_spot_pairs_are_played_too(tmp_path: Path) -> None:
    playing = show(
        tmp_path,
        book_line(0, "39.5 x 5", "40.5 x 5", coin="@107"),
        trade_line(500, "B", "2 @ 40.5", coin="@107"),
        book_line(700, "39.5 x 900000", "40.5 x 3", coin="@107"),
    )
    alice = playing.story.account("alice", spot_usdc="1000", HYPE="20")

    assert isinstance(alice.sells("5 @107 @ 39.5"), Filled)
    playing.play(500)
    assert playing.levels("@107")[1] == [("40.5", "3.0")]
    assert playing.play(700).levels("@107") == [[("39.5", "900000.0")], [("40.5", "3.0")]]


def test_coins_and_prices_that_the_world_cannot_have_are_left_out_in_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Evidence: tick and lot of mechanics 1."""
    playing = show(
        tmp_path,
        book_line(0, "1 x 5", "", coin="NOPE"),
        book_line(0, "99.12345 x 5", ASKS),
        book_line(1, "99 x 0.001", ASKS),
        book_line(2, "99 x 1", ASKS),
        book_line(3, "1 x 5", "", coin="NOPE"),
    ).play(10)

    path = tmp_path / "SOL.jsonl"
    assert caplog.messages == [
        f"{path}:1: the world lists no NOPE: it is left out",
        f"{path}:2: 9912345000 e-8 is no price of SOL in this world; it is left out",
        f"{path}:3: 100000 e-8 is no size of SOL in this world; it is left out",
    ]
    assert playing.levels()[0] == [("99.0", "1.0")]


def test_a_market_that_does_not_trade_is_passed_over(tmp_path: Path) -> None:
    playing = show(
        tmp_path,
        book_line(0, "99 x 5", ASKS),
        book_line(500, "98 x 5", ASKS),
        trade_line(600, "A", "5 @ 98"),
        book_line(700, "97 x 5", ASKS),
    )
    sol = playing.story.asset_id("SOL")
    playing.ex.operate(SetHalt(sol, True))

    assert playing.play(600).levels()[0] == [("99.0", "5.0")]
    playing.ex.operate(SetHalt(sol, False))
    assert playing.play(700).levels()[0] == [("97.0", "5.0")]
    assert playing.trades() == []


# -- time and state --------------------------------------------------------------------------------


def story_lines() -> list[str]:
    """Half a minute of a market that rises and trades."""
    lines = []
    for step in range(60):
        best = 9900 + 7 * step
        bids = ", ".join(f"{(best - 5 * n) / 100:.2f} x {n + 1}" for n in range(6))
        asks = ", ".join(f"{(best + 5 + 5 * n) / 100:.2f} x {n + 2}" for n in range(6))
        lines.append(book_line(500 * step, bids, asks))
        lines.append(trade_line(500 * step + 100, "AB"[step % 2], f"0.5 @ {best / 100:.2f}"))
    return lines


def trade_along(playing: Show, *, first: bool) -> None:
    """The same inputs each time."""
    alice = playing.story.account("alice")
    if first:
        alice.buys("3 SOL @ 98.9")
        alice.sells("3 SOL @ 100.5")
    else:
        alice.buys("3 SOL @ 102.9")


def test_the_same_archive_and_inputs_make_the_same_state(tmp_path: Path) -> None:
    hashes = set()
    for _ in range(2):
        playing = show(tmp_path, *story_lines())
        trade_along(playing, first=True)
        trade_along(playing.play(15_000), first=False)
        hashes.add(playing.play(60_000).ex.state_hash())

    assert len(hashes) == 1
    assert len(playing.trades()) >= 60
    assert playing.director.next_due_ms() is None


@pytest.mark.parametrize("suffix", ["jsonl", "lz4"])
def test_a_restored_market_goes_on_as_the_first_time(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a.{suffix}", *story_lines())
    playing = Show(path)
    trade_along(playing, first=True)
    playing.play(15_000)
    kept, snapshot = playing.director.state(), playing.ex.snapshot()
    expected = playing.play(60_000).ex.state_hash()

    for again in (playing, Show(path)):
        again.story.ex = Exchange.restore(snapshot)
        again.director.restore(kept)
        assert again.director.state() == kept
        assert again.play(60_000).ex.state_hash() == expected


def test_a_later_start_finds_books_and_prices_as_they_were_then(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *story_lines())

    late = Show(path, after_ms=15_000)

    assert late.trades() == []
    assert late.levels() == Show(path).play(15_000).levels()
    assert late.story.market("SOL").oracle_px == px("101.125")
    assert late.play(60_000).levels() == Show(path).play(60_000).levels()


# -- the operator ----------------------------------------------------------------------------------


def test_a_moved_price_takes_the_archive_along(tmp_path: Path) -> None:
    playing = show(
        tmp_path,
        book_line(0, "99 x 5, 98.99 x 1", "101 x 5"),
        trade_line(500, "A", "1 @ 99"),
        book_line(700, "99 x 6", "102 x 5"),
    )
    asset = playing.story.market("SOL").asset

    playing.director.move(playing.ex, asset, px("50"))

    assert playing.levels() == [[("49.5", "5.0"), ("49.495", "1.0")], [("50.5", "5.0")]]
    assert playing.story.market("SOL").oracle_px == px("50")
    playing.play(700)
    assert playing.trades() == [("A", "49.5", "1.0", 500)]
    assert playing.levels() == [[("49.5", "6.0")], [("51.0", "5.0")]]
    playing.director.move(playing.ex, asset, px("0.0001"))
    assert playing.levels() == [[], [("0.0002", "5.0")]]


def test_no_context_is_beyond_the_highest_price(tmp_path: Path) -> None:
    rows = [context_row(ms, "SOL", oracle) for ms, oracle in ((0, "100"), (60_000, "101"))]
    playing = show(tmp_path, book_line(0, "99 x 5", "101 x 5"), contexts=(*rows,))
    highest = px("1000000000000")
    playing.director.move(playing.ex, playing.story.market("SOL").asset, highest)
    assert playing.play(60_000).story.market("SOL").oracle_px == highest


def test_a_book_that_the_operator_sets_is_his(tmp_path: Path) -> None:
    playing = show(tmp_path, book_line(0, "99 x 5", ASKS), book_line(700, "98 x 5", ASKS))
    asset = playing.story.market("SOL").asset
    playing.director.book(playing.ex, asset, [(px("90"), px("1"))], [])  # type: ignore[list-item]

    assert playing.play(700).levels() == [[("90.0", "1.0")], []]
