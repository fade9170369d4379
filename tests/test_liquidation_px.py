"""The liquidation price: recorded ones, and that it is the price at which liquidation begins."""

from __future__ import annotations

from random import Random

import pytest
from stories import Story, usd
from test_margin import hold, one_perp

from hlsim.server.shapes.text import rate_text
from hlsim.sim import margin
from hlsim.sim.assets import MarginTable, MarginTier, px_decimals
from hlsim.sim.fixed import Px, Szi, Usd, parse_decimal
from hlsim.sim.operations import SetOracle
from hlsim.sim.state import Leverage, Position


@pytest.mark.parametrize(
    ("coin", "sz_decimals", "most", "szi", "entry_ntl", "raw_usd", "shown"),
    [
        ("ETH", 4, 50, "0.0335", "100.04105", "-95.059824", "2866.2693803709"),
        ("HYPE", 2, 10, "2.0", "75.658", "-68.126246", "35.8559189474"),
    ],
)
def test_recorded_isolated_longs(
    coin: str, sz_decimals: int, most: int, szi: str, entry_ntl: str, raw_usd: str, shown: str
) -> None:
    """Observed: the docs' sample, 95.059824 / (0.0335 * 0.99), which they show as 2866.26936529
    because their ledger has more digits than it shows (mechanics 8.3), and info 5.1.
    """
    ex, account = one_perp(coin, sz_decimals, MarginTable.implicit(most), "2985.9")
    hold(account, szi, entry_ntl, 10, raw_usd=raw_usd)

    found = margin.liquidation_px(ex.state, account, 0)

    assert found is not None
    assert rate_text(found) == shown


def test_it_is_shown_with_ten_decimals_rounded() -> None:
    """Observed: a cross short of DYDX at 29.31804232889 is shown as 29.3180423289 (mechanics 8.3;
    what that account held was not recorded).
    """
    ex, account = one_perp("DYDX", 1, MarginTable.implicit(10), "2")
    hold(account, "-1000000", "-2000000", 10)
    account.raw_usd = Usd(30_783_944_445_335)

    found = margin.liquidation_px(ex.state, account, 0)

    assert found == parse_decimal("29.3180423289", 10)


TIERS = (
    (MarginTier(Usd(0), 40),),
    (MarginTier(Usd(0), 3),),
    (MarginTier(Usd(0), 40), MarginTier(usd("10000"), 25), MarginTier(usd("50000"), 10)),
    (MarginTier(Usd(0), 10), MarginTier(usd("3000"), 5)),
)


@pytest.mark.parametrize("seed", range(120))
def test_at_the_liquidation_price_an_account_stands_and_one_tick_past_it_falls(seed: int) -> None:
    """Documented: AV < maintenance at mark, both sides, cross and isolated, across tiers
    (mechanics 8.1, 8.3). A mark that misses by less than the µUSD to which margins are truncated
    meets the price.
    """
    rng = Random(seed)
    table = MarginTable(50, "", rng.choice(TIERS))
    is_long, is_cross = rng.random() < 0.5, rng.random() < 0.5
    ex, account = one_perp("X", 2, table, "100")
    story = Story(ex)
    ntl = usd(str(rng.randrange(500, 150_000)))
    ntl -= ntl % usd("1")
    szi = Szi(ntl * (1 if is_long else -1))  # at 100 a dollar is a hundredth of a coin
    signed = ntl if is_long else -ntl
    owed = table.maintenance(ntl)
    ledger = Usd(owed * rng.randrange(105, 300) // 100 - signed)
    account.leverages[0] = Leverage(2, is_cross)
    account.positions[0] = Position(szi, Usd(signed), is_cross, Usd(0) if is_cross else ledger)
    account.raw_usd = ledger if is_cross else Usd(0)
    ex.touch(account.address)
    story.advance(seconds=3)
    assert account.address not in ex.state.watch.stale

    exact = margin.liquidation_px(ex.state, account, 0)
    assert exact is not None
    tick = 10 ** (8 - px_decimals(ex.state.markets[0].asset))
    floor, rest = exact // (100 * tick) * tick, exact % (100 * tick)
    ceiling = floor + tick if rest else floor
    stands, falls = (ceiling, ceiling - tick) if is_long else (floor, floor + tick)
    if abs(exact - 100 * falls) * ntl < 2 * 10**12:
        falls += -tick if is_long else tick

    ex.operate(SetOracle(((0, Px(stands)),)))
    assert account.address not in ex.state.watch.stale
    ex.operate(SetOracle(((0, Px(falls)),)))
    assert account.address in ex.state.watch.stale
    assert account.positions[0].szi == szi
