"""Buys an ETH for the account that it is told, once it knows who that is: scenario own-vault."""

from connect import ADDRESS, URL, WALLET, connect, entry
from hyperliquid.exchange import Exchange

exchange, info = connect()
role = info.user_role(ADDRESS)["role"]
vault = ADDRESS if role in ("vault", "subAccount") else None
print(ADDRESS, "is a", role)
exchange = Exchange(WALLET, URL, vault_address=vault, timeout=10)
print(entry(exchange.market_open("ETH", True, 1)))
