"""What one account and one market look like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from stories import START_MS, address, market, px, sz, usd

from hlsim.server.shapes import accounts, books, markets, spot
from hlsim.sim.assets import MarginMode, MarginTable, Perp
from hlsim.sim.candles import Candle
from hlsim.sim.fixed import Szi, Wei
from hlsim.sim.margin import perp_of
from hlsim.sim.state import Leverage, Position

ALICE = address("alice")


def wire(shape: object) -> str:
    """Compact JSON: asserts on it see the order of the keys."""
    return msgspec.json.encode(shape).decode()


# -- accounts --------------------------------------------------------------------------------------


def test_a_never_seen_user_has_zeros_and_no_positions() -> None:
    """Evidence: info 2.5 and 5.1."""
    zeros = '{"accountValue":"0.0","totalNtlPos":"0.0","totalRawUsd":"0.0","totalMarginUsed":"0.0"}'

    shape = accounts.clearinghouse_state(market().view, ALICE)

    assert wire(shape) == (
        f'{{"marginSummary":{zeros},"crossMarginSummary":{zeros},'
        '"crossMaintenanceMarginUsed":"0.0","withdrawable":"0.0","assetPositions":[],'
        f'"time":{START_MS}}}'
    )


def test_an_isolated_position_as_captured() -> None:
    """Evidence: the documented ETH state of mechanics 6.1, every identity of which holds."""
    m = market()
    alice = m.account("alice", usd="13104.514502")
    eth = m.market("ETH")
    eth.mark_px = px("2985.9")
    alice.account.leverages[1] = Leverage(20, False)
    alice.account.positions[1] = Position(
        Szi(sz("0.0335")),
        usd("100.04105"),
        False,
        usd("-95.059824"),
    )

    shape = accounts.clearinghouse_state(m.view, alice.address)

    assert shape["marginSummary"] == {
        "accountValue": "13109.482328",
        "totalNtlPos": "100.02765",
        "totalRawUsd": "13009.454678",
        "totalMarginUsed": "4.967826",
    }
    assert (shape["crossMarginSummary"]["accountValue"], shape["withdrawable"]) == (
        "13104.514502",
        "13104.514502",
    )
    liquidation_px = "2895.5170271094"
    """-rawUsd / (szi * (1 - 1/50)): this ETH allows 25x, the captured one 50x."""
    assert wire(shape["assetPositions"]) == (
        '[{"type":"oneWay","position":{"coin":"ETH","szi":"0.0335",'
        '"leverage":{"type":"isolated","value":20,"rawUsd":"-95.059824"},"entryPx":"2986.3",'
        '"positionValue":"100.02765","unrealizedPnl":"-0.0134",'
        f'"returnOnEquity":"-0.0026789003","liquidationPx":"{liquidation_px}",'
        '"marginUsed":"4.967826","maxLeverage":25,'
        '"cumFunding":{"allTime":"0.0","sinceOpen":"0.0","sinceChange":"0.0"}}}]'
    )


def test_positions_stand_in_asset_order() -> None:
    """Evidence: info 5.1."""
    m = market()
    alice = m.account("alice")
    for asset_id in (2, 0, 1):
        alice.account.positions[asset_id] = Position(Szi(sz("1")), usd("1"), True)

    shape = accounts.clearinghouse_state(m.view, alice.address)

    coins = [row["position"]["coin"] for row in shape["assetPositions"]]
    assert coins == ["BTC", "ETH", "SOL"]


def test_spot_balances_stand_in_token_order_without_empty_ones() -> None:
    """Evidence: info 5.2; USDC has no cost basis."""
    m = market()
    alice = m.account("alice", HYPE="0.24965", PURR="1", spot_usdc="19.9969993")
    account = alice.account
    account.spot[1].total = Wei(0)
    account.spot[2].hold = Wei(20_000_000)
    account.spot[2].entry_ntl = 2_498_248_700

    assert wire(spot.spot_state(m.view, alice.address)) == (
        '{"balances":[{"coin":"USDC","token":0,"total":"19.9969993","hold":"0.0",'
        '"entryNtl":"0.0"},{"coin":"HYPE","token":2,"total":"0.24965","hold":"0.2",'
        '"entryNtl":"24.982487"}]}'
    )


def test_active_asset_data_shows_the_setting_of_a_flat_coin() -> None:
    """Evidence: info 5.3: 680.955673 * 10 / 94.017 is 72.42 in lots; isolated shows a raw 0."""
    m = market()
    alice = m.account("alice", usd="680.955673")
    sol, iso = perp_of(m.ex.state, 2), perp_of(m.ex.state, 4)
    m.market("SOL").mark_px = px("94.017")
    alice.account.leverages[2] = Leverage(10, True)
    head = f'{{"user":"{alice.address}",'

    assert wire(accounts.active_asset_data(m.view, alice.address, sol)) == (
        head + '"coin":"SOL","leverage":{"type":"cross","value":10},'
        '"maxTradeSzs":["72.42","72.42"],"availableToTrade":["680.955673","680.955673"],'
        '"markPx":"94.017"}'
    )
    assert accounts.active_asset_data(m.view, alice.address, iso)["leverage"] == {
        "type": "isolated",
        "value": 5,
        "rawUsd": "0.0",
    }


# -- books -----------------------------------------------------------------------------------------


def test_a_book_has_bids_first_and_counts_orders() -> None:
    """Evidence: info 4.8; without nSigFigs there is no spread."""
    m = market()
    alice = m.account("alice")
    alice.buys("0.01 BTC @ 49999")
    alice.buys("0.02 BTC @ 49999")
    alice.sells("0.03 BTC @ 50001")

    assert wire(books.book(m.market("BTC"), 1754450974231)) == (
        '{"coin":"BTC","time":1754450974231,"levels":[[{"px":"49999.0","sz":"0.03","n":2}],'
        '[{"px":"50001.0","sz":"0.03","n":1}]]}'
    )


def test_an_aggregated_book_adds_the_spread() -> None:
    """Evidence: info 4.8, bids go down to a bucket and asks up, `spread` is the last key."""
    m = market()
    alice = m.account("alice")
    alice.buys("0.01 BTC @ 49999")
    alice.sells("0.03 BTC @ 50001")

    assert wire(books.book(m.market("BTC"), 5, n_sig_figs=2)) == (
        '{"coin":"BTC","time":5,"levels":[[{"px":"49000.0","sz":"0.01","n":1}],'
        '[{"px":"51000.0","sz":"0.03","n":1}]],"spread":"2.0"}'
    )


def test_an_empty_side_of_the_bbo_is_null() -> None:
    """Evidence: ws 3.3."""
    m = market()
    m.account("alice").sells("0.03 BTC @ 50001")

    assert wire(books.bbo(m.market("BTC"), 5)) == (
        '{"coin":"BTC","time":5,"bbo":[null,{"px":"50001.0","sz":"0.03","n":1}]}'
    )


# -- markets ---------------------------------------------------------------------------------------


def test_flags_of_a_perp_are_absent_unless_set() -> None:
    """Evidence: the rows of info 4.2."""
    universe = market().ex.state.universe
    hpos = Perp(
        3,
        "HPOS",
        0,
        3,
        MarginTable.implicit(3),
        margin_mode=MarginMode.NO_CROSS,
        is_delisted=True,
    )

    shape = markets.meta(replace_perps(universe, [universe.perps[0], hpos]))

    assert wire(shape["universe"]) == (
        '[{"szDecimals":5,"name":"BTC","maxLeverage":40,"marginTableId":56},'
        '{"szDecimals":0,"name":"HPOS","maxLeverage":3,"marginTableId":3,"onlyIsolated":true,'
        '"isDelisted":true,"marginMode":"noCross"}]'
    )
    assert wire(shape["marginTables"][1]) == (
        '[56,{"description":"tiered 40x","marginTiers":[{"lowerBound":"0.0","maxLeverage":40},'
        '{"lowerBound":"150000000.0","maxLeverage":20}]}]'
    )
    assert [list(shape), shape["collateralToken"]] == [
        ["universe", "marginTables", "collateralToken"],
        0,
    ]


def replace_perps(universe: Any, perps: list[Perp]) -> Any:
    return replace(universe, perps=perps)


def test_a_context_of_a_thin_book_has_three_nulls() -> None:
    """Evidence: the second context of info 4.3."""
    shape = markets.perp_ctx(market().market("GONE"), START_MS)

    assert list(shape) == [
        "funding",
        "openInterest",
        "prevDayPx",
        "dayNtlVlm",
        "premium",
        "oraclePx",
        "markPx",
        "midPx",
        "impactPxs",
        "dayBaseVlm",
    ]
    assert [shape[name] for name in ("premium", "midPx", "impactPxs", "markPx", "oraclePx")] == [
        None,
        None,
        None,
        "1.0",
        "1.0",
    ]


def test_a_premium_is_there_as_soon_as_impact_prices_are() -> None:
    """Evidence: info 4.3; mechanics 9: impact ask 1980 below the oracle 2000 is -1 %."""
    m = market()
    alice = m.account("alice")
    alice.buys("20 ETH @ 1970")
    alice.sells("20 ETH @ 1980")

    before = markets.perp_ctx(m.market("ETH"), START_MS)
    m.advance(seconds=5)
    after = markets.perp_ctx(m.market("ETH"), START_MS)

    assert (before["premium"], before["impactPxs"]) == ("-0.01", ["1970.0", "1980.0"])
    assert after["premium"] == before["premium"]


def test_impact_prices_are_rounded_to_price_decimals() -> None:
    """Evidence: mechanics 9; MEME shows six decimals, an average of two asks has more."""
    m = market()
    alice = m.account("alice")
    alice.buys("20000 MEME @ 0.5")
    alice.sells("7000 MEME @ 0.501")
    alice.sells("20000 MEME @ 0.503")

    bid, ask = markets.perp_ctx(m.market("MEME"), START_MS)["impactPxs"]

    assert bid == "0.5"
    """6000 USD: 7000 at 0.501 are 3507, the other 2493 buy 4956.26 at 0.503."""
    assert ask == "0.501829"


def test_mids_stand_in_byte_order_and_fall_back() -> None:
    """Evidence: info 4.1; a mid may have a digit more than the tick, empty books show a price."""
    m = market()
    alice = m.account("alice")
    alice.buys("0.01 BTC @ 49999")
    alice.sells("0.01 BTC @ 50000")

    shape = markets.mids(m.view)

    assert shape == {
        "@107": "40.0",
        "BTC": "49999.5",
        "ETH": "2000.0",
        "GONE": "1.0",
        "ISO": "10.0",
        "MEME": "0.5",
        "PURR/USDC": "0.2",
        "SOL": "100.0",
    }
    assert list(shape) == sorted(shape)


def test_a_candle_row_is_in_the_order_of_the_wire() -> None:
    """Evidence: the capture of info 4.9."""
    candle = Candle(
        t=1684699200000,
        T=1684702799999,
        o=px("0.001601"),
        c=px("0.001604"),
        h=px("0.001616"),
        l=px("0.001601"),
        v=sz("520665683"),
        n=709,
    )

    assert wire(markets.candle_row("kPEPE", "1h", candle)) == (
        '{"t":1684699200000,"T":1684702799999,"s":"kPEPE","i":"1h","o":"0.001601",'
        '"c":"0.001604","h":"0.001616","l":"0.001601","v":"520665683.0","n":709}'
    )
