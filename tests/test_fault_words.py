"""A request that a fault refuses is answered as the exchange answers it by the same rule: each
refusal is earned, and then the very same request is refused by a fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from refusals import CASES, Case, World
from test_refusals import ENUMS
from wire import Pen, order

import hlsim
from hlsim.server.refusals import rules_of
from hlsim.server.requests import unwrapped

ALIKE = {"min_trade_spot_ntl": "min_trade_ntl", "value_per_minute": "value"}
"""Rules whose words depend on the market or the profile: they are asked for by one name."""

UNTOLD = {
    "agent_too_many",
    "modify_placing",
    "nonce_high",
    "nonce_low",
    "referral_volume",
    "requests_day",
    "schedule_volume",
    "sub_account_foreign",
    "sub_transfer",
    "sub_volume",
    "transfer_gas_quote",
    "unexpected",
    "unknown_coin",
    "unknown_token",
    "value_too_large",
}
"""Rules by which no fault refuses."""


def rule_of(case: Case) -> str:
    name = case.member.name.lower()
    return ALIKE.get(name, name)


@pytest.fixture(scope="module")
def fresh() -> Iterator[tuple[World, int]]:
    with hlsim.start(market="empty", clock="manual", chain="testnet") as server:
        yield World(server), server.snapshot()


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if rule_of(case) not in UNTOLD],
    ids=lambda case: case.member.name.lower(),
)
def test_a_fault_says_what_the_exchange_says(fresh: tuple[World, int], case: Case) -> None:
    world, start = fresh
    server = world.server
    server.restore(start)
    if case.rules:
        world.rule(**case.rules)
    case.earn(world)
    last = server.call(lambda server: [*server.console.requests][-1])
    action, _ = unwrapped(json.loads(last.asked)["action"])

    hashed = server.state_hash()
    with server.fault(f"{action['type']}:1:refuse={rule_of(case)}"):
        headers = {"content-type": "application/json"}
        said = requests.post(f"{server.url}/exchange", last.asked, headers=headers, timeout=30)

    assert said.json() == json.loads(last.answered)
    assert server.state_hash() == hashed


def test_no_other_rule_is_left_out() -> None:
    known = {member.name.lower() for enum in ENUMS for member in enum}
    told = {
        rule
        for on in ("order", "batchModify", "twapOrder", "twapCancel", "cancel", "exchange")
        for rule in rules_of(on)
    }

    assert known - told - ALIKE.keys() == UNTOLD


def test_an_order_is_too_small_in_the_words_of_its_market() -> None:
    with hlsim.start(market="static") as server:
        pen = Pen(server, server.accounts[0].key)
        perp, spot = order(1, "0.1", "1500"), order(10_000, "100", "0.1")
        batch = {"type": "order", "orders": [perp, spot], "grouping": "na"}
        with server.fault("order:1:refuse=min_trade_ntl"):
            reply: Any = pen.l1(batch)
        assert [one["error"] for one in reply["response"]["data"]["statuses"]] == [
            "Order must have minimum value of $10. asset=1",
            "Order must have minimum value of 10 USDC. asset=10000",
        ]


def test_what_nobody_may_sign_is_told_as_of_that_kind_of_action() -> None:
    with hlsim.start(market="empty") as server:
        pen = Pen(server, server.accounts[0].key)
        with server.fault("exchange:1:refuse=unknown_signer"):
            l1 = pen.l1({"type": "noop"})
            signed = pen.user("usdSend", destination=pen.address, amount="1")
        assert l1["response"] == f"User or API Wallet {pen.address} does not exist."
        assert signed["response"] == (
            f"Must deposit before performing actions. User: {pen.address}"
        )
