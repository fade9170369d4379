"""The exchange as a whole: admission of actions, time, blocks, journal, outbox."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from stories import START_MS, Trader, address, market, px, universe, usd

from hlsim.sim.actions import ACTIONS
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.cancels import Cancel, CancelOid
from hlsim.sim.actions.misc import Noop
from hlsim.sim.actions.transfers import UsdSend
from hlsim.sim.call import Call
from hlsim.sim.errors import ActionReject
from hlsim.sim.events import (
    AccountChanged,
    BookChanged,
    FundingRate,
    PricesChanged,
    Transaction,
)
from hlsim.sim.exchange import Advanced, Applied, Exchange, Operated, Sealed
from hlsim.sim.ids import tx_hash
from hlsim.sim.operations import DepositUsd, SetHalt, SetOracle
from hlsim.sim.replies import Done, Refused
from hlsim.sim.rules import Rules

ANY: Any = 1
STRANGER = address("stranger")


def text_of(response: Any) -> str:
    assert isinstance(response, Refused)
    assert isinstance(response.error.why, ActionReject)
    return response.error.why.value.format(**response.error.params)


def cancels(count: int) -> Cancel:
    return Cancel(tuple(CancelOid(ANY, ANY) for _ in range(count)))


# -- admission -------------------------------------------------------------------------------------


def test_refusals_come_in_the_documented_order_and_spend_the_nonce_from_there_on() -> None:
    """Observed: exchange 1.3; limits before the nonce is Assumed (contested 40, 70)."""
    m = market()
    m.account("alice")
    past = START_MS - 1
    # Each line mends what the line before was refused for; all but the last break expiry, too.
    for who, vault, count, nonce, text in (
        ("nobody", STRANGER, 201, 0, f"Vault not registered: {STRANGER}"),
        ("nobody", None, 201, 0, f"User or API Wallet {address('nobody')} does not exist."),
        ("alice", None, 201, 0, "Signed action over weight limit of 200."),
        ("alice", None, 200, 0, "Invalid nonce: nonce too low 0 < 1767052920000"),
        ("alice", None, 200, START_MS, "Action already expired"),
        ("alice", None, 200, START_MS, f"Invalid nonce: duplicate nonce {START_MS}"),
    ):
        call = Call(address(who), nonce, START_MS, vault, past)
        assert text_of(m.ex.apply(cancels(count), call)) == text


def test_what_is_refused_before_admission_can_be_sent_again() -> None:
    """Observed: failures at 1 to 6 burn nothing (exchange 1.3). Assumed: nor does the weight."""
    m = market()
    alice = m.account("alice")
    text_of(alice.act(Noop(), nonce=START_MS, vault=STRANGER))
    text_of(alice.act(cancels(201), nonce=START_MS))
    assert alice.act(Noop(), nonce=START_MS) == Done()


def test_a_user_signed_action_of_a_stranger_names_the_deposit() -> None:
    """Observed: exchange 2.4."""
    send = UsdSend(STRANGER, "1", ANY)  # type: ignore[arg-type]
    response = market().ex.apply(send, Call(STRANGER, START_MS, START_MS))
    assert text_of(response) == f"Must deposit before performing actions. User: {STRANGER}"


@pytest.mark.parametrize("late", [0, 1])
def test_expiry_is_judged_by_the_nonce_clock(late: int) -> None:
    """Observed: expired when `expiresAfter` is earlier; the nonce is spent (exchange 1.3)."""
    alice = market().account("alice")
    response = alice.act(Noop(), nonce=START_MS, expires_after=START_MS + 9 - late)
    assert response == Done()
    response = alice.act(
        Noop(), nonce=START_MS + 1, expires_after=START_MS + 9 - late, nonce_clock_ms=START_MS + 9
    )
    if late:
        assert text_of(response) == "Action already expired"
        again = alice.act(Noop(), nonce=START_MS + 1)
        assert text_of(again) == f"Invalid nonce: duplicate nonce {START_MS + 1}"
    else:
        assert response == Done()


def test_the_batch_limit_is_a_rule() -> None:
    """Observed: 201 are too many (mechanics 2.7)."""
    m = market(Rules(max_batch=3))
    alice = m.account("alice")
    assert text_of(alice.act(cancels(4))) == "Signed action over weight limit of 200."
    assert not isinstance(alice.act(cancels(3)), Refused)


def test_admitted_requests_are_counted_by_weight_on_the_master() -> None:
    """Observed: each entry of a batch counts, failed ones too (mechanics 2.7)."""
    m = market()
    alice = m.account("alice")
    now: Any = START_MS
    alice.act(ApproveAgent(address("key"), now))
    alice.act(cancels(5))
    Trader(m, address("key")).act(Noop())
    alice.act(cancels(201))
    assert alice.account.requests_used == 7


def test_an_expired_action_counts_five_times() -> None:
    """Documented: stale `expiresAfter` costs five times as much (mechanics 2.7, 5)."""
    alice = market().account("alice")
    assert text_of(alice.act(cancels(3), expires_after=START_MS - 1)) == "Action already expired"
    assert alice.account.requests_used == 15


def test_every_action_is_known_by_its_wire_name() -> None:
    assert all(spec.cls.wire_name == name for name, spec in ACTIONS.items())
    assert ACTIONS["usdSend"].nonce_field == "time"
    assert ACTIONS["approveAgent"].nonce_field == "nonce"
    assert ACTIONS["order"].nonce_field is None


# -- time ------------------------------------------------------------------------------------------


def test_time_only_goes_forward() -> None:
    m = market()
    m.ex.advance(START_MS + 10)
    m.ex.advance(START_MS + 5)
    m.ex.advance(START_MS + 10)
    assert m.ex.state.time_ms == START_MS + 10


def test_each_timer_runs_at_its_own_time_however_far_the_leap() -> None:
    """One leap and many small steps come to the same."""
    leap, walk = market(), market()
    for m in (leap, walk):
        m.account("alice").buys("1 SOL @ 99")
    leap.advance(hours=2)
    for _ in range(720):
        walk.advance(seconds=10)
    assert leap.ex.state_hash() == walk.ex.state_hash()
    hours = [e.time_ms for e in leap.events() if isinstance(e, FundingRate) and e.coin == "BTC"]
    assert hours == [START_MS + 3_600_000, START_MS + 7_200_000]


# -- blocks, outbox --------------------------------------------------------------------------------


def test_a_block_ends_when_it_is_sealed_and_not_empty() -> None:
    """Observed: the height grows with rounds that have a transaction (mechanics 16)."""
    m = market()
    assert m.ex.state.height == 1
    m.ex.seal()
    assert m.ex.state.height == 1
    alice = m.account("alice")
    alice.act(Noop())
    assert m.ex.state.action_index == 2
    m.ex.seal()
    assert (m.ex.state.height, m.ex.state.action_index) == (2, 0)


def test_actions_have_hashes_of_their_own_that_hold_the_height() -> None:
    """Observed: mechanics 16."""
    hashes = {tx_hash(height, index) for height in range(1, 20) for index in range(20)}
    assert len(hashes) == 380
    assert tx_hash(1_052_527_672, 3)[22:32] == "043ebc4c38"
    assert len(tx_hash(1, 0)) == 66


def test_the_outbox_tells_each_book_and_account_once_an_action() -> None:
    m = market()
    alice = m.account("alice")
    m.events()
    alice.place(*(alice.new_order(f"1 SOL @ {price}", is_buy=True) for price in (97, 98, 99)))
    found = m.events()
    assert [e for e in found if isinstance(e, BookChanged)] == [BookChanged("SOL")]
    assert [e for e in found if isinstance(e, AccountChanged)] == [AccountChanged(alice.address)]
    assert found[-2:] == [BookChanged("SOL"), AccountChanged(alice.address)]
    assert m.events() == []


def test_only_admitted_actions_count_in_the_block() -> None:
    """Observed: the others never reach a block (exchange 1.3)."""
    m = market()
    alice = m.account("alice")
    m.events()
    before = m.ex.state_hash()
    text_of(m.ex.apply(Noop(), Call(STRANGER, START_MS, START_MS)))
    text_of(alice.act(Noop(), nonce=1))
    assert m.ex.state_hash() == before
    text_of(alice.act(UsdSend(STRANGER, "x", ANY)))  # type: ignore[arg-type]
    (told,) = m.ex.drain()
    assert isinstance(told, Transaction)
    assert (told.hash, told.refusal is None) == (tx_hash(m.ex.state.height, 1), False)
    assert m.ex.state.action_index == 2


# -- operations ------------------------------------------------------------------------------------


def test_an_operation_that_makes_no_sense_raises_and_is_told_to_nobody() -> None:
    m = market()
    with pytest.raises(ValueError, match="no perp has asset id"):
        m.ex.operate(SetOracle(((99, px("1")),)))
    with pytest.raises(ValueError, match="no asset has id 99"):
        m.ex.operate(SetHalt(99, True))
    assert m.events() == []


def test_a_halt_stops_orders_until_it_is_lifted() -> None:
    """Observed: `Trading is halted.` (mechanics 17)."""
    m = market()
    alice = m.account("alice")
    m.ex.operate(SetHalt(2, True))
    assert alice.buys("1 SOL @ 99").why.text == "Trading is halted."
    m.ex.operate(SetHalt(2, False))
    assert alice.buys("1 SOL @ 99").oid == 1


# -- journal ---------------------------------------------------------------------------------------


def test_the_journal_holds_every_input_and_rebuilds_the_state() -> None:
    """Documented: start state and journal are the whole truth."""
    journal: list[Any] = []
    m = market(journal=journal.append)
    alice = m.account("alice")
    alice.act(Noop(), nonce=START_MS)
    m.advance(seconds=9)
    m.advance(seconds=-9)
    text_of(alice.act(Noop(), nonce=START_MS))  # a duplicate leaves no trace
    text_of(alice.act(Noop(), nonce=START_MS + 1, expires_after=START_MS))
    m.ex.seal()
    m.ex.seal()

    now = START_MS + 9_000
    assert journal == [
        Operated(DepositUsd(alice.address, usd("100000")), START_MS),
        Applied(Noop(), Call(alice.address, START_MS, START_MS), START_MS),
        Advanced(now),
        Applied(Noop(), Call(alice.address, START_MS + 1, now, None, START_MS), now),
        Sealed(),
    ]
    again = Exchange.create(universe(), time_ms=START_MS)
    replies = [again.feed(item) for item in journal]
    assert again.state_hash() == m.ex.state_hash()
    assert replies[1] == Done()
    assert isinstance(replies[3], Refused)
    assert replies[3].error.why is ActionReject.EXPIRED


def test_a_journal_need_not_say_when_time_went_by() -> None:
    """An input brings its own time with it."""
    m = market()
    item = Operated(DepositUsd(STRANGER, usd("1")), START_MS + 5_000)
    m.ex.feed(item)
    assert m.ex.state.time_ms == START_MS + 5_000
    assert m.ex.account(STRANGER) is not None
    assert m.ex.market(2) is m.market("SOL")
    assert m.ex.market(99) is None
    assert not any(isinstance(event, PricesChanged) for event in m.events())


def test_chain_seed_and_start_are_part_of_the_state() -> None:
    hashes = set()
    for late, seed, main in product((0, 1), (0, 1), (False, True)):
        ex = Exchange.create(universe(), time_ms=START_MS + late, seed=seed, is_mainnet=main)
        hashes.add(ex.state_hash())
    assert len(hashes) == 8
