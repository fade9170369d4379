"""`/explorer` and its feeds: blocks and transactions that can be looked up, as long as they are
remembered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest
from asking import ask, headers_of
from nodes import blocks_of, node
from stories import Trader, address, market
from streams import Stage, run, site
from websockets.sync.client import connect
from wire import Pen, oid_of

import hlsim
from hlsim.library import RunningExchange
from hlsim.server.envelope import read_envelope
from hlsim.server.explorer import ENTRIES_KEPT, ENTRY_BYTES, MOST_OF_USER, Explorer, History
from hlsim.server.node import LocalNode
from hlsim.server.shapes.blocks import transaction_row
from hlsim.sim.actions.orders import PlaceOrders
from hlsim.sim.actions.wallets import SetDisplayName
from hlsim.sim.events import BlockEnded, Transaction
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Usd
from hlsim.sim.ids import height_in, tx_hash
from hlsim.sim.operations import DepositUsd
from hlsim.sim.staking import open_validators
from hlsim.sim.view import View

HASH = re.compile("0x[0-9a-f]{64}")
ALICE, BOB = address("alice"), address("bob")
NO_BLOCK = {"type": "error", "message": "Block not found"}
NO_TRANSACTION = {"type": "error", "message": "Transaction not found"}


# -- over the wire ---------------------------------------------------------------------------------


@pytest.fixture
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="empty") as exchange:
        yield exchange


@pytest.fixture
def pen(running: RunningExchange) -> Pen:
    return Pen(running, running.accounts[0].key)


def explore(pen: Pen, kind: str, **fields: Any) -> Any:
    return pen.post({"type": kind, **fields}, "/explorer")


def test_an_order_is_found_by_its_hash_its_block_and_its_user(pen: Pen) -> None:
    """Evidence: ws 3.23, info 10: keys in this order; a fill leads to all three."""
    pen.buys(0, "0.001", "20000")

    (row,) = explore(pen, "userDetails", user=pen.address)["txs"]
    block = explore(pen, "blockDetails", height=row["block"])

    assert list(row) == ["action", "block", "error", "hash", "time", "user"]
    limit = {"limit": {"tif": "Gtc"}}
    order = {"a": 0, "b": True, "p": "20000", "s": "0.001", "r": False, "t": limit}
    assert row["action"] == {"type": "order", "orders": [order], "grouping": "na"}
    assert (row["error"], row["user"], height_in(row["hash"])) == (None, pen.address, row["block"])
    assert explore(pen, "txDetails", hash=row["hash"]) == {"type": "txDetails", "tx": row}
    upper = "0x" + row["hash"][2:].upper()
    assert explore(pen, "txDetails", hash=upper)["tx"] == row
    details = block["blockDetails"]
    assert list(block) == ["type", "blockDetails"]
    assert list(details) == ["blockTime", "hash", "height", "numTxs", "proposer", "txs"]
    assert (details["height"], details["numTxs"], details["txs"]) == (row["block"], 1, [row])
    assert HASH.fullmatch(details["hash"])
    proposers = [one["validator"] for one in pen.info("validatorSummaries") if one["isActive"]]
    assert details["proposer"] in proposers


def test_the_hash_of_a_fill_leads_to_the_order_that_took(
    running: RunningExchange, pen: Pen
) -> None:
    maker = Pen(running, running.accounts[1].key)
    maker.sells(0, "0.001", "20000")
    pen.buys(0, "0.001", "20000")

    (fill,) = pen.info("userFills", user=maker.address)

    assert explore(pen, "txDetails", hash=fill["hash"])["tx"]["user"] == pen.address


def test_a_refused_action_tells_why_and_a_stranger_comes_into_no_block(
    running: RunningExchange, pen: Pen
) -> None:
    """Evidence: info 10; what is refused before its nonce never reaches a block (exchange 1.3)."""
    destination = running.accounts[1].address.lower()
    reply = pen.user("usdSend", destination=destination, amount="999999999")
    stranger = Pen(running, "0x" + "11" * 32)
    stranger.buys(0, "0.001", "20000")

    (row,) = explore(pen, "userDetails", user=pen.address)["txs"]

    assert row["error"] == reply["response"]
    assert row["action"]["type"] == "usdSend"
    assert explore(pen, "userDetails", user=stranger.address) == {"type": "userDetails", "txs": []}


def test_an_agent_acts_for_its_master(running: RunningExchange, pen: Pen) -> None:
    agent = Pen(running, "0x" + "22" * 32)
    pen.user("approveAgent", agentAddress=agent.address, agentName="")
    agent.buys(0, "0.001", "20000")

    newest, before = explore(pen, "userDetails", user=pen.address)["txs"]

    assert [newest["action"]["type"], before["action"]["type"]] == ["order", "approveAgent"]
    assert explore(pen, "userDetails", user=agent.address)["txs"] == []


def test_only_the_newest_rows_of_a_user_are_listed(pen: Pen) -> None:
    oids = [oid_of(pen.buys(0, "0.001", str(20_000 + at))) for at in range(MOST_OF_USER + 1)]

    rows = explore(pen, "userDetails", user=pen.address)["txs"]

    assert len(oids) == len(rows) + 1 == MOST_OF_USER + 1
    assert [rows[at]["action"]["orders"][0]["p"] for at in (0, -1)] == [
        str(20_000 + MOST_OF_USER),
        "20001",
    ]


def test_what_is_not_known_is_told_with_http_200(pen: Pen) -> None:
    """Evidence: ws 7; the words are assumed."""
    assert explore(pen, "blockDetails", height=(1 << 64) - 1) == NO_BLOCK
    assert explore(pen, "txDetails", hash="0x" + "0" * 64) == NO_TRANSACTION
    pen.buys(0, "0.001", "20000")
    assert explore(pen, "blockDetails", height=0) == NO_BLOCK
    assert explore(pen, "txDetails", hash="0x" + "f" * 64) == NO_TRANSACTION


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        "5",
        '["userDetails"]',
        '{"type":"meta"}',
        '{"type":5}',
        '{"type":["userDetails"]}',
        '{"type":"blockDetails"}',
        '{"type":"blockDetails","height":-1}',
        '{"type":"blockDetails","height":"1"}',
        '{"type":"blockDetails","height":18446744073709551616}',
        '{"type":"blockDetails","height":1,"height":1}',
        '{"type":"blockDetails","type":"blockDetails","height":1}',
        '{"type":"txDetails","hash":"0x12"}',
        '{"type":"txDetails","hash":"%s"}' % ("0x" + "_" * 64),
        '{"type":"txDetails","hash":"%s"}' % ("0X" + "0" * 64),
        '{"type":"userDetails","user":"nobody"}',
        '{"type":"userDetails","user":null}',
    ],
)
def test_what_has_the_wrong_shape_is_a_422(running: RunningExchange, body: str) -> None:
    """Evidence: info 1."""
    answer = ask(running, path="/explorer", body=body)

    assert answer.status == 422
    assert answer.body == b"Failed to deserialize the JSON body into the target type"


def test_it_is_an_endpoint_like_the_others(running: RunningExchange) -> None:
    """Evidence: ws 7, info 10: other methods, bodies that are none, and not on `/info`."""
    assert ask(running, "GET", "/explorer").status == 405
    assert ask(running, path="/explorer", body="{").status == 400
    found = ask(running, path="/explorer", body='{"type":"blockDetails","height":5,"x":1}')
    assert found.whole == (
        200,
        headers_of(found.body, {"content-type": "application/json"}),
        b'{"type":"error","message":"Block not found"}',
    )
    assert ask(running, body='{"type":"blockDetails","height":5}').status == 422


def test_each_request_weighs_forty() -> None:
    """Evidence: ws 8.1; one that is not understood weighs the same (assumed)."""
    with hlsim.start(
        market="empty", limits="strict", limit_set=["official", "ip-weight=80"]
    ) as running:
        body = '{"type":"blockDetails","height":5}'
        statuses = [ask(running, path="/explorer", body=one).status for one in ("{}", body, body)]

    assert statuses == [422, 200, 429]


def test_a_post_cannot_ask_the_explorer(running: RunningExchange) -> None:
    """Evidence: ws 5."""
    request = {"type": "explorer", "payload": {"type": "blockDetails", "height": 1}}
    frame = json.dumps({"method": "post", "id": 1, "request": request})
    with connect(running.ws_url) as client:
        client.send(frame)
        answer = json.loads(client.recv(5))

    text = f"Error parsing JSON into valid websocket request: {frame}"
    assert answer == {"channel": "error", "data": text}


# -- the feeds -------------------------------------------------------------------------------------


def test_blocks_and_transactions_are_streamed_as_bare_lists() -> None:
    """Evidence: ws 3.23: no envelope; a block's transactions in one frame, in order."""

    async def test() -> None:
        async with site() as here, here.client() as client:
            for kind in ("explorerBlock", "explorerTxs"):
                assert await client.subscribe(type=kind) == {"type": kind}
                assert await client.text() == "[]"
            height = here.story.ex.state.height
            here.alice.buys("0.01 BTC @ 49000")
            here.bob.buys("0.01 BTC @ 49000")
            here.commit()
            blocks, transactions = [json.loads(await client.text()) for _ in range(2)]
            assert [(one["numTxs"], one["height"]) for one in blocks] == [(2, height)]
            assert [one["user"] for one in transactions] == [ALICE, BOB]
            assert {one["block"] for one in transactions} == {height}
            # A restore tells nothing of what was before it.
            here.node.load(here.node.save())
            assert [await client.text(), await client.text()] == ["[]", "[]"]

    run(test)


def test_a_block_without_signed_actions_has_none_and_time_alone_makes_no_block() -> None:
    async def test() -> None:
        async with site() as here, here.client() as client:
            for kind in ("explorerBlock", "explorerTxs"):
                await client.subscribe(type=kind)
                await client.text()
            here.node.advance(60_000)
            assert await client.alive()
            here.node.operate(DepositUsd(ALICE, Usd(1)))
            (block,) = json.loads(await client.text())
            assert block["numTxs"] == 0
            assert await client.alive()

    run(test)


def test_nobody_is_told_without_a_subscription() -> None:
    stage = Stage()
    listener = stage.listen()

    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()

    assert listener.frames == []


# -- actions ---------------------------------------------------------------------------------------

GOLDENS = sorted((Path(__file__).parent / "golden" / "exchange").glob("*.json"))


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_every_action_is_shown_as_it_was_signed(path: Path) -> None:
    """However it was posted: what is shown is what an L1 signature covers (exchange 2.2)."""
    envelope = read_envelope(json.dumps(json.loads(path.read_text())["request"]).encode())
    found = Transaction(envelope.action, ALICE, "0x", 1, 1, None)

    shown = transaction_row(found)["action"]

    assert json.loads(msgspec.json.encode(shown)) == shown
    assert next(iter(shown)) == "type"
    if envelope.spec.is_l1 and envelope.multi_sig is None:
        assert msgpack.packb(shown) == envelope.packed


# -- memory ----------------------------------------------------------------------------------------


def history(*, kept: int = ENTRIES_KEPT) -> tuple[LocalNode, Trader, History]:
    made = node(story=(story := market()))
    found = History(kept=kept)
    made.subscribe(found.on_block)
    return made, Trader(story, ALICE), found


def test_the_oldest_blocks_are_forgotten_at_the_limit() -> None:
    """Each block here counts as two: itself, and one order."""
    made, alice, found = history(kept=8)
    first = made.exchange.state.height

    def passes(count: int) -> None:
        for _ in range(count):
            alice.buys("0.001 BTC @ 20000")
            made.advance(0)

    passes(4)
    assert (len(found), found.block(first) is None) == (4, False)
    passes(1)
    assert (len(found), found.block(first)) == (4, None)
    assert found.transaction(tx_hash(first, 0)) is None
    newest = found.transaction(tx_hash(first + 4, 0))
    assert newest is not None
    assert newest.height == first + 4
    assert found.block(first + 5) is None
    assert len(list(found.of_user(ALICE))) == 4


def test_batches_and_long_texts_count_for_what_they_hold_and_the_newest_stays() -> None:
    made, alice, found = history(kept=8)
    first = made.exchange.state.height
    alice.buys("0.001 BTC @ 20000")
    made.advance(0)
    order = alice.new_order("0.001 BTC @ 20000", is_buy=True)
    alice.act(PlaceOrders((order,) * 5))
    made.advance(0)
    assert len(found) == 2

    alice.act(PlaceOrders((order,) * 20))
    made.advance(0)
    assert (len(found), found.block(first + 2) is not None) == (1, True)

    alice.act(SetDisplayName("x" * ENTRY_BYTES * 3))
    made.advance(0)
    assert len(found) == 1
    alice.buys("0.001 BTC @ 20000")
    made.advance(0)
    # 1 + 4 for the text, 1 + 1 for the order.
    assert len(found) == 2


def test_a_restore_forgets_everything() -> None:
    """What was seen may be the history of another exchange."""
    made, alice, found = history()
    alice.buys("0.001 BTC @ 20000")
    made.advance(0)
    saved = made.save()
    assert len(found) == 1

    made.load(saved)
    assert (len(found), list(found.of_user(ALICE))) == (0, [])

    alice.buys("0.001 BTC @ 20000")
    made.advance(0)
    assert len(found) == 1


def test_a_replay_makes_the_same_blocks() -> None:
    made, alice, _ = history()
    start = made.snapshot()
    blocks = blocks_of(made)
    alice.buys("0.001 BTC @ 20000")
    alice.cancel("BTC", 1)
    alice.act(SetDisplayName("much too long a name for anybody who is sane"))
    made.advance(0)

    again = Exchange.restore(start)
    for block in blocks:
        for item in block.inputs:
            again.feed(item)

    def told(events: Any) -> list[str]:
        return [repr(one) for one in events if isinstance(one, Transaction | BlockEnded)]

    assert told(again.drain()) == told([one for block in blocks for one in block.events])
    assert again.state_hash() == made.exchange.state_hash()


def test_nobody_proposes_where_nobody_validates() -> None:
    made, alice, found = history()
    explorer = Explorer(View(made.exchange.state))
    explorer.history = found
    height = made.exchange.state.height
    alice.buys("0.001 BTC @ 20000")
    made.advance(0)

    made.exchange.state.stakes.validators.clear()
    bare = explorer.read(b'{"type":"blockDetails","height":%d}' % height)()
    open_validators(made.exchange.state)
    full = explorer.read(b'{"type":"blockDetails","height":%d}' % height)()

    assert bare["blockDetails"]["proposer"] == "0x" + "0" * 40
    assert full["blockDetails"]["proposer"] != bare["blockDetails"]["proposer"]
