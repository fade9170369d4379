"""Waits in all the ways there are while a signal's handler waits, too, and prints how long it took
and what came of it.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
import time

found: dict[str, object] = {}


def took(name, wait):
    began = time.monotonic()
    said = wait()
    found[name] = [round(time.monotonic() - began, 1), said]


def through_a_thread(_number, _frame):
    helping = threading.Thread(target=time.sleep, args=(1,))
    helping.start()
    helping.join()


def through_a_queue(_number, _frame):
    answers: queue.Queue[int] = queue.Queue()
    threading.Timer(1, answers.put, (1,)).start()
    assert answers.get() == 1


def asleep(_number, _frame):
    time.sleep(1)


def rung(handler, wait):
    signal.signal(signal.SIGALRM, handler)
    signal.alarm(2)
    return wait()


def held(lock, seconds, then=lambda: None):
    """Another thread has the lock for that long."""
    has_it = threading.Event()

    def hold():
        lock.acquire()
        has_it.set()
        time.sleep(seconds)
        then()
        lock.release()

    holding = threading.Thread(target=hold)
    holding.start()
    has_it.wait()
    return holding


def in_a_lock():
    lock = threading.Lock()
    holding = held(lock, 20)
    is_ours = rung(through_a_thread, lock.acquire)
    holding.join()
    return is_ours


def in_a_lock_with_an_end():
    lock = threading.Lock()
    held(lock, 20)
    return rung(through_a_queue, lambda: lock.acquire(timeout=10))


def in_a_lock_that_is_handed_over():
    lock = threading.Lock()
    signal.signal(signal.SIGUSR1, asleep)
    held(lock, 5, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    return lock.acquire()


def in_a_lock_that_the_handler_wants(lock):
    held(lock, 5)

    def want(_number, _frame):
        with lock:
            time.sleep(1)

    return rung(want, lock.acquire)


def in_a_lock_that_is_not_wanted_any_more():
    lock = threading.Lock()

    def give_up(_number, _frame):
        time.sleep(1)
        raise TimeoutError

    signal.signal(signal.SIGUSR1, give_up)
    held(lock, 5, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    try:
        lock.acquire()
    except TimeoutError:
        return lock.acquire(blocking=False)


def in_an_event_that_the_handler_sets():
    event = threading.Event()

    def set_it(number, frame):
        through_a_queue(number, frame)
        event.set()
        time.sleep(1)

    return rung(set_it, lambda: event.wait(10))


def in_a_pipe():
    reader, writer = os.pipe()
    threading.Timer(10, os.write, (writer, b"late")).start()
    return rung(through_a_thread, lambda: os.read(reader, 10)).decode()


took("sleep", lambda: rung(through_a_thread, lambda: time.sleep(10)))
took("event", lambda: rung(through_a_queue, lambda: threading.Event().wait(10)))
took("event that is set", in_an_event_that_the_handler_sets)
took("lock", in_a_lock)
took("lock with an end", in_a_lock_with_an_end)
took("lock that is handed over", in_a_lock_that_is_handed_over)
took("wanted lock", lambda: in_a_lock_that_the_handler_wants(threading.Lock()))
took("wanted reentrant lock", lambda: in_a_lock_that_the_handler_wants(threading.RLock()))
took("lock given up", in_a_lock_that_is_not_wanted_any_more)
took("pipe", in_a_pipe)
print(json.dumps(found))
