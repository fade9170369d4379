"""What `requests` and `diagnoses` tell of struck requests: both what the exchange answered and what
the client got.
"""

from __future__ import annotations

from typing import Any

import pytest
from struck import LATE_MS, Beside, Struck, until, words_of

from hlsim.scenarios.faults import Phase
from hlsim.telling import request_told

DELAY = f"delay={LATE_MS}"
PHASES = [phase.value for phase in Phase]

GOT: dict[str, tuple[int, str]] = {
    "drop": (0, "no answer: the connection ended"),
    "reset": (0, "no answer: the connection was reset"),
    "stall": (0, "no answer, and the connection stayed"),
    "429": (429, "HTTP 429 in place of an answer"),
    "500": (500, "HTTP 500 in place of an answer"),
    "502": (502, "HTTP 502 in place of an answer"),
    "503": (503, "HTTP 503 in place of an answer"),
    "504": (504, "HTTP 504 in place of an answer"),
}
"""What keeps the answer from the client: the status it gets, and in words."""


@pytest.fixture
def struck(struck: Struck) -> Struck:
    # Which a restore does not.
    struck.running.call(lambda server: server.console.requests.clear())
    return struck


def strike_one(struck: Struck, plan: str, *, over: str = "http") -> None:
    """One order under a plan, until all that comes of it has come."""
    with struck.running.fault(plan) as fault:
        if over == "socket":
            line = struck.line()
            until(lambda: line.ws_ready)
            struck.buy(struck.client_of(line))
        else:
            beside = Beside(struck.buy)
        until(lambda: fault.struck)
        if DELAY in plan:
            struck.pass_time()
        elif plan.endswith("stall"):
            struck.end_connections()
        if over == "socket":
            until(lambda: struck.running.requests(status="struck").count)
        else:
            beside.outcome()


def rows_of(struck: Struck, **how: Any) -> list[Any]:
    return struck.running.requests(action="order", **how).requests


@pytest.mark.parametrize("over", ["http", "socket"])
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("word", [word for word in words_of("request") if word in GOT])
def test_what_kept_the_answer_from_the_client(
    struck: Struck, word: str, phase: str, over: str
) -> None:
    plan = f"order:1:{phase}:{word}"
    strike_one(struck, plan, over=over)

    (row,) = rows_of(struck)

    status, got = GOT[word]
    assert (row.struck.plan, row.struck.status, row.struck.got) == (plan, status, got)
    assert row.struck.fate.value == "lost"
    assert row.user == row.signer == struck.address
    assert row.path == ("/exchange" if over == "http" else "/ws action")
    assert "signature" not in row.request
    assert row.refusals == []
    if phase == "after":
        (resting,) = row.response["response"]["data"]["statuses"]
        assert (row.status, list(resting)) == (200, ["resting"])
    else:
        assert (row.status, row.response) == (0, None)
    # What is looked for is what the client got.
    assert len(rows_of(struck, status="struck")) == 1
    assert rows_of(struck, status="ok") == rows_of(struck, status="refused") == []
    assert rows_of(struck, status="200") == []
    assert len(rows_of(struck, status=str(status))) == 1
    told = request_told(row, str)
    assert told.endswith(f"; the client got {got}")
    assert ("rests" in told) is (phase == "after")
    assert ("never heard of it" in told) is (phase == "before")
    (why,) = struck.running.diagnoses(struck.address)
    assert (why.request, why.rule, why.said) == (row.id, "fault", got)
    heard = "has done it" if phase == "after" else "never heard of it"
    assert why.why == f"The fault {plan} struck: the exchange {heard}."
    assert "orderStatus" in why.remedy


@pytest.mark.parametrize(
    ("phase", "got"),
    [
        ("before", f"the answer to a request that came {LATE_MS} ms late"),
        ("after", f"the answer {LATE_MS} ms late"),
    ],
)
def test_what_came_late(struck: Struck, phase: str, got: str) -> None:
    strike_one(struck, f"order:1:{phase}:{DELAY}")

    (row,) = rows_of(struck, status="ok")

    assert (row.status, row.struck.status, row.struck.fate.value) == (200, 200, "given")
    assert row.struck.got == got
    assert struck.running.diagnoses() == []


def test_an_answer_that_is_on_its_way_is_pending(struck: Struck) -> None:
    with struck.running.fault(f"order:1:after:{DELAY}") as fault:
        beside = Beside(struck.buy)
        until(lambda: fault.struck)
        (row,) = rows_of(struck)
        assert (row.status, row.struck.fate.value, row.struck.got) == (
            200,
            "pending",
            "nothing yet",
        )
        assert rows_of(struck, status="ok") == []
        struck.pass_time()
        beside.outcome()
    assert [one.struck.fate.value for one in rows_of(struck)] == ["given"]


@pytest.mark.parametrize("phase", PHASES)
def test_an_answer_that_comes_when_its_client_has_gone_is_lost(struck: Struck, phase: str) -> None:
    with struck.running.fault(f"order:1:{phase}:{DELAY}") as fault:
        beside = Beside(struck.buy)
        until(lambda: fault.struck)
        struck.end_connections()
        beside.outcome()
        struck.pass_time()
        (row,) = until(lambda: [one for one in rows_of(struck) if one.struck.fate.value == "lost"])
    assert row.struck.got == f"no answer: it had gone before the {LATE_MS} ms were over"
    assert rows_of(struck, status="ok") == []
    (why,) = struck.running.diagnoses()
    assert why.why.endswith("the exchange has done it.")


@pytest.mark.parametrize("phase", PHASES)
def test_what_was_delivered_twice_is_there_twice_and_counts_once(
    struck: Struck, phase: str
) -> None:
    strike_one(struck, f"order:1:{phase}:duplicate")

    first, second = rows_of(struck)

    fates = ["given", "passed over"] if phase == "before" else ["passed over", "given"]
    assert [first.struck.fate.value, second.struck.fate.value] == fates
    assert first.response["status"] == "ok"
    assert second.response["response"].startswith("Invalid nonce")
    assert first.request == second.request
    assert [row.counts for row in (first, second)] == [fate == "given" for fate in fates]
    # Only what the client got is a refusal to it.
    assert len(rows_of(struck, status="refused")) == (phase == "after")
    rules = [one.rule for one in struck.running.diagnoses()]
    assert rules == (["nonce_duplicate"] if phase == "after" else [])


def test_queries_are_told_of_as_well(struck: Struck) -> None:
    with struck.running.fault("orderStatus:1:before:502"):
        assert type(Beside(struck.ask).outcome()).__name__ == "ServerError"
    (row,) = struck.running.requests(type="orderStatus").requests
    assert (row.path, row.status, row.user) == ("/info", 0, struck.address)
    (why,) = struck.running.diagnoses()
    assert why.why == "The fault orderStatus:1:before:502 struck: the exchange never heard of it."
    assert why.remedy.startswith("Ask again")


def test_what_no_fault_struck_says_nothing_of_one(struck: Struck) -> None:
    with struck.running.fault("order:#2:before:502"):
        struck.buy()
    struck.buy(cloid=None)
    assert [one.struck for one in rows_of(struck)] == [None, None]
    assert rows_of(struck, status="struck") == []


def test_those_that_nobody_heard_of_take_part_in_the_bound(struck: Struck) -> None:
    body = {"type": "meta", "dex": "x" * 10_000}

    def size() -> int:
        return struck.running.call(lambda server: server.console.requests.size)

    before = size()
    with struck.running.fault("meta:1:before:502"):
        Beside(lambda: struck.info.post("/info", body)).outcome()
    assert size() - before > 10_000
    line = struck.line()
    client = struck.client_of(line)
    until(lambda: line.ws_ready)
    before = size()
    with struck.running.fault("meta:1:before:502"):
        client.post("/info", body)
        line.next()
    assert size() - before > 10_000
