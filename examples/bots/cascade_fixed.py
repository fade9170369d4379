"""Is long in a sub-account and short beside it, and unwinds what is left: scenario cascade."""

import time

from connect import ADDRESS, URL, WALLET, connect, entry, mid, new_sub_account
from hyperliquid.exchange import Exchange

exchange, info = connect()
sub = new_sub_account(exchange, usd=2_500)
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
