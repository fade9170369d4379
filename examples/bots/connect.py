"""What every bot in this folder begins with: the official SDK, told where the exchange is."""

from __future__ import annotations

import os
import secrets

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils import constants
from hyperliquid.utils.signing import sign_l1_action
from hyperliquid.utils.types import Cloid

URL = os.environ.get("HYPERLIQUID_API_URL", constants.LOCAL_API_URL)
WALLET = Account.from_key(os.environ["HYPERLIQUID_PK"])
ADDRESS = WALLET.address
GTC, IOC, ALO = ({"limit": {"tif": tif}} for tif in ("Gtc", "Ioc", "Alo"))


def connect(skip_ws: bool = True) -> tuple[Exchange, Info]:
    """Both clients, which give up on a reply after ten seconds."""
    info = Info(URL, skip_ws=skip_ws, timeout=10)
    return Exchange(WALLET, URL, timeout=10), info


def new_cloid() -> Cloid:
    """A name for an order that no order had before."""
    return Cloid.from_str("0x" + secrets.token_hex(16))


def mid(info: Info, coin: str) -> float:
    return float(info.all_mids()[coin])


def position(info: Info, coin: str, address: str = ADDRESS) -> float:
    """The signed size that an account has, 0 without a position."""
    rows = [row["position"] for row in info.user_state(address)["assetPositions"]]
    return sum(float(row["szi"]) for row in rows if row["coin"] == coin)


def trigger(kind: str, px: float, is_market: bool = True) -> dict:
    """The type of an order that sleeps until the mark is at a price: kind is tp or sl."""
    return {"trigger": {"isMarket": is_market, "triggerPx": px, "tpsl": kind}}


def entry(answer: dict) -> dict:
    """What became of the only order of an answer: resting, filled or error."""
    if answer["status"] != "ok":
        return {"error": answer["response"]}
    return answer["response"]["data"]["statuses"][0]


def send(exchange: Exchange, action: dict, nonce: int, is_mainnet: bool = False) -> dict:
    """What an action is answered that is signed by hand, as those do who want to be quick."""
    signature = sign_l1_action(WALLET, action, None, nonce, None, is_mainnet)
    return exchange.post("/exchange", {"action": action, "nonce": nonce, "signature": signature})


def new_sub_account(exchange: Exchange, usd: int) -> str:
    """The address of a sub-account with so much money.

    The exchange lets those have one who traded 100,000 dollars, so it does that first.
    """
    for is_buy in (True, False):
        exchange.market_open("BTC", is_buy, 1)
    sub = exchange.create_sub_account("second")["response"]["data"]
    exchange.sub_account_transfer(sub, True, usd * 1_000_000)
    return sub
