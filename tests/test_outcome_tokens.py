"""Tokens of outcomes: splitting, merging, negating, settling."""

from __future__ import annotations

from typing import Any

import pytest
from asking import told
from betting import (
    act,
    check_supply,
    election,
    held,
    merge,
    merge_question,
    negate,
    rain,
    split,
    usdc,
)
from stories import Trader, address, market, px
from test_conservation import check_money, check_orders
from twaps import rows, twap

from hlsim.server.envelope import BadRequest, read_envelope_value
from hlsim.server.signing import packed_hash
from hlsim.sim.actions.outcomes import MergeOutcome, UserOutcome
from hlsim.sim.errors import ActionReject
from hlsim.sim.events import Direction, Fill, NonUserCancel
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.operations import (
    ListOutcome,
    ListQuestion,
    MintToken,
    SettleOutcome,
    SettleQuestion,
)
from hlsim.sim.timers import Timer

ONE = 10**8
BALANCE = ActionReject.TOKEN_BALANCE.value
OUTCOME, QUESTION = ActionReject.INVALID_OUTCOME.value, ActionReject.INVALID_QUESTION.value


def fills(trader: Trader) -> list[tuple[str, str, int, int, int]]:
    """(dir, coin, side, sz, closed pnl), oldest first, sizes in 1e-8."""
    return [
        (fill.dir.value, fill.coin, fill.side.sign, fill.sz, fill.closed_pnl)
        for fill in trader.account.fills
    ]


# -- splitting and merging -------------------------------------------------------------------------


def test_what_is_split_and_settled_is_no_volume() -> None:
    """Evidence: info 5.9, `vlm` is what was traded; of the pnl a settlement is a part."""
    m = rain()
    alice, bob = m.account("alice", spot_usdc="100"), m.account("bob", spot_usdc="100")
    assert split(alice, 1, "50") is None
    bob.buys("20 #10 @ 0.6")
    alice.sells("20 #10 @ 0.6")
    m.ex.operate(SettleOutcome(1, px("1")))

    for trader in (alice, bob):
        periods = dict(told(m.view, "portfolio", user=trader.address))
        assert {periods[name]["vlm"] for name in ("day", "month", "allTime")} == {"12.0"}
        assert periods["perpDay"]["vlm"] == "0.0"
    assert periods["day"]["pnlHistory"][-1][1] == "8.0"


def test_a_split_makes_one_token_of_each_side() -> None:
    """Documented: amounts of up to eight places (exchange 5.1). Assumed: fills at the marks."""
    m = market()
    m.ex.operate(ListOutcome("Rain?", px=px("0.3")))
    alice = m.account("alice", spot_usdc="100")
    m.events()
    ctxs = told(m.view, "spotMetaAndAssetCtxs")[1]
    assert [row["totalSupply"] for row in ctxs[-2:]] == ["0.0"] * 2
    assert split(alice, 1, "12.50000001") is None

    amount = 12 * ONE + 50_000_001
    assert (held(alice, 10), held(alice, 11), usdc(alice)) == (amount, amount, 100 * ONE - amount)
    assert fills(alice) == [
        ("Split Outcome", "#10", 1, amount, 0),
        ("Split Outcome", "#11", 1, amount, 0),
    ]
    assert [fill.px for fill in alice.account.fills] == [px("0.3"), px("0.7")]
    ctxs = told(m.view, "spotMetaAndAssetCtxs")[1]
    assert [row["totalSupply"] for row in ctxs[-2:]] == ["12.50000001"] * 2
    (row, _) = told(m.view, "userFills", user=alice.address)
    assert (row["dir"], row["fee"], row["feeToken"], row["startPosition"]) == (
        "Split Outcome",
        "0.0",
        "USDC",
        "0.0",
    )
    check_supply(m.ex.state)
    check_money(m.ex.state)


def test_a_merge_takes_what_is_there_or_what_is_said() -> None:
    """Documented: null is the most (exchange 5.1)."""
    m = rain()
    alice = m.account("alice", spot_usdc="100")
    split(alice, 1, "60")
    alice.sells("25 #10 @ 0.6")
    assert merge(alice, 1, "36") == BALANCE
    assert merge(alice, 1, "5") is None
    assert merge(alice, 1) is None
    assert (held(alice, 10), held(alice, 11), usdc(alice)) == (25 * ONE, 25 * ONE, 75 * ONE)
    assert merge(alice, 1) == BALANCE
    assert fills(alice)[2:4] == [
        ("Merge Outcome", "#10", -1, 5 * ONE, 0),
        ("Merge Outcome", "#11", -1, 5 * ONE, 0),
    ]
    check_supply(m.ex.state)
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_a_question_merges_one_of_each_outcome() -> None:
    """Documented: exactly one outcome of a question happens (exchange 5.1, info 9)."""
    m = election()
    alice = m.account("alice", spot_usdc="100")
    for outcome in (1, 2, 3):
        assert split(alice, outcome, "10") is None
    assert merge_question(alice, 1, "4") is None
    assert merge_question(alice, 1) is None
    assert [held(alice, number) for number in (10, 11, 20, 21, 30, 31)] == [0, 10 * ONE] * 3
    assert usdc(alice) == 80 * ONE
    assert m.ex.state.questions[1].locked == 20 * ONE
    assert merge_question(alice, 1) == BALANCE
    assert ("Merge Question", "#10", -1, 4 * ONE, 0) in fills(alice)
    check_supply(m.ex.state)
    check_money(m.ex.state)


def test_no_of_one_is_yes_of_all_others() -> None:
    """Documented: negateOutcome (exchange 5.1)."""
    m = election()
    alice = m.account("alice", spot_usdc="100")
    split(alice, 2, "10")
    assert negate(alice, 1, 2, "11") == BALANCE
    assert negate(alice, 1, 2, "10") is None
    assert [held(alice, number) for number in (10, 20, 21, 30)] == [10 * ONE, 10 * ONE, 0, 10 * ONE]
    assert [row[:3] for row in fills(alice)[2:]] == [
        ("Negate Outcome", "#21", -1),
        ("Negate Outcome", "#10", 1),
        ("Negate Outcome", "#30", 1),
    ]
    assert merge_question(alice, 1) is None
    assert usdc(alice) == 100 * ONE
    check_supply(m.ex.state)
    check_money(m.ex.state)


def test_what_is_refused_of_tokens() -> None:
    """Observed: texts begin with "Invalid " (exchange 5.1). Assumed: the rest."""
    m = election()
    m.ex.operate(ListOutcome("Rain?"))
    m.ex.operate(ListQuestion("Done?", (("A", ""),)))
    m.ex.operate(SettleQuestion(2, 5))
    alice = m.account("alice", spot_usdc="100")
    alice.buys("100 #40 @ 0.5")
    zero = ActionReject.AMOUNT_ZERO.value
    before = m.ex.state.next_oid
    assert split(alice, 9, "1") == OUTCOME
    assert split(alice, 5, "1") == OUTCOME
    assert split(alice, 4, "0") == zero
    assert split(alice, 4, "50.00000001") == BALANCE
    assert merge(alice, 9) == OUTCOME
    assert merge(alice, 4, "0") == zero
    assert merge(alice, 4) == BALANCE
    assert merge_question(alice, 3) == QUESTION
    assert merge_question(alice, 2) == QUESTION
    assert merge_question(alice, 1) == BALANCE
    assert negate(alice, 2, 5, "1") == QUESTION
    assert negate(alice, 1, 4, "1") == OUTCOME
    assert negate(alice, 1, 1, "0") == zero
    assert negate(alice, 1, 1, "1") == BALANCE
    assert m.ex.state.next_oid == before
    check_supply(m.ex.state)


# -- settlement ------------------------------------------------------------------------------------


def test_a_settlement_pays_both_sides_and_ends_their_markets() -> None:
    """Observed: dir and status (mechanics 7.2, 19). Documented: tokens pay the fraction and the
    rest of 1 (mechanics 14)."""
    m = rain()
    alice, bob = (m.account(name, spot_usdc="1000") for name in ("alice", "bob"))
    bob.buys("100 #11 @ 0.4")
    alice.buys("100 #10 @ 0.6")
    bob.buys("100 #11 @ 0.3")
    alice.sells("50 #10 @ 0.9")
    m.events()

    m.ex.operate(SettleOutcome(1, px("0.25"), "price:1"))

    assert (usdc(alice), usdc(bob)) == (965 * ONE, 1035 * ONE)
    assert 100_000_010 not in alice.account.spot
    assert [row[1:] for row in alice.statuses()][-1] == ("outcomeSettledCanceled", 50 * ONE)
    events = m.events()
    assert len([event for event in events if isinstance(event, NonUserCancel)]) == 2
    (mine, theirs) = [event for event in events if isinstance(event, Fill)]
    assert (mine.dir, mine.px, mine.sz, mine.closed_pnl, mine.hash) == (
        Direction.SETTLEMENT,
        px("0.25"),
        100 * ONE,
        -35 * ONE,
        ZERO_HASH,
    )
    assert (theirs.coin, theirs.px, theirs.closed_pnl) == ("#11", px("0.75"), 35 * ONE)
    assert m.ex.state.outcomes[1].locked == 0
    assert told(m.view, "outcomeMeta")["outcomes"] == []
    assert told(m.view, "settledOutcome", outcome=1)["settleFraction"] == "0.25"
    assert "#10" not in told(m.view, "allMids")
    assert alice.buys("100 #10 @ 0.2").why.value
    assert alice.buys("100 #10 @ 0.2").why.name == "HALTED"
    assert split(alice, 1, "5") == OUTCOME
    with pytest.raises(ValueError, match="no live outcome 1"):
        m.ex.operate(SettleOutcome(1, px("1")))
    m.advance(hours=1)
    check_supply(m.ex.state)
    check_money(m.ex.state)
    check_orders(m.ex.state)


def test_a_settlement_ends_twaps_on_both_sides() -> None:
    m = rain()
    alice = m.account("alice", spot_usdc="2000")
    assert isinstance(twap(alice, "buy 1000 #10", above="0.9"), int)
    assert isinstance(twap(alice, "buy 400 #11"), int)

    m.ex.operate(SettleOutcome(1, px("1")))

    assert rows(alice)[-2:] == [(1, "terminated"), (2, "terminated")]
    state = m.ex.state
    assert not any(kind == Timer.TWAP for _, _, kind, _ in state.timers.heap)
    assert not state.twaps


def test_what_rounding_leaves_goes_to_the_exchange() -> None:
    m = rain()
    alice, bob = (m.account(name, spot_usdc="100") for name in ("alice", "bob"))
    split(alice, 1, "10.00000001")
    split(bob, 1, "10.00000001")
    m.ex.operate(SettleOutcome(1, px("0.5")))
    assert usdc(alice) == usdc(bob) == 100 * ONE - 1
    assert m.ex.state.treasury.token_fees[0] == 2
    check_money(m.ex.state)


def test_a_question_is_settled_outcome_by_outcome_or_at_once() -> None:
    """Observed: named outcomes settle before their question (info 9)."""
    m = election()
    alice, bob = (m.account(name, spot_usdc="1000") for name in ("alice", "bob"))
    for trader, outcome in ((alice, 1), (bob, 2), (alice, 3)):
        split(trader, outcome, "30")
    alice.sells("20 #10 @ 0.7")
    bob.buys("20 #10 @ 0.7")
    negate(bob, 1, 2, "12")
    for operation in (SettleOutcome(1, px("0.5")), SettleOutcome(3, px("0"))):
        with pytest.raises(ValueError, match="settled by its question"):
            m.ex.operate(operation)

    m.ex.operate(SettleOutcome(1, px("0"), "out"))
    check_supply(m.ex.state)
    assert told(m.view, "outcomeMeta")["questions"][0]["settledNamedOutcomes"] == [1]
    assert negate(bob, 1, 1, "1") == OUTCOME
    with pytest.raises(ValueError, match="live outcome 1"):
        m.ex.operate(SettleQuestion(1, 1))
    m.ex.operate(SettleQuestion(1, 3, "nobody"))

    # Alice: 30 No of 1, 30 Yes of 3, and 14 for what she sold. Bob: 18 No of 2, 12 Yes of 3.
    assert usdc(alice) == (1000 - 60 + 14 + 30 + 30) * ONE
    assert usdc(bob) == (1000 - 30 - 14 + 18 + 12) * ONE
    assert told(m.view, "outcomeMeta") == {"outcomes": [], "questions": []}
    row = told(m.view, "settledOutcome", outcome=3)
    assert (row["settleFraction"], row["details"]) == ("1.0", "nobody")
    assert row["question"]["question"] == {"settled": 1}
    check_supply(m.ex.state)
    check_money(m.ex.state)


# -- on the wire -----------------------------------------------------------------------------------


def posted(**variants: Any) -> Any:
    signature = {"r": "1", "s": "1", "v": 27}
    action = {"type": "userOutcome", **variants}
    return {"action": action, "nonce": 1_700_000_000_000, "signature": signature}


@pytest.mark.parametrize(
    ("variants", "start"),
    [
        ({"splitOutcome": {"outcome": 1210, "amount": "12.5"}}, "1445be10b18e77a5957529ec5e646deb"),
        (
            {"splitOutcome": {"outcome": 1210, "amount": "12.50"}},
            "1445be10b18e77a5957529ec5e646deb",
        ),
        ({"splitOutcome": {"outcome": 1210, "amount": "1000"}}, "570385f989587efa2530636b4a576071"),
    ],
)
def test_an_amount_is_signed_without_trailing_zeros(variants: Any, start: str) -> None:
    """Observed: connection ids that another implementation and the web page agree on."""
    envelope = read_envelope_value(posted(**variants))
    assert packed_hash(envelope.packed, envelope.nonce, None, None).hex().startswith(start)


def test_all_of_it_is_nil() -> None:
    envelope = read_envelope_value(posted(mergeOutcome={"outcome": 7, "amount": None}))
    assert envelope.action == UserOutcome(merge_outcome=MergeOutcome(7))  # type: ignore[arg-type]
    assert envelope.packed.endswith(b"\xa6amount\xc0")


@pytest.mark.parametrize(
    "variants",
    [
        {},
        {"splitOutcome": {"outcome": 1, "amount": None}},
        {"splitOutcome": {"outcome": 1, "amount": "-1"}},
        {"splitOutcome": {"outcome": 1, "amount": "1.123456789"}},
        {"mergeOutcome": {"outcome": 1}, "splitOutcome": {"outcome": 1, "amount": "1"}},
        {"negateOutcome": {"outcome": 1, "amount": "1"}},
    ],
)
def test_a_body_that_is_no_deed_is_no_action(variants: Any) -> None:
    with pytest.raises(BadRequest, match="422"):
        read_envelope_value(posted(**variants))


def test_a_mint_of_a_side_is_no_mint() -> None:
    """Tokens of sides come from quote tokens only."""
    m = rain()
    with pytest.raises(ValueError, match="no token has index 100000010"):
        m.ex.operate(MintToken(address("alice"), 100_000_010, 5))  # type: ignore[arg-type]
    alice = m.account("alice", spot_usdc="10")
    assert act(alice, merge_outcome=MergeOutcome(1)) == BALANCE  # type: ignore[arg-type]
