"""Actions that are one of several things: exactly one key may stand there, null for some."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bodies import ADDRESS, is_read, read, request

from hlsim.server.canonical import wire_form
from hlsim.sim.actions.validators import CSignerAction, CValidatorAction, NodeIp, ProfileChange

CHANGE = {
    "node_ip": {"Ip": "1.2.3.4"},
    "name": "me",
    "description": None,
    "unjailed": True,
    "disable_delegations": None,
    "commission_bps": 5,
    "signer": None,
}
REGISTER = {
    "profile": {
        "node_ip": {"Ip": "1.2.3.4"},
        "name": "me",
        "description": "",
        "delegations_disabled": False,
        "commission_bps": 5,
        "signer": ADDRESS,
    },
    "unjailed": True,
    "initial_wei": 100,
}

SETTLES = {
    "outcome": 3,
    "settleFraction": "1",
    "details": "",
    "nameAndDescription": ["Rain?", ""],
    "sideNames": ["Yes", "No"],
}


@pytest.mark.parametrize(
    ("fields", "legal"),
    [
        ({"type": "CSignerAction", "jailSelf": None}, True),
        ({"type": "CSignerAction", "unjailSelf": None}, True),
        ({"type": "CSignerAction"}, False),
        ({"type": "CSignerAction", "jailSelf": None, "unjailSelf": None}, False),
        ({"type": "CSignerAction", "jailSelf": True}, False),
        ({"type": "CSignerAction", "jailSelf": {}}, False),
        ({"type": "CSignerAction", "jailSelf": None, "unknown": None}, False),
        ({"type": "CValidatorAction", "unregister": None}, True),
        ({"type": "CValidatorAction", "changeProfile": CHANGE}, True),
        ({"type": "CValidatorAction", "register": REGISTER}, True),
        ({"type": "CValidatorAction"}, False),
        ({"type": "CValidatorAction", "register": REGISTER, "unregister": None}, False),
        ({"type": "CValidatorAction", "register": {"unjailed": True}}, False),
        ({"type": "spotUser", "toggleSpotDusting": {"optOut": True}}, True),
        ({"type": "spotUser", "toggleSpotDusting": {}}, False),
        ({"type": "spotUser", "classTransfer": {"usdc": 1, "toPerp": True}}, False),
        ({"type": "agentSetAbstraction", "abstraction": "u"}, True),
        ({"type": "agentSetAbstraction", "abstraction": "unifiedAccount"}, True),
        ({"type": "agentSetAbstraction", "abstraction": "default"}, False),
        ({"type": "authorizeAqav2Role", "token": 1, "role": "king"}, False),
        ({"type": "finalizeEvmContract", "token": 1, "input": "firstStorageSlot"}, True),
        ({"type": "finalizeEvmContract", "token": 1, "input": {"create": {"nonce": 0}}}, True),
        ({"type": "finalizeEvmContract", "token": 1, "input": "lastStorageSlot"}, False),
        ({"type": "finalizeEvmContract", "token": 1, "input": {"create": {}}}, False),
        ({"type": "activateOutcomeDeployer", "activate": {"venueName": "ab"}}, True),
        ({"type": "activateOutcomeDeployer", "deactivate": None}, True),
        ({"type": "activateOutcomeDeployer", "isDeactivate": True}, False),
        ({"type": "outcomeDeploy", "venue": "ab", "operation": {"settleOutcome": SETTLES}}, True),
        ({"type": "outcomeDeploy", "venue": "ab", "operation": {}}, False),
        ({"type": "outcomeDeploy", "operation": {"settleOutcome": SETTLES}}, False),
    ],
    ids=str,
)
def test_exactly_one_key_of_a_union(fields: dict[str, Any], legal: bool) -> None:
    """Documented: the forms of exchange 5.1 and 5.2; anything else is a 422 (exchange 1.1)."""
    assert is_read(request(fields)) is legal


def test_a_key_with_null_is_signed_and_one_that_is_absent_is_not() -> None:
    """Documented: the SDK signs `{"type":"CSignerAction","jailSelf":null}` (exchange 5.2)."""
    signer = read(request({"type": "CSignerAction", "jailSelf": None}))
    assert signer.action == CSignerAction(jail_self=True)  # type: ignore[arg-type]
    assert wire_form(signer.action) == {"type": "CSignerAction", "jailSelf": None}

    change = read(request({"type": "CValidatorAction", "changeProfile": CHANGE}))
    asked = ProfileChange(node_ip=NodeIp("1.2.3.4"), name="me", unjailed=True, commission_bps=5)  # type: ignore[arg-type]
    assert change.action == CValidatorAction(change_profile=asked)
    assert wire_form(change.action) == {"type": "CValidatorAction", "changeProfile": CHANGE}


def signers(*users: str, **more: int) -> str:
    return json.dumps({"authorizedUsers": users, **more})


@pytest.mark.parametrize(
    ("text", "users", "threshold", "readable"),
    [
        ("null", None, None, True),
        (signers(ADDRESS.upper()[2:], threshold=1, unknown=1) + " ", [ADDRESS], 1, True),
        ('{"authorizedUsers":[],"threshold":0}', [], 0, True),
        (signers(ADDRESS, ADDRESS, threshold=9), [ADDRESS] * 2, 9, True),
        ('{"authorizedUsers":["0x1"],"threshold":1}', None, None, False),
        ('{"threshold":1}', None, None, False),
        ('{"authorizedUsers":null,"threshold":1}', None, None, False),
        ('{"authorizedUsers":[],"threshold":-1}', None, None, False),
        ('{"authorizedUsers":[],"threshold":1.5}', None, None, False),
        ("nul", None, None, False),
        ("", None, None, False),
        ("null null", None, None, False),
        ("[" * 3_000, None, None, False),
        ("é", None, None, False),
    ],
    ids=range(14),
)
def test_signers_are_read_at_the_edge_and_refused_by_the_exchange(
    text: str, users: Any, threshold: Any, readable: bool
) -> None:
    """Observed: an unreadable text is an error of the exchange, not a 422 (exchange 8)."""
    chain = {"signatureChainId": "0x1", "hyperliquidChain": "Testnet"}
    posted = {"type": "convertToMultiSigUser", **chain, "signers": text, "nonce": 7}

    found: Any = read(request(posted)).action

    assert (found.signers.text, found.signers.is_readable) == (text, readable)
    if users is None:
        assert found.signers.asked is None
    else:
        assert (list(found.signers.asked.users), found.signers.asked.threshold) == (
            users,
            threshold,
        )
