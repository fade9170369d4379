"""The nouns of the wire, each from rows and states whose numbers the spec's captures give."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from stories import address, px, rate, sz, usd

from hlsim.matching.types import Side, Tif
from hlsim.server.shapes import fills, ledger, orders
from hlsim.server.shapes.text import decimal_text
from hlsim.sim.events import (
    Direction,
    Fill,
    FundingPaid,
    FundingRate,
    LedgerRow,
    OrderUpdate,
    Trade,
)
from hlsim.sim.fixed import Szi, Wei, bare_text
from hlsim.sim.ledger import (
    AccountClassTransfer,
    BorrowLent,
    DeployGasAuction,
    Deposit,
    InternalTransfer,
    LedgerChange,
    Liquidated,
    RewardsClaim,
    Send,
    SpotGenesis,
    SpotTransfer,
    StakingTransfer,
    SubAccountTransfer,
    VaultCreate,
    VaultDeposit,
    VaultDistribution,
    VaultLeaderCommission,
    VaultWithdraw,
    Withdraw,
)
from hlsim.sim.orders import Order

ALICE, BOB = address("alice"), address("bob")
CLOID = "0xd4bb069b673a48161bca56cfc88deb6b"
HASH = "0x7d6e6ad7ce8fdfdf7ee8041907273d010f0082bd6982feb12137162a8d83b9ca"
ZEROS = "0x" + "0" * 64


def order(**changes: Any) -> Order:
    """A resting ETH ask of 0.1, of which 0.05 is left."""
    facts: dict[str, Any] = {
        "oid": 498602071057,
        "owner": ALICE,
        "side": Side.ASK,
        "px": px("2000"),
        "sz": sz("0.05"),
        "asset_id": 1,
        "coin": "ETH",
        "orig_sz": sz("0.1"),
        "tif": Tif.GTC,
        "reduce_only": True,
        "cloid": CLOID,
        "time_ms": 1784447513478,
    }
    return Order(**(facts | changes))


def fill(**changes: Any) -> Fill:
    """The ETH buy of info 6.5."""
    facts: dict[str, Any] = {
        "user": ALICE,
        "coin": "ETH",
        "asset_id": 1,
        "px": px("4307.4"),
        "sz": sz("0.0025"),
        "side": Side.BID,
        "time_ms": 1755857898644,
        "start_position": 0,
        "dir": Direction.OPEN_LONG,
        "closed_pnl": 0,
        "hash": HASH,
        "oid": 37907159219,
        "crossed": True,
        "fee": 4845,
        "fee_decimals": 6,
        "fee_token": "USDC",
        "builder_fee": 0,
        "tid": 1070455675927460,
        "cloid": None,
    }
    return Fill(**(facts | changes))


def wire(shape: object) -> str:
    """Compact JSON: asserts on it see the order of the keys."""
    return msgspec.json.encode(shape).decode()


# -- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 8, "0.0"),
        (2_000_000_000, 8, "20.0"),
        (11_308_000_000_000, 8, "113080.0"),
        (7_312_200, 8, "0.073122"),
        (1, 10, "0.0000000001"),
        (-22_358_938_225, 6, "-22358.938225"),
        (-5, 6, "-0.000005"),
        (7, 0, "7.0"),
        (160_794_563_926_180_988_6, 10, "160794563.9261809886"),
    ],
)
def test_numbers_have_one_decimal_at_least_and_no_exponent(
    value: int, decimals: int, text: str
) -> None:
    """Evidence: info 2.3."""
    assert decimal_text(value, decimals) == text


def test_the_signed_form_has_no_forced_decimal() -> None:
    """Evidence: exchange 2.2."""
    assert [bare_text(one, 8) for one in (10**9, 71_5000_0000, -5)] == ["10", "71.5", "-0.00000005"]


# -- orders ----------------------------------------------------------------------------------------


def test_a_short_order_leaves_out_what_is_not_set() -> None:
    """Evidence: both rows are captures of info 6.1."""
    bid = order(
        oid=498602071058,
        coin="HBAR",
        side=Side.BID,
        px=px("0.067099"),
        sz=sz("5753"),
        orig_sz=sz("5753"),
        reduce_only=False,
        cloid=None,
    )

    assert wire([orders.short_order(bid), orders.short_order(order())]) == (
        '[{"coin":"HBAR","side":"B","limitPx":"0.067099","sz":"5753.0","oid":498602071058,'
        '"timestamp":1784447513478,"origSz":"5753.0"},'
        '{"coin":"ETH","side":"A","limitPx":"2000.0","sz":"0.05","oid":498602071057,'
        '"timestamp":1784447513478,"origSz":"0.1",'
        '"cloid":"0xd4bb069b673a48161bca56cfc88deb6b","reduceOnly":true}]'
    )


def test_a_full_order_has_every_key() -> None:
    """Evidence: the capture of info 6.2."""
    bid = order(
        oid=37907159219,
        side=Side.BID,
        px=px("4650.4"),
        sz=sz("0.0025"),
        orig_sz=sz("0.0025"),
        time_ms=1755857898644,
        reduce_only=False,
        cloid=None,
    )

    assert wire(orders.full_order(bid)) == (
        '{"coin":"ETH","side":"B","limitPx":"4650.4","sz":"0.0025","oid":37907159219,'
        '"timestamp":1755857898644,"triggerCondition":"N/A","isTrigger":false,"triggerPx":"0.0",'
        '"children":[],"isPositionTpsl":false,"reduceOnly":false,"orderType":"Limit",'
        '"origSz":"0.0025","tif":"Gtc","cloid":null}'
    )


@pytest.mark.parametrize(
    ("tif", "kind"),
    [
        (Tif.GTC, "Limit"),
        (Tif.IOC, "Limit"),
        (Tif.ALO, "Limit"),
        (Tif.FRONTEND_MARKET, "Market"),
        (Tif.LIQUIDATION_MARKET, "Market"),
    ],
)
def test_market_tifs_are_market_orders(tif: Tif, kind: str) -> None:
    """Evidence: info 6.2, a plain IOC is a limit order."""
    shape = orders.full_order(order(tif=tif))

    assert (shape["orderType"], shape["tif"]) == (kind, tif.value)


def test_a_status_row_shows_what_was_left_at_that_moment() -> None:
    """Evidence: info 6.2, the row is not refreshed by partial fills."""
    update = OrderUpdate(order(), sz("0.1"), "open", 1784447513478)

    row = orders.status_row(update)

    assert list(row) == ["order", "status", "statusTimestamp"]
    assert (row["order"]["sz"], row["status"], row["statusTimestamp"]) == (
        "0.1",
        "open",
        1784447513478,
    )


def test_an_order_update_carries_the_short_order() -> None:
    """Evidence: ws 3.12."""
    update = OrderUpdate(order(reduce_only=False), sz("0"), "filled", 1784447513999)

    assert wire(orders.order_update(update)) == (
        '{"order":{"coin":"ETH","side":"A","limitPx":"2000.0","sz":"0.0","oid":498602071057,'
        '"timestamp":1784447513478,"origSz":"0.1",'
        '"cloid":"0xd4bb069b673a48161bca56cfc88deb6b"},'
        '"status":"filled","statusTimestamp":1784447513999}'
    )


# -- fills -----------------------------------------------------------------------------------------


def test_a_fill_row_leaves_out_what_is_not_set() -> None:
    """Evidence: the first capture of info 6.5."""
    assert wire(fills.fill_row(fill())) == (
        '{"coin":"ETH","px":"4307.4","sz":"0.0025","side":"B","time":1755857898644,'
        '"startPosition":"0.0","dir":"Open Long","closedPnl":"0.0",'
        '"hash":"0x7d6e6ad7ce8fdfdf7ee8041907273d010f0082bd6982feb12137162a8d83b9ca",'
        '"oid":37907159219,"crossed":true,"fee":"0.004845","tid":1070455675927460,'
        '"feeToken":"USDC","twapId":null}'
    )


def test_optional_keys_of_a_fill_stand_in_their_places() -> None:
    """Evidence: the key order of info 6.5, builderFee before tid and cloid behind it."""
    row = fills.fill_row(fill(builder_fee=100, cloid=CLOID, closed_pnl=-925_000))

    assert list(row)[10:] == [
        "crossed",
        "fee",
        "builderFee",
        "tid",
        "cloid",
        "feeToken",
        "twapId",
    ]
    assert (row["builderFee"], row["cloid"], row["closedPnl"]) == ("0.0001", CLOID, "-0.00925")


def test_a_spot_buy_pays_in_the_base_token() -> None:
    """Evidence: the third capture of info 6.5."""
    row = fills.fill_row(
        fill(coin="@156", dir=Direction.BUY, fee=88689, fee_decimals=8, fee_token="USOL")
    )

    assert (row["dir"], row["fee"], row["feeToken"]) == ("Buy", "0.00088689", "USOL")


def test_partial_fills_of_one_order_in_one_block_merge() -> None:
    """Evidence: info 6.5; the price is the average to ten places, the rest are sums."""
    parts = [
        fill(px=px("100"), sz=sz("1"), fee=45, start_position=sz("2"), builder_fee=3),
        fill(px=px("101"), sz=sz("2"), fee=90, start_position=sz("3"), builder_fee=4, tid=7),
    ]

    row = fills.merged_fill_row(parts)

    assert list(row) == list(fills.fill_row(parts[0]))
    assert {name: row[name] for name in ("px", "sz", "fee", "builderFee", "startPosition")} == {
        "px": "100.6666666667",
        "sz": "3.0",
        "fee": "0.000135",
        "builderFee": "0.000007",
        "startPosition": "2.0",
    }


def test_fills_of_another_order_or_block_stay_apart() -> None:
    """Evidence: info 6.5, resting orders merge only within the same block."""
    rows = [fill(tid=1), fill(tid=2), fill(oid=5, tid=3), fill(time_ms=1755857898645, tid=4)]

    groups = [[one.tid for one in group] for group in fills.merged_by_block(rows)]

    assert groups == [[1, 2], [3], [4]]


def test_a_trade_names_buyer_and_seller_in_this_order() -> None:
    """Evidence: info 4.10."""
    trade = Trade("ETH", Side.ASK, px("1869.4"), sz("0.0532"), 1784431349577, HASH, 9, ALICE, BOB)

    assert wire(fills.trade_row(trade)) == (
        f'{{"coin":"ETH","side":"A","px":"1869.4","sz":"0.0532","time":1784431349577,'
        f'"hash":"{HASH}","tid":9,"users":["{ALICE}","{BOB}"]}}'
    )


# -- ledgers ---------------------------------------------------------------------------------------

DELTAS: list[tuple[LedgerChange, str]] = [
    (Deposit(usd("100")), '"deposit","usdc":"100.0"'),
    (Withdraw(usd("9"), 5, usd("1")), '"withdraw","usdc":"9.0","nonce":5,"fee":"1.0"'),
    (
        AccountClassTransfer(usd("12"), False),
        '"accountClassTransfer","usdc":"12.0","toPerp":false',
    ),
    (
        InternalTransfer(usd("3"), ALICE, BOB, usd("1")),
        f'"internalTransfer","usdc":"3.0","user":"{ALICE}","destination":"{BOB}","fee":"1.0"',
    ),
    (
        SpotTransfer("PURR", Wei(150_000), 5, usd("0.3"), ALICE, BOB, Wei(10**8), 8, "USDC", 7),
        f'"spotTransfer","token":"PURR","amount":"1.5","usdcValue":"0.3","user":"{ALICE}",'
        f'"destination":"{BOB}","fee":"1.0","nativeTokenFee":"0.0","nonce":7,"feeToken":"USDC"',
    ),
    (
        Send(ALICE, BOB, "", "spot", "USDC", Wei(2), 6, usd("0.000002"), Wei(0), 6, "USDC", 8),
        f'"send","user":"{ALICE}","destination":"{BOB}","sourceDex":"","destinationDex":"spot",'
        f'"token":"USDC","amount":"0.000002","usdcValue":"0.000002","fee":"0.0",'
        f'"nativeTokenFee":"0.0","nonce":8,"feeToken":"USDC"',
    ),
    (SpotGenesis("HYPE", Wei(10**8), 8), '"spotGenesis","token":"HYPE","amount":"1.0"'),
    (
        Liquidated(usd("1520.4"), usd("30.4"), True, (("ETH", Szi(sz("1"))),)),
        '"liquidation","liquidatedNtlPos":"1520.4","accountValue":"30.4","leverageType":"Cross",'
        '"liquidatedPositions":[{"coin":"ETH","szi":"1.0"}]',
    ),
    (RewardsClaim("USDC", Wei(150), 8), '"rewardsClaim","amount":"0.0000015","token":"USDC"'),
    (
        StakingTransfer("HYPE", Wei(10**8), 8, True),
        '"cStakingTransfer","token":"HYPE","amount":"1.0","isDeposit":true',
    ),
    (
        SubAccountTransfer(usd("4"), ALICE, BOB),
        f'"subAccountTransfer","usdc":"4.0","user":"{ALICE}","destination":"{BOB}"',
    ),
    (
        VaultCreate(BOB, usd("5"), usd("100")),
        f'"vaultCreate","vault":"{BOB}","usdc":"5.0","fee":"100.0"',
    ),
    (VaultDeposit(BOB, usd("6")), f'"vaultDeposit","vault":"{BOB}","usdc":"6.0"'),
    (
        VaultWithdraw(BOB, ALICE, usd("9"), usd("0.2"), usd("0.1"), usd("7"), usd("8.7")),
        f'"vaultWithdraw","vault":"{BOB}","user":"{ALICE}","requestedUsd":"9.0",'
        f'"commission":"0.2","closingCost":"0.1","basis":"7.0","netWithdrawnUsd":"8.7"',
    ),
    (VaultDistribution(BOB, usd("8")), f'"vaultDistribution","vault":"{BOB}","usdc":"8.0"'),
    (
        VaultLeaderCommission(ALICE, usd("0.2")),
        f'"vaultLeaderCommission","user":"{ALICE}","usdc":"0.2"',
    ),
    (
        BorrowLent("USDC", "repay", Wei(10**8), Wei(5), 8),
        '"borrowLend","token":"USDC","operation":"repay","amount":"1.0","interestAmount":"0.00000005"',
    ),
    (
        DeployGasAuction("HYPE", Wei(5), 8),
        '"deployGasAuction","token":"HYPE","amount":"0.00000005"',
    ),
]


@pytest.mark.parametrize(("delta", "text"), DELTAS, ids=[delta.kind for delta, _ in DELTAS])
def test_a_ledger_row_says_what_moved(delta: LedgerChange, text: str) -> None:
    """Evidence: the table of info 7.2."""
    row = LedgerRow(ALICE, 1732834706761, HASH, delta)

    assert wire(ledger.ledger_row(row)) == (
        f'{{"time":1732834706761,"hash":"{HASH}","delta":{{"type":{text}}}}}'
    )


def test_every_kind_of_ledger_change_has_a_shape() -> None:
    """A new one must not wait for a client to ask. By name: `slots=True` makes classes twice."""
    kinds = {cls.__name__ for cls in LedgerChange.__subclasses__()}

    assert kinds == {type(delta).__name__ for delta, _ in DELTAS}


def test_a_funding_row_is_wrapped_and_a_funding_event_is_flat() -> None:
    """Evidence: the capture of info 7.1; ws 3.15."""
    paid = FundingPaid(
        ALICE, "BTC", usd("-0.179006"), Szi(sz("0.22273")), rate("0.0000125"), 1784394000035
    )
    facts = '"coin":"BTC","usdc":"-0.179006","szi":"0.22273","fundingRate":"0.0000125"'

    assert wire(ledger.funding_row(paid)) == (
        f'{{"time":1784394000035,"hash":"{ZEROS}",'
        f'"delta":{{"type":"funding",{facts},"nSamples":null}}}}'
    )
    assert wire(ledger.funding_event(paid)) == f'{{"time":1784394000035,{facts},"nSamples":null}}'


def test_a_funding_rate_row() -> None:
    """Evidence: the capture of info 4.11."""
    row = FundingRate("BTC", rate("0.0000125"), rate("-0.0001801475"), 1784422800044)

    assert wire(ledger.funding_rate_row(row)) == (
        '{"coin":"BTC","fundingRate":"0.0000125","premium":"-0.0001801475","time":1784422800044}'
    )
