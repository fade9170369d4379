"""Field lists of the changes of a ledger, by type (info 7.2), and of its rows."""

from __future__ import annotations

from typing import Any

from fields import (
    BOOL,
    COUNT,
    TEXT,
    TIME,
    Fields,
    Later,
    OneOf,
    Rows,
    Shape,
    expect,
    null_or,
    words,
)
from fields_nouns import ADDRESS, COIN, DEX, DOUBLE, HASH, SIGNED_DOUBLE, SIGNED_SZ, TOKEN_NAME

AMOUNT = DOUBLE

DELTAS: dict[str, dict[str, Any]] = {
    "deposit": {"usdc": AMOUNT},
    "withdraw": {"usdc": AMOUNT, "nonce": COUNT, "fee": AMOUNT},
    "accountClassTransfer": {"usdc": AMOUNT, "toPerp": BOOL},
    "internalTransfer": {
        "usdc": AMOUNT,
        "user": ADDRESS,
        "destination": ADDRESS,
        "fee": AMOUNT,
    },
    "subAccountTransfer": {"usdc": AMOUNT, "user": ADDRESS, "destination": ADDRESS},
    "spotTransfer": {
        "token": TOKEN_NAME,
        "amount": AMOUNT,
        "usdcValue": AMOUNT,
        "user": ADDRESS,
        "destination": ADDRESS,
        "fee": AMOUNT,
        "nativeTokenFee": AMOUNT,
        "nonce": null_or(COUNT),
        "feeToken": TEXT,
    },
    "send": {
        "user": ADDRESS,
        "destination": ADDRESS,
        "sourceDex": OneOf(DEX, words("spot")),
        "destinationDex": OneOf(DEX, words("spot")),
        "token": TOKEN_NAME,
        "amount": AMOUNT,
        "usdcValue": AMOUNT,
        "fee": AMOUNT,
        "nativeTokenFee": AMOUNT,
        "nonce": COUNT,
        "feeToken": TEXT,
    },
    "liquidation": {
        "liquidatedNtlPos": AMOUNT,
        "accountValue": SIGNED_DOUBLE,
        "leverageType": words("Cross", "Isolated"),
        "liquidatedPositions": Rows(Fields("liquidated position", coin=COIN, szi=SIGNED_SZ)),
    },
    "vaultCreate": {"vault": ADDRESS, "usdc": AMOUNT, "fee": AMOUNT},
    "vaultDeposit": {"vault": ADDRESS, "usdc": AMOUNT},
    "vaultDistribution": {"vault": ADDRESS, "usdc": AMOUNT},
    "vaultWithdraw": {
        "vault": ADDRESS,
        "user": ADDRESS,
        "requestedUsd": AMOUNT,
        "commission": AMOUNT,
        "closingCost": AMOUNT,
        "basis": AMOUNT,
        "netWithdrawnUsd": AMOUNT,
    },
    "vaultLeaderCommission": {"user": ADDRESS, "usdc": AMOUNT},
    "rewardsClaim": {"amount": AMOUNT, "token": TOKEN_NAME},
    "cStakingTransfer": {"token": TOKEN_NAME, "amount": AMOUNT, "isDeposit": BOOL},
    "spotGenesis": {"token": TOKEN_NAME, "amount": AMOUNT},
    "deployGasAuction": {"token": TOKEN_NAME, "amount": AMOUNT},
    "borrowLend": {
        "token": TOKEN_NAME,
        "operation": words("supply", "withdraw", "repay", "borrow"),
        "amount": AMOUNT,
        "interestAmount": AMOUNT,
    },
    "activateDexAbstraction": {"dex": DEX, "token": TOKEN_NAME, "amount": AMOUNT},
}


class ByType(Shape):
    """An object whose `type` says which list it has to keep."""

    def __init__(self, lists: dict[str, Fields]) -> None:
        self.lists = lists

    def check(self, value: Any, path: str, seen: set[str]) -> None:
        expect(type(value) is dict, path, "an object is wanted", value)
        words(*self.lists).check(value.get("type"), f"{path}.type", seen)
        self.lists[value["type"]].check(value, path, seen)

    def parts(self) -> list[Shape]:
        return list(self.lists.values())


DELTA = ByType({kind: Fields(kind, type=words(kind), **more) for kind, more in DELTAS.items()})
LEDGER_ROW = Fields("ledger row", time=TIME, hash=HASH, delta=Later(lambda: DELTA))
