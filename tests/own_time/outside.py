"""Waits for what comes from outside of exchange time, and prints what came and how long it took."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time

LINE = b"x" * 1023 + b"\n"


def asked():
    return [input(), input()]


def read():
    return [line.strip() for line in sys.stdin]


def described():
    said = sys.stdin
    return [said.readline(), said.name, said.mode, said.buffer.name, said.buffer.raw.mode]


def read_in_a_loop():
    async def live():
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        return (await reader.read()).decode().split()

    return asyncio.run(live())


def write():
    """More than a pipe holds."""
    return sum(os.write(1, LINE) for _ in range(200))


def command():
    return subprocess.run(["sleep", "0.5"], check=False).returncode


def with_helpers():
    """One lives in exchange time, the other for longer than the test. Nobody waits for them."""
    code = "import sys, time; print(time.time(), file=sys.stderr)"

    async def live():
        with subprocess.Popen(["sleep", "150"]) as helper:
            with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as child:
                start = time.time()
                await asyncio.sleep(3)
                assert child.stderr is not None
                begun = float(child.stderr.read())
            helper.kill()
        return round(begun - start, 1)

    return asyncio.run(live())


def from_each_other():
    """Two processes talk, and two threads."""

    def answer():
        connection, _ = server.accept()
        while said := connection.recv(10):
            time.sleep(2)
            connection.send(said)

    def ask():
        said = []
        with socket.create_connection(server.getsockname()) as connection:
            for number in range(10):
                connection.send(b"%d" % number)
                said.append(int(connection.recv(10)))
        return said

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=answer).start()
    said = ask()
    if not (child := os.fork()):
        answer()
        os._exit(0)
    said += ask()
    os.waitpid(child, 0)
    return said


SERVER = """
import socket, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
connection, _ = server.accept()
while said := connection.recv(10):
    time.sleep(2)
    connection.send(said)
"""


def from_a_program():
    """It is another process from its first line on, not the same that forked."""
    said = []
    command = [sys.executable, "-c", SERVER]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as one,
        socket.create_connection(("127.0.0.1", int(one.stdout.readline()))) as connection,
    ):
        for number in range(20):
            connection.send(b"%d" % number)
            said.append(int(connection.recv(10)))
    return said


def beside():
    """A thread waits, and the main one for a time."""
    said = []
    reader = threading.Thread(target=lambda: said.append((input(), time.monotonic() - began)))
    reader.start()
    time.sleep(5)
    reader.join()
    return [(line, round(at, 1)) for line, at in said]


print("waits", file=sys.stderr, flush=True)
began = time.monotonic()
came = globals()[sys.argv[1]]()
print(json.dumps([round(time.monotonic() - began, 1), came]), file=sys.stderr)
