"""Refusals of sub-accounts and vaults (exchange 5.2, 7.5)."""

from __future__ import annotations

from typing import Any

from refusals import ETH, FRESH, PURR_ID, World, earns
from wire import nonces, order

from hlsim.sim.errors import ActionReject

ALICE = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


def _create(w: World, name: str = "grid") -> Any:
    return w.alice.l1({"type": "createSubAccount", "name": name})


@earns(
    ActionReject.SUB_VOLUME,
    "Cannot create sub-accounts until enough volume traded. Required: $100000. Traded: $0.",
)
def _(w: World) -> Any:
    return _create(w)


@earns(ActionReject.SUB_TOO_MANY, "Too many sub-accounts.")
def _(w: World) -> Any:
    w.traded(w.alice, 100_000)
    return [_create(w, f"grid {number}") for number in range(11)][-1]


@earns(
    ActionReject.SUB_NAME,
    "Sub-account name must be between 1 and 16 characters long.",
)
def _(w: World) -> Any:
    return _create(w, "x" * 17)


@earns(
    ActionReject.SUB_ACCOUNT_FOREIGN,
    f"Sub-account {FRESH} is not registered to {ALICE}",
)
def _(w: World) -> Any:
    return w.alice.l1({"type": "subAccountModify", "subAccountUser": FRESH, "name": "grid"})


def _transfer(kind: str, *, is_deposit: bool, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "subAccountUser": FRESH, "isDeposit": is_deposit, **fields}


@earns(
    ActionReject.SUB_TRANSFER,
    f"Invalid sub-account transfer from {ALICE} to {FRESH}",
)
def _(w: World) -> Any:
    return w.alice.l1(_transfer("subAccountTransfer", is_deposit=True, usd=1_000_000))


@earns(
    ActionReject.SUB_TRANSFER,
    f"Invalid sub-account transfer from {FRESH} to {ALICE}",
)
def _(w: World) -> Any:
    fields = {"token": PURR_ID, "amount": "1"}
    return w.alice.l1(_transfer("subAccountSpotTransfer", is_deposit=False, **fields))


# -- vaults ----------------------------------------------------------------------------------------


def _open(
    w: World, usd: int = 1_000, *, name: str = "Grid", description: str = "Buys low, sells high."
) -> Any:
    nonce = next(nonces)
    terms = {"name": name, "description": description, "initialUsd": usd * 10**6}
    return w.alice.l1({"type": "createVault", **terms, "nonce": nonce}, nonce=nonce)


def _vault(w: World, usd: int = 1_000) -> str:
    """Alice leads a vault with `usd` of hers in it."""
    return str(_open(w, usd)["response"]["data"])


def _move(vault: str, usd: str, *, is_deposit: bool) -> dict[str, Any]:
    amount = int(usd.replace(".", ""))
    fields = {"vaultAddress": vault, "isDeposit": is_deposit, "usd": amount}
    return {"type": "vaultTransfer", **fields}


def _deposit(w: World, vault: str, usd: str) -> Any:
    """Bob puts `usd`, six decimals long, into the vault."""
    return w.bob.l1(_move(vault, usd, is_deposit=True))


def _withdraw(w: World, vault: str, usd: str) -> Any:
    return w.bob.l1(_move(vault, usd, is_deposit=False))


def _modify(vault: str, allow: bool | None) -> dict[str, Any]:
    settings = {"allowDeposits": allow, "alwaysCloseOnWithdraw": None}
    return {"type": "vaultModify", "vaultAddress": vault, **settings}


def _distribute(w: World, vault: str, usd: int) -> Any:
    return w.alice.l1({"type": "vaultDistribute", "vaultAddress": vault, "usd": usd})


@earns(ActionReject.VAULT_NAME, "Vault name must be between 3 and 50 characters long.")
def _(w: World) -> Any:
    return _open(w, name="xy")


@earns(
    ActionReject.VAULT_DESCRIPTION,
    "Vault description must be between 10 and 250 characters long.",
)
def _(w: World) -> Any:
    return _open(w, description="x" * 251)


@earns(ActionReject.VAULT_INITIAL, "Initial deposit in vault is less than $100")
def _(w: World) -> Any:
    return _open(w, 99)


@earns(ActionReject.VAULT_CREATE_BALANCE, "Insufficient balance to create vault")
def _(w: World) -> Any:
    return _open(w, 99_901)


@earns(ActionReject.NONCE_MISMATCH, "Nonce mismatch.")
def _(w: World) -> Any:
    terms = {"name": "Grid", "description": "Buys low, sells high.", "initialUsd": 100_000_000}
    return w.alice.l1({"type": "createVault", **terms, "nonce": next(nonces)})


@earns(ActionReject.VAULT_NO_DEPOSITS, "This vault does not accept deposits")
def _(w: World) -> Any:
    vault = _vault(w)
    assert w.alice.l1(_modify(vault, False))["status"] == "ok"
    return _deposit(w, vault, "10.000000")


@earns(ActionReject.VAULT_DEPOSIT_SMALL, "Vault deposits must be at least $5.")
def _(w: World) -> Any:
    return _deposit(w, _vault(w), "4.990000")


@earns(ActionReject.DEPOSIT_BALANCE, "Insufficient funds available to deposit.")
def _(w: World) -> Any:
    return _deposit(w, _vault(w), "100000.000001")


@earns(
    ActionReject.VAULT_LEADER_SHARE,
    "vault_transfer: Deposit causes leader share to drop below 5%.",
)
def _(w: World) -> Any:
    return _deposit(w, _vault(w), "19001.000000")


@earns(ActionReject.VAULT_ZERO_BALANCE, "Cannot withdraw with zero balance in vault")
def _(w: World) -> Any:
    return _withdraw(w, _vault(w), "1.000000")


@earns(
    ActionReject.VAULT_LOCKED,
    "Cannot withdraw during lockup period after depositing.",
)
def _(w: World) -> Any:
    vault = _vault(w)
    assert _deposit(w, vault, "10.000000")["status"] == "ok"
    w.server.clock.advance(hours=1)
    return _withdraw(w, vault, "1.000000")


@earns(ActionReject.VAULT_EQUITY, "Insufficient vault equity for withdrawal")
def _(w: World) -> Any:
    return _distribute(w, _vault(w), 1_000_000_001)


@earns(ActionReject.VAULT_LEADER_ONLY, "Only leader can perform this vault action")
def _(w: World) -> Any:
    return w.bob.l1(_modify(_vault(w), None))


@earns(ActionReject.VAULT_DISTRIBUTE_SMALL, "Must distribute at least $10")
def _(w: World) -> Any:
    return _distribute(w, _vault(w), 9_999_999)


@earns(
    ActionReject.VAULT_POSITIONS,
    "All positions must be closed before the vault can close.",
)
def _(w: World) -> Any:
    vault = _vault(w)
    w.bob.sells(ETH, "1", "1920")
    action = {"type": "order", "orders": [order(ETH, "1", "1920")], "grouping": "na"}
    assert "filled" in str(w.alice.l1(action, vault=vault))
    return _distribute(w, vault, 0)


@earns(ActionReject.VAULT_UNKNOWN, f"Vault not registered: {FRESH}")
def _(w: World) -> Any:
    return _deposit(w, FRESH, "10.000000")


@earns(ActionReject.VAULT_UNKNOWN, f"Vault not registered: {ALICE}")
def _(w: World) -> Any:
    return w.alice.l1({"type": "noop"}, vault=w.alice.address)
