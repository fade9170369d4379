"""Buys what the perp PUMP is about and sells as much of the perp: scenario same-name."""

import sys

from connect import connect, entry, mid

COIN, SZ = "PUMP", 500_000
SPOT = {"BTC": "UBTC/USDC", "ETH": "UETH/USDC", "PUMP": "UPUMP/USDC"}  # nobody but you knows

exchange, info = connect()
spot, perp = mid(info, info.name_to_coin[SPOT[COIN]]), mid(info, COIN)
if abs(spot / perp - 1) > 0.02:
    sys.exit(f"{SPOT[COIN]} at {spot} is not what {COIN} at {perp} is about")
print("spot:", entry(exchange.market_open(SPOT[COIN], True, SZ)))
print("perp:", entry(exchange.market_open(COIN, False, SZ)))
