"""An asyncio bot: several requests at once over several connections, timers, and a socket."""

from __future__ import annotations

import asyncio
import json
import os
import time
from urllib.parse import urlsplit

import websockets

URL = urlsplit(os.environ["HLSIM_URL"])
ADDRESS = os.environ["HYPERLIQUID_ACCOUNT_ADDRESS"]


def say(*words):
    print(f"{time.time():.6f}", *words, flush=True)


async def ask(question):
    reader, writer = await asyncio.open_connection(URL.hostname, URL.port)
    body = json.dumps(question).encode()
    head = f"POST /info HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
    writer.write(head.encode() + b"content-type: application/json\r\nconnection: close\r\n\r\n")
    writer.write(body)
    answer = await reader.read()
    writer.close()
    say(question["type"], len(answer), answer[-60:])


async def listen():
    async with websockets.connect(f"ws://{URL.netloc}/ws") as socket:
        subscription = {"type": "l2Book", "coin": "BTC"}
        await socket.send(json.dumps({"method": "subscribe", "subscription": subscription}))
        async for text in socket:
            say("heard", text[:120])


async def main():
    listening = asyncio.create_task(listen())
    asyncio.get_running_loop().call_later(15, say, "timer")
    for _ in range(8):
        kinds = ("allMids", "meta", "clearinghouseState", "openOrders")
        await asyncio.gather(*(ask({"type": kind, "user": ADDRESS}) for kind in kinds))
        await asyncio.sleep(5)
    listening.cancel()


asyncio.run(main())
