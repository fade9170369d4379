"""What is made with the first request is made once, however many servers get theirs at a time."""

from __future__ import annotations

import subprocess
import sys

import pytest

READERS = """\
import json, sys
from threading import Barrier, Thread

from hlsim.server.envelope import read_envelope

ORDER = {"a": 0, "b": True, "p": "1", "s": "1", "r": False, "t": {"limit": {"tif": "Gtc"}}}
SIGNATURE = {"r": "0x" + "11" * 32, "s": "0x" + "22" * 32, "v": 27}
ACTION = {"type": "order", "orders": [ORDER], "grouping": "na"}
BODY = json.dumps({"action": ACTION, "nonce": 1, "signature": SIGNATURE}).encode()
TOGETHER = Barrier(4)
failed = []

def read():
    TOGETHER.wait()
    try:
        for _ in range(200):
            read_envelope(BODY)
    except Exception as error:
        failed.append(repr(error))

sys.setswitchinterval(1e-6)
threads = [Thread(target=read) for _ in range(4)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(failed)
"""
"""In a fresh process: else the first request was long ago."""


@pytest.mark.parametrize("attempt", range(3))
def test_the_first_orders_of_servers_in_several_threads_are_read(attempt: int) -> None:
    whole = [sys.executable, "-c", READERS]
    done = subprocess.run(whole, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "[]\n"
