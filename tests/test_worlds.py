"""World files: the shipped ones, what they may leave out, and how a bad one is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hlsim.scenarios.genesis import KNOWN_ACCOUNTS, MNEMONIC, fund, known_accounts
from hlsim.scenarios.ladder import tick
from hlsim.scenarios.worlds import WORLDS, load_world, parse_world
from hlsim.sim.assets import MarginMode, MarginTier, Perp, has_legal_decimals, on_tick
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Px, Usd, Wei, parse_decimal

START_MS = 1_767_225_600_000


def world(**changes: Any) -> dict[str, Any]:
    """A small world that is right, with some of its lists exchanged."""
    sane: dict[str, Any] = {
        "name": "small",
        "marginTables": [
            {
                "id": 51,
                "description": "tiered 10x",
                "marginTiers": [
                    {"lowerBound": "0", "maxLeverage": 10},
                    {"lowerBound": "3000000", "maxLeverage": 5},
                ],
            }
        ],
        "perps": [
            {
                "name": "OP",
                "szDecimals": 1,
                "maxLeverage": 10,
                "marginTableId": 51,
                "oraclePx": "0.18365",
            }
        ],
        "tokens": [
            {"index": 0, "name": "USDC", "szDecimals": 8, "weiDecimals": 8, "isCanonical": True},
            {"index": 3, "name": "CAT", "szDecimals": 0, "weiDecimals": 5, "totalSupply": "10.5"},
        ],
        "spot": [{"index": 7, "name": "@7", "tokens": [3, 0], "markPx": "0.25"}],
    }
    return sane | changes


def edited(part: str, **changes: Any) -> dict[str, Any]:
    """The small world with some keys of the last entry of a list changed; None takes one out."""
    made = world()
    entry = {**made[part][-1], **changes}
    made[part][-1] = {key: value for key, value in entry.items() if value is not None}
    return made


# -- shipped worlds --------------------------------------------------------------------------------


def test_mainnet_lists_the_recorded_perps_in_their_order() -> None:
    """Evidence: info 4.2 and the recorded universe (BTC 0, ETH 1, 228 in all)."""
    universe = load_world("mainnet")

    assert [perp.coin for perp in universe.perps[:8]] == [
        "BTC", "ETH", "ATOM", "MATIC", "DYDX", "SOL", "AVAX", "BNB",
    ]  # fmt: skip
    assert (len(universe.perps), universe.by_coin["HYPE"].id) == (228, 159)
    assert [perp.id for perp in universe.perps] == list(range(228))
    assert sum(perp.is_delisted for perp in universe.perps) == 38
    btc = universe.perps[0]
    assert (btc.sz_decimals, btc.max_leverage, btc.margin_table.id) == (5, 40, 56)
    assert btc.margin_table.tiers == (
        MarginTier(Usd(0), 40),
        MarginTier(Usd(150_000_000 * 10**6), 20),
    )
    assert (btc.impact_ntl, universe.perps[2].impact_ntl) == (20_000 * 10**6, 6_000 * 10**6)


def test_a_table_id_below_50_is_one_unlisted_tier() -> None:
    """Evidence: info 4.2 (DYDX has marginTableId 5, which is not listed)."""
    universe = load_world("mainnet")
    dydx = universe.by_coin["DYDX"]

    assert isinstance(dydx, Perp)
    assert (dydx.margin_table.id, dydx.margin_table.tiers) == (5, (MarginTier(Usd(0), 5),))
    assert list(universe.margin_tables) == [50, 51, 52, 53, 54, 55, 56]


def test_isolated_only_perps_say_so() -> None:
    """Evidence: info 4.2 (HPOS is noCross) and the recorded universe (MEGA strictIsolated)."""
    perps = {perp.coin: perp.margin_mode for perp in load_world("mainnet").perps}

    assert perps["HPOS"] is MarginMode.NO_CROSS
    assert perps["MEGA"] is MarginMode.STRICT_ISOLATED
    assert perps["BTC"] is MarginMode.NORMAL


def test_mainnet_spot_has_hype_as_107_on_token_150() -> None:
    """Evidence: mechanics 14, info 4.6."""
    universe = load_world("mainnet")
    hype, purr = universe.by_coin["@107"], universe.by_coin["PURR/USDC"]

    assert not isinstance(hype, Perp)
    assert not isinstance(purr, Perp)
    assert (hype.id, hype.base.index, hype.base.name, hype.sz_decimals) == (10_107, 150, "HYPE", 2)
    assert (purr.id, purr.base.index, purr.is_canonical, purr.sz_decimals) == (10_000, 1, True, 0)
    assert universe.tokens[0].token_id == "0x6d1e7cde53ba9467b783cb7c530ce054"
    assert len(universe.pairs) >= 40


def test_testnet_has_its_own_order_ids_and_tables() -> None:
    """Evidence: info 4.2 (SOL, APT, ATOM, BTC 3, ETH 4), mechanics 6.3 (tiers), 14 (HYPE 1105)."""
    universe = load_world("testnet")
    hype = universe.by_coin["@1035"]

    assert [perp.coin for perp in universe.perps[:5]] == ["SOL", "APT", "ATOM", "BTC", "ETH"]
    assert not isinstance(hype, Perp)
    assert (hype.id, hype.base.name, hype.base.index) == (11_035, "HYPE", 1_105)
    assert universe.tokens[0].token_id == "0xeb62eee3685fc4c43992febcd9e75443"
    btc = universe.perps[3].margin_table
    assert [(tier.lower_bound, tier.max_leverage) for tier in btc.tiers] == [
        (0, 40),
        (10_000 * 10**6, 25),
        (50_000 * 10**6, 10),
    ]
    # Documented: $30k takes 525, $100k takes 3425 (mechanics 6.3).
    assert btc.maintenance(30_000 * 10**6) == 525 * 10**6
    assert btc.maintenance(100_000 * 10**6) == 3_425 * 10**6


@pytest.mark.parametrize("name", WORLDS)
def test_every_shipped_token_stands_at_its_index(name: str) -> None:
    """Evidence: info 4.6 and chapter 1: clients crash when position and index differ."""
    universe = load_world(name)

    assert [token.index for token in universe.tokens] == list(range(len(universe.tokens)))
    assert len({token.token_id for token in universe.tokens}) == len(universe.tokens)


@pytest.mark.parametrize("name", WORLDS)
def test_every_shipped_price_is_legal_and_so_are_the_ticks_just_above(name: str) -> None:
    """Evidence: mechanics 1.1. A still book needs P + k steps to be legal as well."""
    for asset in load_world(name).by_id.values():
        px = asset.start_px
        unit = tick(asset, px)

        assert px % unit == 0, asset.coin
        for step in range(20):
            above = Px(px + step * unit)
            assert has_legal_decimals(asset, above), asset.coin
            assert on_tick(above), asset.coin


@pytest.mark.parametrize("name", WORLDS)
def test_a_shipped_file_has_one_market_a_line(name: str) -> None:
    """Evidence: none; a world file is made to be edited."""
    universe = load_world(name)
    path = Path(__file__).parent.parent / "scenarios" / "data" / f"{name}.json"
    lines = path.read_text("utf-8").splitlines()

    for asset in universe.by_id.values():
        assert sum(f'"name": "{asset.coin}", "' in line for line in lines) >= 1, asset.coin


# -- own worlds ------------------------------------------------------------------------------------


def test_a_world_file_of_ones_own_is_read(tmp_path: Path) -> None:
    """Evidence: none; own format."""
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(world()), "utf-8")

    universe = load_world(str(path))

    assert (universe.name, list(universe.by_coin)) == ("small", ["OP", "@7"])
    assert universe.by_coin["OP"].start_px == parse_decimal("0.18365", 8)
    assert universe.tokens[3].total_supply == 1_050_000


def test_gaps_between_tokens_are_filled_with_placeholders() -> None:
    """Evidence: info 4.6 (position equals index)."""
    tokens = parse_world(json.dumps(world())).tokens

    assert [token.name for token in tokens] == ["USDC", "TOKEN1", "TOKEN2", "CAT"]
    assert all(len(token.token_id) == 34 for token in tokens)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (edited("perps", szDecimals="1"), 'perps[0] (OP): szDecimals: a whole number is expected'),
        (edited("perps", szDecimals=True), "perps[0] (OP): szDecimals: a whole number is expected"),
        (edited("perps", szDecimals=7), "perps[0] (OP): szDecimals: must be 0 to 6, not 7"),
        (edited("perps", szDecimal=1), "unknown key 'szDecimal', do you mean 'szDecimals'?"),
        (edited("perps", oraclePx=None), "perps[0] (OP): oraclePx: missing"),
        (edited("perps", oraclePx=0.18), "(OP): oraclePx: a decimal in quotes is expected"),
        (edited("perps", oraclePx="0.183655"), "oraclePx: 0.183655 is no legal price"),
        (edited("perps", oraclePx="12.3456"), "oraclePx: 12.3456 is no legal price"),
        (edited("perps", oraclePx="0"), "oraclePx: 0 is no legal price"),
        (edited("perps", oraclePx="-1"), "oraclePx: must not be negative: -1"),
        (edited("perps", oraclePx="1e3"), "oraclePx: not a decimal number: '1e3'"),
        (edited("perps", maxLeverage=20), "is 20, but margin table 51 has 10"),
        (edited("perps", marginTableId=52), "52 is not among the marginTables"),
        (edited("perps", marginMode="iso"), "noCross or strictIsolated is expected, not 'iso'"),
        (edited("perps", name="@7"), "perps and spot: name '@7' stands twice"),
        (edited("tokens", index=0), "tokens[1] (CAT): index: 0 stands twice"),
        (edited("tokens", index=10**9), "index: must be 0 to 100000"),
        (edited("tokens", weiDecimals=4), "CAT needs weiDecimals of szDecimals + 5"),
        (edited("spot", name="CAT/USDC"), "only a canonical pair has a name of its own"),
        (edited("spot", tokens=[3, 4]), "spot[0] (@7): tokens: [3, 4] are not all listed"),
        (edited("spot", tokens=[3]), "[base, quote] is expected, not [3]"),
        (edited("spot", tokens=[0, 0]), "[base, quote] is expected, not [0, 0]"),
        (edited("marginTables", id=5), "marginTables[0]: id: must be 50 to 1000000, not 5"),
        (edited("marginTables", marginTiers=[]), "tiers must start at 0 and ascend"),
        (world(perps=[], spot=[]), "lists no market"),
        (world(perps={}), "perps: a list is expected"),
        (world(perps=["BTC"]), "perps[0]: an object is expected"),
        (world(spots=[]), "unknown key 'spots', do you mean 'spot'?"),
    ],
)  # fmt: skip
def test_a_bad_world_is_refused_with_its_place(changed: dict[str, Any], said: str) -> None:
    """Evidence: none; own format."""
    with pytest.raises(ValueError, match=r"^mine\.json: ") as caught:
        parse_world(json.dumps(changed), "mine.json")

    assert said in str(caught.value)


def test_broken_json_is_told_with_line_and_column() -> None:
    """Evidence: none; own format."""
    with pytest.raises(ValueError, match=r"^mine\.json:2:10: "):
        parse_world('{\n "perps" [],\n}', "mine.json")


def test_an_unknown_world_is_told_with_the_known_ones(tmp_path: Path) -> None:
    """Evidence: none; own format."""
    with pytest.raises(ValueError, match="unknown world 'mainet': mainnet, testnet, or a path"):
        load_world("mainet")
    with pytest.raises(ValueError, match=r"cannot read world .*none\.json"):
        load_world(tmp_path / "none.json")
    (tmp_path / "latin.json").write_bytes(b'{"name": "\xe9"}')
    with pytest.raises(ValueError, match="cannot read world"):
        load_world(tmp_path / "latin.json")


# -- genesis ---------------------------------------------------------------------------------------


def test_the_ten_accounts_are_those_of_the_public_mnemonic() -> None:
    """Evidence: eth_account derives the same; index 0 is known to every Ethereum developer."""
    from eth_account import Account

    Account.enable_unaudited_hdwallet_features()
    wallets = [
        Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}") for index in (0, 9)
    ]

    assert KNOWN_ACCOUNTS[0].checksum_address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert [wallet.address for wallet in wallets] == [
        KNOWN_ACCOUNTS[0].checksum_address,
        KNOWN_ACCOUNTS[9].checksum_address,
    ]
    for account in KNOWN_ACCOUNTS:
        assert Account.from_key(account.private_key).address == account.checksum_address


def test_more_than_ten_accounts_are_derived() -> None:
    """Evidence: eth_account."""
    accounts = known_accounts(12)

    assert [account.index for account in accounts] == list(range(12))
    assert accounts[10].address == "0xbcd4042de499d14e55001ccbb24a551f3b954096"
    assert known_accounts(2) == list(KNOWN_ACCOUNTS[:2])


def test_a_funded_account_owns_collateral_usdc_hype_and_purr() -> None:
    """Evidence: the banner's promise: 100,000 USDC on perps, 10,000 on spot, HYPE and PURR."""
    ex = Exchange.create(load_world("mainnet"), time_ms=START_MS)
    first = KNOWN_ACCOUNTS[0]

    fund(ex, [first.checksum_address])

    account = ex.account(first.address)
    assert account is not None
    assert account.raw_usd == 100_000 * 10**6
    assert {token: balance.total for token, balance in account.spot.items()} == {
        0: 10_000 * 10**8,
        150: 100 * 10**8,
        1: Wei(10_000 * 10**5),
    }


def test_funding_leaves_out_tokens_that_the_world_does_not_list() -> None:
    """Evidence: none; own format."""
    ex = Exchange.create(parse_world(json.dumps(world())), time_ms=START_MS)

    fund(ex, [KNOWN_ACCOUNTS[1].address], Usd(5 * 10**6))

    account = ex.account(KNOWN_ACCOUNTS[1].address)
    assert account is not None
    assert (account.raw_usd, list(account.spot)) == (5 * 10**6, [0])
