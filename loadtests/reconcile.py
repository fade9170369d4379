"""After a load test: do the accounts hold what their own fills say? To the last micro-dollar."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests
from pools import DEPOSIT_USD, Prices, sign

from hlsim.server.bench_client import Wallet

PAGE = 2000
"""Most fills of one answer."""
KEPT = 10_000
"""Most fills of one account that can be asked for."""


@dataclass(frozen=True)
class Books:
    """What one account traded, by its fills, and what is wrong with its state."""

    fills: int
    volume: Decimal
    faults: list[str]


def cancel_everything(prices: Prices, wallet: Wallet) -> None:
    """Cancels all open orders of an account, so that its state stands still.

    Raises RuntimeError when the exchange will not have it.
    """
    assets = {row["name"]: index for index, row in enumerate(prices.ask("meta")["universe"])}
    rows = prices.ask("openOrders", user=wallet.address)
    cancels = [{"a": assets[row["coin"]], "o": row["oid"]} for row in rows]
    for first in range(0, len(cancels), 100):
        body = sign(wallet, {"type": "cancel", "cancels": cancels[first : first + 100]})
        headers = {"Content-Type": "application/json"}
        reply = requests.post(f"{prices.url}/exchange", data=body, headers=headers, timeout=10)
        if reply.json()["status"] != "ok":
            raise RuntimeError(f"{wallet.address} cannot cancel: {reply.text}")


def all_fills(prices: Prices, user: str) -> list[dict[str, Any]]:
    """Every fill of `user`, page by page; pages overlap by the fills of one millisecond."""
    found: dict[int, dict[str, Any]] = {}
    start_ms = 0
    while True:
        page = prices.ask("userFillsByTime", user=user, startTime=start_ms)
        new = [row for row in page if row["tid"] not in found]
        found.update((row["tid"], row) for row in new)
        if len(page) < PAGE or not new:
            return list(found.values())
        start_ms = max(row["time"] for row in page)


def reconcile(prices: Prices, user: str) -> Books:
    """Rebuilds ledger and positions of `user` from deposit, fills and funding, and compares.

    Cross margin's ledger is deposits - sum of signed notionals - fees + funding: no price and no
    rounding in it, so every digit must agree.
    """
    fills = all_fills(prices, user)
    ledger = Decimal(DEPOSIT_USD)
    positions: dict[str, Decimal] = {}
    for row in fills:
        signed = Decimal(row["sz"]) if row["side"] == "B" else -Decimal(row["sz"])
        positions[row["coin"]] = positions.get(row["coin"], Decimal(0)) + signed
        ledger -= signed * Decimal(row["px"]) + Decimal(row["fee"])
    for row in prices.ask("userFunding", user=user, startTime=0):
        ledger += Decimal(row["delta"]["usdc"])

    state = prices.ask("clearinghouseState", user=user)
    held = {
        row["position"]["coin"]: Decimal(row["position"]["szi"]) for row in state["assetPositions"]
    }
    faults = []
    if len(fills) >= KEPT:
        faults.append(f"{user}: older fills are gone, only a shorter run can be reconciled")
    if (raw := Decimal(state["marginSummary"]["totalRawUsd"])) != ledger:
        faults.append(f"{user}: ledger {raw}, its fills make {ledger}")
    if (expected := {coin: szi for coin, szi in positions.items() if szi}) != held:
        faults.append(f"{user}: positions {held}, its fills make {expected}")
    if prices.ask("openOrders", user=user):
        faults.append(f"{user}: orders are left after all were cancelled")
    volume = sum((Decimal(row["px"]) * Decimal(row["sz"]) for row in fills), Decimal(0))
    return Books(len(fills), volume, faults)
