"""Is long in a sub-account and short beside it, and unwinds both in a crash: scenario cascade.

The exchange lets those have sub-accounts who traded 100,000 dollars, so it does that first.
"""

import time

from connect import URL, WALLET, connect, entry, mid
from hyperliquid.exchange import Exchange

exchange, info = connect()
for is_buy in (True, False):
    exchange.market_open("BTC", is_buy, 1)
sub = exchange.create_sub_account("long")["response"]["data"]
exchange.sub_account_transfer(sub, True, 2_500_000_000)  # millionths of a dollar
long = Exchange(WALLET, URL, vault_address=sub, timeout=10)
print("long:", entry(long.market_open("ETH", True, 20)))
print("short:", entry(exchange.market_open("ETH", False, 20)))
while mid(info, "ETH") > 1700:
    time.sleep(0.2)
# The long was liquidated, and the short was closed against it.
long.market_close("ETH")
print("the short bought back:", entry(exchange.market_open("ETH", True, 20)))
