"""TWAPs against a real server, signed with the official SDK, which has no calls for them."""

from __future__ import annotations

from typing import Any

import pytest
from bots import Bot, one
from hyperliquid.utils.error import ClientError
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action
from test_sdk_streams import listening, until


def send(bot: Bot, action: dict[str, Any]) -> Any:
    """The whole reply; signed and posted with the SDK's own functions."""
    nonce = get_timestamp_ms()
    signature = sign_l1_action(bot.wallet, action, None, nonce, None, False)
    return bot.exchange._post_action(action, signature, nonce)


def ask(bot: Bot, name: str, **fields: Any) -> Any:
    return bot.info.post("/info", {"type": name, "user": bot.address, **fields})


def order(**changes: Any) -> dict[str, Any]:
    terms = {"a": 0, "b": True, "s": "0.02", "r": False, "m": 5, "t": False}
    return {"type": "twapOrder", "twap": {**terms, **changes}}


def status(reply: Any) -> Any:
    assert reply["status"] == "ok", reply
    return reply["response"]["data"]["status"]


def running(reply: Any) -> int:
    assert reply["response"]["type"] == "twapOrder"
    return int(status(reply)["running"]["twapId"])


def test_a_twap_runs_and_is_seen_everywhere(bot: Bot) -> None:
    clock = bot.server.clock
    start = clock.now_ms

    twap_id = running(send(bot, order()))
    clock.advance(minutes=5)

    finished, activated = ask(bot, "twapHistory")
    assert [row["status"] for row in (finished, activated)] == [
        {"status": "finished"},
        {"status": "activated"},
    ]
    assert (finished["time"], activated["time"]) == (start // 1000 + 300, start // 1000)
    assert (finished["twapId"], finished["state"]["executedSz"]) == (twap_id, "0.02")
    fills = ask(bot, "userTwapSliceFills")
    assert len(fills) == 11
    assert {(row["twapId"], row["fill"]["twapId"]) for row in fills} == {(twap_id, twap_id)}
    assert {row["fill"]["hash"] for row in fills} == {"0x" + 64 * "0"}
    assert ask(bot, "userTwapSliceFillsByTime", startTime=start) == fills[::-1]
    assert bot.info.user_fills(bot.address) == []
    assert bot.positions() == {"BTC": "0.02"}
    rows = ask(bot, "historicalOrders")
    assert {row["order"]["orderType"] for row in rows} == {"Twap Slice"}


def test_a_twap_is_cancelled_once(bot: Bot) -> None:
    twap_id = running(send(bot, order(m=30, s="0.2")))
    bot.server.clock.advance(minutes=1)
    (state,) = ask(bot, "webData2")["twapStates"]
    assert (state[0], state[1]["sz"], state[1]["user"]) == (twap_id, "0.2", bot.address.lower())
    cancel = {"type": "twapCancel", "a": 0, "t": twap_id}

    assert send(bot, cancel) == {
        "status": "ok",
        "response": {"type": "twapCancel", "data": {"status": "success"}},
    }
    assert status(send(bot, cancel)) == {
        "error": "TWAP was never placed, already canceled, or filled."
    }
    assert ask(bot, "twapHistory")[0]["status"] == {"status": "terminated"}
    assert ask(bot, "webData2")["twapStates"] == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"m": 1}, "Invalid TWAP duration: 1 min(s)"),
        ({"s": "0"}, "Order has zero size."),
        ({"s": "0.0001"}, "TWAP order value too small. Min is $100."),
        ({"r": True}, "Reduce-only TWAP order would increase position."),
    ],
)
def test_a_refusal_stands_in_the_status(bot: Bot, changes: dict[str, Any], error: str) -> None:
    """Documented: exchange 7.3."""
    assert send(bot, order(**changes)) == {
        "status": "ok",
        "response": {"type": "twapOrder", "data": {"status": {"error": error}}},
    }


@pytest.mark.parametrize(
    "details", [{"t": {"p": "1000", "a": False}, "s": None}, {"t": None, "s": "1000"}]
)
def test_details_are_signed_with_their_nils(bot: Bot, details: dict[str, Any]) -> None:
    """Inferred: exchange 2.2. A wrong hash would make the signer a stranger."""
    assert running(send(bot, {**order(), "details": details})) > 0
    waits = details["t"] is not None
    state = ask(bot, "twapHistory")[0]
    assert state["status"] == {"status": "waitingForTrigger" if waits else "activated"}
    assert state["state"]["trigger"] == ({"px": "1000.0", "above": False} if waits else None)
    assert state["state"]["stopPx"] == (None if waits else "1000.0")


def test_details_that_are_null_or_absent_are_not_signed(bot: Bot) -> None:
    """Inferred: as any other optional part (exchange 2.2)."""
    action = order()
    nonce = get_timestamp_ms()
    signature = sign_l1_action(bot.wallet, action, None, nonce, None, False)

    posted = {**action, "details": None}

    assert running(bot.exchange._post_action(posted, signature, nonce)) > 0


@pytest.mark.parametrize(
    "action",
    [
        {"type": "twapOrder", "twap": {"a": 0, "b": True, "s": "1", "r": False, "m": 5}},
        order(m=-1),
        order(m="5"),
        order(s=1),
        {**order(), "details": {"t": {"p": "1"}, "s": None}},
        {**order(), "more": 1},
        {"type": "twapCancel", "a": 0},
        {"type": "twapCancel", "a": 0, "t": "1"},
    ],
)
def test_what_is_misshapen_is_no_request(bot: Bot, action: dict[str, Any]) -> None:
    """Observed: 422, whatever the signature (exchange 1.1)."""
    with pytest.raises(ClientError) as caught:
        send(bot, action)

    assert caught.value.status_code == 422


def test_the_streams_tell_of_slices_apart_from_other_fills(bot: Bot) -> None:
    """Observed: `userEvents` carries slices that `userFills` leaves out (ws 3.13)."""
    subscriptions = [{"type": name, "user": bot.address} for name in ("userEvents", "userFills")]
    with listening(bot.server, *subscriptions) as frames:
        until(frames, lambda f: f["channel"] == "userFills")
        twap_id = running(send(bot, order()))
        one(bot.exchange.market_open("ETH", True, 0.01))

        slices = until(frames, lambda f: "twapSliceFills" in f["data"])
        history = until(frames, lambda f: "twapHistory" in f["data"])
        fills = until(frames, lambda f: f["channel"] == "userFills")

    assert [row["twapId"] for row in slices["data"]["twapSliceFills"]] == [twap_id]
    assert [row["status"]["status"] for row in history["data"]["twapHistory"]] == ["activated"]
    assert [fill["coin"] for fill in fills["data"]["fills"]] == ["ETH"]
