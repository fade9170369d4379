"""Price paths: seeded, independent of each other, bounded, integers throughout."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hlsim.scenarios.paths import PricePaths, bell, nearest_px, stream
from hlsim.scenarios.worlds import load_world, parse_world
from hlsim.sim.assets import Perp, Universe, has_legal_decimals, on_tick

COINS = {"BTC": "66383", "ETH": "1920", "HYPE": "34.277", "DOGE": "0.093245"}


def small(*coins: str) -> Universe:
    """A world of some perps and a HYPE and a stable spot pair."""
    perps = [
        {"name": coin, "szDecimals": 0, "maxLeverage": 10, "oraclePx": COINS[coin]}
        for coin in coins
    ]
    tokens = [
        {"index": 0, "name": "USDC", "szDecimals": 8, "weiDecimals": 8},
        {"index": 1, "name": "HYPE", "szDecimals": 2, "weiDecimals": 8},
        {"index": 2, "name": "USDE", "szDecimals": 2, "weiDecimals": 8},
    ]
    spot = [
        {"index": 1, "name": "@1", "tokens": [1, 0], "markPx": "34.3"},
        {"index": 2, "name": "@2", "tokens": [2, 0], "markPx": "1"},
    ]
    made: dict[str, Any] = {"perps": perps, "tokens": tokens, "spot": spot}
    return parse_world(json.dumps(made))


def walked(universe: Universe, seed: int, coin: str, steps: int = 200) -> list[int]:
    """The prices of one coin over some steps."""
    paths = PricePaths(universe, seed)
    found = []
    for _ in range(steps):
        paths.step()
        found.append(paths.px(universe.by_coin[coin].id))
    return found


def test_the_same_seed_walks_the_same_path_and_another_seed_another() -> None:
    """Evidence: none; determinism."""
    universe = small("BTC", "ETH")

    assert walked(universe, 7, "BTC") == walked(universe, 7, "BTC")
    assert walked(universe, 7, "BTC") != walked(universe, 8, "BTC")


def test_a_coin_more_in_the_world_shifts_no_other() -> None:
    """Evidence: none; every coin has a stream of its own."""
    few, many = small("BTC", "HYPE"), small("DOGE", "ETH", "BTC", "HYPE")

    assert walked(few, 7, "BTC") == walked(many, 7, "BTC")
    assert walked(few, 7, "@2") == walked(many, 7, "@2")


def test_a_spot_pair_moves_with_the_perp_of_its_coin() -> None:
    """Evidence: none; a basis that never closes would be free money."""
    universe = small("HYPE")
    paths = PricePaths(universe, 3)
    perp, pair = universe.by_coin["HYPE"], universe.by_coin["@1"]

    for _ in range(500):
        paths.step()
        expected = pair.start_px * paths.px(perp.id) // perp.start_px
        assert abs(paths.px(pair.id) - expected) <= 2
    assert paths.px(perp.id) != perp.start_px


def test_prices_stay_near_the_worlds_for_a_month() -> None:
    """Evidence: none; a market left alone for weeks must still look like one."""
    universe = load_world("mainnet")
    paths = PricePaths(universe, 1)

    for _ in range(30 * 24):
        paths.step(1_200)
        for asset in universe.by_id.values():
            if not asset.is_delisted:
                assert asset.start_px < 3 * paths.px(asset.id) < 9 * asset.start_px


def test_many_steps_at_once_are_as_wide_as_one_by_one() -> None:
    """Evidence: none; the spread of a random walk grows with the root of its length."""
    universe = small("BTC", "ETH", "HYPE", "DOGE")
    btc = universe.by_coin["BTC"]

    def spread(count: int, times: int) -> int:
        moves = []
        for seed in range(60):
            paths = PricePaths(universe, seed)
            for _ in range(times):
                paths.step(count)
            moves.append((paths.px(btc.id) - btc.start_px) * 10**6 // btc.start_px)
        return sum(move * move for move in moves)

    slow, fast = spread(1, 100), spread(100, 1)

    assert slow < 2 * fast < 4 * slow


def test_a_stable_coin_stays_within_half_a_percent() -> None:
    """Evidence: none."""
    prices = walked(small("BTC"), 5, "@2", 5_000)

    assert max(prices) - min(prices) < 10**8 // 100
    assert min(prices) > 995 * 10**5
    assert len(set(prices)) > 1_000


def test_a_price_between_two_steps_lies_on_the_way() -> None:
    """Evidence: none; makers lead the oracle, which is published at the end of a step."""
    universe = small("BTC")
    paths = PricePaths(universe, 2)
    btc = universe.by_coin["BTC"].id
    seen = [paths.px(btc, part) for part in (0, 250, 500, 750, 1_000)]

    assert seen in (sorted(seen), sorted(seen, reverse=True))
    paths.step()
    assert abs(paths.px(btc) - seen[-1]) <= 1


def test_paths_go_on_after_restore_as_if_nothing_happened() -> None:
    """Evidence: none; snapshots hold the random streams."""
    universe = small("BTC", "HYPE")
    paths, other = PricePaths(universe, 4), PricePaths(universe, 99)
    for _ in range(10):
        paths.step()

    other.restore(paths.state())

    ids = [asset.id for asset in universe.by_id.values()]
    for _ in range(50):
        paths.step()
        other.step()
        assert [paths.px(one) for one in ids] == [other.px(one) for one in ids]


def test_published_prices_are_legal_on_every_perp() -> None:
    """Evidence: mechanics 1.1 and 9."""
    universe = load_world("mainnet")
    paths = PricePaths(universe, 6)
    paths.step(5_000)

    for perp in universe.perps:
        if not perp.is_delisted:
            px = paths.oracle_px(perp)
            assert px > 0
            assert has_legal_decimals(perp, px), perp.coin
            assert on_tick(px), perp.coin
            assert abs(px - paths.px(perp.id)) * 100 <= px, perp.coin


@pytest.mark.parametrize(
    ("px", "expected"),
    [
        (6_638_349_999_999, 6_638_300_000_000),
        (6_638_350_000_001, 6_638_400_000_000),
        (1, 10_000_000),
    ],
)
def test_the_nearest_legal_price_is_never_zero(px: int, expected: int) -> None:
    """Evidence: mechanics 1.2 (BTC: szDecimals 5, one decimal, integers above 10000)."""
    btc = load_world("mainnet").by_coin["BTC"]

    assert isinstance(btc, Perp)
    assert nearest_px(btc, px) == expected


def test_a_draw_is_centred_with_a_deviation_of_about_four() -> None:
    """Evidence: none; 64 fair bits have variance 16, the rare wide draws add half of it."""
    rng = stream(1, "bell")
    draws = [bell(rng) for _ in range(20_000)]

    assert abs(sum(draws)) < 20_000 // 8
    assert 14 * 20_000 < sum(draw * draw for draw in draws) < 20 * 20_000
