"""Recorded and worked numbers of margin, asked of the exchange as a client would ask."""

from __future__ import annotations

from typing import Any

import pytest
from asking import told
from stories import START_MS, Story, px, sz, usd

from hlsim.scenarios.worlds import load_world
from hlsim.sim import margin
from hlsim.sim.assets import MarginTable, Perp, Universe
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Szi, Usd, parse_decimal
from hlsim.sim.state import Account, Leverage, Position

USER: Any = "0x" + "11" * 20


def story(*perps: tuple[str, int, int, str]) -> tuple[Story, Account]:
    """An exchange of perps (coin, szDecimals, maxLeverage, mark) and one empty account."""
    listed = [
        Perp(place, coin, decimals, most, MarginTable.implicit(most), start_px=px(mark))
        for place, (coin, decimals, most, mark) in enumerate(perps)
    ]
    m = Story(Exchange.create(Universe(listed, [], [], {}), time_ms=START_MS))
    return m, m.ex.open_account(USER)


def hold(
    account: Account, asset: int, szi: str, entry_ntl: str, leverage: int, raw_usd: str = ""
) -> None:
    """A position; isolated when its own ledger is given."""
    account.leverages[asset] = Leverage(leverage, not raw_usd)
    signed = Szi(parse_decimal(szi, 8))
    raw = usd(raw_usd or "0")
    account.positions[asset] = Position(signed, usd(entry_ntl), not raw_usd, raw)


def test_a_recorded_state_with_an_isolated_position() -> None:
    """Observed: a state of 2025-08, every number of it (info 5.1)."""
    m, account = story(("HYPE", 2, 10, "37.826"))
    account.raw_usd = usd("75.781884")
    hold(account, 0, "2", "75.658", 10, "-68.126246")
    account.funding_all_time[0] = usd("4.966798")

    found = told(m.view, "clearinghouseState", user=USER)

    assert found == {
        "marginSummary": {
            "accountValue": "83.307638", "totalNtlPos": "75.652",
            "totalRawUsd": "7.655638", "totalMarginUsed": "7.525754",
        },
        "crossMarginSummary": {
            "accountValue": "75.781884", "totalNtlPos": "0.0",
            "totalRawUsd": "75.781884", "totalMarginUsed": "0.0",
        },
        "crossMaintenanceMarginUsed": "0.0",
        "withdrawable": "75.781884",
        "assetPositions": [{
            "type": "oneWay",
            "position": {
                "coin": "HYPE", "szi": "2.0",
                "leverage": {"type": "isolated", "value": 10, "rawUsd": "-68.126246"},
                "entryPx": "37.829", "positionValue": "75.652", "unrealizedPnl": "-0.006",
                "returnOnEquity": "-0.0007930424", "liquidationPx": "35.8559189474",
                "marginUsed": "7.525754", "maxLeverage": 10,
                "cumFunding": {"allTime": "4.966798", "sinceOpen": "0.0", "sinceChange": "0.0"},
            },
        }],
        "time": START_MS,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "notional", "leverage", "withdrawable"),
    [
        # The tenth of the notional binds.
        ("1008998.241837", "10070203.001339", 20, "1977.941704"),
        ("929.919372", "5873.49", 20, "342.570372"),
        # 2023 and its like: the margin in use is more than a tenth.
        ("1736.030875", "9637.98764", 10, "772.232111"),
    ],
)
def test_what_may_be_withdrawn_beside_a_cross_position(
    value: str, notional: str, leverage: int, withdrawable: str
) -> None:
    """Observed: accounts of mainnet and testnet (mechanics 6.1, contested 1)."""
    m, account = story(("X", 2, 50, "1"))
    m.ex.state.markets[0].mark_px = px(notional)
    hold(account, 0, "1", notional, leverage)
    account.raw_usd = Usd(usd(value) - usd(notional))

    assert margin.cross_value(m.ex.state, account) == usd(value)
    assert margin.withdrawable(m.ex.state, account) == usd(withdrawable)


def test_margins_are_truncated_one_by_one_and_then_summed() -> None:
    """Observed: an account of over a hundred positions shows 5.6e-5 and 7.7e-5 less (mechanics
    6.1).
    """
    m, account = story(*[(f"C{place}", 2, 50, "1.000019") for place in range(100)])
    account.raw_usd = usd("1000")
    for place in range(100):
        hold(account, place, "1", "1", 20)

    found = told(m.view, "clearinghouseState", user=USER)

    # 1.000019 / 20 = 0.05000095 and 1.000019 / 100 = 0.01000019, a hundred times each.
    assert found["crossMarginSummary"]["totalNtlPos"] == "100.0019"
    assert found["crossMarginSummary"]["totalMarginUsed"] == "5.0"
    assert found["crossMaintenanceMarginUsed"] == "1.0"


@pytest.mark.parametrize(
    ("terms", "leverage", "margin_of_it"),
    [
        ("1.284 @ 100", 5, "25.68"),
        ("1 @ 49035.6725", 2, "24517.83625"),
        ("0.0005 @ 65000", 2, "16.25"),
    ],
)
def test_what_a_resting_order_reserves(terms: str, leverage: int, margin_of_it: str) -> None:
    """Observed: sz * limitPx / leverage (mechanics 6.2)."""
    m, account = story(("X", 5, 50, "1"))
    size, _, price = terms.split()
    account.leverages[0] = Leverage(leverage, True)
    account.order_loads[0] = (sz(size) * px(price), 0)

    assert margin.order_margin(m.ex.state, account) == usd(margin_of_it)


def test_the_room_to_trade_of_a_flat_coin() -> None:
    """Observed: 680.955673 * 10 / 94.017 is shown as 72.42 on both sides (info 5.3)."""
    m, account = story(("HYPE", 2, 10, "94.017"))
    account.raw_usd = usd("680.955673")
    account.leverages[0] = Leverage(10, True)

    assert told(m.view, "activeAssetData", user=USER, coin="HYPE") == {
        "user": USER,
        "coin": "HYPE",
        "leverage": {"type": "cross", "value": 10},
        "maxTradeSzs": ["72.42", "72.42"],
        "availableToTrade": ["680.955673", "680.955673"],
        "markPx": "94.017",
    }


def test_the_room_to_trade_beside_a_short() -> None:
    """Observed: ["0.76534","0.74964"] in 2023; closing 0.00785 opens as much again (mechanics 6.2).

    The account is made up around the two numbers: free margin for 0.749649 BTC at 20x.
    """
    m, account = story(("BTC", 5, 50, "22000"))
    hold(account, 0, "-0.00785", "-172.7", 20)
    account.raw_usd = Usd(usd("824.6139") + usd("8.635") + usd("172.7"))

    found = told(m.view, "activeAssetData", user=USER, coin="BTC")

    assert found["maxTradeSzs"] == ["0.76534", "0.74964"]
    assert found["availableToTrade"] == ["841.8839", "824.6139"]


TENS = """
AAVE ADA APT AVAX BCH CRV DOGE ENA FARTCOIN HYPE kBONK kPEPE LINK LTC NEAR PUMP SUI TRUMP UNI WLD
ZEC
"""
SMALL_TENS = "ARB BNB DOT JUP kSHIB MKR ONDO PAXG TON TRX XPL"


@pytest.mark.parametrize(
    ("world", "coins", "tiers"),
    [
        ("mainnet", "BTC", [(0, 40), (150_000_000, 20)]),
        ("mainnet", "ETH", [(0, 25), (100_000_000, 15)]),
        ("mainnet", "SOL", [(0, 20), (70_000_000, 10)]),
        ("mainnet", "XRP", [(0, 20), (40_000_000, 10)]),
        ("mainnet", TENS, [(0, 10), (20_000_000, 5)]),
        ("mainnet", SMALL_TENS, [(0, 10), (3_000_000, 5)]),
        ("testnet", "BTC", [(0, 40), (10_000, 25), (50_000, 10)]),
        ("testnet", "ETH", [(0, 25), (20_000, 10), (50_000, 5)]),
        ("testnet", "DOGE TIA SUI kSHIB AAVE TON", [(0, 10), (20_000, 5)]),
        ("testnet", "ARB ATOM AVAX FARTCOIN ICP TAO", [(0, 10), (10_000, 5)]),
    ],
)
def test_the_tables_of_the_shipped_worlds(
    world: str, coins: str, tiers: list[tuple[int, int]]
) -> None:
    """Documented: maintenance tiers of both networks (mechanics 6.3)."""
    universe = load_world(world)
    for coin in coins.split():
        perp = universe.by_coin[coin]
        assert isinstance(perp, Perp)
        found = [(tier.lower_bound, tier.max_leverage) for tier in perp.margin_table.tiers]
        assert found == [(bound * 10**6, most) for bound, most in tiers], coin


@pytest.mark.parametrize(
    ("world", "coin", "notional", "maintenance"),
    [
        ("mainnet", "BTC", "100000000", "1250000"),
        ("mainnet", "BTC", "150000000", "1875000"),
        ("mainnet", "BTC", "200000000", "3125000"),
        ("testnet", "BTC", "30000", "525"),
        ("testnet", "BTC", "100000", "3425"),
    ],
)
def test_the_worked_maintenance_margins(
    world: str, coin: str, notional: str, maintenance: str
) -> None:
    """Documented: ntl * mmr - deduction (mechanics 6.3)."""
    perp = load_world(world).by_coin[coin]
    assert isinstance(perp, Perp)
    assert perp.margin_table.maintenance(usd(notional)) == usd(maintenance)


def test_the_sides_of_the_room_are_buy_and_sell() -> None:
    """Observed: [buy, sell], not [least, most] (info 5.3)."""
    m, account = story(("SOL", 2, 20, "100"))
    account.raw_usd = usd("0")
    hold(account, 0, "10", "1000", 10)
    assert told(m.view, "activeAssetData", user=USER, coin="SOL")["maxTradeSzs"] == [
        "90.0",
        "110.0",
    ]
