"""Profiles: every contested point is an option, its default the exchange's usual way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal, get_origin, get_type_hints

import pytest
from wire import IOC, Pen, oid_of, refusal_of

import hlsim
from hlsim.cli import run
from hlsim.server.profile import BY_NAME, POINTS, Part, Point, fields_of
from hlsim.server.replica import ReadRules
from hlsim.server.session import SocketRules
from hlsim.sim.fixed import RATE_SCALE
from hlsim.sim.rules import Rules

BTC = 0
WORDS = [name for name, kind in get_type_hints(Rules).items() if get_origin(kind) is Literal]

MADE: dict[Part, Callable[..., Any]] = {
    "rules": Rules,
    "sockets": SocketRules,
    "reads": ReadRules,
}


def rules_of(*parts: tuple[str, str]) -> dict[str, Any]:
    return fields_of(parts, "rules")


def socket_rules_of(*parts: tuple[str, str]) -> dict[str, Any]:
    return fields_of(parts, "sockets")


def test_every_choice_of_the_rules_is_a_point() -> None:
    """A new one must be listed; `address_limits` is what `--limits` says."""
    assert set(WORDS) - {"address_limits"} <= set(BY_NAME)
    assert len(BY_NAME) == len(POINTS)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_the_first_reading_is_the_default_and_each_is_another(point: Point) -> None:
    numbers = point.numbers
    readings = [*point.readings, *([str(numbers.low), str(numbers.high)] if numbers else [])]

    chosen = [MADE[point.part](**fields_of([(point.name, one)], point.part)) for one in readings]

    assert chosen[0] == MADE[point.part]()
    assert len(set(chosen)) == len(readings) >= 2
    for part in MADE.keys() - {point.part}:
        assert not any(fields_of([(point.name, reading)], part) for reading in readings)


def test_what_is_not_listed_cannot_be_chosen() -> None:
    for part in (("modify_rule", "2025"), ("max_batch", "200"), ("testet", "")):
        with pytest.raises(KeyError):
            rules_of(part)


@pytest.mark.parametrize("reading", ["1001", "-1", "1.5", "007", "1e2", "\u0663", "", "9" * 5000])
def test_a_number_is_a_reading_within_its_bounds(reading: str) -> None:
    assert fields_of([("read_lag_ms", "1000")], "reads") == {"read_lag_ms": 1000}
    with pytest.raises(KeyError):
        fields_of([("read_lag_ms", reading)], "reads")


def test_what_comes_later_goes_before() -> None:
    """Observed: a band of 80 % and dust by the minute, on testnet (contested 6, 59)."""
    testnet = rules_of(("testnet", ""))
    assert testnet == {"price_band": 8 * RATE_SCALE // 10, "dust_schedule": "minute"}
    assert rules_of(("testnet", ""), ("price_band", "0.95")) == testnet | {
        "price_band": Rules().price_band
    }
    assert rules_of(("mainnet", "")) == {}
    assert socket_rules_of(("rotation", "off"), ("rotation", "on")) == {}
    both = [("idle_close", "1000"), ("rotation", "off"), ("twap_minimum", "flat")]
    assert socket_rules_of(*both) == {"idle_reason": "Inactive", "lifetime_s": None}


# -- on a server -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "is_taken"), [("mainnet", True), ("testnet", False)])
def test_a_named_profile_is_the_whole_of_its_network(profile: str, *, is_taken: bool) -> None:
    """A tenth of the mark is within 95 % of it, but not within 80 %."""
    with hlsim.start(market="static", profile=profile) as running:
        pen = Pen(running, running.accounts[0].key)
        px = str(round(float(pen.info("allMids")["BTC"]) / 10))
        reply = pen.buys(BTC, "0.01", px)
        if is_taken:
            assert oid_of(reply)
        else:
            assert refusal_of(reply).startswith("Order price cannot be more than 80% away")


def test_a_snapshot_keeps_the_readings() -> None:
    with hlsim.start(market="empty", profile="ioc_check_order=minimum_first") as running:
        saved = running.snapshot()
        pen = Pen(running, running.accounts[0].key)
        assert "minimum value" in refusal_of(pen.buys(BTC, "0.0001", "40000", IOC))
        running.restore(saved)
        assert "minimum value" in refusal_of(pen.buys(BTC, "0.0001", "40000", IOC))
    with hlsim.start(market="empty") as running:
        pen = Pen(running, running.accounts[0].key)
        assert "could not immediately match" in refusal_of(pen.buys(BTC, "0.0001", "40000", IOC))


def test_the_command_lists_every_point(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profile"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [point.name for point in POINTS]
    assert all(
        ", ".join(point.choices) in line for point, line in zip(POINTS, lines[2:], strict=True)
    )


def test_a_slip_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for text, said in (
        ("price_band=0.9", "price_band: '0.9' is none of 0.95, 0.80"),
        ("read_lag_ms=1001", "read_lag_ms: '1001' is none of 0, 1 to 1000"),
        ("rotation_scale=0", "rotation_scale: '0' is none of 1, 2 to 10000"),
    ):
        with pytest.raises(ValueError, match=f"^profile: {re.escape(said)}$"):
            hlsim.start(market="empty", profile=text)
    for text, nearest in (("testet", "testnet"), ("twap_minimun=flat", "twap_minimum=")):
        assert run(["serve", "--profile", text]) == 2
        assert capsys.readouterr().err == (
            f"hlsim: --profile: {text!r} is neither a profile nor a point of one; "
            f"nearest: {nearest}\n"
        )
