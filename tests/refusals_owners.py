"""Refusals of multi-sig users, account modes and small account actions (exchange 5, 7.6, 8)."""

from __future__ import annotations

import json
from typing import Any

from refusals import FRESH, PURR_ID, USDC_ID, World, earns
from wire import Pen, nonces

from hlsim.sim.errors import ActionReject

NOOP = {"type": "noop"}
STRANGER = "0x" + "01" * 32
AGENT = "0x" + "a9" * 32


# -- multi-sig: who acts ---------------------------------------------------------------------------


def _convert(pen: Pen, *users: str, threshold: int) -> Any:
    signers = json.dumps({"authorizedUsers": sorted(users), "threshold": threshold})
    return pen.user("convertToMultiSigUser", signers=signers)


def _shared(w: World) -> str:
    """Carol's account needs alice and bob."""
    assert _convert(w.carol, w.alice.address, w.bob.address, threshold=2)["status"] == "ok"
    assert w.alice.multi_sig(w.carol.address, NOOP, w.alice, w.bob)["status"] == "ok"
    return w.carol.address


@earns(ActionReject.MULTI_SIG_REQUIRED, "Multi-sig required")
def _(w: World) -> Any:
    _shared(w)
    return w.carol.l1(NOOP)


@earns(ActionReject.MULTI_SIG_REQUIRED, "Multi-sig required")
def _(w: World) -> Any:
    _shared(w)
    return w.carol.user("usdSend", destination=FRESH, amount="5")


@earns(ActionReject.MULTI_SIG_OUTER, "Invalid multi-sig outer signer")
def _(w: World) -> Any:
    return w.funded(1).multi_sig(_shared(w), NOOP, w.alice, w.bob)


@earns(ActionReject.MULTI_SIG_OUTER, "Invalid multi-sig outer signer")
def _(w: World) -> Any:
    return w.carol.multi_sig(_shared(w), NOOP, w.alice, w.bob)


@earns(ActionReject.MULTI_SIG_USER, "Invalid multi-sig user")
def _(w: World) -> Any:
    return w.alice.multi_sig(w.bob.address, NOOP, w.alice, w.bob)


@earns(
    ActionReject.MULTI_SIG_LEADER,
    "Multi-sig outer signer must be an L1 user.",
)
def _(w: World) -> Any:
    return Pen(w.server, STRANGER).multi_sig(_shared(w), NOOP, w.alice, w.bob)


@earns(ActionReject.MULTI_SIG_INNER, "Invalid multi-sig inner signer")
def _(w: World) -> Any:
    return w.alice.multi_sig(_shared(w), NOOP, w.alice, w.funded(1))


@earns(ActionReject.MULTI_SIG_UNMET, "Multi-sig threshold not met")
def _(w: World) -> Any:
    return w.alice.multi_sig(_shared(w), NOOP, w.bob, w.bob)


# -- multi-sig: the conversion ---------------------------------------------------------------------


@earns(ActionReject.UNEXPECTED, "Unexpected error (code=148)")
def _(w: World) -> Any:
    return w.carol.user("convertToMultiSigUser", signers='{"threshold":1}')


@earns(
    ActionReject.MULTI_SIG_SELF,
    "Cannot register self as multi-sig authorized user",
)
def _(w: World) -> Any:
    return _convert(w.carol, w.alice.address, w.carol.address, threshold=1)


@earns(
    ActionReject.MULTI_SIG_STRANGER,
    "Multi-sig authorized user must exist on L1",
)
def _(w: World) -> Any:
    return _convert(w.carol, w.alice.address, FRESH, threshold=1)


@earns(ActionReject.MULTI_SIG_TOO_MANY, "Too many multi-sig signers")
def _(w: World) -> Any:
    owners = [w.funded(number).address for number in range(11)]
    return _convert(w.carol, *owners, threshold=1)


@earns(ActionReject.MULTI_SIG_THRESHOLD, "Invalid multi-sig threshold")
def _(w: World) -> Any:
    return _convert(w.carol, w.alice.address, w.bob.address, threshold=3)


@earns(ActionReject.MULTI_SIG_THRESHOLD, "Invalid multi-sig threshold")
def _(w: World) -> Any:
    return _convert(w.carol, threshold=1)


# -- account modes ---------------------------------------------------------------------------------


def _mode(pen: Pen, mode: str) -> Any:
    return pen.user("userSetAbstraction", user=pen.address, abstraction=mode)


def _unified(w: World) -> Pen:
    assert _mode(w.alice, "unifiedAccount")["status"] == "ok"
    return w.alice


@earns(ActionReject.ABSTRACTION, "Abstraction transition not allowed")
def _(w: World) -> Any:
    return _mode(_unified(w), "disabled")


@earns(ActionReject.ABSTRACTION, "Abstraction transition not allowed")
def _(w: World) -> Any:
    pen = _unified(w)
    return pen.user("userDexAbstraction", user=pen.address, enabled=True)


@earns(ActionReject.ABSTRACTION, "Abstraction transition not allowed")
def _(w: World) -> Any:
    _mode(w.alice, "disabled")
    return w.alice.l1({"type": "agentEnableDexAbstraction"})


@earns(
    ActionReject.PORTFOLIO_MARGIN,
    "Portfolio margin requires account value of $10000 or total volume of $5000000.",
)
def _(w: World) -> Any:
    return _mode(w.funded(1, "9999.999999"), "portfolioMargin")


_DISABLED = "Action disabled when unified account is active"


@earns(ActionReject.UNIFIED_DISABLED, _DISABLED)
def _(w: World) -> Any:
    return _unified(w).user("usdClassTransfer", amount="1", toPerp=True)


@earns(ActionReject.UNIFIED_DISABLED, _DISABLED)
def _(w: World) -> Any:
    return _unified(w).user("usdSend", destination=w.bob.address, amount="5")


def _asset(destination: str, source: str, target: str) -> dict[str, Any]:
    return {
        "destination": destination,
        "sourceDex": source,
        "destinationDex": target,
        "token": USDC_ID,
        "amount": "5",
        "fromSubAccount": "",
    }


@earns(
    ActionReject.UNIFIED_SPOT_ONLY,
    "Unified account only supports sending assets through spot",
)
def _(w: World) -> Any:
    return _unified(w).user("sendAsset", **_asset(w.bob.address, "spot", ""))


# -- small account actions -------------------------------------------------------------------------


def _agent_send(w: World, destination: str) -> Any:
    """An agent of alice sends 5 USDC of hers from perps to spot."""
    agent, nonce = Pen(w.server, AGENT), next(nonces)
    terms = {"agentAddress": agent.address, "agentName": ""}
    assert w.alice.user("approveAgent", **terms)["status"] == "ok"
    action = {"type": "agentSendAsset", **_asset(destination, "", "spot"), "nonce": nonce}
    return agent.l1(action, nonce=nonce)


@earns(
    ActionReject.AGENT_SEND,
    "Agent can only send asset to same user or their sub-accounts.",
)
def _(w: World) -> Any:
    return _agent_send(w, w.bob.address)


@earns(
    ActionReject.DISPLAY_NAME,
    "Display name must be at most 20 characters long.",
)
def _(w: World) -> Any:
    return w.alice.l1({"type": "setDisplayName", "displayName": "x" * 21})


@earns(ActionReject.DUSTING_OUT, "Already opted out of spot dusting")
def _(w: World) -> Any:
    action = {"type": "spotUser", "toggleSpotDusting": {"optOut": True}}
    assert w.alice.l1(action)["status"] == "ok"
    return w.alice.l1(action)


@earns(ActionReject.CHAIN_DISABLED, "Action disabled on this chain")
def _(w: World) -> Any:
    return w.alice.l1({"type": "evmUserModify", "usingBigBlocks": True})


def _to_evm(w: World, token: str) -> Any:
    return w.alice.user(
        "sendToEvmWithData",
        token=token,
        amount="1000000000",
        sourceDex="spot",
        destinationRecipient=FRESH,
        addressEncoding="hex",
        destinationChainId=998,
        gasLimit=200_000,
        data="0x",
    )


@earns(ActionReject.EVM_USDC, "Error transferring to EVM. Use Arbitrum bridge instead.")
def _(w: World) -> Any:
    return _to_evm(w, "USDC")


@earns(
    ActionReject.EVM_UNLINKED,
    "Error transferring to EVM. Token is not linked to an EVM contract.",
)
def _(w: World) -> Any:
    return _to_evm(w, PURR_ID)


@earns(ActionReject.DEPLOY_EVM, "Error deploying spot: Pending EVM contract missing")
def _(w: World) -> Any:
    return w.alice.l1({"type": "finalizeEvmContract", "token": 1, "input": "firstStorageSlot"})


@earns(ActionReject.STAKE_SHORT, "Insufficient stake")
def _(w: World) -> Any:
    return w.alice.l1({"type": "activateOutcomeDeployer", "activate": {"venueName": "ab"}})


@earns(
    ActionReject.NOT_OUTCOME_DEPLOYER,
    "Error deploying outcome: not an outcome deployer",
)
def _(w: World) -> Any:
    return w.alice.l1({"type": "activateOutcomeDeployer", "deactivate": None})


@earns(
    ActionReject.DEPLOYER_SCALE,
    "Deployer fee scale cannot be negative or greater than 10.",
)
def _(w: World) -> Any:
    template = {"id": "binaryPrice", "keywordToValue": [["perp", "BTC"]]}
    asked = {"registerStandaloneOutcomeFromTemplate": {**template, "deployerFeeScale": "10.1"}}
    return w.alice.l1({"type": "outcomeDeploy", "venue": "ab", "operation": asked})


@earns(ActionReject.GOSSIP_GAS, "Insufficient gas at current auction price.")
def _(w: World) -> Any:
    bid = {"slotId": 0, "ip": "1.2.3.4", "maxGas": 1}
    return w.alice.l1({"type": "gossipPriorityBid", **bid})


@earns(
    ActionReject.SIGNER_INACTIVE,
    "Signer invalid or inactive for current epoch",
)
def _(w: World) -> Any:
    return w.alice.l1({"type": "CSignerAction", "jailSelf": None})


@earns(ActionReject.STAKE_SHORT, "Insufficient stake")
def _(w: World) -> Any:
    return w.alice.l1({"type": "authorizeAqav2Role", "token": 0, "role": "technical"})
