"""Is long in a sub-account and short beside it, and unwinds what is left: scenario cascade.

The exchange lets those have sub-accounts who traded 100,000 dollars, so it does that first.
"""

import time

from connect import ADDRESS, URL, WALLET, connect, entry, mid
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
# Either leg may be gone: a close is of what is there, and reduce-only.
for name, leg in (("long", long), ("short", exchange)):
    answer = leg.market_close("ETH")  # None: there is no position
    print(f"the {name}:", "gone" if answer is None else entry(answer))
for fill in info.user_fills(ADDRESS)[:1]:
    print("last fill:", fill["dir"], fill["sz"], "at", fill["px"])
