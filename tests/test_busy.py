"""Every reply and frame of a busy exchange against the field lists, over real sockets.

The goldens pin what is answered; this says that it is what the sheets list: each key, its type and
its place, the order of rows, and that nothing was left empty that a busy account should fill.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from busy import town
from busy_book import (
    DECIMALS,
    NO_DEX,
    NOBODY,
    PERPS,
    RUIN,
    SZS,
    TWICE,
    Book,
    listed_as,
    numbers_of,
    places,
    post,
    subscriptions,
    values_of,
)
from busy_empty import EMPTY, MAY_BE_EMPTY, NEVER_SEEN, SEEN, STARTS_EMPTY
from busy_evening import EVENING, midnight
from busy_later import LATER
from busy_seldom import seldom
from fields import Shape, every_point, is_bare
from fields_frames import EXPLORER, EXPLORER_ERROR, FRAMES, echo_of, frames_of, post_shape
from fields_info import INFO_FIELDS, shape_of
from fields_replies import DEFAULT, REPLIES, reply_of

from hlsim.server.info import INFO
from hlsim.server.topics import TOPICS
from hlsim.sim.actions.registry import ACTIONS

Json = Any


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """An evening in a living market, and a day in one that stands still."""
    found, folder = Book(), tmp_path_factory.mktemp("town")
    with town(folder, market="live", start="2026-06-01T23:58:50Z") as t:
        t.advance(seconds=10)
        for step in (*EVENING, seldom):
            step(t)
        t.advance(seconds=1)
        with t.listening(*subscriptions(t)):
            midnight(t)
        with t.listening(*subscriptions(t)):
            found.again = list(t.open)
        found.enter(t)
        found.posts = post(t)
    with town(folder, market="empty", start="2026-06-01T12:00:00Z") as t:
        watched = [
            {"type": kind, "user": t[name].address}
            for kind in RUIN
            for name in ("alice", "bob", "carol", "erin")
        ]
        with t.listening(*watched):
            for step in LATER:
                step(t)
        found.enter(t)
    return found


# -- info ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(INFO))
def test_an_info_type_answers_what_its_list_says(name: str, book: Book) -> None:
    """Evidence: info 4 to 10, as the lists quote them."""
    told = book.infos[name]

    for request, reply in told:
        shape_of(request).check(reply, str(request), set())
    is_empty = all(is_bare(reply) for _, reply in told)
    assert is_empty == (name in MAY_BE_EMPTY)


# -- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(TOPICS))
def test_a_subscription_tells_what_its_lists_say(name: str, book: Book) -> None:
    """Evidence: ws 2.1 and 3."""
    first_frames, updates = [], []
    for ears in book.frames[name]:
        ((asked, ack),) = ears.acks
        check_acks(ack, echo_of(asked), ears.last_words)
        channel, first, later = frames_of(asked)
        frames = list(ears.frames)
        if first is not None:
            told = data_of(frames.pop(0), channel)
            first.check(told, f"first of {asked}", set())
            first_frames.append(told)
        for frame in frames:
            told = data_of(frame, channel)
            later.check(told, f"update of {asked}", set())
            updates.append(told)

    has_first = FRAMES[name][1] is not None and name not in STARTS_EMPTY
    assert has_first != all(map(is_bare, first_frames))
    assert not all(map(is_bare, updates))


def check_acks(ack: Json, echo: Json, last_words: list[Json]) -> None:
    """Evidence: ws 2.1, 2.2: what was asked, in full, in acks and in refusals."""
    assert ack == {
        "channel": "subscriptionResponse",
        "data": {"method": "subscribe", "subscription": echo},
    }
    again, end, too_late = last_words
    text = json.dumps(ack["data"]["subscription"], separators=(",", ":"))
    assert again == {"channel": "error", "data": f"Already subscribed: {text}"}
    assert end["data"] == {"method": "unsubscribe", "subscription": echo}
    assert too_late == {"channel": "error", "data": f"Already unsubscribed: {text}"}
    assert list(ack["data"]["subscription"]) == list(echo)


def data_of(frame: Json, channel: str) -> Json:
    """What a frame says, on the channel that it must have."""
    if not channel:
        return frame
    assert list(frame) == ["channel", "data"]
    assert frame["channel"] == channel
    return frame["data"]


# -- answers ---------------------------------------------------------------------------------------


def test_actions_are_answered_as_their_lists_say(book: Book) -> None:
    """Evidence: exchange 1.1, 5.1."""
    for action, replies in book.replies.items():
        for reply in replies:
            reply_of(action).check(reply, action, set())
    assert set(book.replies) == set(ACTIONS)
    entries = [
        entry
        for action, replies in book.replies.items()
        if action in REPLIES
        for reply in replies
        if isinstance(entry_data := reply["response"]["data"], dict)
        for entry in entry_data.get("statuses", ())
    ]
    bare = {entry for entry in entries if isinstance(entry, str)}
    assert bare == {"success", "waitingForFill", "waitingForTrigger"}


def test_posts_are_answered_as_their_lists_say(book: Book) -> None:
    """Evidence: ws 5, contested 33."""
    for asked, frame in book.posts:
        is_answerable = asked["payload"].get("dex") != NO_DEX
        post_shape(asked, is_answerable=is_answerable).check(frame, str(asked), set())


def test_the_explorer_answers_as_its_lists_say(book: Book) -> None:
    """Evidence: ws 3.23, 7."""
    for kind, shape in {**EXPLORER, "error": EXPLORER_ERROR}.items():
        for reply in book.explored[kind]:
            shape.check(reply, kind, set())


# -- numbers of a coin -----------------------------------------------------------------------------


def test_prices_and_sizes_keep_to_the_decimals_of_their_coin(book: Book) -> None:
    """Evidence: info 2.3: 6 less szDecimals for a perp's price, 8 less for spot; five figures for a
    price that an order was sent with, unless it is whole.
    """
    told = [
        reply
        for replies in book.infos.values()
        for request, reply in replies
        if not request.get("aggregateByTime")
    ]
    heard = [
        ears.frames
        for listeners in book.frames.values()
        for ears in listeners
        if not ears.acks[0][0].get("aggregateByTime")
    ]
    found = set(numbers_of([told, heard]))

    assert {coin for coin, _, _ in found} == set(DECIMALS)
    for coin, key, text in found:
        most = 8 if coin in ("PURR/USDC", "@1") else 6
        limit = DECIMALS[coin] if key in SZS else most - DECIMALS[coin]
        assert places(text) <= limit, (coin, key, text)
        if key in ("px", "limitPx", "triggerPx") and places(text):
            assert len(text.replace(".", "").strip("0")) <= 5, (coin, key, text)


def test_positions_stand_in_the_order_of_their_assets(book: Book) -> None:
    """Evidence: info 5.1, 7.1."""
    orders = [
        [row["position"]["coin"] for row in state["assetPositions"]]
        for _, state in book.infos["clearinghouseState"]
    ]
    for _, rows in book.infos["userFunding"]:
        times = {row["time"] for row in rows}
        orders += [[row["delta"]["coin"] for row in rows if row["time"] == one] for one in times]

    assert max(map(len, orders)) >= 3
    for coins in orders:
        assert coins == sorted(coins, key=PERPS.index)


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "key"), list(SEEN))
def test_the_words_of_a_list_are_seen(name: str, key: str, book: Book) -> None:
    """A list says which words there may be; these are those that this exchange is made to say."""
    said = set(values_of([reply for _, reply in book.infos[name]], key))

    assert SEEN[name, key] <= said


# -- one thing told twice --------------------------------------------------------------------------


def of(book: Book, name: str, **asked: Json) -> dict[tuple[str, int], Json]:
    """The replies to one type by user and town, for these fields and no others."""
    found: dict[tuple[str, int], Json] = {}
    for request, reply in book.infos[name]:
        if {key: one for key, one in request.items() if key not in ("type", "user")} == asked:
            user = request["user"]
            found[user, sum(one == user for one, _ in found)] = reply
    return found


def test_lists_of_fills_are_one_list_forwards_and_backwards(book: Book) -> None:
    """Evidence: info 6.5: strictly newest first, or oldest first (contested 27)."""
    newest = of(book, "userFills")
    oldest = of(book, "userFillsByTime", startTime=0)

    assert max(map(len, newest.values())) > 20
    assert {key: rows[::-1] for key, rows in newest.items()} == oldest
    assert newest == of(book, "userFillsByTime", startTime=0, reversed=True)
    slices = of(book, "userTwapSliceFills")
    assert max(map(len, slices.values())) > 3
    by_time = of(book, "userTwapSliceFillsByTime", startTime=0)
    assert {key: rows[::-1] for key, rows in slices.items()} == by_time


def test_streams_begin_with_what_info_answers(book: Book) -> None:
    """Evidence: ws 3.2, 3.14 to 3.20: the same lists and states, at the same time."""
    compared = set()
    for ears in book.again:
        asked = ears.acks[0][0]
        if asked["type"] not in TWICE:
            continue
        info, take = TWICE[asked["type"]]
        wires = {one.wire for one in INFO[info].fields}
        defaults = {"dex": ""} if "dex" in wires else {}
        wanted = {"type": info, **defaults, **{k: v for k, v in asked.items() if k in wires}}
        wanted |= {"startTime": 0} if "startTime" in wires else {}
        (reply,) = [reply for request, reply in book.infos[info] if request == wanted][:1]
        frame = data_of(ears.frames[0], frames_of(asked)[0])
        assert take(frame) == (listed_as(asked["type"], reply)), asked
        compared.add(asked["type"])
    assert compared == set(TWICE)


def test_open_orders_are_told_short_and_in_full(book: Book) -> None:
    """Evidence: info 6.1, 6.2: the same orders, children also inside their parents (contested
    28).
    """
    kept = ("coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz")
    for dex in ("", "xyz"):
        short = of(book, "openOrders", dex=dex)
        full = of(book, "frontendOpenOrders", dex=dex)
        assert {key: [[row[k] for k in kept] for row in rows] for key, rows in short.items()} == {
            key: [[row[k] for k in kept] for row in rows] for key, rows in full.items()
        }
        for key, rows in full.items():
            oids = [row["oid"] for row in rows]
            cloids = [row.get("cloid") for row in short[key]]
            assert [row["cloid"] for row in rows] == cloids
            for row in rows:
                assert all(child["oid"] in oids for child in row["children"])


def test_what_stands_in_two_replies_is_the_same(book: Book) -> None:
    """Evidence: info 5.5, 5.9, 7.4, 7.5, 8, 10."""
    states, spots = of(book, "clearinghouseState", dex=""), of(book, "spotClearinghouseState")
    orders, volumes = of(book, "frontendOpenOrders", dex=""), of(book, "userRateLimit")
    for key, page in of(book, "webData2").items():
        assert page["clearinghouseState"] == states[key]
        assert page["spotState"] == spots[key]
        assert page["openOrders"] == orders[key]
    for (_, place), subs in of(book, "subAccounts").items():
        for sub in subs or []:
            key = (sub["subAccountUser"], place)
            # A sub-account whose address was not asked about is seen through its master only.
            assert sub["clearinghouseState"] == states.get(key, sub["clearinghouseState"])
            assert sub["spotState"] == spots.get(key, sub["spotState"])
    for key, limit in volumes.items():
        assert of(book, "referral")[key]["cumVlm"] == limit["cumVlm"]
        (_, period) = of(book, "portfolio")[key][3]
        assert period["vlm"] == limit["cumVlm"]
        assert limit["nRequestsCap"] == 10_000 + int(float(limit["cumVlm"]))
    for key, summary in of(book, "delegatorSummary").items():
        amounts = [float(row["amount"]) for row in of(book, "delegations")[key]]
        assert sum(amounts) == pytest.approx(float(summary["delegated"]))
    for vault in {request["vaultAddress"] for request, _ in book.infos["vaultDetails"]}:
        for key, details in of(book, "vaultDetails", vaultAddress=vault).items():
            own = (details or {}).get("followerState")
            rows = of(book, "userVaultEquities")[key]
            equities = [row["equity"] for row in rows if row["vaultAddress"] == vault]
            assert equities == ([] if own is None else [own["vaultEquity"]])


def test_nobody_is_answered_with_nothing(book: Book) -> None:
    """Evidence: info 2.5."""
    told = {
        name: reply
        for name in (*EMPTY, "referral", "userFees", "clearinghouseState")
        for request, reply in book.infos[name]
        if NOBODY in request.values()
    }

    assert told["referral"]["referrerState"]["stage"] == "needToTrade"
    assert told["userFees"]["userCrossRate"] == "0.00045"
    assert told["clearinghouseState"]["assetPositions"] == []
    assert {name: told[name] for name in EMPTY} == EMPTY


def test_every_market_has_its_name_its_mid_and_its_context(book: Book) -> None:
    """Evidence: info 4.1, 4.3, 4.7: delisted perps, all pairs and all sides of outcomes are there;
    contexts stand in the order of the listings.
    """
    mids, metas = (
        {request["dex"]: reply for request, reply in reversed(book.infos[name])}
        for name in ("allMids", "meta")
    )
    for dex, meta in metas.items():
        perps = {row["name"] for row in meta["universe"]}
        assert perps == {coin for coin in mids[dex] if coin[0] not in "#@" and "/" not in coin}
    (_, spot), *_ = book.infos["spotMetaAndAssetCtxs"]
    pairs = {row["name"] for row in spot[0]["universe"]}
    shown = {ctx["coin"] for ctx in spot[1]}
    assert pairs <= shown
    assert sum(coin[0] == "#" for coin in shown) > 3
    (_, all_metas), *_ = book.infos["allPerpMetas"]
    (ears, *_), (fast_ears, *_) = book.frames["allDexsAssetCtxs"], book.frames["fastAssetCtxs"]
    contexts = data_of(ears.frames[0], "allDexsAssetCtxs")["ctxs"]
    lengths = [len(meta["universe"]) for meta in all_metas]
    assert [len(ctxs) for _, ctxs in contexts] == lengths
    fast = data_of(fast_ears.frames[0], "fastAssetCtxs")
    assert set(PERPS) <= set(fast)
    assert {"markPx", "midPx"} == {key for row in fast.values() for key in row}


# -- what was seen ---------------------------------------------------------------------------------


def test_every_key_of_every_list_was_seen_with_something_in_it(book: Book) -> None:
    """A list that is never filled proves nothing; what this exchange has none of is named."""
    seen: set[str] = set()
    used: list[Shape] = [*REPLIES.values(), DEFAULT, *EXPLORER.values(), EXPLORER_ERROR]
    for told in book.infos.values():
        for request, reply in told:
            shape_of(request).check(reply, str(request), seen)
    for name, listeners in book.frames.items():
        for ears in listeners:
            channel, first, later = frames_of(ears.acks[0][0])
            used += [later] if first is None else [first, later]
            for place, frame in enumerate(ears.frames):
                shape = first if place == 0 and first is not None else later
                shape.check(data_of(frame, channel), name, seen)
    for action, replies in book.replies.items():
        for reply in replies:
            reply_of(action).check(reply, action, seen)
    for kind, shape in {**EXPLORER, "error": EXPLORER_ERROR}.items():
        for reply in book.explored[kind]:
            shape.check(reply, kind, seen)

    missing = every_point([*INFO_FIELDS.values(), *used]) - seen
    known = {key for keys in NEVER_SEEN.values() for key in keys}
    assert sorted(missing - known) == []
    assert sorted(known - missing) == [], "these are seen by now"
