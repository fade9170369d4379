"""What a bot's environment imports before anything of hlsim runs: it binds what it finds."""

from __future__ import annotations

import functools
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

LOCK = threading.Lock()
REENTRANT = threading.RLock()
LOCKS = {"lock": [threading.Lock()]}
CONDITION = threading.Condition()
EVENT = threading.Event()
QUEUE: queue.Queue[str] = queue.Queue()


def in_a_row(seconds, wait=sleep, *, clock=monotonic):
    began = clock()
    wait(seconds)
    return round(clock() - began, 1)


class Ticker:
    lock = threading.Lock()
    clock = monotonic
    make_queue = queue.SimpleQueue

    @staticmethod
    def wait(seconds, wait=sleep):
        wait(seconds)

    @functools.cached_property
    def slow(self):
        sleep(3)
        return "slow"


TICKER = Ticker()
POOL = ThreadPoolExecutor(2)


class Proxy:
    """Stands for something that is not there yet."""

    @property
    def __dict__(self):
        raise RuntimeError

    __class__ = __dict__


PROXY = Proxy()
