"""Is long of an ETH, and short of one in its sub-account: scenario wrong-account."""

from connect import URL, WALLET, connect, entry, new_sub_account
from hyperliquid.exchange import Exchange

exchange, info = connect()
sub = new_sub_account(exchange, usd=20_000)
# Sent and signed with each order: it is for the sub-account.
second = Exchange(WALLET, URL, vault_address=sub, timeout=10)

print("long:", entry(exchange.market_open("ETH", True, 1)))
print("short:", entry(second.market_open("ETH", False, 1)))
(row,) = info.user_state(sub)["assetPositions"]
print("the sub-account has", row["position"]["szi"])
