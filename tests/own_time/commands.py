"""Starts commands, of Python and not, and prints what came of each and how long it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

PYTHON = (sys.executable, "-c")
found: dict[str, object] = {}


def took(name, wait):
    began = time.monotonic()
    said = wait()
    found[name] = [round(time.monotonic() - began, 1), said]


def told(*command, **words):
    try:
        return subprocess.run(command, text=True, check=False, **words).stdout
    except subprocess.TimeoutExpired:
        return "late"


def heard(**words):
    return told(*PYTHON, ASLEEP, capture_output=True, **words)


def line_by_line():
    code = "import time\nfor number in range(3): time.sleep(2); print(number, flush=True)"
    with subprocess.Popen([*PYTHON, code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [line.strip() for line in child.stdout]
    return [*lines, child.returncode]


def killed_in_time():
    with subprocess.Popen([*PYTHON, "import time; time.sleep(3600)"]) as child:
        time.sleep(5)
        child.terminate()
        child.wait(timeout=30)
    return child.returncode


def polled():
    child = subprocess.Popen(["sh", "-c", "sleep 0.2; exit 4"])
    while child.poll() is None:
        time.sleep(0.1)
    return child.returncode


def in_a_thread_beside():
    """Time goes on for whoever does not wait for a command that is at work for long."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        said = []
        reader = threading.Thread(target=lambda: said.append(child.stdout.readline()))
        reader.start()
        child.stdin.write(b"now\n")
        child.stdin.flush()
        reader.join()
    return said[0].decode().strip()


def ended_while_it_is_read():
    code = "import time; time.sleep(3600)"
    with subprocess.Popen([*PYTHON, code], stdout=subprocess.PIPE) as child:
        reader = threading.Thread(target=child.stdout.read)
        reader.start()
        time.sleep(5)
        child.terminate()
    reader.join()
    return child.returncode


def flushed_while_it_is_written():
    code = "import sys, time; time.sleep(4); print(len(sys.stdin.read()))"
    pipe = subprocess.PIPE
    with subprocess.Popen([*PYTHON, code], stdin=pipe, stdout=pipe) as child:
        writer = threading.Thread(target=lambda: child.stdin.write(b"x" * 500_000))
        writer.start()
        time.sleep(1)
        child.stdin.flush()
        writer.join()
        child.stdin.close()
        return int(child.stdout.read())


ASLEEP = "import sys, time; time.sleep(3); print('hello', sys.stdin.read())"
took("in time", lambda: heard(timeout=5, input="you"))
took("too late", lambda: heard(timeout=2, input="you"))
took("too late, unheard", lambda: told(*PYTHON, "import time; time.sleep(30)", timeout=5))
took("line by line", line_by_line)
took("killed", killed_in_time)
took("of a shell", lambda: told("sh", "-c", "sleep 0.3; echo a", capture_output=True, timeout=0.1))
took("of a shell, unheard", lambda: told("sleep", "0.2", timeout=0.1))
took("in a shell", lambda: told("sh", "-c", f"{sys.executable} -c 'import time; time.sleep(7)'"))
SLOWLY = f"{sys.executable} -c 'import time; time.sleep(3)'; sleep 0.3; echo a"
took("after another", lambda: told("sh", "-c", SLOWLY, capture_output=True, timeout=5))
took("by the system", lambda: os.waitstatus_to_exitcode(os.system("sleep 0.1; exit 3")))
took("polled", polled)
took("a filter", in_a_thread_beside)
took("ended while it is read", ended_while_it_is_read)
took("flushed while it is written", flushed_while_it_is_written)
print(json.dumps(found))
