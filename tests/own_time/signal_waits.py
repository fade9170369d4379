"""Waits for signals in all the ways there are, and prints how long it took and what came."""

from __future__ import annotations

import _thread
import json
import os
import signal
import subprocess
import sys
import threading
import time

found: dict[str, object] = {}
handled: list[int] = []
BLOCKED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}


def took(name, wait):
    began = time.monotonic()
    said = wait()
    found[name] = [round(time.monotonic() - began, 1), said]


def alarm_with_a_handler():
    signal.alarm(5)
    return [signal.sigwait([signal.SIGALRM]), list(handled)]


def alarm_meanwhile():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    signal.alarm(2)
    time.sleep(6)
    came = signal.sigwait([signal.SIGALRM])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    return [came, list(handled)]


def another_ones_handler():
    """It runs in the middle of the wait, which goes on."""
    signal.alarm(2)
    came = signal.sigtimedwait([signal.SIGUSR1], 7)
    return [came, list(handled)]


def beside_a_thread():
    ticks = []

    def work():
        for _ in range(4):
            time.sleep(1)
            ticks.append(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=work).start()
    return [signal.sigwait({signal.SIGINT, signal.SIGTERM}), len(ticks)]


def in_a_thread(send):
    came = []
    waiting = threading.Thread(
        target=lambda: came.append(signal.sigwaitinfo({signal.SIGUSR1}).si_signo)
    )
    waiting.start()
    time.sleep(3)
    send(waiting.ident)
    waiting.join()
    return came


def end_of_a_child():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(6)"])
    return [signal.sigwait({signal.SIGCHLD}), child.wait()]


def from_a_thread():
    threading.Timer(3, _thread.interrupt_main).start()
    try:
        time.sleep(50)
    except KeyboardInterrupt:
        return "interrupted"


def in_a_child():
    code = "import signal; raise SystemExit(signal.sigwait({signal.SIGUSR2}))"
    child = subprocess.Popen([sys.executable, "-c", code])
    time.sleep(4)
    child.send_signal(signal.SIGUSR2)
    return child.wait()


signal.signal(signal.SIGALRM, lambda number, frame: handled.append(number))
signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
took("alarm", alarm_with_a_handler)
took("alarm meanwhile", alarm_meanwhile)
took("handler", another_ones_handler)
took("at once", lambda: signal.sigtimedwait([signal.SIGUSR1], 0))
took("threads", beside_a_thread)
took("in a thread", lambda: in_a_thread(lambda _: os.kill(os.getpid(), signal.SIGUSR1)))
took("to a thread", lambda: in_a_thread(lambda it: signal.pthread_kill(it, signal.SIGUSR1)))
took("end of a child", end_of_a_child)
took("in a child", in_a_child)
took("from a thread", from_a_thread)
print(json.dumps(found))
