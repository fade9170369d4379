"""How ccxt for Python is pointed at hlsim, and what its drivers say again and again.

ccxt signs as mainnet: the drivers are for `hlsim serve --chain mainnet --market static`.
"""

from __future__ import annotations

from typing import Any

import ccxt
from steps import ADDRESS, FRIEND, FRIEND_KEY, KEY, OTHER, OTHER_KEY, URL

BTC, ETH, HYPE = "BTC/USDC:USDC", "ETH/USDC:USDC", "HYPE/USDC"
CLOIDS = ["0x" + "0" * 31 + digit for digit in "123"]


def client(address: str, key: str, **more: Any) -> Any:
    """One line differs from a client of the exchange: where the API is."""
    return ccxt.hyperliquid(
        {
            "walletAddress": address,
            "privateKey": key,
            "urls": {"api": {"public": URL, "private": URL}},
            "enableRateLimit": False,
            **more,
        }
    )


bot = client(ADDRESS, KEY)
friend = client(FRIEND, FRIEND_KEY)
other = client(OTHER, OTHER_KEY)


def price(symbol: str, factor: float) -> float:
    """A price at `factor` times the mid."""
    return float(bot.price_to_precision(symbol, bot.fetch_ticker(symbol)["last"] * factor))


def trade(amount: float) -> None:
    """Bot and friend buy and sell among themselves, at the mid."""
    for maker, taker in ((friend, bot), (bot, friend)):
        px = price(BTC, 1)
        maker.create_order(BTC, "limit", "sell", amount, px, {"postOnly": True})
        taker.create_order(BTC, "limit", "buy", amount, px, {"timeInForce": "IOC"})


def rests(order: Any) -> Any:
    """The order as the exchange lists it among the open ones."""
    return bot.fetch_order(order["id"], BTC)


def refused(error: type[Exception], act: Any, *arguments: Any, **more: Any) -> str:
    """What a call says that must fail."""
    try:
        act(*arguments, **more)
    except error as told:
        return str(told)
    raise AssertionError("it was accepted")
