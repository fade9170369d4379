"""Sets alarms in all the ways there are, and prints when they rang."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time

found: dict[str, object] = {}
rung: list[float] = []
began = 0.0


def took(name, wait):
    global began
    rung.clear()
    began = time.monotonic()
    said = wait()
    found[name] = [round(time.monotonic() - began, 1), said, list(rung)]


def ring(number, _frame):
    assert number == signal.SIGALRM
    assert threading.current_thread() is threading.main_thread()
    rung.append(round(time.monotonic() - began, 1))


class Late(Exception):
    pass


def give_up(number, frame):
    ring(number, frame)
    raise Late


def while_asleep():
    signal.alarm(5)
    time.sleep(20)


def again_and_again():
    before = signal.setitimer(signal.ITIMER_REAL, 3, 2)
    time.sleep(8)
    left = signal.setitimer(signal.ITIMER_REAL, 0)
    time.sleep(20)
    return [*before, *(round(one, 1) for one in left)]


def given_up(wait):
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(4)
    try:
        wait()
    except Late:
        return "late"
    finally:
        signal.signal(signal.SIGALRM, ring)


def sleeping_child():
    subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], check=False)


def paused():
    signal.alarm(60)
    signal.pause()
    return signal.alarm(0)


def taken_back():
    signal.alarm(30)
    time.sleep(10)
    left = signal.alarm(0)
    time.sleep(60)
    return left


def beside_threads():
    ticks = []

    def tick():
        for _ in range(5):
            time.sleep(2)
            ticks.append(1)

    ticking = threading.Thread(target=tick)
    ticking.start()
    signal.alarm(5)
    ticking.join()
    return len(ticks)


async def in_a_loop():
    rang = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGALRM, rang.set)
    signal.alarm(7)
    await asyncio.wait_for(rang.wait(), 30)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGALRM)


def unhandled():
    code = "import signal, time; signal.alarm(9); time.sleep(3600)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode


def forgotten_by_children():
    signal.alarm(3)
    child = os.fork()
    if not child:
        time.sleep(6)
        os._exit(len(rung))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


signal.signal(signal.SIGALRM, ring)
took("asleep", while_asleep)
took("again", again_and_again)
took("sleep", lambda: given_up(lambda: time.sleep(100)))
took("queue", lambda: given_up(queue.Queue().get))
took("command", lambda: given_up(sleeping_child))
took("paused", paused)
took("taken back", taken_back)
took("threads", beside_threads)
took("loop", lambda: asyncio.run(in_a_loop()))
signal.signal(signal.SIGALRM, ring)
took("unhandled", unhandled)
took("children", forgotten_by_children)
print(json.dumps(found))
