"""How the official SDK is pointed at hlsim, and what its drivers say again and again.

It signs as testnet for every URL that is not the mainnet's: `hlsim serve --market static`.
"""

from __future__ import annotations

from typing import Any

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid
from steps import ADDRESS, FRIEND_KEY, KEY, URL

GTC, ALO, IOC = ({"limit": {"tif": tif}} for tif in ("Gtc", "Alo", "Ioc"))
CLOIDS = [Cloid.from_int(number) for number in (1, 2, 3)]
OK = {"status": "ok", "response": {"type": "default"}}

info = Info(URL, skip_ws=True)


def client(key: str, **more: Any) -> Exchange:
    """One argument differs from a client of the exchange: where the API is."""
    return Exchange(Account.from_key(key), URL, **more)


bot = client(KEY)
friend = client(FRIEND_KEY)


def price(name: str, factor: float) -> float:
    """A price at `factor` times the mid, with five digits."""
    mid = float(info.all_mids()[info.name_to_coin[name]])
    return float(f"{mid * factor:.5g}")


def trade(sz: float) -> None:
    """Bot and friend buy and sell among themselves, at the mid."""
    for maker, taker in ((friend, bot), (bot, friend)):
        px = price("BTC", 1)
        only(maker.order("BTC", False, sz, px, ALO))
        only(taker.order("BTC", True, sz, px, IOC))


def statuses(reply: Any) -> list[Any]:
    """What became of each order or cancel of a request."""
    assert reply["status"] == "ok", reply
    found: list[Any] = reply["response"]["data"]["statuses"]
    return found


def only(reply: Any) -> Any:
    """The same, where there is one, and it was accepted."""
    (status,) = statuses(reply)
    assert "error" not in status, status
    return status


def rests(sz: float = 0.001, **more: Any) -> int:
    """The oid of a new buy order far from the market."""
    oid: int = only(bot.order("BTC", True, sz, price("BTC", 0.8), GTC, **more))["resting"]["oid"]
    return oid


def status_of(oid: int) -> str:
    status: str = info.query_order_by_oid(ADDRESS, oid)["order"]["status"]
    return status


def position(name: str, user: str = ADDRESS) -> Any:
    """The position of that name, or None."""
    rows = [row["position"] for row in info.user_state(user)["assetPositions"]]
    return next((row for row in rows if row["coin"] == name), None)
