"""Multi-sig users: becoming one, acting as one, and every refusal in its order."""

from __future__ import annotations

from typing import Any

import pytest
from stories import START_MS, Story, Trader, address, market, px, usd

from hlsim.server.encode import error_text
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.cancels import Cancel, CancelOid
from hlsim.sim.actions.misc import Noop
from hlsim.sim.actions.multisig import ConvertToMultiSigUser, SignersText
from hlsim.sim.actions.orders import PlaceOrders
from hlsim.sim.actions.transfers import UsdSend
from hlsim.sim.call import CoSigned
from hlsim.sim.exchange import Applied, Exchange, Input
from hlsim.sim.replies import CancelReplies, Done, OrderReplies, Refused, Resting
from hlsim.sim.state import SignerSet

NOW: Any = START_MS
MULTI, ALICE, BOB, CAROL = (address(name) for name in ("multi", "alice", "bob", "carol"))
REQUIRED = "Multi-sig required"
OUTER, INNER = "Invalid multi-sig outer signer", "Invalid multi-sig inner signer"
UNMET = "Multi-sig threshold not met"
USER = "Invalid multi-sig user"
LEADER = "Multi-sig outer signer must be an L1 user."
THRESHOLD = "Invalid multi-sig threshold"
UNEXPECTED = "Unexpected error (code=148)"
STRANGER = "Multi-sig authorized user must exist on L1"
TOO_MANY = "Too many multi-sig signers"
SELF = "Cannot register self as multi-sig authorized user"


def signers(*names: str, threshold: int = 2) -> ConvertToMultiSigUser:
    asked = SignerSet(tuple(address(name) for name in names), threshold)
    return ConvertToMultiSigUser(SignersText("{}", asked), NOW)


REVERT = ConvertToMultiSigUser(SignersText("null", None), NOW)
GARBAGE = ConvertToMultiSigUser(SignersText("{", None, is_readable=False), NOW)


def start(**options: Any) -> tuple[Story, Trader]:
    """multi belongs to alice and bob together; carol is somebody else."""
    m = market(**options)
    for name in ("alice", "bob", "carol"):
        m.account(name, usd="1000")
    multi = m.account("multi", usd="5000")
    assert multi.act(signers("alice", "bob")) == Done()
    return m, multi


def together(
    m: Story,
    action: Any,
    *inside: str,
    leader: str = "alice",
    user: str = "multi",
    **call: Any,
) -> Any:
    """`action` of `user`, sent by `leader` with the signatures of those inside."""
    co_signed = CoSigned(address(user), tuple(address(name) for name in inside))
    return m.act(address(leader), action, multi_sig=co_signed, **call)


def text_of(reply: Any) -> str:
    assert isinstance(reply, Refused), reply
    return error_text(reply.error)


# -- acting ----------------------------------------------------------------------------------------


def test_two_of_two_trade_for_the_multi_sig_user() -> None:
    """Observed: the outer signer's nonces and the multi-sig user's budget of requests count, and
    the history shows the inner action only (exchange 8)."""
    m, multi = start()
    alice = Trader(m, ALICE)
    used = multi.account.requests_used

    reply = together(m, place(multi, "1 SOL @ 90"), "alice", "bob", nonce=START_MS + 9000)

    assert isinstance(reply, OrderReplies)
    assert [order.px for order in multi.account.orders.values()] == [px("90")]
    assert (multi.account.requests_used, alice.account.requests_used) == (used + 1, 0)
    again = text_of(alice.act(Noop(), nonce=START_MS + 9000))
    assert again == f"Invalid nonce: duplicate nonce {START_MS + 9000}"
    # Observed: another leader may use the same nonce (exchange 4).
    assert together(m, Noop(), "alice", "bob", leader="bob", nonce=START_MS + 9000) == Done()


def place(trader: Trader, terms: str) -> Any:
    return PlaceOrders((trader.new_order(terms, is_buy=True),))


def test_money_moves_in_the_name_of_the_multi_sig_user() -> None:
    """Observed: user-signed actions go through the envelope, too (exchange 8)."""
    m, multi = start()

    assert together(m, UsdSend(CAROL, "100", NOW), "bob", "alice") == Done()  # type: ignore[arg-type]

    assert multi.account.raw_usd == usd("4900")
    assert Trader(m, CAROL).account.raw_usd == usd("1100")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"user": "carol"}, USER),
        ({"user": "nobody"}, USER),
        ({"leader": "nobody"}, LEADER),
        ({"leader": "carol"}, OUTER),
        ({"leader": "multi"}, OUTER),
        ({"inside": ("alice", "carol")}, INNER),
        ({"inside": ("alice", "bob", "carol")}, INNER),
        ({"inside": ("alice", "multi")}, INNER),
        ({"inside": ("carol",)}, INNER),
        ({"inside": ("alice",)}, UNMET),
        ({"inside": ("alice", "alice")}, UNMET),
        ({"inside": ()}, UNMET),
    ],
    ids=str,
)
def test_who_may_not_act_for_a_multi_sig_user(changes: dict[str, Any], text: str) -> None:
    """Observed: the texts (exchange 8). Nothing happens, and no nonce is spent."""
    journal: list[Input] = []
    m, _ = start(journal=journal.append)
    call = {"leader": "alice", "inside": ("alice", "bob"), **changes}
    before, lines = m.ex.state_hash(), len(journal)

    reply = together(m, Noop(), *call.pop("inside"), **call, nonce=START_MS + 9000)

    assert text_of(reply) == text
    assert (m.ex.state_hash(), len(journal)) == (before, lines)


def test_the_checks_of_a_multi_sig_action_hide_the_later_ones() -> None:
    """Assumed: the order of the checks; each request below fails them all from its own on."""
    m, _ = start()
    faults = [
        (USER, {"user": "carol", "leader": "nobody", "inside": ("carol",)}),
        (LEADER, {"leader": "nobody", "inside": ("carol",)}),
        (OUTER, {"leader": "carol", "inside": ("carol",)}),
        (INNER, {"inside": ("carol",)}),
        (UNMET, {"inside": ()}),
    ]
    for text, fault in faults:
        call: dict[str, Any] = {"leader": "alice", **fault}
        reply = together(m, Noop(), *call.pop("inside"), **call, nonce=1)
        assert text_of(reply) == text
    late = text_of(together(m, Noop(), "alice", "bob", nonce=1))
    assert late.startswith("Invalid nonce: nonce too low 1 <")


def test_more_signatures_than_needed_and_repeated_ones_do_no_harm() -> None:
    """Observed: distinct signers count, extras are fine (exchange 8)."""
    m, _ = start()

    assert together(m, Noop(), "alice", "bob", "alice", "bob") == Done()


def test_the_leader_need_not_sign_inside() -> None:
    """Observed: exchange 8."""
    m, multi = start()
    together(m, signers("alice", "bob", "carol"), "alice", "bob")

    assert together(m, Noop(), "alice", "bob", leader="carol") == Done()
    assert multi.account.multi_sig == SignerSet((ALICE, BOB, CAROL), 2)


def test_the_agent_of_an_owner_leads_when_it_has_money_and_never_signs_inside() -> None:
    """Observed: "Multi-sig outer signer must be an L1 user." without it; inside, owners' own keys
    only (exchange 8)."""
    m, _ = start()
    hour = START_MS + 3_600_000
    Trader(m, ALICE).act(ApproveAgent(address("key"), NOW, f"key valid_until {hour}"))

    assert text_of(together(m, Noop(), "alice", "bob", leader="key")) == LEADER
    m.account("key", usd="10")
    assert together(m, Noop(), "alice", "bob", leader="key") == Done()
    assert text_of(together(m, Noop(), "key", "bob", leader="key")) == INNER
    m.advance(hours=1)
    assert text_of(together(m, Noop(), "alice", "bob", leader="key")) == OUTER


def test_expiry_counts_for_the_multi_sig_user() -> None:
    """Observed: expiresAfter stands inside, and being late costs five requests (exchange 8)."""
    m, multi = start()
    used = multi.account.requests_used

    reply = together(m, Noop(), "alice", "bob", expires_after=START_MS - 1)

    assert text_of(reply) == "Action already expired"
    assert multi.account.requests_used == used + 5


def test_a_vault_that_nobody_knows_is_named_first() -> None:
    """Observed: before the signer is looked up (exchange 1.3)."""
    m, _ = start()

    reply = together(m, Noop(), "carol", leader="nobody", vault=CAROL)

    assert text_of(reply) == f"Vault not registered: {CAROL}"


# -- the user's own keys ---------------------------------------------------------------------------


def test_the_own_key_of_a_multi_sig_user_does_nothing_alone() -> None:
    """Observed: every action, the way back too (exchange 8)."""
    _, multi = start()
    alone: list[Any] = [Noop(), UsdSend(CAROL, "1", NOW), REVERT, place(multi, "1 SOL @ 90")]  # type: ignore[arg-type]

    assert [text_of(multi.act(action)) for action in alone] == [REQUIRED] * 4


def test_an_agent_that_the_owners_approved_trades_alone_and_survives_the_way_back() -> None:
    """Observed: exchange 8."""
    m, multi = start()
    together(m, ApproveAgent(address("key"), NOW, "bot"), "alice", "bob")
    key = Trader(m, address("key"))

    assert key.act(place(multi, "1 SOL @ 90")) == OrderReplies((Resting(1, None),))
    assert together(m, REVERT, "alice", "bob") == Done()
    assert multi.account.multi_sig is None
    assert isinstance(key.act(place(multi, "1 SOL @ 91")), OrderReplies)
    assert len(multi.account.orders) == 2
    assert multi.act(Noop()) == Done()
    assert text_of(together(m, Noop(), "alice", "bob")) == USER


def test_cancels_of_several_go_through_the_envelope_as_any_batch() -> None:
    """The inner action's length is its weight (exchange 5)."""
    m, multi = start()
    entry: Any = CancelOid(2, 99)  # type: ignore[arg-type]
    used = multi.account.requests_used

    assert isinstance(together(m, Cancel((entry,) * 7), "alice", "bob"), CancelReplies)
    assert multi.account.requests_used == used + 7
    text = text_of(together(m, Cancel((entry,) * 201), "alice", "bob"))
    assert text == "Signed action over weight limit of 200."


# -- becoming one ----------------------------------------------------------------------------------

ELEVEN = tuple(f"owner {number}" for number in range(11))


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (GARBAGE, UNEXPECTED),
        (signers("multi", "nobody", threshold=0), SELF),
        (signers(*ELEVEN, "nobody"), STRANGER),
        (signers("nobody", threshold=9), STRANGER),
        (signers(*ELEVEN, threshold=0), TOO_MANY),
        (signers("alice", "bob", threshold=0), THRESHOLD),
        (signers("alice", "bob", threshold=3), THRESHOLD),
        (signers("alice", "alice"), THRESHOLD),
        (signers(threshold=0), THRESHOLD),
        (signers(threshold=1), THRESHOLD),
    ],
)
def test_what_is_no_set_of_signers_is_refused(action: Any, text: str) -> None:
    """Observed: the texts; existence is asked before the number (exchange 8)."""
    m = market()
    for name in ("alice", "bob", *ELEVEN):
        m.account(name, usd="10")
    multi = m.account("multi")

    assert text_of(multi.act(action)) == text
    assert multi.account.multi_sig is None


def test_ten_owners_are_the_most_and_repeated_ones_count_once() -> None:
    """Observed: duplicates are dropped without a word (exchange 8)."""
    m = market()
    for name in ELEVEN:
        m.account(name, usd="10")
    multi = m.account("multi")

    assert multi.act(signers(*ELEVEN[:10], ELEVEN[0], threshold=10)) == Done()
    assert multi.account.multi_sig == SignerSet(tuple(map(address, ELEVEN[:10])), 10)


def test_an_ordinary_user_may_ask_to_be_ordinary() -> None:
    """Assumed: there is nothing to refuse."""
    m = market()
    alice = m.account("alice")

    assert alice.act(REVERT) == Done()
    assert alice.account.multi_sig is None


# -- replay ----------------------------------------------------------------------------------------


def test_a_replay_needs_no_signatures() -> None:
    """The recovered signers are part of the journal, and of what restored exchanges check."""
    journal: list[Input] = []
    m, _ = start(journal=journal.append)
    together(m, Noop(), "alice", "bob")
    together(m, UsdSend(CAROL, "1", NOW), "alice", "bob")  # type: ignore[arg-type]
    fresh = market().ex

    for item in journal:
        fresh.feed(item)
    again = Exchange.restore(fresh.snapshot())

    assert fresh.state_hash() == again.state_hash() == m.ex.state_hash()
    assert [type(item) for item in journal[-2:]] == [Applied, Applied]
    assert text_of(Story(again).act(MULTI, Noop(), nonce=START_MS + 5000)) == REQUIRED
