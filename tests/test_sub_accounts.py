"""Sub-accounts: who may have how many, what they are called, and money to and from them."""

from __future__ import annotations

from typing import Any

import pytest
from houses import Deputy, sub_account, text_of, traded
from stories import START_MS, Trader, address, market, px, sz, usd

from hlsim.sim import ledger
from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.sub_accounts import (
    CreateSubAccount,
    SubAccountModify,
    SubAccountSpotTransfer,
    SubAccountTransfer,
)
from hlsim.sim.actions.transfers import SendAsset, UsdClassTransfer, UsdSend
from hlsim.sim.events import AccountChanged, LedgerRow
from hlsim.sim.fixed import Wei
from hlsim.sim.ids import derived_address
from hlsim.sim.replies import Created, Done

USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
NOW: Any = START_MS


def moves(sub: Any, amount: str, *, is_deposit: bool = True) -> Any:
    return SubAccountTransfer(sub, is_deposit, usd(amount))  # type: ignore[arg-type]


def house(**spot: str) -> tuple[Trader, Deputy, Deputy, Trader]:
    """A master, its two sub-accounts, and a stranger."""
    m = market()
    alice = m.account("alice", usd="1000", **spot)
    first, second = sub_account(alice, "first"), sub_account(alice, "second")
    return alice, first, second, m.account("bob")


def refusal(trader: Trader, action: Any) -> str:
    """The text of a refusal that changed nothing but the nonce and the count of requests."""
    trader.market.events()
    text = text_of(trader.act(action))
    assert trader.market.events() == []
    return text


# -- having them -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cents", "shown"),
    [(0, "$0"), (1, "$0.01"), (1_206_675, "$12066.75"), (9_999_999, "$99999.99")],
)
def test_there_are_none_before_enough_was_traded(cents: int, shown: str) -> None:
    """Observed: the text and its amount (exchange 5.2)."""
    alice = market().account("alice")
    alice.account.volume.total_usd = cents * 10**6
    assert refusal(alice, CreateSubAccount("desk")) == (
        "Cannot create sub-accounts until enough volume traded. "
        f"Required: $100000. Traded: {shown}."
    )
    assert alice.account.sub_accounts == {}


def test_a_sub_account_is_an_account_with_a_master_and_a_name() -> None:
    """Observed: the reply is its address (exchange 5.2). Assumed: opening one is free."""
    m = market()
    alice = traded(m.account("alice"))
    sub = derived_address("sub-account", alice.address, 0)
    m.events()

    assert alice.act(CreateSubAccount("desk")) == Created("createSubAccount", sub)

    assert alice.account.sub_accounts == {sub: "desk"}
    assert m.ex.state.accounts[sub].master == alice.address
    assert m.events() == [AccountChanged(alice.address), AccountChanged(sub)]
    assert alice.account.raw_usd == usd("100000")


def test_an_address_that_somebody_paid_into_before_is_passed_over() -> None:
    """The addresses can be foreseen, so a stranger may be there first."""
    m = market()
    alice, bob = traded(m.account("alice")), m.account("bob")
    foreseen = [derived_address("sub-account", alice.address, number) for number in (0, 1)]
    bob.act(UsdSend(foreseen[0], "5", NOW))  # type: ignore[arg-type]

    assert alice.act(CreateSubAccount("desk")) == Created("createSubAccount", foreseen[1])
    second = derived_address("sub-account", alice.address, 2)
    assert alice.act(CreateSubAccount("two")) == Created("createSubAccount", second)
    assert m.ex.state.accounts[foreseen[0]].master is None


@pytest.mark.parametrize(
    ("dollars", "most"),
    [
        (100_000, 10),
        (99_999_999, 10),
        (100_000_000, 11),
        (3_999_999_999, 49),
        (4_000_000_000, 50),
        (9_000_000_000, 50),
    ],
)
def test_there_may_be_ten_and_one_more_for_each_hundred_million(dollars: int, most: int) -> None:
    """Observed: ten, and the text. Documented: one more per $100M, at most 50 (mechanics 13)."""
    alice = traded(market().account("alice"), dollars)
    for number in range(most):
        assert isinstance(alice.act(CreateSubAccount(f"desk {number}")), Created)
    assert refusal(alice, CreateSubAccount("one more")) == "Too many sub-accounts."
    assert len(alice.account.sub_accounts) == most


def test_what_sub_accounts_trade_counts_for_their_number() -> None:
    """Assumed: the volume is that of master and sub-accounts together."""
    m = market()
    alice = traded(m.account("alice"), 60_000_000)
    first = sub_account(alice)
    for number in range(9):
        sub_account(alice, str(number))
    assert refusal(alice, CreateSubAccount("one more")) == "Too many sub-accounts."

    traded(first, 40_000_000)

    assert isinstance(alice.act(CreateSubAccount("one more")), Created)


@pytest.mark.parametrize("name", ["", "x" * 17, "\U0001f600" * 8 + "x"])
def test_a_name_has_between_1_and_16_characters(name: str) -> None:
    """Inferred: the lengths, in UTF-16 units (exchange 5.2). Assumed: the text, and that it comes
    first."""
    m = market()
    alice, text = m.account("alice"), "Sub-account name must be between 1 and 16 characters long."
    assert refusal(alice, CreateSubAccount(name)) == text
    desk = sub_account(alice)
    assert refusal(alice, SubAccountModify(desk.address, name)) == text


@pytest.mark.parametrize("name", ["x", "x" * 16, "\U0001f600" * 8, "first"])
def test_a_sub_account_is_renamed(name: str) -> None:
    """Assumed: two may have the same name."""
    alice, first, second, _ = house()
    assert alice.act(SubAccountModify(second.address, name)) == Done()
    assert alice.account.sub_accounts == {first.address: "first", second.address: name}


def test_nobody_renames_somebody_elses() -> None:
    """Observed: exchange 5.2."""
    alice, first, _, bob = house()
    text = f"Sub-account {first.address} is not registered to {bob.address}"
    assert refusal(bob, SubAccountModify(first.address, "mine")) == text
    own = f"Sub-account {alice.address} is not registered to {alice.address}"
    assert refusal(alice, SubAccountModify(alice.address, "mine")) == own


def test_an_agent_opens_renames_and_funds_them() -> None:
    """Observed: agents may (exchange 5.2)."""
    m = market()
    alice = traded(m.account("alice"))
    agent = address("agent")
    alice.act(ApproveAgent(agent, NOW, None))

    made = m.act(agent, CreateSubAccount("desk"))

    assert isinstance(made, Created)
    assert m.act(agent, SubAccountModify(made.address, "table")) == Done()
    assert m.act(agent, moves(made.address, "10")) == Done()
    assert alice.account.sub_accounts == {made.address: "table"}
    assert m.ex.state.accounts[made.address].raw_usd == usd("10")


def test_each_sub_account_allows_two_more_named_agents() -> None:
    """Documented: mechanics 13, exchange 6."""
    m = market()
    alice = m.account("alice")
    sub_account(alice)
    sub_account(alice)
    alice.account.volume.total_usd = 0
    for number in range(7):
        agent = ApproveAgent(address(f"agent {number}"), NOW, f"agent {number}")
        assert alice.act(agent) == Done()
    assert refusal(alice, ApproveAgent(address("one more"), NOW, "one more")) == (
        "Too many extra agents for cumulative volume traded. Current limit is 7"
    )


# -- USDC ------------------------------------------------------------------------------------------


def test_usdc_moves_to_a_sub_account_and_back() -> None:
    """Documented: `usd` is µUSD; both ledgers show the transfer (info 7.2)."""
    alice, first, second, _ = house()
    for sub, amount, is_deposit in ((first, "600", True), (first, "200.5", False)):
        assert alice.act(moves(sub.address, amount, is_deposit=is_deposit)) == Done()

    accounts = (alice.account, first.account, second.account)
    assert [one.raw_usd for one in accounts] == [usd("600.5"), usd("399.5"), 0]
    assert [one.net_deposits for one in accounts] == [usd("600.5"), usd("399.5"), 0]
    rows = [
        ledger.SubAccountTransfer(usd("600"), alice.address, first.address),
        ledger.SubAccountTransfer(usd("200.5"), first.address, alice.address),
    ]
    assert [row.delta for row in alice.account.ledger][1:] == rows
    assert [row.delta for row in first.account.ledger] == rows


def test_a_transfer_tells_both_accounts() -> None:
    alice, first, _, _ = house()
    alice.market.events()
    alice.act(moves(first.address, "1"))
    told = [e.user for e in alice.market.events() if isinstance(e, LedgerRow | AccountChanged)]
    assert told == [alice.address, first.address] * 2


def test_usdc_that_backs_a_position_does_not_move() -> None:
    """Documented: a transfer leaves the initial margin (mechanics 6.1)."""
    alice, first, _, bob = house()
    alice.act(moves(first.address, "600"))
    bob.sells("0.1 BTC @ 50000")
    first.buys("0.1 BTC @ 50000")
    # 600 less a fee of 2.25, less a tenth of 5000.
    refused = moves(first.address, "97.750001", is_deposit=False)
    assert refusal(alice, refused) == "Insufficient balance for withdrawal."
    assert alice.act(moves(first.address, "97.75", is_deposit=False)) == Done()


def test_usdc_goes_nowhere_else() -> None:
    """Observed: the text and both addresses (exchange 7.5)."""
    alice, first, second, bob = house()
    for master, sub in ((bob, first), (alice, bob), (alice, alice), (bob, alice)):
        for is_deposit in (True, False):
            parties = [master.address, sub.address][:: 1 if is_deposit else -1]
            refused = refusal(master, moves(sub.address, "1", is_deposit=is_deposit))
            assert refused == "Invalid sub-account transfer from {} to {}".format(*parties)
    assert text_of(first.act(moves(second.address, "1"))) == "Vault may not perform this action."


@pytest.mark.parametrize("is_deposit", [True, False])
def test_nothing_and_too_much_are_refused(is_deposit: bool) -> None:
    """Assumed: the texts of other transfers."""
    alice, first, _, _ = house()
    zero = moves(first.address, "0", is_deposit=is_deposit)
    assert refusal(alice, zero) == "Send amount cannot be zero"
    much = moves(first.address, "1000.000001", is_deposit=is_deposit)
    assert refusal(alice, much) == "Insufficient balance for withdrawal."


# -- spot tokens -----------------------------------------------------------------------------------


def test_tokens_move_to_a_sub_account_and_back() -> None:
    """Documented: exchange 5.2. Assumed: rows of the kind `spotTransfer`, without a fee."""
    alice, first, _, _ = house(spot_usdc="100", PURR="50")
    give: Any = SubAccountSpotTransfer(first.address, True, PURR, "20.5")
    take: Any = SubAccountSpotTransfer(first.address, False, PURR, "0.5")
    nonces = [next(alice.market.nonces) for _ in range(2)]

    assert alice.act(give, nonce=nonces[0]) == Done()
    assert alice.act(take, nonce=nonces[1]) == Done()

    assert (alice.spot("PURR"), first.spot("PURR")) == (3_000_000, 2_000_000)
    # 20 PURR at a mark of 0.2.
    assert first.account.spot[1].entry_ntl == 4 * 10**8
    a, s = alice.address, first.address
    rows = [
        ledger.SpotTransfer(
            "PURR", Wei(2_050_000), 5, usd("4.1"), a, s, Wei(0), 8, "USDC", nonces[0]
        ),
        ledger.SpotTransfer("PURR", Wei(50_000), 5, usd("0.1"), s, a, Wei(0), 8, "USDC", nonces[1]),
    ]
    assert [row.delta for row in first.account.ledger] == rows
    assert [row.delta for row in alice.account.ledger][-2:] == rows


def test_tokens_that_cannot_move() -> None:
    """Observed: the texts of exchange 7.5."""
    alice, first, _, bob = house(spot_usdc="100", PURR="50")
    alice.sells("40 PURR/USDC @ 0.3")
    sub = first.address
    table = [
        (bob, sub, True, PURR, "1", f"Invalid sub-account transfer from {bob.address} to {sub}"),
        (bob, sub, False, PURR, "1", f"Invalid sub-account transfer from {sub} to {bob.address}"),
        (alice, sub, True, "NOPE", "1", "Unknown token NOPE"),
        (alice, sub, True, PURR, "x", "Invalid decimal number"),
        (alice, sub, True, PURR, "0", "Send amount cannot be zero"),
        (alice, sub, True, PURR, "0.000001", "Invalid number of decimals"),
        (alice, sub, True, PURR, "10.00001", "Insufficient balance for token transfer"),
        (alice, sub, False, PURR, "0.00001", "Insufficient balance for token transfer"),
        (alice, sub, True, "HYPE:0x0d01dc56dcaaca66ad901c959b4011ec", "1",
         "Insufficient balance for token transfer"),
    ]  # fmt: skip
    for master, user, is_deposit, token, amount, text in table:
        action = SubAccountSpotTransfer(user, is_deposit, token, amount)
        assert refusal(master, action) == text
    assert alice.act(SubAccountSpotTransfer(sub, True, PURR, "10")) == Done()


# -- what the master signs for a sub-account -------------------------------------------------------


def test_the_master_moves_a_sub_accounts_usdc_between_perps_and_spot() -> None:
    """Documented: the amount names the sub-account (exchange 5.3)."""
    alice, first, _, bob = house(spot_usdc="100")
    alice.act(moves(first.address, "500"))
    upper = first.address.upper().replace("0X", "0x")
    to_spot = UsdClassTransfer(f"200 subaccount:{first.address}", False, NOW)
    to_perp = UsdClassTransfer(f"50 subaccount:{upper}", True, NOW)
    assert alice.act(to_spot) == Done()
    assert alice.act(to_perp) == Done()

    assert (first.account.raw_usd, first.spot("USDC")) == (usd("350"), 150 * 10**8)
    assert (alice.account.raw_usd, alice.spot("USDC")) == (usd("500"), 100 * 10**8)
    assert [row.delta for row in first.account.ledger][1:] == [
        ledger.AccountClassTransfer(usd("200"), False),
        ledger.AccountClassTransfer(usd("50"), True),
    ]
    for master, sub in ((bob, first.address), (alice, alice.address), (alice, "x"), (alice, "")):
        text = f"Sub-account {sub} is not registered to {master.address}"
        assert refusal(master, UsdClassTransfer(f"1 subaccount:{sub}", True, NOW)) == text
    much = UsdClassTransfer(f"351 subaccount:{first.address}", False, NOW)
    assert refusal(alice, much) == "Insufficient balance for withdrawal."


def test_whether_a_sub_account_has_two_classes_is_its_own_mode() -> None:
    """Observed by clients: the text (exchange 7.5). Assumed: the mode of whose money it is
    decides."""
    alice, first, second, _ = house()
    for sub in (first, second):
        assert alice.act(moves(sub.address, "50")) == Done()
    for one in (alice, first):
        assert one.act(AgentSetAbstraction("unifiedAccount")) == Done()  # type: ignore[arg-type]

    disabled = "Action disabled when unified account is active"
    for suffix in (f" subaccount:{first.address}", ""):
        assert refusal(alice, UsdClassTransfer(f"5{suffix}", False, NOW)) == disabled
    assert len(first.account.ledger) == 1
    assert alice.act(UsdClassTransfer(f"5 subaccount:{second.address}", False, NOW)) == Done()
    assert second.account.raw_usd == usd("45")


def test_the_master_sends_what_a_sub_account_has() -> None:
    """Documented: sendAsset.fromSubAccount (exchange 5.3)."""
    alice, first, second, bob = house()
    alice.act(moves(first.address, "500"))
    sends: Any = [
        SendAsset(bob.address, "", "", USDC, "100", first.address, NOW),  # type: ignore[arg-type]
        SendAsset(first.address, "", "spot", USDC, "50", first.address, NOW),  # type: ignore[arg-type]
        SendAsset(second.address, "spot", "", USDC, "20", first.address, NOW),  # type: ignore[arg-type]
    ]
    for send in sends:
        assert alice.act(send) == Done()

    assert (first.account.raw_usd, first.spot("USDC")) == (usd("350"), 30 * 10**8)
    assert second.account.raw_usd == usd("20")
    assert bob.account.raw_usd == usd("100100")
    assert alice.account.raw_usd == usd("500")
    sent = [row.delta for row in first.account.ledger if isinstance(row.delta, ledger.Send)]
    assert [one.user for one in sent] == [first.address] * 3
    stolen: Any = SendAsset(bob.address, "", "", USDC, "1", first.address, NOW)  # type: ignore[arg-type]
    text = f"Sub-account {first.address} is not registered to {bob.address}"
    assert refusal(bob, stolen) == text


def test_a_fill_of_a_sub_account_is_not_its_masters() -> None:
    """Documented: separate volume and request budget (mechanics 13)."""
    alice, first, _, bob = house()
    alice.act(moves(first.address, "900"))
    before = alice.account.volume.total_usd
    bob.sells("0.1 BTC @ 50000")
    first.buys("0.1 BTC @ 50000")
    assert alice.account.volume.total_usd == before
    assert first.account.volume.total_usd == px("5000")
    assert first.szi("BTC") == sz("0.1")
