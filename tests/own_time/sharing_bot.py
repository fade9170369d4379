"""Asks the exchange from several processes at once, each as fast as the machine lets it."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import subprocess
import sys
import time

PORT = int(os.environ["HLSIM_URL"].rpartition(":")[2])


def work():
    """For a while of the machine's own, another one each time."""
    with open("/dev/urandom", "rb") as file:
        until = time.process_time() + file.read(1)[0] / 2000
    while time.process_time() < until:
        pass


def ask(coin):
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    for _ in range(5):
        work()
        body = json.dumps({"type": "l2Book", "coin": coin})
        connection.request("POST", "/info", body, {"content-type": "application/json"})
        connection.getresponse().read()
    connection.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        ask(sys.argv[1])
    else:
        child = subprocess.Popen([sys.executable, __file__, "SOL"])
        others = [multiprocessing.Process(target=ask, args=(coin,)) for coin in ("BTC", "ETH")]
        for other in others:
            other.start()
            ask("HYPE")
        child.wait()
        for other in others:
            other.join()
