"""Rows of a user's money: funding payments and everything else that is no trade."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...sim.events import AccountLiquidated, FundingPaid, FundingRate, LedgerRow
from ...sim.ids import ZERO_HASH
from ...sim.ledger import (
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
from .text import decimal_text, px_text, rate_text, usd_text


def _deposit(delta: Deposit) -> dict[str, Any]:
    return {"usdc": usd_text(delta.usd)}


def _withdraw(delta: Withdraw) -> dict[str, Any]:
    return {"usdc": usd_text(delta.usd), "nonce": delta.nonce, "fee": usd_text(delta.fee)}


def _class_transfer(delta: AccountClassTransfer) -> dict[str, Any]:
    return {"usdc": usd_text(delta.usd), "toPerp": delta.to_perp}


def _internal_transfer(delta: InternalTransfer) -> dict[str, Any]:
    return {
        "usdc": usd_text(delta.usd),
        "user": delta.user,
        "destination": delta.destination,
        "fee": usd_text(delta.fee),
    }


def _spot_transfer(delta: SpotTransfer) -> dict[str, Any]:
    return {
        "token": delta.token,
        "amount": decimal_text(delta.amount, delta.decimals),
        "usdcValue": usd_text(delta.usd_value),
        "user": delta.user,
        "destination": delta.destination,
        "fee": decimal_text(delta.fee, delta.fee_decimals),
        "nativeTokenFee": "0.0",
        "nonce": delta.nonce,
        "feeToken": delta.fee_token,
    }


def _send(delta: Send) -> dict[str, Any]:
    return {
        "user": delta.user,
        "destination": delta.destination,
        "sourceDex": delta.source_dex,
        "destinationDex": delta.destination_dex,
        "token": delta.token,
        "amount": decimal_text(delta.amount, delta.decimals),
        "usdcValue": usd_text(delta.usd_value),
        "fee": decimal_text(delta.fee, delta.fee_decimals),
        "nativeTokenFee": "0.0",
        "nonce": delta.nonce,
        "feeToken": delta.fee_token,
    }


def _token_amount(delta: SpotGenesis | DeployGasAuction) -> dict[str, Any]:
    return {"token": delta.token, "amount": decimal_text(delta.amount, delta.decimals)}


def _liquidated(delta: Liquidated) -> dict[str, Any]:
    return {
        "liquidatedNtlPos": usd_text(delta.ntl),
        "accountValue": usd_text(delta.account_value),
        "leverageType": "Cross" if delta.is_cross else "Isolated",
        "liquidatedPositions": [
            {"coin": coin, "szi": px_text(szi)} for coin, szi in delta.positions
        ],
    }


def _rewards_claim(delta: RewardsClaim) -> dict[str, Any]:
    return {"amount": decimal_text(delta.amount, delta.decimals), "token": delta.token}


def _staking_transfer(delta: StakingTransfer) -> dict[str, Any]:
    return {
        "token": delta.token,
        "amount": decimal_text(delta.amount, delta.decimals),
        "isDeposit": delta.is_deposit,
    }


def _borrow_lent(delta: BorrowLent) -> dict[str, Any]:
    return {
        "token": delta.token,
        "operation": delta.operation,
        "amount": decimal_text(delta.amount, delta.decimals),
        "interestAmount": decimal_text(delta.interest, delta.decimals),
    }


def _sub_account_transfer(delta: SubAccountTransfer) -> dict[str, Any]:
    return {"usdc": usd_text(delta.usd), "user": delta.user, "destination": delta.destination}


def _vault_create(delta: VaultCreate) -> dict[str, Any]:
    return {"vault": delta.vault, "usdc": usd_text(delta.usd), "fee": usd_text(delta.fee)}


def _vault_move(delta: VaultDeposit | VaultDistribution) -> dict[str, Any]:
    return {"vault": delta.vault, "usdc": usd_text(delta.usd)}


def _vault_withdraw(delta: VaultWithdraw) -> dict[str, Any]:
    return {
        "vault": delta.vault,
        "user": delta.user,
        "requestedUsd": usd_text(delta.requested),
        "commission": usd_text(delta.commission),
        "closingCost": usd_text(delta.closing_cost),
        "basis": usd_text(delta.basis),
        "netWithdrawnUsd": usd_text(delta.net),
    }


def _vault_commission(delta: VaultLeaderCommission) -> dict[str, Any]:
    return {"user": delta.user, "usdc": usd_text(delta.usd)}


_DELTAS: dict[type[LedgerChange], Callable[[Any], dict[str, Any]]] = {
    Deposit: _deposit,
    Withdraw: _withdraw,
    AccountClassTransfer: _class_transfer,
    InternalTransfer: _internal_transfer,
    SpotTransfer: _spot_transfer,
    Send: _send,
    Liquidated: _liquidated,
    RewardsClaim: _rewards_claim,
    StakingTransfer: _staking_transfer,
    BorrowLent: _borrow_lent,
    SubAccountTransfer: _sub_account_transfer,
    VaultCreate: _vault_create,
    VaultDeposit: _vault_move,
    VaultDistribution: _vault_move,
    VaultLeaderCommission: _vault_commission,
    VaultWithdraw: _vault_withdraw,
    SpotGenesis: _token_amount,
    DeployGasAuction: _token_amount,
}


def ledger_row(row: LedgerRow) -> dict[str, Any]:
    """A row of `userNonFundingLedgerUpdates`, info and stream (info 7.2)."""
    delta = {"type": row.delta.kind, **_DELTAS[type(row.delta)](row.delta)}
    return {"time": row.time_ms, "hash": row.hash, "delta": delta}


def funding_row(paid: FundingPaid) -> dict[str, Any]:
    """A row of the info type `userFunding`. Observed: the hash is all zeros (contested 32)."""
    delta = {
        "type": "funding",
        "coin": paid.coin,
        "usdc": usd_text(paid.usd),
        "szi": px_text(paid.szi),
        "fundingRate": rate_text(paid.rate),
        "nSamples": None,
    }
    return {"time": paid.time_ms, "hash": ZERO_HASH, "delta": delta}


def funding_event(paid: FundingPaid) -> dict[str, Any]:
    """The flat form of the streams `userFundings` and `userEvents` (ws 3.13, 3.15)."""
    return {
        "time": paid.time_ms,
        "coin": paid.coin,
        "usdc": usd_text(paid.usd),
        "szi": px_text(paid.szi),
        "fundingRate": rate_text(paid.rate),
        "nSamples": None,
    }


def liquidation_event(event: AccountLiquidated) -> dict[str, Any]:
    """What `userEvents` tells of a liquidation; these keys alone are in snake case (ws 3.13)."""
    return {
        "lid": event.lid,
        "liquidator": event.liquidator,
        "liquidated_user": event.user,
        "liquidated_ntl_pos": usd_text(event.ntl),
        "liquidated_account_value": usd_text(event.account_value),
    }


def funding_rate_row(rate: FundingRate) -> dict[str, Any]:
    """A row of `fundingHistory`."""
    return {
        "coin": rate.coin,
        "fundingRate": rate_text(rate.rate),
        "premium": rate_text(rate.premium),
        "time": rate.time_ms,
    }
