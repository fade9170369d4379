"""Waits for other processes in all the ways there are, started the way that its argument names, and
prints what came of each and how long it took.
"""

from __future__ import annotations

import concurrent.futures
import json
import multiprocessing
import os
import queue
import sys
import time

found: dict[str, object] = {}


def took(name, wait):
    began = time.monotonic()
    said = wait()
    found[name] = [round(time.monotonic() - began, 1), said]


def nap(seconds):
    time.sleep(seconds)
    return seconds


def double(data):
    return data * 2


def count_slowly(numbers):
    for number in range(3):
        time.sleep(2)
        numbers.put(number)


def in_turn(lock, done):
    with lock:
        time.sleep(5)
    done.set()


def echo(connection):
    while (said := connection.recv()) is not None:
        time.sleep(1)
        connection.send(said)


def perish():
    os.kill(os.getpid(), 9)


def in_a_pool(context):
    with context.Pool(2) as pool:
        said = [pool.map(nap, [1, 2, 3]), list(pool.imap_unordered(nap, [3, 1]))]
        late = pool.apply_async(nap, (100,))
        try:
            late.get(timeout=5)
        except multiprocessing.TimeoutError:
            said.append("late")
    return said


def more_than_a_pipe_holds(context):
    with context.Pool(2) as pool:
        return [len(one) for one in pool.map(double, [b"x" * 200_000] * 3)]


def in_new_ones(context):
    pool = context.Pool(2, maxtasksperchild=1)
    said = pool.map(nap, [3, 3, 3], 1)
    pool.close()
    pool.join()
    return said


def cut_short(context):
    pool = context.Pool(2)
    pool.apply_async(nap, (1000,))
    time.sleep(1)
    pool.terminate()
    pool.join()


def by_an_executor(context):
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        waiting = [pool.submit(nap, seconds) for seconds in (4, 2)]
        done, _ = concurrent.futures.wait(waiting, timeout=3)
        return [len(done), *(one.result() for one in waiting)]


def through_a_queue(context):
    numbers = context.Queue()
    child = context.Process(target=count_slowly, args=(numbers,))
    child.start()
    said = []
    try:
        numbers.get(timeout=1)
    except queue.Empty:
        said.append("empty")
    said += [numbers.get(timeout=10) for _ in range(3)]
    child.join()
    return said


def one_after_the_other(context):
    lock, done = context.Lock(), context.Event()
    children = [context.Process(target=in_turn, args=(lock, done)) for _ in range(3)]
    for child in children:
        child.start()
    said = [done.wait(timeout=3), done.wait(timeout=30)]
    for child in children:
        child.join(60)
    return [*said, *(child.exitcode for child in children)]


def through_a_pipe(context):
    ours, theirs = context.Pipe()
    child = context.Process(target=echo, args=(theirs,))
    child.start()
    theirs.close()
    said = []
    for size in (0, 100_000):
        ours.send(b"x" * size)
        said.append(len(ours.recv()))
    said.append(ours.poll(2))
    ours.send(None)
    child.join(5)
    return [*said, child.exitcode]


def for_a_dead_one(context):
    child = context.Process(target=perish)
    child.start()
    child.join(5)
    return child.exitcode


if __name__ == "__main__":
    chosen = multiprocessing.get_context(sys.argv[1])
    for way in (
        *(in_a_pool, more_than_a_pipe_holds, in_new_ones, cut_short, by_an_executor),
        *(through_a_queue, one_after_the_other, through_a_pipe, for_a_dead_one),
    ):
        took(way.__name__, lambda way=way: way(chosen))
    print(json.dumps(found))
