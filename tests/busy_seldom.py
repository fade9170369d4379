"""Actions that hardly anybody sends: each once, done or refused."""

from __future__ import annotations

from typing import Any

from busy import ASSETS, HYPE, USDC, Json, Town
from wire import nonces

REFUSED: tuple[dict[str, Json], ...] = (
    {"type": "gossipPriorityBid", "slotId": 0, "ip": "1.2.3.4", "maxGas": 10**8},
    {"type": "CSignerAction", "unjailSelf": None},
    {"type": "CValidatorAction", "unregister": None},
    {"type": "authorizeAqav2Role", "token": 1, "role": "technical"},
    {"type": "finalizeEvmContract", "token": 1, "input": "firstStorageSlot"},
    {"type": "validatorL1Stream", "riskFreeRate": "0.05"},
    {"type": "activateOutcomeDeployer", "activate": {"venueName": "ab"}},
    {
        "type": "outcomeDeploy",
        "venue": "ab",
        "operation": {
            "registerStandaloneOutcomeFromTemplate": {"id": "binaryPrice", "keywordToValue": []}
        },
    },
)
"""L1 actions of those who run the network, which alice does not."""


def seldom(t: Town) -> None:
    alice = t["alice"]
    for action in REFUSED:
        assert alice.l1(action)["status"] == "err"
    alice.act("subAccountModify", subAccountUser=t.known["sub"], name="the desk")
    alice.act("topUpIsolatedOnlyMargin", asset=ASSETS["xyz:TSLA"], leverage="2")
    alice.act("hip3LiquidatorTransfer", dex="xyz", ntl=10**9, isDeposit=True)
    sent: dict[str, Any] = {
        "type": "agentSendAsset",
        "destination": alice.address,
        "sourceDex": "spot",
        "destinationDex": "",
        "token": USDC,
        "amount": "5",
        "fromSubAccount": "",
        "nonce": next(nonces),
    }
    assert alice.l1(sent, nonce=sent["nonce"])["status"] == "ok"
    t["dexter"].user("userDexAbstraction", user=t["dexter"].address, enabled=True)
    t["erin"].user("userPortfolioMargin", user=t["erin"].address, enabled=True)
    alice.user("stakingLinkDisableTradingUser", tradingUser=t["carol"].address)
    evm = {"destinationRecipient": alice.address, "addressEncoding": "hex", "data": "0xdeadbeef"}
    chain = {"destinationChainId": 998, "gasLimit": 200_000}
    alice.user("sendToEvmWithData", token=HYPE, amount="1", sourceDex="spot", **evm, **chain)
