"""Has the functions that stand in for others where those could be, and prints what came of it."""

from __future__ import annotations

import json
import logging
import multiprocessing
import pickle
import sys
import threading
import time


class Bot:
    clock = time.time
    pause = time.sleep


def main() -> None:
    bot = Bot()
    began = bot.clock()
    bot.pause(60)
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stdout)
    logging.Formatter.converter = time.gmtime
    logging.warning("after %.0f s", bot.clock() - began)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(time.sleep, [60, 120])
    # What some libraries ask of a lock.
    print(type(threading.Lock()).__module__, type(threading.RLock()).__module__)
    for made in (threading.Lock(), threading.RLock()):
        try:
            pickle.dumps(made)
        except TypeError as error:
            print(error)
    print(json.dumps([round(bot.clock() - began), pickle.loads(pickle.dumps(time.time)).__name__]))


if __name__ == "__main__":
    main()
