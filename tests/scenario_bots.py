"""What tests of scenario runs begin with: bots of a few lines, and what a verdict says of them."""

from __future__ import annotations

from typing import Any

from hlsim.scenario import Named, Step, Verdict

ASK = """\
import json, os, sys, time, urllib.request

def ask(**query):
    request = urllib.request.Request(
        os.environ["HYPERLIQUID_API_URL"] + "/info",
        json.dumps(query).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)

def until(wanted):
    while not wanted():
        time.sleep(0.02)

def eth():
    return float(ask(type="allMids")["ETH"])
"""
"""The beginning of a bot that only asks."""


def said(verdict: Verdict, who: str) -> list[str]:
    return [one.text for one in verdict.course.happenings if one.who == who]


def times(verdict: Verdict, who: str) -> list[int]:
    return [one.ms for one in verdict.course.happenings if one.who == who]


def move(px: int, **when: Any) -> Step:
    return Step(Named("market/move", {"coin": "ETH", "to": px}), **when)
