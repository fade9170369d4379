"""Fault plans: one line or an object, the same either way; what makes no sense says so."""

from __future__ import annotations

import re

import pytest

from hlsim.scenarios.faults import CERTAIN, EFFECTS, Effect, Fault, Phase, fault_of, parse_fault
from hlsim.server.faults import MOST_FAULTS, Asked, Faults

USER = "0x" + "ab" * 20
CLOID = "0x" + "cd" * 16

LINES = [
    ("order:0.05:after:drop", Fault("order", Effect.DROP, Phase.AFTER, chance=50_000)),
    ("order:1:before:502", Fault("order", Effect.STATUS, code=502)),
    ("info:#2+5:before:stall", Fault("info", Effect.STALL, nth=(2, 5))),
    (
        f"cancel[coin=xyz:GOLD&user={USER}&cloid={CLOID}&from=5&until=9&times=3]:0.000001:after:"
        "delay=20..80",
        Fault(
            "cancel",
            Effect.DELAY,
            Phase.AFTER,
            chance=1,
            ms=(20, 80),
            coin="xyz:GOLD",
            user=USER,
            cloid=CLOID,
            from_ms=5,
            until_ms=9,
            times=3,
        ),
    ),
    (
        "ws/trades[coin=BTC&is=snapshot]:1:drop",
        Fault("ws/trades", Effect.DROP, coin="BTC", snapshot=True),
    ),
    (
        "ws/any[is=update]:0.5:reorder",
        Fault("ws/any", Effect.REORDER, chance=CERTAIN // 2, snapshot=False),
    ),
    ("ws/post:#1:close=1006", Fault("ws/post", Effect.CLOSE, nth=(1,), code=1006)),
    ("order:#3:refuse=margin", Fault("order", Effect.REFUSE, nth=(3,), refusal="margin")),
    ("any[times=1]:1:refuse", Fault("any", Effect.REFUSE, times=1)),
    (
        f"orderStatus[user={USER}&until=9]:0.5:lag=400",
        Fault(
            "orderStatus",
            Effect.LAG,
            chance=CERTAIN // 2,
            ms=(400, 400),
            user=USER,
            until_ms=9,
        ),
    ),
    ("ws:0.25:delay=7", Fault("ws", Effect.DELAY, chance=250_000, ms=(7, 7))),
]


@pytest.mark.parametrize(("line", "fault"), LINES)
def test_a_line_is_a_plan_and_back(line: str, fault: Fault) -> None:
    assert parse_fault(line) == fault
    assert fault.text() == line
    assert parse_fault(fault.text()) == fault


def test_a_request_is_struck_before_it_is_heard_of_unless_the_line_says_otherwise() -> None:
    assert parse_fault("order:1:drop") == parse_fault("order:1:before:drop")


def test_an_address_is_the_same_one_with_the_capitals_of_its_checksum() -> None:
    checksummed = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert parse_fault(f"order[user={checksummed}]:1:drop").user == checksummed.lower()
    assert parse_fault(f"order[cloid=0x{'AB' * 16}]:1:drop").cloid == f"0x{'ab' * 16}"


def test_an_object_says_the_same() -> None:
    assert (
        fault_of({"on": "order", "effect": "drop", "phase": "after", "rate": "0.05"}) == LINES[0][1]
    )
    assert fault_of({"on": "order", "effect": "status", "code": 502}) == LINES[1][1]
    assert fault_of({"on": "info", "effect": "stall", "nth": [2, 5]}) == LINES[2][1]
    assert fault_of({"on": "order", "effect": "delay", "ms": 7}).ms == (7, 7)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "'' is not WHAT[KEY=VALUE&…]:RATE:PHASE:EFFECT"),
        ("order:drop", "is not WHAT"),
        ("order[coin]:1:drop", "'coin' is none of coin=, user="),
        ("order[colour=red]:1:drop", "'colour=red' is none of"),
        ("order[coin=BTC&coin=ETH]:1:drop", "coin is given twice"),
        ("order:0:drop", "a chance is above 0 and at most 1"),
        ("order:1.5:drop", "a chance is above 0 and at most 1"),
        ("order:often:drop", "rate: 'often' is no chance such as 0.05, in a line also #3"),
        ("order:after:drop", "rate: 'after' is no chance such as 0.05"),  # who forgets it
        ("order:#0:drop", "nth counts from 1"),
        ("order:#x:drop", "nth: 'x' is no whole number"),
        ("order:1:during:drop", "'during' is none of before, after"),
        ("order:1:explode", "'explode' is none of delay, status"),
        ("order:1:418", "status takes one of 429, 500, 502, 503, 504"),
        ("order:1:delay", "a delay or a lag takes ms"),
        ("order:1:delay=9..3", "a delay or a lag takes ms"),
        ("order:1:drop=3", "drop takes no code"),
        ("order:1:after:refuse", "refuse has no phase: nothing is done before it"),
        ("order:1:refuse=Margin!", "'Margin!' is no rule, as margin is one"),
        ("info:1:after:lag=400", "lag has no phase"),
        ("info:1:lag", "a lag takes ms: 1 to 60000"),
        ("info:1:lag=1..400", "a lag takes ms: 1 to 60000"),
        ("info:1:lag=60001", "a lag takes ms: 1 to 60000"),
        ("ws/trades:1:lag=400", "a frame knows no 'lag'"),
        ("ws:1:refuse", "a socket knows no 'refuse'"),
        ("order:1:429=3", "'429' is none of delay, status"),
        ("order[from=5&until=5]:1:drop", "until is not later than from"),
        ("order:1:reorder", "a request knows no 'reorder'; known: delay, status"),
        ("order[is=update]:1:drop", "only frames are a snapshot or an update"),
        ("order[times=0]:1:drop", "times is 1 or more"),
        ("order[user=0xAB]:1:drop", "'0xab' is no address"),
        ("order[cloid=mine]:1:drop", "'mine' is no cloid"),
        ("ws/trades:1:after:drop", "a frame has no phase"),
        ("ws/trades:1:502", "a frame knows no 'status'"),
        ("ws/trades:1:close=4000", "close takes one of 1000, 1001, 1006, 1011, 1012"),
        (f"ws/trades[cloid={CLOID}]:1:drop", "frames are told apart by channel, coin and user"),
        ("ws[coin=BTC]:1:drop", "a socket that opens names no coin"),
        ("ws/a/b:1:drop", "is neither a type of request nor ws"),
        ("tcp/trades:1:drop", "is neither a type of request nor ws"),
    ],
)
def test_what_makes_no_sense_says_why(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_fault(line)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"on": "order"}, "a fault needs 'effect'"),
        ({"effect": "drop"}, "a fault needs 'on'"),
        ({"on": "order", "effect": "drop", "rates": 1}, "unknown key 'rates'; known: on, effect"),
        ({"on": "order", "effect": "drop", "refusal": "tick"}, "drop takes no refusal"),
        ({"on": "order", "effect": "drop", "times": True}, "times: True is no whole number"),
        ({"on": "ws/trades", "effect": "drop", "is": "first"}, "is: 'first' is neither"),
    ],
)
def test_an_object_that_makes_no_sense_says_why(words: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        fault_of(words)


def test_every_effect_says_what_it_means() -> None:
    for kind, effects in EFFECTS.items():
        assert kind in ("request", "frame", "socket")
        assert all(len(meaning) > 10 for meaning in effects.values())
    assert {effect for effects in EFFECTS.values() for effect in effects} == set(Effect)


# -- which one strikes -----------------------------------------------------------------------------

ORDER = Asked(("order", "exchange"), ["BTC"], [CLOID], lambda: USER)


def in_force(*lines: str, now_ms: int = 0, seed: int = 0) -> Faults:
    faults = Faults(seed, lambda: now_ms)
    for line in lines:
        faults.add(parse_fault(line))
    return faults


def strikes(faults: Faults, asked: Asked = ORDER, times: int = 1) -> list[bool]:
    return [faults.on_request(asked) is not None for _ in range(times)]


@pytest.mark.parametrize(
    ("line", "struck"),
    [
        ("any:1:drop", True),
        ("exchange:1:drop", True),
        ("info:1:drop", False),
        ("cancel:1:drop", False),
        ("order[coin=BTC]:1:drop", True),
        ("order[coin=ETH]:1:drop", False),
        (f"order[cloid={CLOID}]:1:drop", True),
        (f"order[cloid=0x{'00' * 16}]:1:drop", False),
        (f"order[user={USER}]:1:drop", True),
        (f"order[user=0x{'00' * 20}]:1:drop", False),
    ],
)
def test_a_fault_strikes_what_it_names(line: str, struck: bool) -> None:
    assert strikes(in_force(line)) == [struck]


@pytest.mark.parametrize(("now_ms", "struck"), [(4, False), (5, True), (8, True), (9, False)])
def test_a_window_is_of_exchange_time_without_its_end(now_ms: int, struck: bool) -> None:
    assert strikes(in_force("order[from=5&until=9]:1:drop", now_ms=now_ms)) == [struck]


def test_nth_counts_what_the_rest_of_the_plan_names() -> None:
    faults = in_force("order[coin=BTC]:#2+3:drop")
    other = Asked(("order", "exchange"), ["ETH"])

    assert strikes(faults, other, 5) == [False] * 5
    assert strikes(faults, times=5) == [False, True, True, False, False]


def test_times_is_the_most() -> None:
    assert strikes(in_force("order[times=2]:1:drop"), times=4) == [True, True, False, False]


def test_of_two_the_older_strikes_and_the_other_does_not_hear_of_it() -> None:
    faults = in_force("order[times=1]:1:drop", "order:#1:502")

    first, second = faults.on_request(ORDER), faults.on_request(ORDER)

    assert first is not None
    assert second is not None
    assert (first.fault.effect, second.fault.effect) == (Effect.DROP, Effect.STATUS)


def test_chance_is_of_the_seed_and_of_the_fault_alone() -> None:
    alone = strikes(in_force("order:0.3:drop"), times=200)
    # Another fault with dice of its own, asked in between, shifts nothing.
    crowded = in_force("order:0.3:drop", "info:0.5:drop")
    beside = []
    for _ in range(200):
        beside += strikes(crowded)
        strikes(crowded, Asked(("meta", "info")))

    assert beside == alone
    assert strikes(in_force("order:0.3:drop", seed=1), times=200) != alone
    assert 30 < sum(alone) < 90


def test_faults_go_on_from_their_state() -> None:
    faults = in_force("order:0.3:drop", "order[times=3]:#4:502")
    strikes(faults, times=5)
    saved = faults.state()
    rest = strikes(faults, times=50)

    again = Faults(99, lambda: 0)
    again.restore(saved)

    assert strikes(again, times=50) == rest
    assert again.add(parse_fault("info:1:drop")) == 3


def test_what_can_never_strike_is_refused_with_the_nearest_name() -> None:
    faults = in_force()
    for line, said in (
        ("oder:1:drop", "unknown oder; nearest: order"),
        ("l2book:1:drop", "unknown l2book; nearest: l2Book"),
        ("ws/trade:1:drop", "unknown ws/trade; nearest: ws/trades"),
    ):
        with pytest.raises(ValueError, match=f"^{said}$"):
            faults.add(parse_fault(line))


def test_the_number_of_faults_has_an_end() -> None:
    faults = in_force(*["order:1:drop"] * MOST_FAULTS)
    with pytest.raises(ValueError, match=f"no more than {MOST_FAULTS} faults"):
        faults.add(parse_fault("order:1:drop"))
    faults.remove(7)
    faults.add(parse_fault("order:1:drop"))
    with pytest.raises(ValueError, match="no fault 7"):
        faults.remove(7)
    faults.clear()
    assert faults.entries() == []
