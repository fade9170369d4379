"""Encoded forms that are kept: always the bytes of the shapes, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from stories import START_MS, market

from hlsim.server.saved import adopt
from hlsim.server.shapes import books, cached, markets
from hlsim.sim.exchange import Exchange


def wire(shape: object) -> str:
    """Compact JSON: asserts on it see the order of the keys."""
    return msgspec.json.encode(shape).decode()


@pytest.mark.parametrize(
    "options",
    [{}, {"count": 5}, {"n_sig_figs": 5, "mantissa": 2}, {"n_sig_figs": 3}],
    ids=str,
)
def test_a_kept_book_has_the_bytes_of_the_shape(options: dict[str, int]) -> None:
    m = market()
    alice = m.account("alice")
    for step in range(30):
        alice.buys(f"0.01 BTC @ {49_999 - step}")
        alice.sells(f"0.01 BTC @ {50_001 + step}")
        shape = books.book(m.market("BTC"), m.view.time_ms, **options)
        for _ in range(2):
            kept = cached.book_json(m.view, m.market("BTC"), **options)
            assert bytes(kept).decode() == wire(shape)


def test_a_kept_book_carries_the_time_of_the_question() -> None:
    m = market()
    cached.book_json(m.view, m.market("BTC"))
    m.advance(ms=70)

    kept = bytes(cached.book_json(m.view, m.market("BTC")))

    assert kept == b'{"coin":"BTC","time":%d,"levels":[[],[]]}' % (START_MS + 70)


def kept_forms(m: Any) -> dict[str, tuple[str, str]]:
    """What is kept, and what encoding the shapes gives."""
    view = m.view
    universe, state = view.universe, view.state
    perps = [state.markets[perp.id] for perp in universe.perps]
    spots = [
        markets.spot_ctx(view.market_of(10_000 + index), by_index[index], view.time_ms)
        if index in by_index
        else markets.hidden_spot_ctx(index)
        for by_index in ({pair.index: pair for pair in universe.pairs},)
        for index in range(max(by_index) + 1)
    ]
    return {
        "mids": (wire(cached.mids_json(view)), wire(markets.mids(view))),
        "meta": (wire(cached.meta_json(view)), wire(markets.meta(universe))),
        "spot meta": (wire(cached.spot_meta_json(view)), wire(markets.spot_meta(universe))),
        "perps": (
            wire(cached.perp_ctxs_json(view)),
            wire([markets.perp_ctx(one, view.time_ms) for one in perps]),
        ),
        "spots": (wire(cached.spot_ctxs_json(view)), wire(spots)),
    }


def test_kept_forms_follow_everything_that_happens() -> None:
    """Whatever is kept has the bytes of the shape, after every kind of input."""
    m = market()
    alice, bob = m.account("alice", spot_usdc="10000"), m.account("bob", HYPE="100")
    deeds: list[Callable[[], object]] = [
        lambda: alice.buys("0.5 BTC @ 49000"),
        lambda: bob.sells("0.5 BTC @ 51000"),
        lambda: m.advance(seconds=6),
        lambda: m.oracle("BTC", "50500"),
        lambda: alice.buys("0.1 BTC @ 51000"),
        lambda: bob.sells("1 @107 @ 41"),
        lambda: alice.buys("1 @107 @ 41"),
        lambda: m.ex.seal(),
        lambda: alice.buys("0.4 BTC @ 51000"),
        lambda: m.advance(hours=1),
        lambda: m.advance(hours=25),
    ]
    for deed in deeds:
        deed()
        for name, (kept, shape) in kept_forms(m).items():
            assert kept == shape, name


def test_nothing_is_kept_across_exchanges() -> None:
    """Two worlds at the same height and time must not answer for each other."""
    one, other = market(), market()
    for m, price in ((one, "49000"), (other, "48000")):
        alice = m.account("alice")
        alice.buys(f"0.01 BTC @ {price}")
        alice.sells("0.01 BTC @ 50000")
    texts = [bytes(cached.mids_json(m.view)).decode() for m in (one, other, one)]

    assert ['"BTC":"49500.0"' in text for text in texts] == [True, False, True]
    assert wire(cached.book_json(other.view, other.market("BTC"))) == wire(
        books.book(other.market("BTC"), START_MS)
    )


def test_hour_of_a_context_moves_its_day_volume() -> None:
    """Volume leaves the rolling day although nothing else happened to the market."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    alice.buys("0.1 BTC @ 50000")
    bob.sells("0.1 BTC @ 50000")
    btc = m.market("BTC")
    before = msgspec.json.decode(cached.ctx_json(m.view, btc))["dayNtlVlm"]

    m.advance(hours=24)

    after = msgspec.json.decode(cached.ctx_json(m.view, btc))["dayNtlVlm"]
    assert (before, after) == ("5000.0", "0.0")


def test_nothing_is_kept_across_a_restored_snapshot() -> None:
    """The restored state stands in the old object and may reach the same height and time again."""
    m = market()
    alice = m.account("alice")
    start = m.ex.snapshot()
    alice.buys("0.01 BTC @ 49000")
    first = (wire(cached.mids_json(m.view)), wire(cached.perp_ctxs_json(m.view)))
    at = cached.stamp(m.ex.state)

    adopt(m.ex.state, Exchange.restore(start).state)
    alice.place(
        alice.new_order("0.02 BTC @ 51000", is_buy=False),
        alice.new_order("0.02 BTC @ 50000", is_buy=True),
    )

    assert cached.stamp(m.ex.state) == at
    assert (wire(cached.mids_json(m.view)), wire(cached.perp_ctxs_json(m.view))) != first
    assert '"BTC":"50500.0"' in wire(cached.mids_json(m.view))
