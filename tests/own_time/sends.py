"""Sends more through sockets than fits in at once, and prints what each way to send came to."""

from __future__ import annotations

import json
import os
import select
import socket
import tempfile
import threading
import time

MUCH = b"x" * 3_000_000


def counted(connection):
    found = 0
    while said := connection.recv(100_000):
        found += len(said)
    return found


def sent(send):
    """What a thread gets, after a second."""
    ours, theirs = socket.socketpair()
    got = []

    def read():
        time.sleep(1)
        got.append(counted(theirs))

    reader = threading.Thread(target=read)
    reader.start()
    returned = send(ours)
    ours.close()
    reader.join()
    return [returned, got[0]]


def send_file(connection):
    with tempfile.TemporaryFile() as file:
        file.write(MUCH)
        return connection.sendfile(file)


def to_a_child():
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        ours.close()
        time.sleep(4)
        os._exit(counted(theirs) == len(MUCH))
    theirs.close()
    ours.sendall(MUCH)
    ours.close()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def too_late():
    ours, _theirs = socket.socketpair()
    ours.settimeout(20)
    try:
        while ours.send(MUCH):
            pass
    except TimeoutError as error:
        return str(error)


def closed():
    """What it is told who uses a socket that another one has closed."""
    ours, _ = socket.socketpair()
    ours.close()
    found = []
    for use in (lambda: ours.recv(1), lambda: ours.send(b"x"), lambda: ours.sendall(b"x")):
        try:
            use()
        except OSError as error:
            found.append(error.errno)
    return found


def before_now():
    try:
        select.select([], [], [], -1)
    except ValueError as error:
        return str(error)


WAYS = {
    "all": lambda: sent(lambda one: one.sendall(MUCH)),
    "some": lambda: sent(lambda one: one.send(MUCH)),
    "message": lambda: sent(lambda one: one.sendmsg([MUCH[:10], MUCH[10:]])),
    "file": lambda: sent(send_file),
    "nothing": lambda: sent(lambda one: one.send(b"")),
    "child": to_a_child,
    "too late": too_late,
    "closed": closed,
    "before now": before_now,
}

took = {}
for name, way in WAYS.items():
    began = time.monotonic()
    came = way()
    took[name] = [round(time.monotonic() - began, 1), came]
print(json.dumps(took))
