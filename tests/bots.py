"""A bot made of the official SDK's classes, and what its tests say again and again."""

from __future__ import annotations

from typing import Any

import eth_account
from hyperliquid.exchange import Exchange

GTC = {"limit": {"tif": "Gtc"}}
ALO = {"limit": {"tif": "Alo"}}
IOC = {"limit": {"tif": "Ioc"}}
OK = {"status": "ok", "response": {"type": "default"}}


class Bot:
    """A client of one account, made with the official classes only."""

    def __init__(self, server: Any, account: Any, metas: tuple[Any, Any]) -> None:
        self.server = server
        self.wallet = eth_account.Account.from_key(account.key)
        self.address = self.wallet.address
        meta, spot_meta = metas
        self.exchange = Exchange(self.wallet, server.url, meta=meta, spot_meta=spot_meta)
        self.info = self.exchange.info

    def mid(self, coin: str) -> float:
        return float(self.info.all_mids()[self.info.name_to_coin[coin]])

    def price(self, coin: str, factor: float) -> float:
        """A legal price at `factor` times the mid."""
        decimals = 6 - self.info.asset_to_sz_decimals[self.info.name_to_asset(coin)]
        if self.info.name_to_asset(coin) >= 10_000:
            decimals += 2
        return round(float(f"{self.mid(coin) * factor:.5g}"), decimals)

    def positions(self) -> dict[str, str]:
        state = self.info.user_state(self.address)
        return {p["position"]["coin"]: p["position"]["szi"] for p in state["assetPositions"]}


def statuses(reply: Any) -> list[Any]:
    """The statuses of a reply that must be ok."""
    assert reply["status"] == "ok", reply
    return reply["response"]["data"]["statuses"]


def one(reply: Any) -> Any:
    """The only status of a reply."""
    found = statuses(reply)
    assert len(found) == 1
    return found[0]
