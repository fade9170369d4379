"""Deposits, withdrawals and sends: what moves, who is told, and every refusal's text."""

from __future__ import annotations

from typing import Any

import pytest
from stories import START_MS, Story, Trader, address, market, px, sz, usd

from hlsim.sim import events, ledger
from hlsim.sim.actions.misc import Noop
from hlsim.sim.actions.transfers import SendAsset, SpotSend, UsdClassTransfer, UsdSend, Withdraw3
from hlsim.sim.amounts import parse_amount
from hlsim.sim.errors import ActionError, ActionReject
from hlsim.sim.fixed import parse_decimal
from hlsim.sim.ids import tx_hash
from hlsim.sim.operations import DepositUsd, MintToken
from hlsim.sim.replies import Done, Refused

USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
HYPE = "HYPE:0x0d01dc56dcaaca66ad901c959b4011ec"
NOW: Any = START_MS
ALICE: Any = address("alice")
BOB: Any = address("bob")
FRESH: Any = address("fresh")


def who(name: str) -> Any:
    return address(name)


def wei(text: str) -> Any:
    """Of a token with eight decimals."""
    return parse_decimal(text, 8)


def refusal(trader: Trader, action: Any) -> str:
    """The text with which `action` is refused; its nonce is spent and nothing else happened."""
    nonce = next(trader.market.nonces)
    trader.market.events()
    response = trader.act(action, nonce=nonce)
    assert isinstance(response, Refused)
    assert trader.market.events() == []
    again = trader.act(Noop(), nonce=nonce)
    assert isinstance(again, Refused)
    assert again.error.why is ActionReject.NONCE_DUPLICATE
    assert isinstance(response.error.why, ActionReject)
    return response.error.why.value.format(**response.error.params)


def funded(**tokens: str) -> tuple[Story, Trader, Trader]:
    m = market()
    tokens = {"spot_usdc": "1000", "PURR": "1000", "HYPE": "10", **tokens}
    return m, m.account("alice", usd="1000", **tokens), m.account("bob", usd="50")


def deltas(trader: Trader, skip: int = 0) -> list[Any]:
    return [row.delta for row in trader.account.ledger][skip:]


# -- amounts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "decimals", "amount"),
    [
        ("1", 6, 1_000_000),
        ("1.5", 6, 1_500_000),
        ("0.000001", 6, 1),
        ("1.50000000000", 6, 1_500_000),
        (".5", 6, 500_000),
        ("1e2", 6, 100_000_000),
        ("1.25E-2", 6, 12_500),
        ("12300e-2", 0, 123),
        ("1e999", 6, 10**1005),
    ],
)
def test_amounts_are_exact_decimals_also_in_scientific_notation(
    text: str, decimals: int, amount: int
) -> None:
    """Observed: amounts accept exact scientific notation (exchange 7.5)."""
    assert parse_amount(text, decimals) == amount


@pytest.mark.parametrize(
    ("text", "decimals", "why"),
    [
        *((text, 6, ActionReject.AMOUNT_INVALID) for text in ("", ".", "a", "1,5", "0x1", "1e")),
        *((text, 6, ActionReject.AMOUNT_INVALID) for text in ("nan", "+1", " 1", "1 ", "1e5000")),
        *(
            (text, 6, ActionReject.AMOUNT_INVALID)
            for text in ("\u0661", "1" * 41, "--1", "1_0", "-")
        ),
        *((text, 6, ActionReject.AMOUNT_ZERO) for text in ("0", "0.0", "-0", "0e9", "0.0000000")),
        *((text, 6, ActionReject.AMOUNT_DECIMALS) for text in ("-1", "0.0000001", "1e-7")),
        ("1.5", 0, ActionReject.AMOUNT_DECIMALS),
    ],
)
def test_amounts_that_are_none_are_told_apart(text: str, decimals: int, why: ActionReject) -> None:
    """Observed: the three texts of exchange 7.5."""
    with pytest.raises(ActionError) as caught:
        parse_amount(text, decimals)
    assert caught.value.why is why


# -- from and to the outside -----------------------------------------------------------------------


def test_a_deposit_makes_the_account_and_one_row() -> None:
    """Documented: a seeded account shows one deposit (info 7.2)."""
    m = market()
    m.ex.operate(DepositUsd(FRESH, usd("12.5")))
    account = m.ex.state.accounts[FRESH]
    row = events.LedgerRow(FRESH, START_MS, tx_hash(1, 0), ledger.Deposit(usd("12.5")))
    assert (account.raw_usd, account.net_deposits) == (usd("12.5"), usd("12.5"))
    assert list(account.ledger) == [row]
    assert m.events() == [row, events.AccountChanged(FRESH)]
    assert m.ex.state.treasury.usd_deposited == usd("12.5")


def test_minted_tokens_cost_what_they_are_worth() -> None:
    """Assumed: like an incoming transfer (mechanics 12)."""
    m = market()
    m.ex.operate(MintToken(FRESH, 2, wei("1.5")))
    m.ex.operate(MintToken(FRESH, 0, wei("7")))
    spot = m.ex.state.accounts[FRESH].spot
    assert (spot[2].total, spot[2].entry_ntl) == (sz("1.5"), px("60"))
    assert (spot[0].total, spot[0].entry_ntl) == (sz("7"), 0)
    rows = [ledger.SpotGenesis("HYPE", wei("1.5"), 8), ledger.SpotGenesis("USDC", wei("7"), 8)]
    assert deltas(Trader(m, FRESH)) == rows
    assert m.ex.state.treasury.token_minted == {2: sz("1.5"), 0: sz("7")}


@pytest.mark.parametrize(
    "operation",
    [
        DepositUsd(FRESH, usd("0")),
        DepositUsd(FRESH, usd("-1")),
        MintToken(FRESH, 3, wei("1")),
        MintToken(FRESH, -1, wei("1")),
        MintToken(FRESH, 0, wei("0")),
    ],
)
def test_senseless_operations_raise_and_make_no_account(operation: Any) -> None:
    m = market()
    with pytest.raises(ValueError, match=r"more than nothing|no token"):
        m.ex.operate(operation)
    assert FRESH not in m.ex.state.accounts


def test_a_withdrawal_costs_a_dollar_of_it() -> None:
    """Documented: $1 (exchange 5.3). Assumed: the row shows what arrives."""
    m, alice, _ = funded()
    assert alice.act(Withdraw3(ALICE, "100.5", NOW), nonce=START_MS + 99) == Done()
    assert alice.account.raw_usd == alice.account.net_deposits == usd("899.5")
    treasury = m.ex.state.treasury
    assert (treasury.usd_withdrawn, treasury.usd.fees) == (usd("99.5"), usd("1"))
    assert deltas(alice)[-1] == ledger.Withdraw(usd("99.5"), START_MS + 99, usd("1"))


def test_only_what_is_withdrawable_leaves() -> None:
    """Documented: a tenth of the notional stays (mechanics 6.1)."""
    _, alice, bob = funded()
    bob.leverage("SOL", 20)
    alice.leverage("SOL", 20)
    bob.sells("5 SOL @ 100")
    alice.buys("5 SOL @ 100")
    # 1000 less the fee of 0.225; 50 of 500 stay.
    action = Withdraw3(ALICE, "949.775001", NOW)
    assert refusal(alice, action) == "Insufficient balance for withdrawal."
    assert alice.act(Withdraw3(ALICE, "949.775", NOW)) == Done()


# -- perps USDC ------------------------------------------------------------------------------------


def test_a_send_moves_usdc_and_both_ledgers_show_it() -> None:
    m, alice, bob = funded()
    m.events()
    assert alice.act(UsdSend(BOB, "10.25", NOW)) == Done()
    assert (alice.account.raw_usd, bob.account.raw_usd) == (usd("989.75"), usd("60.25"))
    row = ledger.InternalTransfer(usd("10.25"), alice.address, bob.address, usd("0"))
    assert (deltas(alice)[-1], deltas(bob)[-1]) == (row, row)
    rows = [event for event in m.events() if isinstance(event, events.LedgerRow)]
    assert [event.user for event in rows] == [alice.address, bob.address]
    assert rows[0].hash == rows[1].hash


def test_the_first_send_to_an_address_makes_it_and_costs_a_dollar() -> None:
    """Documented: the activation fee (exchange 2.4). Assumed: it comes out of the amount."""
    m, alice, _ = funded()
    assert alice.act(UsdSend(FRESH, "10", NOW)) == Done()
    assert alice.account.raw_usd == usd("990")
    assert m.ex.state.accounts[FRESH].raw_usd == usd("9")
    assert m.ex.state.treasury.usd.fees == usd("1")
    row = ledger.InternalTransfer(usd("10"), ALICE, FRESH, usd("1"))
    assert deltas(Trader(m, FRESH)) == [row]


def test_sending_to_oneself_is_nothing_special() -> None:
    """Observed: exchange 5.3."""
    _, alice, _ = funded()
    assert alice.act(UsdSend(ALICE, "10", NOW)) == Done()
    assert alice.account.raw_usd == usd("1000")
    assert len(deltas(alice)) == 5


def test_usdc_moves_between_perps_and_spot() -> None:
    """Documented: six decimals there, eight here; nothing is lost (mechanics 12)."""
    m, alice, _ = funded()
    assert alice.act(UsdClassTransfer("100.5", False, NOW)) == Done()
    assert (alice.account.raw_usd, alice.spot("USDC")) == (usd("899.5"), sz("1100.5"))
    assert alice.act(UsdClassTransfer("0.5", True, NOW)) == Done()
    assert (alice.account.raw_usd, alice.spot("USDC")) == (usd("900"), sz("1100"))
    assert m.ex.state.treasury.usd.to_spot == usd("100")
    rows = [ledger.AccountClassTransfer(usd("100.5"), False)]
    rows.append(ledger.AccountClassTransfer(usd("0.5"), True))
    assert deltas(alice)[-2:] == rows


# -- spot tokens -----------------------------------------------------------------------------------


def test_a_token_send_counts_at_mark_for_the_receiver_and_in_proportion_for_the_sender() -> None:
    """Observed: cost and `usdcValue` at mark (mechanics 12)."""
    m, alice, bob = funded()
    m.ex.operate(MintToken(BOB, 0, wei("1")))
    m.market("@107").mark_px = px("41.3535")
    nonce = START_MS + 77
    assert alice.act(SpotSend(BOB, HYPE, "2.5", NOW), nonce=nonce) == Done()
    mine, theirs = alice.account.spot[2], bob.account.spot[2]
    assert (mine.total, mine.entry_ntl) == (sz("7.5"), px("300"))
    assert (theirs.total, theirs.entry_ntl) == (sz("2.5"), px("103.38375"))
    gas = (wei("0"), 8, "USDC")
    row = ledger.SpotTransfer("HYPE", wei("2.5"), 8, usd("103.38375"), ALICE, BOB, *gas, nonce)
    assert (deltas(alice)[-1], deltas(bob)[-1]) == (row, row)


@pytest.mark.parametrize(
    ("token", "amount", "left"),
    [(HYPE, "1", "999"), ("USDC", "10", "989"), (USDC, "1", "998")],
)
def test_a_new_account_costs_a_quote_token_on_top(token: str, amount: str, left: str) -> None:
    """Observed: the activation fee is paid in a quote token by the sender (exchange 7.5)."""
    m, alice, _ = funded()
    assert alice.act(SpotSend(FRESH, token, amount, NOW)) == Done()
    assert alice.spot("USDC") == sz(left)
    assert m.ex.state.treasury.token_fees == {0: sz("1")}
    row = deltas(Trader(m, FRESH))[0]
    assert (row.fee, row.fee_decimals, row.fee_token) == (sz("1"), 8, "USDC")
    assert sum(balance.total for balance in m.ex.state.accounts[FRESH].spot.values()) == sz(amount)


def test_a_canonical_token_may_be_named_bare() -> None:
    """Observed: `USDC` and `PURR` only (exchange 7.5)."""
    _, alice, bob = funded()
    assert alice.act(SpotSend(BOB, "PURR", "2", NOW)) == Done()
    assert bob.spot("PURR") == 200_000


def test_without_any_quote_token_a_new_account_cannot_be_paid_for() -> None:
    """Observed: the long text of exchange 7.5."""
    m = market()
    poor = m.account("poor", HYPE="5", spot_usdc="0.9")
    assert refusal(poor, SpotSend(FRESH, HYPE, "1", NOW)) == (
        "Insufficient quote token (e.g., 1 USDC or USDT) balance for token transfer gas."
    )


def test_what_orders_hold_cannot_be_sent() -> None:
    """Documented: free is total less hold (mechanics 12)."""
    _, alice, _ = funded()
    alice.sells("6 @107 @ 50")
    alice.buys("10 @107 @ 30")
    lacking = "Insufficient balance for token transfer"
    assert refusal(alice, SpotSend(BOB, HYPE, "4.1", NOW)) == lacking
    assert refusal(alice, SpotSend(BOB, USDC, "700.1", NOW)) == lacking
    assert refusal(alice, UsdClassTransfer("700.1", True, NOW)) == lacking
    assert alice.act(SpotSend(BOB, HYPE, "4", NOW)) == Done()


def test_a_token_without_a_pair_is_worth_nothing() -> None:
    """Assumed: there is no mark to count it at."""
    m, alice, bob = funded()
    m.ex.state.universe.pairs.pop()
    assert alice.act(SpotSend(BOB, HYPE, "2", NOW)) == Done()
    assert (bob.account.spot[2].entry_ntl, deltas(bob)[-1].usd_value) == (0, 0)


# -- sendAsset -------------------------------------------------------------------------------------


def send(
    to: str, source: str, destination: str, token: str, amount: str, sub: str = ""
) -> SendAsset:
    return SendAsset(who(to), source, destination, token, amount, sub, NOW)


@pytest.mark.parametrize(
    ("to", "source", "destination", "mine", "theirs"),
    [
        ("bob", "", "", ("990", "1000"), ("60", "0")),
        ("bob", "", "spot", ("990", "1000"), ("50", "10")),
        ("bob", "spot", "", ("1000", "990"), ("60", "0")),
        ("bob", "spot", "spot", ("1000", "990"), ("50", "10")),
        ("alice", "", "spot", ("990", "1010"), ("50", "0")),
        ("alice", "spot", "", ("1010", "990"), ("50", "0")),
    ],
)
def test_assets_move_between_dexes_and_users(
    to: str, source: str, destination: str, mine: tuple[str, str], theirs: tuple[str, str]
) -> None:
    """Documented: "" is perps, "spot" is spot (exchange 5.3)."""
    _, alice, bob = funded()
    nonce = START_MS + 55
    assert alice.act(send(to, source, destination, USDC, "10"), nonce=nonce) == Done()
    for trader, (perps, spot) in ((alice, mine), (bob, theirs)):
        assert (trader.account.raw_usd, trader.spot("USDC")) == (usd(perps), sz(spot))
    what: Any = ("USDC", wei("10"), 8, usd("10"), 0, 6 if source == "" else 8, "USDC", nonce)
    row = ledger.Send(ALICE, address(to), source, destination, *what)
    assert deltas(alice)[-1] == row
    assert (deltas(bob)[-1] == row) == (to == "bob")
    assert len(deltas(alice)) == 5


@pytest.mark.parametrize("source", ["", "spot"])
def test_an_asset_send_to_a_new_account_pays_where_it_comes_from(source: str) -> None:
    """Assumed: on the dex of the amount."""
    m, alice, _ = funded()
    assert alice.act(send("fresh", source, "spot", USDC, "10")) == Done()
    left = (alice.account.raw_usd, alice.spot("USDC"))
    assert left == ((usd("989"), sz("1000")) if source == "" else (usd("1000"), sz("989")))
    assert Trader(m, FRESH).spot("USDC") == sz("10")


# -- refusals --------------------------------------------------------------------------------------

REFUSED = """
withdraw abc                       | Invalid decimal number
withdraw 0                         | Withdrawal amount cannot be zero
withdraw -5                        | Invalid number of decimals
withdraw 1                         | Withdrawal is smaller than fee.
withdraw 1000.000001               | Insufficient balance for withdrawal.
usd bob 0                          | Usd transfer is smaller than fee.
usd bob 0.0005                     | Usd transfer is smaller than fee.
usd fresh 1                        | Usd transfer is smaller than fee.
usd bob 1000.01                    | Insufficient balance for withdrawal.
to-perp 0                          | Send amount cannot be zero
to-spot 1.0000001                  | Invalid send
to-perp 1000.1                     | Insufficient balance for token transfer
to-spot 1000.1                     | Insufficient balance for withdrawal.
to-spot 1_subaccount:0xab          | Sub-account 0xab is not registered to {alice}
token bob HYPE 1                   | Unknown token HYPE
token bob HYPE:0x00 1              | Unknown token HYPE:0x00
token bob PURR 0                   | Send amount cannot be zero
token bob PURR 1.000001            | Invalid number of decimals
token alice PURR 1                 | Cannot self-transfer.
token bob PURR 1000.1              | Insufficient balance for token transfer
token fresh USDC 999.5             | Insufficient USDC balance for token transfer gas.
asset bob x perps USDC 1           | Invalid perp DEX
asset bob perps perps JUNK 1       | Unknown token JUNK
asset alice perps perps USDC 1     | Invalid send
asset alice spot spot PURR 1       | Invalid send
asset bob perps spot PURR 1        | Invalid send
asset bob spot perps USDC 1.0000001 | Invalid send
asset bob spot spot PURR 1.000001  | Invalid number of decimals
asset bob perps perps USDC 0       | Send amount cannot be zero
asset bob perps perps USDC 1000.1  | Insufficient balance for token transfer
asset bob spot perps USDC 1000.1   | Insufficient balance for token transfer
asset fresh perps spot USDC 999.5  | Insufficient USDC balance for token transfer gas.
asset fresh spot perps USDC 999.5  | Insufficient USDC balance for token transfer gas.
asset bob perps perps USDC 1 0xcd  | Sub-account 0xcd is not registered to {alice}
"""


def action_of(kind: str, *words: str) -> Any:
    """The action that a line of the table stands for."""
    match kind, *words:
        case "withdraw", amount:
            return Withdraw3(ALICE, amount, NOW)
        case "usd", to, amount:
            return UsdSend(who(to), amount, NOW)
        case "token", to, token, amount:
            return SpotSend(who(to), token, amount, NOW)
        case "asset", to, source, into, *rest:
            dexes = (dex.replace("perps", "") for dex in (source, into))
            return send(to, *dexes, *rest)
        case _:
            return UsdClassTransfer(words[0].replace("_", " "), kind == "to-perp", NOW)


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_every_refusal_has_its_text_and_spends_the_nonce(line: str) -> None:
    """Observed: exchange 5.3, 7.5, mechanics 12; Assumed: which text a class transfer takes."""
    words, _, text = line.partition("|")
    m, alice, _ = funded()
    assert refusal(alice, action_of(*words.split())) == text.strip().format(alice=ALICE)
    assert FRESH not in m.ex.state.accounts
