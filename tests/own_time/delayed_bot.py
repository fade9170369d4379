"""A bot whose exchange is slow at times: it gives up on an answer, and waits for another."""

from __future__ import annotations

import os
import time

import requests

URL = os.environ["HLSIM_URL"] + "/info"
began = time.monotonic()


def ask(kind: str, patience: float) -> None:
    try:
        answer = requests.post(URL, json={"type": kind}, timeout=patience).status_code
    except requests.Timeout:
        answer = 0
    print(kind, answer, round(time.monotonic() - began, 1))


ask("meta", 10)
ask("allMids", 10)
ask("meta", 2)
ask("spotMeta", 45)
