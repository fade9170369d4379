"""Margin arithmetic against the worked and recorded numbers."""

from __future__ import annotations

import pytest
from stories import START_MS, Story, market, px, rate, sz, usd

from hlsim.matching.types import Tif
from hlsim.sim import margin
from hlsim.sim.actions.leverage import UpdateIsolatedMargin
from hlsim.sim.assets import MarginTable, MarginTier, Perp, Universe
from hlsim.sim.errors import Reject
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Szi, Usd, parse_decimal
from hlsim.sim.replies import Resting
from hlsim.sim.state import Account, Leverage, Position


def one_perp(
    coin: str, sz_decimals: int, table: MarginTable, mark: str
) -> tuple[Exchange, Account]:
    """An exchange that lists one perp at `mark`, and an empty account."""
    top = table.tiers[0].max_leverage
    perp = Perp(0, coin, sz_decimals, top, table, start_px=px(mark))
    ex = Exchange.create(Universe([perp], [], [], {}), time_ms=START_MS)
    return ex, ex.open_account("0x" + "11" * 20)  # type: ignore[arg-type]


def hold(
    account: Account,
    szi: str,
    entry_ntl: str,
    leverage: int,
    *,
    raw_usd: str | None = None,
) -> None:
    """Puts a position on asset 0; isolated when `raw_usd` is given."""
    account.leverages[0] = Leverage(leverage, raw_usd is None)
    account.positions[0] = Position(
        Szi(parse_decimal(szi, 8)),
        usd(entry_ntl),
        raw_usd is None,
        usd(raw_usd or "0"),
    )


def test_every_identity_of_a_recorded_isolated_account_holds() -> None:
    """Observed: the docs' clearinghouse sample of 2024 (mechanics 6.1)."""
    ex, account = one_perp("ETH", 4, MarginTable.implicit(50), "2985.9")
    account.raw_usd = usd("13104.514502")
    hold(account, "0.0335", "100.04105", 20, raw_usd="-95.059824")

    assert margin.margin_used(ex.state, account, 0) == usd("4.967826")
    assert margin.unrealized_pnl(ex.state.markets[0], account.positions[0]) == usd("-0.0134")
    assert margin.return_on_equity(ex.state, account, 0) == -26789003
    assert margin.cross_summary(ex.state, account) == margin.Summary(
        usd("13104.514502"), usd("0"), usd("13104.514502"), usd("0")
    )
    assert margin.total_summary(ex.state, account) == margin.Summary(
        usd("13109.482328"), usd("100.02765"), usd("13009.454678"), usd("4.967826")
    )
    assert margin.withdrawable(ex.state, account) == usd("13104.514502")


def test_the_liquidation_price_of_a_recorded_isolated_long() -> None:
    """Observed: 68.126246 / (2 * 0.95) = 35.8559189474 (info 5.1)."""
    ex, account = one_perp("HYPE", 2, MarginTable.implicit(10), "37.826")
    hold(account, "2.0", "75.658", 10, raw_usd="-68.126246")

    assert margin.liquidation_px(ex.state, account, 0) == parse_decimal("35.8559189474", 10)
    assert margin.margin_used(ex.state, account, 0) == usd("7.525754")


@pytest.mark.parametrize(
    ("szi", "liquidation"),
    [("1", "1530.6122448980"), ("-1", "2450.9803921569")],
)
def test_the_liquidation_price_of_a_cross_position(szi: str, liquidation: str) -> None:
    """Worked: 1 ETH at 2000 with 500 of equity and 25x (mechanics 8.3)."""
    ex, account = one_perp("ETH", 4, MarginTable.implicit(25), "2000")
    hold(account, szi, f"{szi.replace('1', '2000')}", 20)
    account.raw_usd = Usd(usd("500") - account.positions[0].entry_ntl)

    assert margin.liquidation_px(ex.state, account, 0) == parse_decimal(liquidation, 10)


def test_the_liquidation_price_uses_the_tier_that_holds_there() -> None:
    """Worked: 3000 BTC at 60000 with 10M lands in the second tier, 57478.6325 (mechanics 8.3)."""
    table = MarginTable(
        56, "tiered 40x", (MarginTier(usd("0"), 40), MarginTier(usd("150000000"), 20))
    )
    ex, account = one_perp("BTC", 5, table, "60000")
    hold(account, "3000", "180000000", 20)
    account.raw_usd = usd("-170000000")

    found = margin.liquidation_px(ex.state, account, 0)

    assert found is not None
    assert found // 10**6 == parse_decimal("57478.6324", 4)


def test_a_long_that_cannot_be_liquidated_has_no_liquidation_price() -> None:
    """Documented: null when the result is not above zero (mechanics 7.1)."""
    ex, account = one_perp("ETH", 4, MarginTable.implicit(25), "2000")
    hold(account, "1", "2000", 20)
    account.raw_usd = usd("100")

    assert margin.liquidation_px(ex.state, account, 0) is None


@pytest.mark.parametrize(
    ("notional", "maintenance"),
    [("100000000", "1250000"), ("150000000", "1875000"), ("200000000", "3125000")],
)
def test_maintenance_steps_up_with_the_tiers_without_a_jump(
    notional: str, maintenance: str
) -> None:
    """Worked: BTC tiers, 200M is 3.125M (mechanics 6.3)."""
    table = MarginTable(
        56, "tiered 40x", (MarginTier(usd("0"), 40), MarginTier(usd("150000000"), 20))
    )

    assert table.maintenance(usd(notional)) == usd(maintenance)


@pytest.mark.parametrize(("notional", "maintenance"), [("30000", "525"), ("100000", "3425")])
def test_maintenance_with_three_tiers(notional: str, maintenance: str) -> None:
    """Worked: testnet BTC 10k/50k at 40/25/10 (mechanics 6.3)."""
    tiers = (MarginTier(usd("0"), 40), MarginTier(usd("10000"), 25), MarginTier(usd("50000"), 10))

    assert MarginTable(54, "", tiers).maintenance(usd(notional)) == usd(maintenance)


@pytest.mark.parametrize(
    ("entry_ntl", "szi", "sz_decimals", "shown"),
    [
        ("64716.468", "1", 5, "64716.4"),
        ("1864.86669", "1", 4, "1864.86"),
        ("-12169.95", "-100000", 0, "0.121699"),
    ],
)
def test_the_entry_price_is_truncated_for_display(
    entry_ntl: str, szi: str, sz_decimals: int, shown: str
) -> None:
    """Observed: fixture rows (mechanics 7.1); the third keeps all its six decimals."""
    perp = Perp(0, "X", sz_decimals, 20, MarginTable.implicit(20))
    position = Position(Szi(parse_decimal(szi, 8)), usd(entry_ntl), True)

    assert margin.entry_px(perp, position) == px(shown)


def resting(m: Story) -> tuple[Account, Exchange]:
    trader = m.account("alice", usd="1000")
    trader.leverage("BTC", 5)
    trader.buys("0.01 BTC @ 40000")
    trader.sells("0.01 BTC @ 60000")
    return trader.account, m.ex


def test_resting_orders_reserve_margin_but_are_not_margin_used() -> None:
    """Observed: sz * limitPx / leverage comes off withdrawable only (mechanics 6.1, 6.2)."""
    account, ex = resting(market())

    assert margin.order_margin(ex.state, account) == usd("200")
    assert margin.cross_margin_used(ex.state, account) == 0
    assert margin.withdrawable(ex.state, account) == usd("800")
    assert margin.available_to_trade(ex.state, account, 0) == (usd("800"), usd("800"))


def test_an_order_against_the_position_reserves_nothing() -> None:
    """Observed: 84 HYPE sells against a HYPE long reserve nothing (mechanics 6.1)."""
    m = market()
    bob, alice = m.account("bob"), m.account("alice", usd="1000")
    bob.sells("0.02 BTC @ 50000")
    alice.buys("0.02 BTC @ 50000")
    before = margin.withdrawable(m.ex.state, alice.account)

    alice.sells("0.02 BTC @ 60000")

    assert margin.order_margin(m.ex.state, alice.account) == 0
    assert margin.withdrawable(m.ex.state, alice.account) == before


def test_withdrawable_keeps_a_tenth_of_the_notional() -> None:
    """Observed: the 10 % floor binds above 10x (mechanics 6.1, contested 1)."""
    m = market()
    bob, alice = m.account("bob"), m.account("alice", usd="1000")
    alice.leverage("BTC", 40)
    bob.sells("0.1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")

    value = margin.cross_value(m.ex.state, alice.account)

    assert margin.withdrawable(m.ex.state, alice.account) == value - usd("500")


def test_the_return_on_equity_is_rounded() -> None:
    """Observed: a HYPE sample of 2025 (info 5.1); 0.06 / 75.658 is 0.00079304237…"""
    ex, account = one_perp("HYPE", 2, MarginTable.implicit(10), "37.826")
    hold(account, "2", "75.658", 10, raw_usd="-68.126246")

    assert margin.unrealized_pnl(ex.state.markets[0], account.positions[0]) == usd("-0.006")
    assert margin.return_on_equity(ex.state, account, 0) == rate("-0.0007930424")


def test_closing_may_open_as_much_on_the_other_side() -> None:
    """Observed: the closing side has twice the position's margin more (mechanics 6.2)."""
    m = market()
    bob, alice = m.account("bob"), m.account("alice", usd="1000")
    alice.leverage("BTC", 10)
    bob.buys("0.1 BTC @ 50000")
    alice.sells("0.1 BTC @ 50000")
    free = margin.free_margin(m.ex.state, alice.account)

    assert margin.available_to_trade(m.ex.state, alice.account, 0) == (
        free + 2 * usd("500"),
        free,
    )
    buy, sell = margin.max_trade_szs(m.ex.state, alice.account, 0)
    assert buy - sell == 2 * sz("0.1")


def test_a_padded_isolated_position_may_turn_as_far_as_shown_and_no_further() -> None:
    """Evidence: info 5.3; an order through zero pays with what closing releases (mechanics 6.2)."""
    m = market()
    bob, alice = m.account("bob"), m.account("alice", usd="1000")
    alice.leverage("SOL", 10, cross=False)
    bob.sells("10 SOL @ 100", tif=Tif.ALO)
    alice.buys("10 SOL @ 100")
    alice.act(UpdateIsolatedMargin(2, True, 200_000_000))  # type: ignore[arg-type]

    buy, sell = margin.max_trade_szs(m.ex.state, alice.account, 2)

    # 1000 - 100 - 200 are free to buy with. To sell, 10 close, and 700 + 299.55 carry 99.955 more.
    assert margin.available_to_trade(m.ex.state, alice.account, 2) == (usd("700"), usd("1099.55"))
    assert (buy, sell) == (sz("70"), sz("109.95"))
    assert isinstance(alice.sells("109.96 SOL @ 100"), Reject)
    assert isinstance(alice.sells("109.95 SOL @ 100"), Resting)


def test_what_closing_releases_first_covers_what_is_missing() -> None:
    """Evidence: mechanics 6.2; an order through zero is judged after the closing."""
    m = market()
    bob, alice = m.account("bob"), m.account("alice", usd="1000")
    alice.leverage("SOL", 10)
    bob.sells("90 SOL @ 100", tif=Tif.ALO)
    alice.buys("90 SOL @ 100")
    m.ex.state.accounts[alice.address].raw_usd -= usd("300")  # type: ignore[misc]
    free = margin.free_margin(m.ex.state, alice.account)

    assert -usd("900") < free < 0
    assert margin.available_to_trade(m.ex.state, alice.account, 2) == (
        0,
        usd("900") + usd("900") + free,
    )
