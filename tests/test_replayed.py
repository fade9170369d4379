"""Random archives with random clients in them: what has to hold of every book and every trade."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from archives import FIRST_MS, Show, book_line, trade_line, write

from hlsim.matching.types import Side
from hlsim.scenarios.actors import actor_address
from hlsim.sim.fixed import Px, Sz

MAKER = actor_address("archive/maker/SOL")
STEPS = 120


class Written:
    """A random archive, and what its lines say."""

    def __init__(self, rng: Random, path: Path) -> None:
        self.books: dict[int, list[dict[int, int]]] = {}
        """Sizes by price of both sides, by ms after FIRST_MS."""
        self.traded: dict[int, int] = {}
        lines = []
        best = 10_000
        for step in range(STEPS):
            best += rng.randrange(-12, 13)
            bids = {best - n: rng.randrange(1, 400) for n in range(rng.randrange(0, 8))}
            asks = {best + 1 + n: rng.randrange(1, 400) for n in range(rng.randrange(0, 8))}
            ms = 1000 * step
            lines.append(book_line(ms, *(_text(side) for side in (bids, asks))))
            self.books[ms] = [_scaled(bids), _scaled(asks)]
            for _ in range(rng.randrange(0, 3)):
                sz, px = rng.randrange(1, 500), best + rng.randrange(-4, 5)
                self.traded[ms + 500] = self.traded.get(ms + 500, 0) + sz * 10**6
                lines.append(trade_line(ms + 500, rng.choice("AB"), f"{sz / 100} @ {px / 100}"))
        write(path, *lines)


def _text(side: dict[int, int]) -> str:
    return ", ".join(f"{px / 100} x {sz / 100}" for px, sz in side.items())


def _scaled(side: dict[int, int]) -> dict[int, int]:
    return {px * 10**6: sz * 10**6 for px, sz in side.items()}


def resting(playing: Show) -> list[dict[int, int]]:
    """What the archive's maker has in the book."""
    found: list[dict[int, int]] = [{}, {}]
    for order in playing.ex.state.accounts[MAKER].orders.values():
        side = found[order.side is Side.ASK]
        side[order.px] = side.get(order.px, 0) + order.sz
    return found


@pytest.mark.parametrize("seed", range(12))
def test_books_are_the_snapshots_and_trades_the_archive_s(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    written = Written(rng, tmp_path / "a.jsonl")
    playing = Show(tmp_path)
    book = playing.story.market("SOL").book
    bots = [playing.story.account(name, usd="10000000") for name in ("alice", "bob")]
    for ms in sorted({*written.books, *written.traded}):
        playing.play(ms)
        book.check()
        now = [trade for trade in playing.story.market("SOL").trades if
               trade.time_ms == FIRST_MS + ms]  # fmt: skip
        volume = sum(trade.sz for trade in now)
        if ms in written.traded:
            # A level that has to be there for a trade may meet a client's order before it.
            assert volume >= written.traded[ms]
        else:
            for found, wanted in zip(resting(playing), written.books[ms], strict=True):
                assert found.keys() <= wanted.keys()
                missing = sum(wanted.values()) - sum(found.values())
                assert 0 <= missing <= volume
        for bot in bots:
            act = bot.buys if rng.random() < 0.5 else bot.sells
            if rng.random() < 0.5:
                act(f"{rng.randrange(20, 300) / 100} SOL @ {rng.randrange(9_900, 10_100) / 100}")
    assert sum(abs(bot.szi("SOL")) for bot in bots) > 0
    orders = sum(len(account.orders) for account in playing.ex.state.accounts.values())
    assert len(book) == orders


def test_between_the_orders_of_clients_the_maker_has_one(tmp_path: Path) -> None:
    """However often a level grows and shrinks, so that no limit of open orders is ever met."""
    rng = Random(0)
    szs = [rng.randrange(1, 1000) for _ in range(300)]
    write(tmp_path / "a.jsonl", *(book_line(n, f"99 x {sz}", "") for n, sz in enumerate(szs)))
    playing = Show(tmp_path)
    playing.story.account("alice").buys("1 SOL @ 99")

    for n, sz in enumerate(szs):
        playing.play(n)
        (level,) = playing.story.market("SOL").book.levels(Side.BID)
        assert (level.px, level.sz) == (Px(99 * 10**8), Sz((sz + 1) * 10**8))
        assert level.count <= 3
