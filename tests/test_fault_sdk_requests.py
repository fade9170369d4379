"""Every fault of requests at every place: what the official SDK sees, and the state to a byte.

The rows are asked for by the registry of effects: one that has none fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eth_account
import pytest
import requests
from bots import GTC, one
from hyperliquid.exchange import Exchange
from hyperliquid.utils.error import ClientError, ServerError
from struck import CLOID, GONE, LATE_MS, Beside, Struck, until, words_of

import hlsim
from hlsim.scenarios.faults import Phase

PHASES = [phase.value for phase in Phase]
HELD = ("stall", f"delay={LATE_MS}")
"""What does not end by itself."""

RAISED: dict[str, tuple[type[Exception], str]] = {
    "drop": (requests.ConnectionError, "Remote end closed connection without response"),
    "reset": (requests.ConnectionError, "Connection reset by peer"),
    # For ever: here until the server ends the connection.
    "stall": (requests.ConnectionError, "Remote end closed connection without response"),
    "429": (ClientError, "null"),
    "500": (ServerError, "null"),
    "502": (ServerError, "<h1>502 Bad Gateway</h1>"),
    "503": (ServerError, "<h1>503 Service Temporarily Unavailable</h1>"),
    "504": (ServerError, "<h1>504 Gateway Time-out</h1>"),
}
"""What the SDK raises; the others are answered."""

TOLD = {
    "429": "429 Too Many Requests",
    "500": "500 Internal Server Error",
    "502": "502 Bad Gateway",
    "503": "503 Service Unavailable",
    "504": "504 Gateway Timeout",
}
"""What a post is told (contested 33)."""

CUT = ("drop", "reset")
"""What takes the socket of a post with it."""


def promised(struck: Struck, word: str, phase: str) -> str:
    """The state after an order that is struck: what the exchange heard of is done, and no more."""
    heard: dict[tuple[str, str], tuple[Callable[[], object], ...]] = {
        ("duplicate", "before"): (struck.buy, struck.buy_again),
        ("duplicate", "after"): (struck.buy, struck.buy_again),
        (f"delay={LATE_MS}", "before"): (struck.pass_time, struck.buy),
        (f"delay={LATE_MS}", "after"): (struck.buy, struck.pass_time),
    }
    return struck.hash_after(*heard.get((word, phase), (struck.buy,) if phase == "after" else ()))


def while_held(struck: Struck, word: str, phase: str) -> None:
    """The client waits, the exchange has heard of it or not; then the wait ends."""
    orders = struck.running.read(lambda found: len(found.state.accounts[struck.address].orders))
    assert orders == (phase == "after")
    if word == "stall":
        struck.end_connections()
    else:
        struck.pass_time()


def test_every_effect_has_its_row() -> None:
    answered = ("duplicate", f"delay={LATE_MS}")
    words = set(words_of("request"))
    assert {*RAISED, *answered} == words
    assert {*TOLD, *CUT, "stall", *answered} == words


# -- over HTTP -------------------------------------------------------------------------------------


def outcome_of(struck: Struck, plan: str, word: str, phase: str, deed: Callable[[], Any]) -> Any:
    """What the deed answers or raises while the plan is in force."""
    with struck.running.fault(plan) as fault:
        beside = Beside(deed)
        if word in HELD:
            until(lambda: fault.struck)
            while_held(struck, word, phase)
        outcome = beside.outcome()
        assert fault.struck == 1
    return outcome


def check_raised(outcome: Any, word: str) -> None:
    kind, said = RAISED[word]
    assert type(outcome) is kind
    assert said in str(outcome)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("word", words_of("request"))
def test_an_action_over_http(struck: Struck, word: str, phase: str) -> None:
    wanted = promised(struck, word, phase)

    outcome = outcome_of(struck, f"order:1:{phase}:{word}", word, phase, struck.buy)

    assert struck.running.state_hash() == wanted
    if word in RAISED:
        check_raised(outcome, word)
        # As the documentation has it: whether the order is there, its cloid tells.
        assert struck.ask()["status"] == ("order" if phase == "after" else "unknownOid")
    elif (word, phase) == ("duplicate", "after"):
        # As a proxy that tries again: the client hears of the second attempt.
        assert outcome["status"] == "err"
        assert outcome["response"].startswith("Invalid nonce")
    else:
        oid = one(outcome)["resting"]["oid"]
        assert [row["oid"] for row in struck.info.open_orders(struck.address)] == [oid]
    # The SDK's session, with the connection it has or a new one, works on.
    assert "resting" in one(struck.buy(cloid=None))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("word", words_of("request"))
def test_a_query_over_http(struck: Struck, word: str, phase: str) -> None:
    late = (struck.pass_time,) if word.startswith("delay") else ()
    wanted = struck.hash_after(struck.buy, *late)
    struck.buy()

    outcome = outcome_of(struck, f"orderStatus:1:{phase}:{word}", word, "after", struck.ask)

    assert struck.running.state_hash() == wanted
    if word in RAISED:
        check_raised(outcome, word)
    else:
        assert outcome["order"]["order"]["cloid"] == CLOID.to_raw()
    assert struck.ask()["status"] == "order"


def test_a_query_that_is_late_tells_of_then_and_one_whose_answer_is_tells_of_before(
    struck: Struck,
) -> None:
    for phase, found in (("before", "order"), ("after", "unknownOid")):
        struck.reset()
        plan = f"orderStatus:1:{phase}:delay={LATE_MS}"
        with struck.running.fault(plan) as fault:
            asked = Beside(struck.ask)
            while not fault.struck:
                pass
            struck.fresh_client().order("ETH", True, 0.1, 1500, GTC, cloid=CLOID)
            struck.pass_time()
            assert asked.outcome()["status"] == found


# -- as posts over a socket ------------------------------------------------------------------------


def check_post(
    struck: Struck,
    plan: str,
    word: str,
    phase: str,
    deed: Callable[[Any], object],
) -> Any:
    """Posts and looks what comes. Returns the payload of the answer, None where there is none."""
    line = struck.line()
    assert until(lambda: line.ws_ready)
    client = struck.client_of(line)
    with struck.running.fault(plan) as fault:
        deed(client)
        until(lambda: fault.struck)
        if word in CUT:
            assert line.rest() == []
            assert line.ended == [None]
            with pytest.raises(GONE):
                deed(client)
            return None
        if word in HELD:
            # The socket lives on, and other posts overtake.
            assert line.until_pong() == []
            while_held(struck, word, phase)
        if word == "stall":
            assert line.rest() == []
            return None
        answer = line.next()
    assert (answer["channel"], answer["data"]["id"]) == ("post", 1)
    return answer["data"]["response"]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("word", words_of("request"))
def test_an_action_over_a_socket(struck: Struck, word: str, phase: str) -> None:
    wanted = promised(struck, word, phase)

    answer = check_post(struck, f"order:1:{phase}:{word}", word, phase, lambda on: struck.buy(on))

    assert struck.running.state_hash() == wanted
    if word in TOLD:
        assert answer == {"type": "error", "payload": TOLD[word]}
    elif (word, phase) == ("duplicate", "after"):
        assert answer["payload"]["response"].startswith("Invalid nonce")
    elif answer is not None:
        assert "resting" in one(answer["payload"])


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("word", words_of("request"))
def test_a_query_over_a_socket(struck: Struck, word: str, phase: str) -> None:
    late = (struck.pass_time,) if word.startswith("delay") else ()
    wanted = struck.hash_after(struck.buy, *late)
    struck.buy()

    answer = check_post(
        struck,
        f"orderStatus:1:{phase}:{word}",
        word,
        "after",
        lambda on: struck.ask(on),
    )

    assert struck.running.state_hash() == wanted
    if word in TOLD:
        assert answer == {"type": "error", "payload": TOLD[word]}
    elif answer is not None:
        assert answer["payload"]["data"]["order"]["order"]["cloid"] == CLOID.to_raw()


# -- answers from the past -------------------------------------------------------------------------


def test_a_read_lag_knows_nothing_of_an_order_that_was_just_acknowledged() -> None:
    with hlsim.start(market="empty", clock="manual", profile=["read_lag_ms=700"]) as exchange:
        account = exchange.accounts[0]
        client = Exchange(eth_account.Account.from_key(account.key), exchange.url)
        oid = one(client.order("ETH", True, 0.1, 1500, GTC, cloid=CLOID))["resting"]["oid"]

        def told() -> tuple[str, str, int]:
            info = client.info
            by_oid = info.query_order_by_oid(account.address, oid)["status"]
            by_cloid = info.query_order_by_cloid(account.address, CLOID)["status"]
            return by_oid, by_cloid, len(info.open_orders(account.address))

        assert told() == ("unknownOid", "unknownOid", 0)
        # It is there all the same, and whoever sends it again has it twice.
        orders = exchange.read(lambda found: list(found.state.accounts[account.address].orders))
        assert orders == [oid]
        exchange.clock.advance(ms=699)
        assert told() == ("unknownOid", "unknownOid", 0)
        exchange.clock.advance(ms=1)
        assert told() == ("order", "order", 1)
