"""Every subscription once and for all, as bytes over a socket; and what its frames tell.

The goldens were made by `HLSIM_WRITE_GOLDENS=1 pytest tests/test_topics.py` and then checked by
hand against the shapes of the ws sheet; a change of one is a change of the protocol.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from stories import START_MS, address, market, usd
from streams import Client, Site, Stage, run, shown, site
from twaps import cancel_twap, twap

from hlsim.matching.types import Tif
from hlsim.server.topics import TOPICS
from hlsim.server.topics.activity import (
    Notification,
    OrderUpdates,
    UserEvents,
    UserFills,
    UserFundings,
    UserNonFundingLedgerUpdates,
)
from hlsim.server.topics.holdings import ActiveAssetData, ClearinghouseState
from hlsim.server.topics.markets import ActiveAssetCtx, AllMids, L2Book, Trades
from hlsim.sim.operations import DepositUsd, ListOutcome
from hlsim.sim.rules import Rules

FOLDER = Path(__file__).parent / "golden" / "ws"
WRITES = os.environ.get("HLSIM_WRITE_GOLDENS") == "1"

ALICE, BOB = address("alice"), address("bob")
HOUR_MS = 3_600_000

# -- goldens ---------------------------------------------------------------------------------------


def prelude(here: Site) -> None:
    """Some trades and resting orders, so that no first frame is bare."""
    here.story.account("bob", usd="1", spot_usdc="1000", HYPE="50")
    here.story.account("alice", usd="1", spot_usdc="1000")
    moves = (
        "alice sells 0.02 BTC @ 50000",
        "bob buys 0.01 BTC @ 50000",
        "alice buys 0.03 BTC @ 49990",
        "bob buys 0.01 BTC @ 49990",
        "alice buys 2 @107 @ 40",
        "bob sells 1 @107 @ 40",
    )
    for move in moves:
        make(here, move)


def make(here: Site, move: str) -> None:
    """One move, and the end of its block."""
    who, verb, *rest = move.split()
    trader = {"alice": here.alice, "bob": here.bob}.get(who)
    if who == "operator":
        here.story.ex.operate(ListOutcome(rest[0]))
    elif trader is None:
        here.node.advance(int(verb))
    elif verb == "deposits":
        here.story.ex.operate(DepositUsd(trader.address, usd(rest[0])))
    elif verb == "twaps":
        side, size, coin, minutes = rest
        twap(trader, f"{side} {size} {coin}", minutes=int(minutes))
    elif verb == "ends":
        cancel_twap(trader, rest[0], int(rest[1]))
    else:
        (trader.buys if verb == "buys" else trader.sells)(" ".join(rest))
    here.commit()


def golden_paths() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


def test_every_subscription_has_a_golden() -> None:
    covered = {json.loads(path.read_text())["subscription"]["type"] for path in golden_paths()}

    assert covered == set(TOPICS)


async def recorded(client: Client, *, is_there: bool) -> Any:
    """The next frame, or None for no frame."""
    if is_there:
        return shown(await client.text())
    assert await client.alive()
    return None


@pytest.mark.parametrize("path", golden_paths(), ids=lambda path: path.stem)
def test_a_subscription_is_answered_as_recorded(path: Path) -> None:
    """Evidence: each file names its own. Compared as text: the order of keys is part of it."""
    golden = json.loads(path.read_text())

    async def test() -> None:
        story = market(Rules(**golden.get("rules", {})))
        async with site(story=story) as here, here.client() as client:
            prelude(here)
            for move in golden.get("before", []):
                make(here, move)
            request = {"method": "subscribe", "subscription": golden["subscription"]}
            await client.send(request)
            told = {
                "ack": await recorded(client, is_there=True),
                "first": await recorded(client, is_there=golden["first"] is not None),
            }
            for move in golden["moves"]:
                make(here, move)
            told["update"] = await recorded(client, is_there=True)
        if WRITES:
            path.write_text(json.dumps({**golden, **told}, indent=1) + "\n")
        else:
            assert json.dumps(told) == json.dumps({key: golden[key] for key in told})

    run(test)


# -- orders ----------------------------------------------------------------------------------------


def updates_of(stage: Stage, *moves: Any) -> list[list[tuple[int, str, str]]]:
    """(oid, status, sz) of every item of every orderUpdates frame, a block for each move."""
    listener = stage.listen(OrderUpdates(ALICE))
    for move in moves:
        move()
        stage.commit()
    return [
        [(item["order"]["oid"], item["status"], item["order"]["sz"]) for item in data]
        for _, data in listener.take()
    ]


def test_the_life_of_an_order_is_told_status_by_status() -> None:
    """Evidence: ws 4.2: rests; partly filled without a word; filled; cancelled with the rest."""
    stage = Stage()
    alice, bob = stage.alice, stage.bob

    told = updates_of(
        stage,
        lambda: alice.sells("0.02 BTC @ 50000"),
        lambda: bob.buys("0.01 BTC @ 50000"),
        lambda: bob.buys("0.01 BTC @ 50000"),
        lambda: alice.sells("0.05 BTC @ 50000"),
        lambda: bob.buys("0.01 BTC @ 50000"),
        lambda: alice.cancel("BTC", 4),
    )

    assert told == [
        [(1, "open", "0.02")],
        [(1, "filled", "0.0")],
        [(4, "open", "0.05")],
        [(4, "canceled", "0.04")],
    ]


def test_an_order_that_fills_on_arrival_is_open_and_filled_in_one_frame() -> None:
    """Evidence: ws 4.2: full size first, same time."""
    stage = Stage()
    stage.bob.sells("0.01 BTC @ 50000")

    told = updates_of(stage, lambda: stage.alice.buys("0.01 BTC @ 50000"))

    assert told == [[(2, "open", "0.01"), (2, "filled", "0.0")]]


def test_a_refused_order_is_told_once_with_a_real_oid() -> None:
    """Evidence: ws 4.2: `badAloPxRejected`, and an unmatched IOC alone (contested 58)."""
    stage = Stage()
    stage.bob.sells("0.01 BTC @ 50000")

    told = updates_of(
        stage,
        lambda: stage.alice.buys("0.01 BTC @ 50001", tif=Tif.ALO),
        lambda: stage.alice.buys("0.01 BTC @ 49000", tif=Tif.IOC),
    )

    assert told == [[(2, "badAloPxRejected", "0.01")], [(3, "iocCancelRejected", "0.01")]]


def test_a_modify_is_a_new_order_and_the_end_of_the_old_one_in_one_frame() -> None:
    """Evidence: ws 4.2, contested 23."""
    stage = Stage()
    alice = stage.alice
    alice.buys("0.01 BTC @ 49000")
    stage.commit()

    told = updates_of(
        stage, lambda: alice.modify(1, alice.new_order("0.01 BTC @ 49001", is_buy=True))
    )

    assert told == [[(2, "open", "0.01"), (1, "canceled", "0.01")]]


def test_an_orphaned_reduce_only_order_goes_with_the_fill_that_closed_the_position() -> None:
    """Evidence: ws 4.2: same frame, and no `nonUserCancel` (contested 2)."""
    stage = Stage()
    alice, bob = stage.alice, stage.bob
    bob.sells("0.01 BTC @ 50000")
    alice.buys("0.01 BTC @ 50000")
    alice.sells("0.01 BTC @ 51000", reduce_only=True)
    bob.buys("0.01 BTC @ 49900")
    stage.commit()
    events = stage.listen(UserEvents(ALICE))

    told = updates_of(stage, lambda: alice.sells("0.01 BTC @ 49900"))

    statuses = {status for block in told for _, status, _ in block}
    assert (len(told), statuses) == (1, {"open", "filled", "reduceOnlyCanceled"})
    assert [list(data) for _, data in events.take()] == [["fills"]]


# -- what users are told ---------------------------------------------------------------------------


def test_user_events_are_unions_of_one_key() -> None:
    """Evidence: ws 3.13: fills, one funding a frame, cancels by the engine."""
    stage = Stage()
    alice, bob = stage.alice, stage.bob
    for coin, price in (("BTC", 50_000), ("ETH", 2_000)):
        bob.sells(f"0.1 {coin} @ {price}")
        alice.buys(f"0.1 {coin} @ {price}")
    alice.sells("0.01 BTC @ 50001")
    stage.commit()
    listener = stage.listen(UserEvents(ALICE))

    stage.wait(HOUR_MS)
    alice.buys("0.01 BTC @ 50001")
    stage.commit()

    told = listener.take()
    assert {channel for channel, _ in told} == {"user"}
    assert [list(data) for _, data in told] == [["funding"], ["funding"], ["nonUserCancel"]]
    assert [data["funding"]["coin"] for _, data in told[:2]] == ["BTC", "ETH"]
    assert told[2][1] == {"nonUserCancel": [{"coin": "BTC", "oid": 5}]}


def three_fills(stage: Stage) -> None:
    """Alice crosses two levels in one order, then buys once more."""
    stage.bob.sells("0.01 BTC @ 50000")
    stage.bob.sells("0.03 BTC @ 50010")
    stage.alice.buys("0.02 BTC @ 50010")
    stage.wait(1_000)
    stage.alice.buys("0.01 BTC @ 50010")
    stage.commit()


def fills_of(data: Any) -> list[tuple[str, str]]:
    return [(fill["px"], fill["sz"]) for fill in data["fills"]]


def test_fills_are_replayed_newest_first_and_streamed_as_they_happen() -> None:
    """Evidence: ws 3.14, contested 27 and 34."""
    stage = Stage()
    listener = stage.listen(UserFills(ALICE))

    three_fills(stage)

    streamed = [data for _, data in listener.take()]
    snapshot = UserFills(ALICE).first(stage.story.view)
    newest_first = [("50010.0", "0.01"), ("50010.0", "0.01"), ("50000.0", "0.01")]
    assert [row for data in streamed for row in fills_of(data)] == newest_first[::-1]
    assert ["isSnapshot" in data for data in streamed] == [False, False]
    assert (snapshot["isSnapshot"], fills_of(snapshot)) == (True, newest_first)


def test_partial_fills_of_one_block_may_be_merged() -> None:
    """Evidence: ws 3.14: `aggregateByTime`."""
    stage = Stage()
    listener = stage.listen(UserFills(ALICE, True))

    three_fills(stage)

    streamed = [row for _, data in listener.take() for row in fills_of(data)]
    snapshot = fills_of(UserFills(ALICE, True).first(stage.story.view))
    assert streamed == [("50005.0", "0.02"), ("50010.0", "0.01")]
    assert snapshot == streamed[::-1]


def test_only_the_resting_side_of_a_fill_is_notified() -> None:
    """Evidence: ws 3.11; no other text is known."""
    stage = Stage()
    alice = stage.story.account("alice", usd="1", spot_usdc="1000")
    bob = stage.story.account("bob", usd="1", HYPE="50")
    listener = stage.listen(Notification(ALICE), Notification(BOB))

    alice.buys("2.5 @107 @ 40.5")
    bob.sells("2.5 @107 @ 40.5")
    stage.commit()

    text = "Resting order filled: Bought 2.5 HYPE at $40.5"
    assert listener.take() == [("notification", {"notification": text})]


def test_each_funding_sends_an_empty_ledger_frame() -> None:
    """Evidence: ws 3.16."""
    stage = Stage()
    stage.bob.sells("0.01 BTC @ 50000")
    stage.alice.buys("0.01 BTC @ 50000")
    listener = stage.listen(UserNonFundingLedgerUpdates(ALICE), UserFundings(ALICE))

    stage.wait(HOUR_MS)

    fundings, ledger = listener.take()
    assert ledger[1] == {"user": ALICE, "nonFundingLedgerUpdates": []}
    assert [row["usdc"] for row in fundings[1]["fundings"]] == ["-0.00625"]


def test_payments_are_replayed_oldest_first() -> None:
    """Evidence: ws 3.15."""
    stage = Stage()
    stage.bob.sells("0.01 BTC @ 50000")
    stage.alice.buys("0.01 BTC @ 50000")
    for _ in range(3):
        stage.wait(HOUR_MS)

    snapshot = UserFundings(ALICE).first(stage.story.view)

    hours = [START_MS + HOUR_MS * hour for hour in (1, 2, 3)]
    assert [row["time"] for row in snapshot["fundings"]] == hours


def test_whoever_was_never_seen_has_an_account_state_all_the_same() -> None:
    """Evidence: info 2.5; any address can be watched (ws 1)."""
    stage = Stage()

    state = ClearinghouseState(address("nobody")).first(stage.story.view)

    assert state["clearinghouseState"]["withdrawable"] == "0.0"
    assert UserFills(address("nobody")).first(stage.story.view)["fills"] == []


def test_leverage_is_told_at_once() -> None:
    """Evidence: ws 3.7, info 5.3."""
    stage = Stage()
    listener = stage.listen(ActiveAssetData(ALICE, "BTC"))

    stage.alice.leverage("BTC", 5)
    stage.commit()

    (told,) = listener.take()
    assert told[1]["leverage"] == {"type": "cross", "value": 5}


# -- what everybody is told ------------------------------------------------------------------------


def test_the_replay_of_trades_is_the_last_thirty() -> None:
    """Evidence: ws 3.4; nothing marks it as a replay."""
    stage = Stage()
    for number in range(40):
        stage.alice.sells(f"0.01 BTC @ {50_000 + number}")
        stage.bob.buys(f"0.01 BTC @ {50_000 + number}")

    replay = Trades("BTC").first(stage.story.view)

    assert [trade["px"] for trade in replay] == [f"{50_010 + number}.0" for number in range(30)]
    assert Trades("ETH").first(stage.story.view) is None


def test_spot_contexts_have_a_channel_of_their_own() -> None:
    """Evidence: ws 3.6."""
    view = Stage().story.view

    channels = [ActiveAssetCtx(coin).channel(view) for coin in ("BTC", "@107", "PURR/USDC")]

    assert channels == ["activeAssetCtx", "activeSpotAssetCtx", "activeSpotAssetCtx"]


def test_the_name_of_the_first_dex_is_not_in_its_mids() -> None:
    """Evidence: ws 3.1; acks repeat `dex` only when it was there (ws 2.1)."""
    view = Stage().story.view

    assert json.loads(bytes(AllMids().first(view)["mids"]))["BTC"] == "50000.0"
    assert [AllMids().echo(), AllMids("").echo()] == [
        {"type": "allMids"},
        {"type": "allMids", "dex": ""},
    ]


def test_a_spread_is_told_with_an_aggregated_book_only() -> None:
    """Evidence: ws 3.2."""
    stage = Stage()
    stage.alice.buys("0.01 BTC @ 49999")
    stage.alice.sells("0.01 BTC @ 50001")
    view = stage.story.view

    plain = json.loads(bytes(L2Book("BTC").first(view)))
    rounded = json.loads(bytes(L2Book("BTC", n_sig_figs=4).first(view)))

    assert list(plain) == ["coin", "time", "levels"]
    assert list(rounded) == ["coin", "time", "levels", "spread"]
    assert [side[0]["px"] for side in rounded["levels"]] == ["49990.0", "50010.0"]
