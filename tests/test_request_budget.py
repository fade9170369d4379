"""The limits of an address: the budget, the way out of it, cancels, and an account's day."""

from __future__ import annotations

from typing import Any

import pytest
from asking import told
from stories import START_MS, Story, Trader, market

from hlsim.matching.types import Tif
from hlsim.server.encode import error_text
from hlsim.server.journal import decode, encode
from hlsim.sim.actions.abstraction import AbstractionWord, UserSetAbstraction
from hlsim.sim.actions.cancels import Cancel, CancelOid
from hlsim.sim.actions.misc import Noop
from hlsim.sim.actions.wallets import ReserveRequestWeight
from hlsim.sim.events import RequestTolerated
from hlsim.sim.exchange import Exchange, Input
from hlsim.sim.operations import GrantRequests
from hlsim.sim.replies import Done, Refused
from hlsim.sim.rules import Rules

ANY: Any = 0


def start(**rules: Any) -> tuple[Story, Trader]:
    m = market(Rules(**rules))
    return m, m.account("alice")


def text_of(reply: Any) -> str:
    return error_text(reply.error) if isinstance(reply, Refused) else "ok"


def too_many(used: int, most: int, volume: str = "0") -> str:
    return (
        f"Too many cumulative requests sent ({used} > {most}) for cumulative volume traded"
        f" ${volume}. Place taker orders to free up 1 request per USDC traded."
    )


def cancels(count: int) -> Cancel:
    return Cancel(tuple(CancelOid(ANY, ANY) for _ in range(count)))


def used_and_cap(m: Story, trader: Trader) -> tuple[int, int, int]:
    row = told(m.view, "userRateLimit", user=trader.address)
    return row["nRequestsUsed"], row["nRequestsCap"], row["nRequestsSurplus"]


# -- the budget ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spent", "text"), [(9_998, "ok"), (9_999, too_many(10_000, 9_999)), (10_000, "")]
)
def test_the_budget_of_ten_thousand_ends_when_the_text_says_so(spent: int, text: str) -> None:
    """Observed: the text has used + 1 and cap - 1 (exchange 7.1, contested 49)."""
    m, alice = start()
    assert alice.act(Noop()) == Done()
    alice.account.requests_used = spent
    assert text_of(alice.act(Noop())) == (text or too_many(10_001, 9_999))
    assert used_and_cap(m, alice) == (spent + (text == "ok"), 10_000, 0)


@pytest.mark.parametrize(
    ("used", "volume", "most", "shown"),
    [
        (97_459, 8745746000000, 97_456, "87457.46"),
        (20_628, 641583000000, 16_414, "6415.83"),
        (37_354, 2732208000000, 37_321, "27322.08"),
        (15_964, 585656000000, 15_855, "5856.56"),
        (2_887_580, 279723488019000, 2_807_233, "2797234.88019"),
    ],
)
def test_the_refusal_has_the_numbers_that_were_published(
    used: int, volume: int, most: int, shown: str
) -> None:
    """Observed: five samples (exchange 7.1)."""
    m, alice = start()
    alice.act(Noop())
    alice.account.requests_used, alice.account.volume.total_usd = used, volume
    assert text_of(alice.act(Noop())) == too_many(used + 1, most, shown)
    assert used_and_cap(m, alice) == (used, most + 1, 0)


def test_a_dollar_of_volume_is_one_more_request() -> None:
    """Documented: one request per USDC traded (exchange 9)."""
    m, alice = start(free_requests=3)
    bob = m.account("bob")
    bob.sells("1 SOL @ 100")
    alice.act(Noop())
    assert not isinstance(alice.buys("1 SOL @ 100"), Refused)
    assert used_and_cap(m, alice) == (2, 103, 0)
    passed = 0
    while alice.act(Noop()) == Done():
        passed += 1
    assert passed == 100
    assert used_and_cap(m, alice) == (102, 103, 0)


def test_a_batch_counts_what_it_holds_and_its_failures_count() -> None:
    """Observed: failed cancels of an accepted batch count; what is refused whole costs nothing
    (ws 8.2). Assumed: a batch is admitted whole as long as one more request is.
    """
    _, alice = start(free_requests=10, cancel_requests=0)
    alice.act(cancels(8))
    assert alice.account.requests_used == 8
    alice.act(cancels(201))
    assert alice.account.requests_used == 8
    alice.act(cancels(5))
    assert alice.account.requests_used == 13
    assert text_of(alice.act(cancels(1))) == too_many(14, 9)
    assert alice.account.requests_used == 13


def test_without_budget_one_request_in_ten_seconds_passes() -> None:
    """Observed: refusals neither count nor restart the window; with a request a second that takes
    0.1 s more one passes every eleven seconds (exchange 9).
    """
    m, alice = start(free_requests=2)
    alice.act(Noop())
    passed = []
    for number in range(1, 45):
        m.advance(ms=1_100)
        if alice.act(Noop()) == Done():
            passed.append(number)
    assert passed == [10, 20, 30, 40]
    assert alice.account.requests_used == 5


@pytest.mark.parametrize(("ms", "text"), [(9_999, too_many(2, 1)), (10_000, "ok"), (10_001, "ok")])
def test_the_window_ends_ten_seconds_after_the_last_request(ms: int, text: str) -> None:
    m, alice = start(free_requests=2)
    alice.act(Noop())
    m.advance(ms=ms)
    assert text_of(alice.act(Noop())) == text


def test_the_first_request_of_an_account_needs_no_budget() -> None:
    _, alice = start(free_requests=0)
    assert alice.act(Noop()) == Done()
    assert text_of(alice.act(Noop())) == too_many(2, -1)


def test_an_expired_action_costs_five_requests_and_begins_the_window() -> None:
    """Documented: exchange 9."""
    m, alice = start(free_requests=6)
    stale = alice.act(Noop(), expires_after=START_MS - 1)
    assert text_of(stale) == "Action already expired"
    assert used_and_cap(m, alice) == (5, 6, 0)
    assert text_of(alice.act(Noop())) == too_many(6, 5)
    m.advance(seconds=10)
    assert alice.act(Noop()) == Done()


@pytest.mark.parametrize(
    ("early_ms", "text", "used"), [(1, "Action already expired", 15), (0, "ok", 3), (-1, "ok", 3)]
)
def test_a_batch_that_expired_costs_five_times_what_it_holds(
    early_ms: int, text: str, used: int
) -> None:
    """Documented: five-fold (exchange 9); what expires now is not stale (exchange 1.3)."""
    m, alice = start()
    assert text_of(alice.act(cancels(3), expires_after=START_MS - early_ms)) == text
    assert used_and_cap(m, alice) == (used, 10_000, 0)


def test_a_refused_action_leaves_no_trace() -> None:
    """Observed: refusals do not raise nRequestsUsed. Assumed: nor use the nonce (contested 40)."""
    inputs: list[Input] = []
    m = market(Rules(free_requests=2), journal=inputs.append)
    alice = m.account("alice")
    alice.act(Noop())
    m.ex.drain()
    nonce, before, written = next(m.nonces), m.ex.state_hash(), len(inputs)
    for _ in range(3):
        assert text_of(alice.act(Noop(), nonce=nonce)) == too_many(2, 1)
    assert (m.ex.state_hash(), len(inputs), m.ex.drain()) == (before, written, [])
    m.advance(seconds=10)
    assert alice.act(Noop(), nonce=nonce) == Done()


@pytest.mark.parametrize("batch", [1, 201])
def test_a_refusal_may_use_the_nonce(batch: int) -> None:
    """The other reading of contested 40: admitted by its nonce first, then refused; the journal
    has it.
    """
    inputs: list[Input] = []
    rules = Rules(free_requests=1, cancel_requests=0, refusal_burns_nonce="yes")
    m = market(rules, journal=inputs.append)
    alice = m.account("alice")
    began = m.ex.snapshot()
    inputs.clear()
    alice.act(Noop())
    nonce = next(m.nonces)

    text = "Signed action over weight limit of 200." if batch > 200 else too_many(2, 0)
    assert text_of(alice.act(cancels(batch), nonce=nonce)) == text
    again = text_of(alice.act(cancels(batch), nonce=nonce))

    assert again == f"Invalid nonce: duplicate nonce {nonce}"
    assert alice.account.requests_used == 1
    other = Exchange.restore(began)
    for item in inputs:
        other.feed(decode(encode(item)))
    assert other.state_hash() == m.ex.state_hash()


def test_limits_come_before_nonces_and_nonces_before_expiry() -> None:
    """Assumed: contested 70."""
    m, alice = start(free_requests=2)
    first = next(m.nonces)
    alice.act(Noop(), nonce=first)
    assert text_of(alice.act(Noop(), nonce=first, expires_after=1)) == too_many(2, 1)
    m.advance(seconds=10)
    duplicate = text_of(alice.act(Noop(), nonce=first, expires_after=1))
    assert duplicate == f"Invalid nonce: duplicate nonce {first}"
    assert text_of(alice.act(Noop(), expires_after=1)) == "Action already expired"


# -- cancels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "more", "most"), [(10_000, 100_000, 20_000), (150_000, 100_000, 250_000)]
)
def test_cancels_have_a_cap_of_their_own(free: int, more: int, most: int) -> None:
    """Documented: min(limit + 100000, limit * 2) (exchange 9). Assumed: one count for both."""
    m, alice = start(free_requests=free, cancel_requests=more)
    alice.act(Noop())
    alice.account.requests_used = most - 2
    assert text_of(alice.act(Noop())) == too_many(most - 1, free - 1)
    assert text_of(alice.act(cancels(1))) == "ok"
    assert text_of(alice.act(cancels(1))) == too_many(most, most - 1)
    assert used_and_cap(m, alice) == (most - 1, free, 0)


def test_orders_can_be_cancelled_without_budget() -> None:
    """Documented: the reason of the cancel limit (exchange 9)."""
    _, alice = start(free_requests=3)
    alice.buys("1 SOL @ 90")
    alice.buys("1 SOL @ 90")
    assert text_of(alice.buys("1 SOL @ 90")) == too_many(3, 2)
    assert alice.cancel("SOL", 1) is None
    assert alice.cancel("SOL", 2) is None
    assert alice.account.orders == {}


# -- bought requests -------------------------------------------------------------------------------


def test_bought_requests_are_used_before_free_ones() -> None:
    """Documented: used = max(0, made - reserved), surplus = max(0, reserved - made) (ws 8.2)."""
    m, alice = start(free_requests=3)
    alice.act(ReserveRequestWeight(4))  # type: ignore[arg-type]
    assert used_and_cap(m, alice) == (0, 3, 3)
    for left in (2, 1, 0):
        assert alice.act(Noop()) == Done()
        assert used_and_cap(m, alice) == (0, 3, left)
    assert [text_of(alice.act(Noop())) for _ in range(3)] == ["ok", "ok", too_many(3, 2)]
    assert used_and_cap(m, alice) == (2, 3, 0)

    m.advance(seconds=10)
    alice.act(ReserveRequestWeight(1))  # type: ignore[arg-type]
    assert used_and_cap(m, alice) == (2, 3, 0)
    m.ex.operate(GrantRequests(alice.address, 1))
    assert alice.act(Noop()) == Done()
    assert text_of(alice.act(Noop())) == too_many(3, 2)


def test_granted_requests_are_at_least_one() -> None:
    m, alice = start()
    with pytest.raises(ValueError, match="at least one request: 0"):
        m.ex.operate(GrantRequests(alice.address, 0))


# -- a day -----------------------------------------------------------------------------------------

DAY_MS = 86_400_000


def daily(used: int, most: int) -> str:
    return (
        f"Too many cumulative requests sent ({used} > {most}) in one day for an account with"
        " unified balances."
    )


def in_mode(m: Story, trader: Trader, mode: str) -> None:
    if mode != "default":
        word = AbstractionWord(mode)
        assert trader.act(UserSetAbstraction(trader.address, word, next(m.nonces))) == Done()  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["unifiedAccount", "default", "disabled"])
def test_an_account_with_unified_balances_has_fifty_thousand_actions_a_day(mode: str) -> None:
    """Documented: exchange 9. Assumed: days are UTC, a batch is one action, the text."""
    m, alice = start(free_requests=10**6)
    in_mode(m, alice, mode)
    is_limited = mode == "unifiedAccount"
    alice.act(cancels(7))
    assert alice.account.day_actions == (1 if is_limited else 0)
    alice.account.day_actions, alice.account.action_day = 49_999, START_MS // DAY_MS

    assert text_of(alice.act(Noop())) == "ok"
    refused = daily(50_001, 50_000) if is_limited else "ok"
    assert text_of(alice.act(Noop())) == refused
    m.advance(ms=DAY_MS - START_MS % DAY_MS - 1)
    assert text_of(alice.act(Noop())) == refused
    m.advance(ms=1)
    assert text_of(alice.act(Noop())) == "ok"


def test_bought_requests_are_not_of_the_day() -> None:
    m, alice = start(daily_actions=2)
    in_mode(m, alice, "unifiedAccount")
    m.ex.operate(GrantRequests(alice.address, 5))
    assert [text_of(alice.act(Noop())) for _ in range(5)] == ["ok"] * 4 + [daily(5, 2)]


# -- modes -----------------------------------------------------------------------------------------


def told_of(m: Story) -> list[RequestTolerated]:
    return [event for event in m.ex.drain() if isinstance(event, RequestTolerated)]


def test_warn_executes_and_tells_what_strict_refuses() -> None:
    m, alice = start(free_requests=3, address_limits="warn")
    alice.act(Noop())
    alice.act(Noop())
    assert told_of(m) == []
    assert alice.act(Noop()) == Done()
    assert told_of(m) == [RequestTolerated(alice.address, 3, 2, "requests")]
    assert alice.cancel("SOL", 9) is not None
    assert told_of(m) == []
    assert used_and_cap(m, alice) == (4, 3, 0)
    nonce = next(m.nonces)
    alice.act(Noop(), nonce=nonce)
    m.ex.drain()
    assert text_of(alice.act(Noop(), nonce=nonce)) == f"Invalid nonce: duplicate nonce {nonce}"
    assert told_of(m) == []


def test_warn_tells_of_a_day_too() -> None:
    m, alice = start(daily_actions=1, address_limits="warn")
    in_mode(m, alice, "unifiedAccount")
    assert alice.act(Noop()) == Done()
    assert alice.act(Noop()) == Done()
    assert told_of(m) == [RequestTolerated(alice.address, 2, 1, "daily")]


def test_off_counts_and_says_nothing() -> None:
    m, alice = start(free_requests=2, daily_actions=1, address_limits="off")
    in_mode(m, alice, "unifiedAccount")
    for _ in range(5):
        assert alice.act(Noop()) == Done()
    assert told_of(m) == []
    assert used_and_cap(m, alice) == (6, 2, 0)
    assert text_of(alice.act(cancels(201))) == "Signed action over weight limit of 200."


# -- whose it is, and what lasts -------------------------------------------------------------------


def test_a_snapshot_and_a_journal_hold_the_budget() -> None:
    """It is state like all other: a restored or replayed exchange refuses the same request."""
    lines: list[bytes] = []
    m = market(Rules(free_requests=3), journal=lambda item: lines.append(encode(item)))
    began = m.ex.snapshot()
    alice = m.account("alice")
    alice.buys("1 SOL @ 90")
    m.advance(seconds=4)
    alice.act(Noop())
    replayed = Exchange.restore(began)
    for line in lines:
        replayed.feed(decode(line))

    for ex in (Exchange.restore(m.ex.snapshot()), replayed):
        assert ex.state_hash() == m.ex.state_hash()
        story = Story(ex)
        story.nonces = m.nonces
        again = Trader(story, alice.address)
        story.advance(ms=9_999)
        assert text_of(again.buys("1 SOL @ 90", tif=Tif.ALO)) == too_many(3, 2)
        story.advance(ms=1)
        assert text_of(again.act(Noop())) == "ok"
