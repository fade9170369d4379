"""Is long in a sub-account and short beside it, and unwinds both in a crash: scenario cascade."""

import time

from connect import URL, WALLET, connect, entry, mid, new_sub_account
from hyperliquid.exchange import Exchange

exchange, info = connect()
sub = new_sub_account(exchange, usd=2_500)
long = Exchange(WALLET, URL, vault_address=sub, timeout=10)
print("long:", entry(long.market_open("ETH", True, 20)))
print("short:", entry(exchange.market_open("ETH", False, 20)))
while mid(info, "ETH") > 1700:
    time.sleep(0.2)
# The long was liquidated, and the short was closed against it.
long.market_close("ETH")
print("the short bought back:", entry(exchange.market_open("ETH", True, 20)))
