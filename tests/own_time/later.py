"""Uses what `earlier.py` has bound, and prints how long it took and what came of it."""

from __future__ import annotations

import json
import threading
import time

import earlier

found: dict[str, object] = {}


def took(name, wait):
    began = time.monotonic()
    said = wait()
    found[name] = [round(time.monotonic() - began, 1), said]


def later(seconds, call):
    threading.Timer(seconds, call).start()


def both(lock):
    """Two threads that want it, each for two seconds."""

    def hold():
        with lock:
            time.sleep(2)

    threads = [threading.Thread(target=hold) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def notified():
    def notify():
        with earlier.CONDITION:
            earlier.CONDITION.notify()

    later(4, notify)
    with earlier.CONDITION:
        return earlier.CONDITION.wait(9)


def on_an_event():
    later(5, earlier.EVENT.set)
    return earlier.EVENT.wait(9)


def through_a_queue(made):
    later(6, lambda: made.put("said"))
    return made.get(timeout=9)


def by_the_clock():
    began = earlier.TICKER.clock()
    earlier.TICKER.wait(7)
    return round(earlier.TICKER.clock() - began, 1)


took("function", lambda: earlier.in_a_row(1))
took("class", by_the_clock)
took("lock", lambda: both(earlier.LOCK))
took("lock of a class", lambda: both(earlier.TICKER.lock))
took("lock in a list", lambda: both(earlier.LOCKS["lock"][0]))
took("reentrant lock", lambda: both(earlier.REENTRANT))
took("condition", notified)
took("event", on_an_event)
took("queue", lambda: through_a_queue(earlier.QUEUE))
took("simple queue", lambda: through_a_queue(earlier.TICKER.make_queue()))
took("property", lambda: earlier.TICKER.slow)
took("pool", lambda: list(earlier.POOL.map(earlier.in_a_row, [1, 2, 3])))
print(json.dumps(found))
