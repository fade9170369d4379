"""A bot that keeps a position at its target, and a stop under it, whatever becomes of its requests.

`python keeper.py ETH 0.5` with HYPERLIQUID_API_URL and HYPERLIQUID_PK in the environment.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from typing import Any

import requests
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.error import ServerError
from hyperliquid.utils.types import Cloid

LOST = (requests.ConnectionError, requests.Timeout, ServerError)
"""After these nobody knows whether the exchange did what it was asked to."""
STOP_DISTANCE = 0.05
TIMEOUT_S = 5.0
PAUSE_S = 10.0


class Keeper:
    """Keeps the position of one coin."""

    def __init__(self, url: str, key: str, coin: str) -> None:
        wallet = Account.from_key(key)
        self.address: str = wallet.address
        self.coin = coin
        self.info = Info(url, skip_ws=True, timeout=TIMEOUT_S)
        self.exchange = Exchange(wallet, url, timeout=TIMEOUT_S)
        asset = self.info.name_to_asset(coin)
        self._sz_decimals: int = self.info.asset_to_sz_decimals[asset]
        self._asked: Cloid | None = None
        """Of the order whose reply was lost."""

    def position(self) -> float:
        """What we hold, negative when short."""
        for row in self.info.user_state(self.address)["assetPositions"]:
            if row["position"]["coin"] == self.coin:
                return float(row["position"]["szi"])
        return 0.0

    def step(self, target: float) -> str:
        """Looks where we stand and does one thing about it. Returns what that was."""
        if self._asked is not None:
            # A lost reply: before anything is sent again we have to know what became of it.
            found = self.info.query_order_by_cloid(self.address, self._asked)
            self._asked = None
            if found["status"] == "order":
                return "lost reply: it was done"
        missing = round(target - self.position(), self._sz_decimals)
        cloid = Cloid.from_int(secrets.randbits(127))
        try:
            return self._trade(missing, cloid) if missing else self._protect(target, cloid)
        except LOST:
            self._asked = cloid
            return "lost"

    def _trade(self, sz: float, cloid: Cloid) -> str:
        return _said(self.exchange.market_open(self.coin, sz > 0, abs(sz), cloid=cloid))

    def _protect(self, position: float, cloid: Cloid) -> str:
        """One stop for the whole position, and no other."""
        stops = [
            order
            for order in self.info.frontend_open_orders(self.address)
            if order["coin"] == self.coin and order["isTrigger"]
        ]
        good = [order for order in stops if float(order["sz"]) == abs(position)]
        for order in stops:
            if order not in good[:1]:
                self.exchange.cancel(self.coin, order["oid"])
        if good or not position:
            return "kept"
        side = 1 if position > 0 else -1
        px = float(self.info.all_mids()[self.coin]) * (1 - side * STOP_DISTANCE)
        limit_px = self._round(px * (1 - side * 0.1))
        stop: Any = {"isMarket": True, "triggerPx": self._round(px), "tpsl": "sl"}
        answer = self.exchange.order(
            self.coin,
            position < 0,
            abs(position),
            limit_px,
            {"trigger": stop},
            reduce_only=True,
            cloid=cloid,
        )
        return _said(answer)

    def _round(self, px: float) -> float:
        """Five significant figures, and no more decimals than the coin allows."""
        return round(float(f"{px:.5g}"), 6 - self._sz_decimals)


def _said(answer: dict[str, Any]) -> str:
    if answer["status"] != "ok":
        return f"refused: {answer['response']}"
    (status,) = answer["response"]["data"]["statuses"]
    return f"refused: {status['error']}" if "error" in status else next(iter(status))


def main() -> None:
    """Keeps a position until it is stopped."""
    if len(sys.argv) != 3:
        sys.exit("usage: python keeper.py COIN SIZE, as in: python keeper.py ETH 0.5")
    coin, target = sys.argv[1], float(sys.argv[2])
    keeper = Keeper(os.environ["HYPERLIQUID_API_URL"], os.environ["HYPERLIQUID_PK"], coin)
    while True:
        print(keeper.step(target), flush=True)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
