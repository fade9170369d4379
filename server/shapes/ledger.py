"""Rows of a user's money: funding payments and everything else that is no trade."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...sim.events import FundingPaid, FundingRate, LedgerRow
from ...sim.ids import ZERO_HASH
from ...sim.ledger import (
    AccountClassTransfer,
    DeployGasAuction,
    Deposit,
    InternalTransfer,
    LedgerChange,
    Send,
    SpotGenesis,
    SpotTransfer,
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


_DELTAS: dict[type[LedgerChange], Callable[[Any], dict[str, Any]]] = {
    Deposit: _deposit,
    Withdraw: _withdraw,
    AccountClassTransfer: _class_transfer,
    InternalTransfer: _internal_transfer,
    SpotTransfer: _spot_transfer,
    Send: _send,
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


def funding_rate_row(rate: FundingRate) -> dict[str, Any]:
    """A row of `fundingHistory`."""
    return {
        "coin": rate.coin,
        "fundingRate": rate_text(rate.rate),
        "premium": rate_text(rate.premium),
        "time": rate.time_ms,
    }
