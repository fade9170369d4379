"""Each judge and each condition can be content and can complain: over courses made by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hlsim.matching.types import Side
from hlsim.scenario.conditions import CONDITIONS, condition_of
from hlsim.scenario.course import (
    Course,
    Moment,
    Price,
    RestingOrder,
    RunningTwap,
    Standing,
    Strike,
    Told,
)
from hlsim.scenario.judges import JUDGES, judge_of
from hlsim.scenarios.faults import parse_fault
from hlsim.scenarios.story import Named
from hlsim.server.control.records import RequestTold, StruckTold
from hlsim.server.requests import Fate
from hlsim.sim.events import AccountLiquidated, Direction, Fill, FundingPaid
from hlsim.sim.fixed import Address, Px, Rate, Sz, Szi, Usd

LOST = parse_fault("order:#1:after:drop")


def moment(
    ms: int,
    eth: str = "0",
    *,
    equity: int = 1000,
    orders: int = 0,
    twaps: int = 0,
    asked: int = 0,
) -> Moment:
    held = {"ETH": Decimal(eth)} if Decimal(eth) else {}
    resting = tuple(RestingOrder(oid, "ETH", None) for oid in range(1, orders + 1))
    running = tuple(RunningTwap(id_, "ETH") for id_ in range(1, twaps + 1))
    return Moment(ms, asked, Standing(Decimal(equity), held, {}, resting, running))


def order(nonce: int, sz: str = "0.5", cloid: str | None = None) -> dict[str, Any]:
    """The envelope of an order."""
    row = {"a": 1, "b": True, "p": "2000", "s": sz, "r": False, "t": {"limit": {"tif": "Ioc"}}}
    if cloid is not None:
        row["c"] = cloid
    return {"action": {"type": "order", "orders": [row], "grouping": "na"}, "nonce": nonce}


def told(number: int, request: Any, *, status: int = 200, refusals: tuple[str, ...] = ()) -> Any:
    """A row of what the bot asked; an envelope, or the type of a query."""
    acts = isinstance(request, dict)
    return RequestTold(
        id=number,
        time=0,
        path="/exchange" if acts else "/info",
        status=status,
        name=request["action"]["type"] if acts else request,
        user=None,
        request=request if acts else {"type": request},
        response=None,
        refusals=list(refusals),
    )


def course(*moments: Moment, requests: Any = (), strikes: Any = (), code: int | None = 0) -> Course:
    made = Course("0x" + "00" * 20, 0, [*moments] or [moment(0)], list(requests), list(strikes))
    made.exit, made.ended_ms = code, 10_000
    return made


FLAT = {"position": {"coin": "ETH", "is": 0}}
CASES: list[tuple[str, dict[str, Any], Course, Course]] = [
    (
        "finally",
        FLAT,
        course(moment(0, "1"), moment(5)),
        course(moment(0), moment(5, "1")),
    ),
    ("always", FLAT, course(moment(0), moment(5)), course(moment(0, "1"), moment(5))),
    (
        "never",
        {"position": {"coin": "ETH", "at_least": 1}},
        course(moment(0, "0.9")),
        course(moment(0), moment(5, "1"), moment(9)),
    ),
    (
        "eventually",
        {"position": {"coin": "ETH", "is": 1}},
        course(moment(0), moment(5, "1"), moment(9)),
        course(moment(0, "0.5")),
    ),
    (
        "recovers",
        {"within": "3s", **FLAT},
        course(moment(0, "1"), moment(4_000), strikes=[Strike(1_000, LOST, 0)]),
        course(moment(0, "1"), moment(4_001), strikes=[Strike(1_000, LOST, 0)]),
    ),
    ("no_orphan_orders", {"allowed": 1}, course(moment(0, orders=1)), course(moment(0, orders=2))),
    ("no_orphan_orders", {}, course(moment(0, twaps=1), moment(9)), course(moment(0, twaps=1))),
    (
        "no_duplicate_cloid",
        {},
        course(requests=[told(1, order(1, cloid="0x01")), told(2, order(2, cloid="0x02"))]),
        course(requests=[told(1, order(1, cloid="0x01")), told(2, order(2, cloid="0x01"))]),
    ),
    (
        "no_blind_retry",
        {},
        course(
            requests=[told(1, order(1)), told(2, "orderStatus"), told(3, order(2))],
            strikes=[Strike(0, LOST, 0, order(1))],
        ),
        course(
            requests=[told(1, order(1)), told(2, "allMids"), told(3, order(2))],
            strikes=[Strike(0, LOST, 0, order(1))],
        ),
    ),
    ("exit", {"code": 3}, course(code=3), course(code=0)),
]


@pytest.mark.parametrize(("name", "keys", "good", "bad"), CASES, ids=[case[0] for case in CASES])
def test_a_judge_tells_good_from_bad(
    name: str, keys: dict[str, Any], good: Course, bad: Course
) -> None:
    judge = judge_of(Named(name, keys))

    assert judge.says(good) is None
    assert judge.says(bad)


def test_every_judge_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(JUDGES)


@pytest.mark.parametrize(
    ("plan", "request_", "is_blind"),
    [
        ("order:#1:after:drop", order(2), True),
        ("order:#1:before:drop", order(2), True),
        ("order:#1:after:502", order(2), True),
        ("order:#1:before:stall", order(2), True),
        ("order:#1:before:429", order(2), False),  # which says that it is not there
        ("order:#1:before:duplicate", order(2), False),
        ("order:#1:refuse=margin", order(2), False),  # and so does this
        ("orderStatus:#1:lag=400", order(2), False),
        ("order:#1:after:drop", order(2, sz="0.6"), False),  # another order
        ("order:#1:after:drop", order(2, cloid="0x01"), True),  # a name does not make it sighted
        ("order:#1:before:delay=100", order(1), False),  # the request itself, late
    ],
)
def test_what_counts_as_a_blind_retry(plan: str, request_: Any, is_blind: bool) -> None:
    judge = judge_of(Named("no_blind_retry"))
    strike = Strike(0, parse_fault(plan), 0, order(1))

    said = judge.says(course(requests=[told(1, request_)], strikes=[strike]))

    assert (said is not None) is is_blind


def envelope(nonce: int, **action: Any) -> dict[str, Any]:
    return {"action": action, "nonce": nonce}


def twap(nonce: int, sz: str = "0.5") -> dict[str, Any]:
    terms = {"a": 1, "b": True, "s": sz, "r": False, "m": 30, "t": False}
    return envelope(nonce, type="twapOrder", twap=terms)


def modify(nonce: int, oid: int | str = 7, sz: str = "0.5") -> dict[str, Any]:
    (new,) = order(nonce, sz)["action"]["orders"]
    return envelope(nonce, type="modify", oid=oid, order=new)


def batch(nonce: int, *oids: int | str, sz: str = "0.5") -> dict[str, Any]:
    modifies = [modify(nonce, oid, sz)["action"] for oid in oids]
    return envelope(nonce, type="batchModify", modifies=modifies)


@pytest.mark.parametrize(
    ("lost", "then", "is_blind"),
    [
        (twap(1), [twap(2)], True),
        (twap(1), [twap(2, "0.6")], False),
        (twap(1), [order(2)], True),  # as much again, at once
        (twap(1), ["openOrders", twap(2)], True),  # which has no TWAPs
        (twap(1), ["twapHistory", twap(2)], False),
        (order(1), ["twapHistory", order(2)], True),
        (order(1), [twap(2)], True),
        (batch(1, 6, 7), [batch(2, 6, 7)], True),
        (batch(1, 6, 7), [modify(2, 7)], True),
        (batch(1, "0xab"), [batch(2, "0xab")], True),
        (modify(1), [modify(2)], True),
        (modify(1), ["orderStatus", modify(2)], False),
        (modify(1), [modify(2, sz="0.6")], False),
        (modify(1), [modify(2, 8)], False),  # another order, which may well be as large
        (modify(1), [order(2)], True),  # beside the one that was modified
        (order(1), [modify(2)], False),
        (envelope(1, type="batchModify", modifies=7), [batch(2, 6)], False),
        (envelope(1, type="twapOrder", twap=[]), [twap(2)], False),
        (envelope(1, type="modify", oid=7, order=[]), [modify(2)], False),
    ],
)
def test_a_twap_and_a_modification_are_sent_again_as_well(
    lost: dict[str, Any], then: list[Any], is_blind: bool
) -> None:
    plan = parse_fault("exchange:#1:after:drop")
    rows = [told(number, request) for number, request in enumerate(then, 1)]

    said = judge_of(Named("no_blind_retry")).says(
        course(requests=rows, strikes=[Strike(0, plan, 0, lost)])
    )

    assert (said is not None) is is_blind


def test_a_blind_retry_is_told_by_the_times_that_the_timeline_has() -> None:
    again = told(8, order(2))
    again.time = 1_007
    strike = Strike(5, parse_fault("order:#1:after:drop"), 0, order(1))

    said = judge_of(Named("no_blind_retry")).says(course(requests=[again], strikes=[strike]))

    assert said == "the order at +1.007 s sends again what was lost at +0.005 s"


@pytest.mark.parametrize(
    ("fate", "is_blind"), [("GIVEN", False), ("LOST", True), ("PENDING", True)]
)
def test_who_waited_for_a_late_answer_knows(fate: str, is_blind: bool) -> None:
    plan = parse_fault("order:#1:before:delay=100")
    late = told(1, order(1))
    late.struck = StruckTold(fault=1, plan=plan.text(), got="", status=200, fate=Fate[fate])
    strike = Strike(0, plan, 0, order(1))

    said = judge_of(Named("no_blind_retry")).says(
        course(requests=[late, told(2, order(2))], strikes=[strike])
    )

    assert (said is not None) is is_blind


def test_who_met_no_fault_or_met_it_at_the_end_has_not_recovered() -> None:
    judge = judge_of(Named("recovers", {"within": "3s", **FLAT}))

    assert judge.says(course(moment(0))) == "no fault struck"
    late = course(moment(0), strikes=[Strike(9_000, LOST, 0)])
    assert judge.says(late) == "the last fault struck too close to the end to tell"


def test_a_bot_that_was_stopped_at_the_end_did_not_crash() -> None:
    assert judge_of(Named("exit")).says(course(code=None)) is None
    assert judge_of(Named("exit")).says(course(code=1)) == "the bot ended with 1"


@pytest.mark.parametrize(
    ("name", "keys", "holds"),
    [
        ("position", {"coin": "ETH", "is": "-0.5"}, True),
        ("position", {"coin": "BTC", "is": 0}, True),
        ("position", {"coin": "ETH", "at_least": 0}, False),
        ("equity", {"at_least": 900, "at_most": 1000}, True),
        ("equity", {"at_least": "1000.01"}, False),
        ("open_orders", {"is": 2}, True),
        ("open_orders", {"coin": "BTC", "at_least": 1}, False),
        ("requests", {"at_least": 3}, True),
        ("requests", {"action": "order", "is": 1}, True),
        ("requests", {"type": "l2Book", "is": 0}, True),
        ("requests", {"type": "allMids", "status": 429, "is": 1}, True),
        ("refusals", {"text": "margin", "at_least": 1}, True),
        ("refusals", {"text": "tick", "at_least": 1}, False),
    ],
)
def test_a_condition_of_one_moment(name: str, keys: dict[str, Any], holds: bool) -> None:
    rows = [
        told(1, order(1), refusals=("Insufficient margin to place order.",)),
        told(2, "allMids", status=429),
        told(3, "meta"),
        told(4, order(2)),  # later than the moment
    ]
    now = moment(0, "-0.5", orders=2, asked=3)

    assert condition_of(Named(name, keys)).holds(now, course(now, requests=rows)) is holds


ALL = {"at_least": -100}


@pytest.mark.parametrize(
    ("name", "keys", "value"),
    [
        ("mark", {"coin": "ETH"}, Decimal(2000)),
        ("oracle", {"coin": "ETH"}, Decimal(1999)),
        ("mid", {"coin": "ETH"}, None),
        ("mark", {"coin": "BTC"}, None),
        ("position", {"coin": "ETH", "of": "whale"}, Decimal(7)),
        ("position", {"coin": "ETH", "of": "shark"}, Decimal(0)),
        ("fills", {}, Decimal(1)),
        ("fills", {"coin": "BTC"}, Decimal(0)),
        ("fills", {"of": "whale"}, Decimal(0)),
        ("deleveraged", {"of": "whale", "coin": "ETH"}, Decimal(1)),
        ("deleveraged", {}, Decimal(0)),
        ("funding", {}, Decimal("-1.500000")),
        ("funding", {"coin": "BTC"}, Decimal(0)),
        ("liquidations", {"of": "whale"}, Decimal(1)),
        ("liquidations", {}, Decimal(0)),
    ],
)
def test_a_condition_of_the_market(name: str, keys: dict[str, Any], value: Decimal | None) -> None:
    events = [
        Told("", a_fill(Direction.OPEN_LONG)),
        Told("whale", a_fill(Direction.AUTO_DELEVERAGING)),
        Told("", FundingPaid(Address("0x"), "ETH", Usd(-1_500_000), Szi(1), Rate(1), 0)),
        Told("whale", AccountLiquidated(1, Address("0x"), Address("0x"), Usd(1), Usd(1), 0)),
        Told("", a_fill(Direction.OPEN_LONG)),  # later than the moment
    ]
    now = replace(
        moment(0),
        happened=4,
        prices={"ETH": Price(Decimal(2000), None, Decimal(1999))},
        others={"whale": {"ETH": Decimal(7)}},
    )
    made = course(now)
    made.events.extend(events)
    condition = condition_of(Named(name, {**keys, **ALL}))

    assert condition.shows(now, made) == f"{name} {value}"
    assert condition.holds(now, made) is (value is not None)


def a_fill(direction: Direction) -> Fill:
    return Fill(
        user=Address("0x"), coin="ETH", asset_id=1, px=Px(1), sz=Sz(1), side=Side.BID, time_ms=0,
        start_position=Szi(0), dir=direction, closed_pnl=0, hash="", oid=1, crossed=True, fee=0,
        fee_decimals=6, fee_token="USDC", builder_fee=0, tid=1, cloid=None,
    )  # fmt: skip


def test_every_condition_has_a_docstring_and_bounds() -> None:
    for spec in CONDITIONS.values():
        assert spec.text.endswith(".")
        assert {"is", "at_least", "at_most"} <= set(spec.asked.__struct_encode_fields__)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (Named("nobody"), "no judge 'nobody'; known: finally, always"),
        (Named("finally"), "finally wants one condition; known: position, balance"),
        (Named("finally", {"position": {"is": 1}}), "required field `coin`; known: "),
        (Named("finally", {"position": {"coin": "ETH"}}), "one of is, at_least and at_most"),
        (Named("finally", {"position": {"coin": "ETH", "is": "much"}}), "'much' is no number"),
        (Named("recovers", FLAT), "required field `within`"),
        (Named("recovers", {"within": "3", **FLAT}), "regex"),
        (Named("exit", {"cod": 1}), "unknown key 'cod'; known: code"),
    ],
)
def test_a_judge_that_cannot_judge_says_why(named: Named, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        judge_of(named)

    assert said in str(caught.value)
