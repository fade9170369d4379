"""Which nonces are admitted, per signer, and what the others are told."""

from __future__ import annotations

import pytest
from stories import START_MS, Story, Trader, address, market

from hlsim.sim.actions.misc import Noop
from hlsim.sim.errors import ActionError, ActionReject
from hlsim.sim.nonces import KEPT, SEEN_KEPT, NonceSet
from hlsim.sim.replies import Done, Refused

DAY_MS = 86_400_000
CLOCK = 1_791_400_000_000
LOW = CLOCK - 2 * DAY_MS + 120_000
HIGH = CLOCK + DAY_MS - 120_000


def told(nonces: NonceSet, nonce: int) -> str:
    """The text of a refusal, or "" and the nonce is used."""
    try:
        nonces.check(nonce, CLOCK)
    except ActionError as error:
        return str(error.why.value).format(**error.params)
    nonces.use(nonce)
    return ""


def trader() -> tuple[Story, Trader]:
    m = market()
    return m, m.account("alice")


@pytest.mark.parametrize(
    ("nonce", "text"),
    [
        (CLOCK, ""),
        (LOW, ""),
        (HIGH, ""),
        (LOW - 1, f"Invalid nonce: nonce too low {LOW - 1} < {LOW}"),
        (HIGH + 1, f"Invalid nonce: nonce too high {HIGH + 1} > {HIGH}"),
        (0, f"Invalid nonce: nonce too low 0 < {LOW}"),
        (2**64 - 1, f"Invalid nonce: nonce too high {2**64 - 1} > {HIGH}"),
    ],
)
def test_the_window_is_two_minutes_tighter_than_documented(nonce: int, text: str) -> None:
    """Observed: exchange 4."""
    assert told(NonceSet(), nonce) == text


@pytest.mark.parametrize(
    ("nonce", "bound", "late_ms", "side"),
    [
        (1_791_140_676_851, 1_791_227_196_699, -3 * DAY_MS, "low"),
        (1_791_572_677_029, 1_791_486_156_858, 2 * DAY_MS, "high"),
    ],
)
def test_the_bounds_of_the_recorded_refusals_are_within_a_second(
    nonce: int, bound: int, late_ms: int, side: str
) -> None:
    """Observed: two recorded refusals of probes sent about 3 days early and 2 late (exchange 4)."""
    with pytest.raises(ActionError) as caught:
        NonceSet().check(nonce, nonce - late_ms)
    assert caught.value.why is ActionReject[f"NONCE_{side.upper()}"]
    assert abs(caught.value.params["bound"] - bound) < 1_000


def test_a_nonce_is_used_once() -> None:
    """Observed: the text names it (exchange 4)."""
    nonces = NonceSet()
    assert told(nonces, CLOCK) == ""
    assert told(nonces, CLOCK) == f"Invalid nonce: duplicate nonce {CLOCK}"


def test_a_new_nonce_must_exceed_the_hundredth_highest() -> None:
    """Documented: 100 are stored. Observed: a seen one is a duplicate even below (exchange 4)."""
    nonces = NonceSet()
    for number in range(KEPT - 1):
        assert told(nonces, CLOCK + 10 * number) == ""
    assert told(nonces, CLOCK - 5) == ""  # not full yet: any order will do
    assert told(nonces, CLOCK - 6) == f"Invalid nonce: nonce too low {CLOCK - 6} < {CLOCK - 5}"
    assert told(nonces, CLOCK + 7) == ""  # pushes the lowest out
    assert told(nonces, CLOCK - 4) == f"Invalid nonce: nonce too low {CLOCK - 4} < {CLOCK}"
    assert told(nonces, CLOCK - 5) == f"Invalid nonce: duplicate nonce {CLOCK - 5}"
    assert told(nonces, CLOCK + 8) == ""
    assert nonces.highest == sorted(nonces.highest)
    assert len(nonces.highest) == KEPT


def test_memory_is_bounded_and_a_high_nonce_stays_used() -> None:
    """Whatever is forgotten is below the hundredth highest, hence still refused."""
    nonces = NonceSet()
    top = CLOCK + 1_000_000
    assert told(nonces, top) == ""
    for number in range(SEEN_KEPT + 50):
        nonces.use(CLOCK + number)
    assert len(nonces.seen) == SEEN_KEPT
    assert told(nonces, top) == f"Invalid nonce: duplicate nonce {top}"
    floor = nonces.highest[0]
    assert told(nonces, CLOCK) == f"Invalid nonce: nonce too low {CLOCK} < {floor}"


def test_different_signers_may_use_the_same_nonce() -> None:
    """Observed: exchange 4."""
    m, alice = trader()
    bob = m.account("bob")
    assert alice.act(Noop(), nonce=START_MS) == Done()
    assert bob.act(Noop(), nonce=START_MS) == Done()


def test_the_clock_of_the_call_judges_not_the_exchange_clock() -> None:
    """Clients stamp nonces with their own wall clock, which a manual clock is not."""
    _, alice = trader()
    assert alice.act(Noop(), nonce=CLOCK, nonce_clock_ms=CLOCK) == Done()
    refused = alice.act(Noop(), nonce=CLOCK + 1)
    assert isinstance(refused, Refused)
    assert refused.error.why is ActionReject.NONCE_HIGH


def test_a_strangers_nonce_is_not_spent() -> None:
    """Observed: failing before admission burns nothing (exchange 1.3)."""
    m = market()
    stranger = Trader(m, address("stranger"))
    refused = stranger.act(Noop(), nonce=START_MS)
    assert isinstance(refused, Refused)
    assert refused.error.why is ActionReject.UNKNOWN_SIGNER
    assert m.ex.state.nonces == {}
    assert m.account("stranger").act(Noop(), nonce=START_MS) == Done()
