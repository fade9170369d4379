"""A bot of the official SDK that has other processes decide what it trades."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

URL = os.environ["HYPERLIQUID_API_URL"]


def is_even(mid):
    time.sleep(0.5)
    return sum(map(ord, mid)) % 2 == 0


def say(*words):
    print(f"{time.time():.6f}", *words, flush=True)


async def decide(pool, mids):
    loop = asyncio.get_running_loop()
    asked = (loop.run_in_executor(pool, is_even, mids[coin]) for coin in ("BTC", "ETH", "SOL"))
    say(*await asyncio.gather(*asked))


def main():
    info = Info(URL, skip_ws=True)
    exchange = Exchange(Account.from_key(os.environ["HYPERLIQUID_PK"]), URL)
    way = multiprocessing.get_context(os.environ["POOL"])
    with ProcessPoolExecutor(2, mp_context=way) as pool:
        for _ in range(3):
            mids = info.all_mids()
            for buys in pool.map(is_even, [mids["BTC"], mids["ETH"], mids["SOL"]]):
                say(exchange.market_open("BTC", buys, 0.001)["status"])
            time.sleep(30)
        asyncio.run(decide(pool, info.all_mids()))


if __name__ == "__main__":
    main()
