"""What a match moves: positions, pnl, directions, balances and histories."""

from __future__ import annotations

import pytest
from stories import START_MS, Story, Trader, market, px, sz, usd

from hlsim.sim.actions.transfers import SpotSend, UsdClassTransfer
from hlsim.sim.assets import FIRST_SPOT_ID, SpotPair, Token, Universe
from hlsim.sim.events import Direction, Fill
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import parse_decimal
from hlsim.sim.replies import Done


def pair(spot: bool = False) -> tuple[Trader, Trader]:
    m = market()
    if spot:
        return (
            m.account("alice", spot_usdc="10000", HYPE="100"),
            m.account("bob", spot_usdc="10000", HYPE="100"),
        )
    return m.account("alice"), m.account("bob")


def last_fill(trader: Trader) -> Fill:
    return trader.account.fills[-1]


def test_a_first_fill_opens_a_position_on_both_sides() -> None:
    """Documented: entry notional grows with the trade (mechanics 7.1)."""
    alice, bob = pair()
    bob.sells("0.1 BTC @ 50000")

    alice.buys("0.1 BTC @ 50000")

    taken, made = last_fill(alice), last_fill(bob)
    assert (taken.dir, taken.crossed, taken.start_position) == (Direction.OPEN_LONG, True, 0)
    assert (made.dir, made.crossed, made.start_position) == (Direction.OPEN_SHORT, False, 0)
    assert (taken.fee, made.fee) == (usd("2.25"), usd("0.75"))
    assert (taken.tid, taken.hash, taken.time_ms) == (made.tid, made.hash, made.time_ms)
    assert alice.szi("BTC") == sz("0.1")
    assert bob.szi("BTC") == -sz("0.1")
    assert alice.account.raw_usd == usd("100000") - usd("5000") - usd("2.25")
    assert bob.account.raw_usd == usd("100000") + usd("5000") - usd("0.75")


def test_closed_pnl_leaves_the_fee_out_and_uses_the_shown_entry() -> None:
    """Observed: (4303.7 - 4307.4) * 0.0025 = -0.00925 (info 6.5); entry truncated (mechanics
    7.1).
    """
    alice, bob = pair()
    bob.sells("0.01 ETH @ 2000.1")
    bob.sells("0.02 ETH @ 2000.3")
    alice.buys("0.03 ETH @ 2000.3")
    # The entry is 2000.2333…, shown as 2000.23.
    bob.buys("0.01 ETH @ 1999.9")

    alice.sells("0.01 ETH @ 1999.9")

    fill = last_fill(alice)
    assert fill.dir is Direction.CLOSE_LONG
    assert fill.closed_pnl == parse_decimal("-0.0033", 8)
    assert fill.start_position == sz("0.03")


@pytest.mark.parametrize(
    ("start_is_long", "direction", "pnl"),
    [
        (True, Direction.LONG_TO_SHORT, "10"),
        (False, Direction.SHORT_TO_LONG, "-10"),
    ],
)
def test_a_flip_is_one_fill(start_is_long: bool, direction: Direction, pnl: str) -> None:
    """Observed: one row, pnl of the closed part only, the rest opens at the price (mechanics
    7.2).
    """
    alice, bob = pair()
    open_side, close_side = (alice.buys, bob.sells) if start_is_long else (alice.sells, bob.buys)
    close_side("0.1 BTC @ 50000")
    open_side("0.1 BTC @ 50000")
    (bob.buys if start_is_long else bob.sells)("0.3 BTC @ 50100")

    (alice.sells if start_is_long else alice.buys)("0.3 BTC @ 50100")

    fill = last_fill(alice)
    sign = 1 if start_is_long else -1
    assert (fill.dir, fill.closed_pnl) == (direction, parse_decimal(pnl, 8))
    assert fill.start_position == sign * sz("0.1")
    position = alice.position("BTC")
    assert position is not None
    assert position.szi == -sign * sz("0.2")
    assert position.entry_ntl == -sign * usd("10020")


def test_closing_leaves_nothing_behind() -> None:
    """The position is gone and open interest is back at zero."""
    alice, bob = pair()
    bob.sells("0.1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")
    bob.buys("0.1 BTC @ 50000")

    alice.sells("0.1 BTC @ 50000")

    assert alice.position("BTC") is None
    assert bob.position("BTC") is None
    assert alice.market.market("BTC").open_interest == 0


def test_isolated_margin_moves_with_the_position_and_back() -> None:
    """Documented: sz * px / leverage moves in, and is released in proportion (mechanics 6.4)."""
    alice, bob = pair()
    alice.leverage("BTC", 10, cross=False)
    bob.sells("0.1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")
    position = alice.position("BTC")
    assert position is not None
    assert position.raw_usd == usd("500") - usd("5000") - usd("2.25")
    assert alice.account.raw_usd == usd("99500")
    bob.buys("0.05 BTC @ 50000")

    alice.sells("0.05 BTC @ 50000")

    assert position.raw_usd == usd("-2251.125")
    assert alice.account.raw_usd == usd("99500") + usd("248.875") - usd("1.125")


def test_a_spot_trade_moves_both_tokens_less_the_fee_received() -> None:
    """Observed: buying 0.27 HYPE at 41.353 receives 0.26981101 (mechanics 11.4)."""
    alice, bob = pair(spot=True)
    bob.sells("0.27 @107 @ 41.353")

    alice.buys("0.27 @107 @ 41.353")

    bought, sold = last_fill(alice), last_fill(bob)
    assert alice.spot("HYPE") == parse_decimal("100.26981101", 8)
    assert alice.spot("USDC") == parse_decimal("9988.83469", 8)
    assert bob.spot("HYPE") == parse_decimal("99.73", 8)
    assert bob.spot("USDC") == parse_decimal("10011.16084388", 8)
    assert (bought.dir, bought.fee_token, bought.fee) == (Direction.BUY, "HYPE", 18899)
    assert (sold.dir, sold.fee_token, sold.fee) == (Direction.SELL, "USDC", 446612)
    assert bought.asset_id == FIRST_SPOT_ID + 107
    assert bought.start_position == sz("100")


def test_two_quote_assets_trade_at_a_fifth_of_the_fee() -> None:
    """Documented: spot pairs between two quote assets (mechanics 11.2); 0.014 % and 0.008 %."""
    usdc = Token(0, "USDC", 8, 8, "0x" + "00" * 16)
    usdt = Token(1, "USDT0", 2, 8, "0x" + "01" * 16)
    hype = Token(2, "HYPE", 2, 8, "0x" + "02" * 16)
    pairs = [
        SpotPair(166, "@166", usdt, usdc, start_px=px("1")),
        SpotPair(207, "@207", hype, usdt, start_px=px("40")),
    ]
    listed = Universe([], pairs, [usdc, usdt, hype], {})
    m = Story(Exchange.create(listed, time_ms=START_MS))
    alice = m.account("alice", spot_usdc="1000", USDT0="1000")
    bob = m.account("bob", spot_usdc="1000", USDT0="1000", HYPE="10")
    bob.sells("100 @166 @ 1")
    alice.buys("100 @166 @ 1")
    assert [last_fill(t).fee for t in (alice, bob)] == [sz("0.014"), sz("0.008")]
    bob.sells("2 @207 @ 40")

    alice.buys("2 @207 @ 40")

    assert [last_fill(t).fee for t in (alice, bob)] == [sz("0.0014"), sz("0.032")]


def test_a_sellers_hold_is_gone_after_the_fill() -> None:
    """Documented: hold is the base of a resting sell (mechanics 12)."""
    alice, bob = pair(spot=True)
    bob.sells("10 @107 @ 40")
    held = bob.account.spot[2]
    assert held.hold == parse_decimal("10", 8)

    alice.buys("4 @107 @ 40")

    assert held.hold == parse_decimal("6", 8)
    assert held.total == parse_decimal("96", 8)


def test_candles_trades_and_volume_hear_of_a_fill() -> None:
    """One match is one public trade, counted once for the market and once for each side."""
    alice, bob = pair()
    bob.sells("0.1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")
    market_ = alice.market.market("BTC")

    (trade,) = market_.trades
    assert (trade.px, trade.sz, trade.buyer, trade.seller) == (
        px("50000"),
        sz("0.1"),
        alice.address,
        bob.address,
    )
    assert market_.last_px == px("50000")
    assert market_.volume.total_usd == parse_decimal("5000", 8)
    assert alice.account.volume.total_usd == bob.account.volume.total_usd


@pytest.mark.parametrize("is_sold", [True, False])
def test_the_cost_basis_that_stays_is_rounded_down(is_sold: bool) -> None:
    """Observed: 0.27 HYPE at 41.353 cost 11.16531; after 0.26 of the 0.26981101 that arrived went,
    0.40599888 stays (mechanics 12)."""
    m = market()
    alice, bob = m.account("alice", spot_usdc="100"), m.account("bob", HYPE="10")
    bob.sells("0.27 @107 @ 41.353")
    alice.buys("0.27 @107 @ 41.353")
    held = alice.account.spot[2]
    assert (held.total, held.entry_ntl) == (sz("0.26981101"), px("11.16531"))

    if is_sold:
        assert bob.act(UsdClassTransfer("100", False, START_MS)) == Done()
        bob.buys("0.26 @107 @ 41")
        alice.sells("0.26 @107 @ 41")
    else:
        token = "HYPE:0x0d01dc56dcaaca66ad901c959b4011ec"
        assert alice.act(SpotSend(bob.address, token, "0.26", START_MS)) == Done()

    assert (held.total, held.entry_ntl) == (sz("0.00981101"), px("0.40599888"))
