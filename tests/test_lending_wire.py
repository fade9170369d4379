"""Borrowing, lending and portfolio margin over the wire, signed by the official SDK."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from refusals import HYPE, World
from wire import Pen

import hlsim
from hlsim.sim.errors import ActionReject

HYPE_TOKEN = 150
OK = {"status": "ok", "response": {"type": "default"}}


@pytest.fixture
def world() -> Iterator[World]:
    with hlsim.start(market="static", clock="manual", accounts=3) as server:
        yield World(server)


def moves(pen: Pen, operation: str, token: int, amount: Any, **envelope: Any) -> Any:
    action = {"type": "borrowLend", "operation": operation, "token": token, "amount": amount}
    return pen.l1(action, **envelope)


def err(member: ActionReject, **params: Any) -> dict[str, str]:
    return {"status": "err", "response": member.value.format(**params)}


def test_a_loan_from_supply_to_repayment(world: World) -> None:
    """Documented: exchange 5.1, info 8. 100 HYPE at 34.277 and 0.65 back 2228.005."""
    alice, bob = world.alice, world.bob
    assert moves(bob, "supply", 0, "10000") == OK
    assert moves(alice, "supply", HYPE_TOKEN, None) == OK
    assert moves(alice, "borrow", 0, "2228.006") == err(ActionReject.ISOLATED_INCREASE)
    assert moves(alice, "borrow", 0, "2000.5") == OK

    state = alice.info("borrowLendUserState", user=alice.address)
    assert [token for token, _ in state["tokenToState"]] == [0, HYPE_TOKEN]
    assert state["health"] == "healthy"
    assert state["healthFactor"].startswith("1.11")
    reserves = dict(alice.info("allBorrowLendReserveStates"))
    assert sorted(reserves) == [0, HYPE_TOKEN, 197]
    assert reserves[0]["utilization"] == "0.20005"
    assert reserves[197]["ltv"] == "0.5"
    assert reserves[HYPE_TOKEN] == alice.info("borrowLendReserveState", token=HYPE_TOKEN)

    world.server.clock.advance(hours=1)
    (row,) = alice.info("userBorrowLendInterest", user=alice.address, startTime=0)
    assert (row["token"], row["supply"]) == ("USDC", "0.0")
    assert row["borrow"].startswith("0.01141")
    assert moves(alice, "repay", 0, None) == OK
    deltas = [
        each["delta"]
        for each in alice.info("userNonFundingLedgerUpdates", user=alice.address, startTime=0)
        if each["delta"]["type"] == "borrowLend"
    ]
    assert [list(delta) for delta in deltas] == [
        ["type", "token", "operation", "amount", "interestAmount"]
    ] * 3
    assert [delta["operation"] for delta in deltas] == ["supply", "borrow", "repay"]
    assert deltas[2]["interestAmount"] == row["borrow"]
    assert moves(alice, "withdraw", HYPE_TOKEN, "100") == OK


@pytest.mark.parametrize(
    ("operation", "token", "amount", "member", "params"),
    [
        ("supply", 1, "1", ActionReject.UNKNOWN_TOKEN, {"token": 1}),
        ("supply", 0, "10000.00000001", ActionReject.TOKEN_BALANCE, {}),
        ("withdraw", 0, "1", ActionReject.WITHDRAW_BALANCE, {}),
        ("borrow", 0, "1", ActionReject.ISOLATED_INCREASE, {}),
        ("repay", 0, None, ActionReject.AMOUNT_ZERO, {}),
        ("supply", 0, "1e", ActionReject.AMOUNT_INVALID, {}),
    ],
)
def test_refusals(
    world: World, operation: str, token: int, amount: Any, member: ActionReject, params: Any
) -> None:
    """Assumed: the nearest documented texts."""
    assert moves(world.alice, operation, token, amount) == err(member, **params)


@pytest.mark.parametrize(
    "change",
    [{"operation": "steal"}, {"token": -1}, {"token": "USDC"}, {"amount": 5}, {"more": 1}],
    ids=str,
)
def test_what_is_no_such_action_is_a_422(world: World, change: dict[str, Any]) -> None:
    action = {"type": "borrowLend", "operation": "supply", "token": 0, "amount": "1"} | change
    body = {"action": action, "nonce": 1, "signature": {"r": "0x1", "s": "0x1", "v": 27}}
    server = world.server
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/exchange", json.dumps(body), headers)
    assert connection.getresponse().status == 422
    connection.close()


def test_a_sub_account_lends_through_the_vault_address(world: World) -> None:
    """Documented: borrowLend takes a vaultAddress (exchange 5.1)."""
    alice = world.alice
    world.traded(alice, 100_000)
    sub = alice.l1({"type": "createSubAccount", "name": "lender"})["response"]["data"]
    sent = {"type": "subAccountSpotTransfer", "subAccountUser": sub, "isDeposit": True}
    assert alice.l1({**sent, "token": "USDC", "amount": "50"}) == OK

    assert moves(alice, "supply", 0, "50", vault=sub) == OK

    ((token, both),) = alice.info("borrowLendUserState", user=sub)["tokenToState"]
    assert (token, both["supply"]["value"]) == (0, "50.0")
    assert alice.info("borrowLendUserState", user=alice.address)["tokenToState"] == []


def test_portfolio_margin_over_the_wire(world: World) -> None:
    """Observed: keys and texts (info 5.2, exchange 7.6)."""
    alice, bob = world.alice, world.bob
    small = world.funded(1, "9999")
    word = {"abstraction": "portfolioMargin"}
    refused = small.user("userSetAbstraction", user=small.address, **word)
    assert refused == err(ActionReject.PORTFOLIO_MARGIN)
    assert moves(bob, "supply", 0, None) == OK

    assert alice.user("userSetAbstraction", user=alice.address, **word) == OK

    assert alice.info("userAbstraction", user=alice.address) == "portfolioMargin"
    state = alice.info("spotClearinghouseState", user=alice.address)
    assert list(state) == [
        "balances",
        "portfolioMarginEnabled",
        "portfolioMarginRatio",
        "tokenToPortfolioBorrowRatio",
        "tokenToPortfolioSupplyRatio",
        "tokenToAvailableAfterMaintenance",
    ]
    usdc = state["balances"][0]
    assert (usdc["total"], usdc["supplied"], usdc["hold"]) == ("110000.0", "110000.0", "-2228.005")
    assert moves(alice, "supply", 0, "1") == err(ActionReject.UNIFIED_DISABLED)
    back = alice.user("userSetAbstraction", user=alice.address, abstraction="disabled")
    assert back == err(ActionReject.ABSTRACTION)

    reply = alice.buys(HYPE, "10", "35")
    assert "filled" in str(reply), reply
    assert "filled" in str(alice.buys(0, "1", "67000")), "BTC at 20x"
    held = alice.info("spotClearinghouseState", user=alice.address)
    ratio = float(held["portfolioMarginRatio"])
    assert 0 < ratio < 0.05
    assert float(alice.info("portfolio", user=alice.address)[0][1]["accountValueHistory"][-1][1])
    for kind in ("webData2", "clearinghouseState", "subAccounts2", "borrowLendUserState"):
        alice.info(kind, user=alice.address)
