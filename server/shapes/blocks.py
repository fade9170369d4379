"""Blocks and transactions, as the explorer shows them."""

from __future__ import annotations

from typing import Any

from ...sim.events import BlockEnded, Transaction
from ...sim.fixed import Address
from ...sim.ids import ZERO_ADDRESS, block_hash
from ...sim.view import View
from ..canonical import wire_form
from ..encode import plain_text


def block_row(view: View, block: BlockEnded, transactions: int) -> dict[str, Any]:
    """An element of `explorerBlock` and the head of `blockDetails` (ws 3.23)."""
    return {
        "blockTime": block.time_ms,
        "hash": block_hash(block.height, block.time_ms),
        "height": block.height,
        "numTxs": transactions,
        "proposer": _proposer(view, block.height),
    }


def _proposer(view: View, height: int) -> Address:
    """Assumed: the active validators take turns; nobody where there are none."""
    validators = view.state.stakes.validators.items()
    active = [address for address, validator in validators if validator.is_active]
    return active[height % len(active)] if active else Address(ZERO_ADDRESS)


def transaction_row(one: Transaction) -> dict[str, Any]:
    """An element of `explorerTxs`, and the `tx` of `txDetails` (ws 3.23).

    Assumed: `action` is the form that was signed, without the chain and the id of its signature;
    `error` tells why the whole action was refused, not what became of single orders.
    """
    return {
        "action": wire_form(one.action),
        "block": one.height,
        "error": None if one.refusal is None else plain_text(one.refusal),
        "hash": one.hash,
        "time": one.time_ms,
        "user": one.user,
    }
