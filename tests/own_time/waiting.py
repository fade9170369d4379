"""Waits in all the ways there are, and prints how long each took by the clocks of this process."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import queue
import select
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

found: dict[str, float] = {}


def took(name, wait):
    began = time.monotonic()
    wait()
    found[name] = round(time.monotonic() - began, 1)


def timed_out(wait):
    def run():
        try:
            wait()
        except (TimeoutError, queue.Empty):
            return
        raise AssertionError("it did not time out")

    return run


def wait_for_condition():
    condition = threading.Condition()
    with condition:
        assert not condition.wait(40)


def join_in_time():
    thread = threading.Thread(target=time.sleep, args=(100,), daemon=True)
    thread.start()
    thread.join(50)
    assert thread.is_alive()
    thread.join()
    threading.Thread(target=time.sleep, args=(900,), daemon=True).start()
    thread.join()


def join_together():
    """All of them go on at once when it ends."""
    thread = threading.Thread(target=time.sleep, args=(12,))
    thread.start()
    with ThreadPoolExecutor(3) as pool:
        joined = [pool.submit(thread.join, limit) for limit in (None, 100, 5)]
        thread.join()
    assert [one.result() for one in joined] == [None] * 3
    assert not thread.is_alive()


def receive_nothing():
    ours, _theirs = socket.socketpair()
    ours.settimeout(70)
    ours.recv(1)


async def call_later():
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_later(80, done.set)
    await done.wait()


async def never():
    await asyncio.wait_for(asyncio.Event().wait(), 90)


def look_for_events():
    ours, theirs = socket.socketpair()
    with select.epoll() as events:
        events.register(ours, select.EPOLLIN)
        assert events.poll(60) == []
        threading.Timer(8, theirs.send, (b"x",)).start()
        assert events.poll() == [(ours.fileno(), select.EPOLLIN)]
    assert events.closed


def in_a_pool():
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(time.sleep, [30, 10, 20, 5])) == [None] * 4


started = [time.time(), time.time_ns() / 1e9, datetime.datetime.now().timestamp()]
started += [datetime.datetime.now(datetime.UTC).timestamp()]
stamps = [str(datetime.date.today()), time.strftime("%Y-%m-%d"), time.ctime()[-4:]]
stamps += [datetime.datetime.today().date().isoformat(), f"{time.gmtime().tm_year}"]
stamps += [datetime.datetime.utcnow().isoformat(timespec="minutes")]
kept = isinstance(datetime.datetime.now(), datetime.datetime)
mutex = threading.Lock()
mutex.acquire()
took("sleep", lambda: time.sleep(10))
took("event", lambda: threading.Event().wait(20))
took("lock", lambda: mutex.acquire(timeout=30))
took("condition", wait_for_condition)
took("queue", timed_out(lambda: queue.Queue().get(timeout=45)))
took("simple queue", timed_out(lambda: queue.SimpleQueue().get(timeout=46)))
took("join", join_in_time)
took("several joins", join_together)
took("select", lambda: select.select([], [], [], 60))
took("poll", lambda: select.poll().poll(65_000))
if hasattr(select, "epoll"):
    took("epoll", look_for_events)
else:
    took("epoll", lambda: time.sleep(68))
took("socket", timed_out(receive_nothing))
took("asyncio.sleep", lambda: asyncio.run(asyncio.sleep(75)))
took("call_later", lambda: asyncio.run(call_later()))
took("wait_for", timed_out(lambda: asyncio.run(never())))
took("pool", in_a_pool)
took("timer", lambda: (timer := threading.Timer(55, print), timer.start(), timer.join()))
total = [time.time() - started[0], time.perf_counter_ns() / 1e9 - 100_000]
print(json.dumps({"took": found, "started": started, "stamps": stamps, "total": total}))
assert kept, os.getpid()
