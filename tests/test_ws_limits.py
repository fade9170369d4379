"""Limits of sockets, on a real server: the last that is allowed, and the words for the next."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from asking import can_bind, headers_of
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from wire import Pen, nonces

import hlsim
from hlsim.library import RunningExchange

PING = '{"method":"ping"}'
PONG = {"channel": "pong"}


@contextmanager
def limited(*numbers: str, **words: Any) -> Iterator[RunningExchange]:
    words = {"market": "empty", "limit_set": ["official", *numbers]} | words
    with hlsim.start(**words) as running:
        yield running


def address(number: int) -> str:
    return f"0x{number:040x}"


class Phone:
    """One socket, whose requests are answered at once."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def ask(self, request: Any) -> Any:
        self.socket.send(request if isinstance(request, str) else json.dumps(request))
        return json.loads(self.socket.recv(10))

    def refusal(self, request: Any) -> str:
        answer = self.ask(request)
        assert answer["channel"] == "error", answer
        return str(answer["data"])

    def subscribe(self, **subscription: Any) -> Any:
        return self.ask({"method": "subscribe", "subscription": subscription})

    def watch(self, number: int, kind: str = "orderUpdates") -> str:
        """ "ok", or the words that refuse a subscription of a user; it has no first frame."""
        answer = self.subscribe(type=kind, user=address(number))
        return "ok" if answer["channel"] == "subscriptionResponse" else str(answer["data"])

    def forget(self, number: int, kind: str = "orderUpdates") -> None:
        subscription = {"type": kind, "user": address(number)}
        answer = self.ask({"method": "unsubscribe", "subscription": subscription})
        assert answer["channel"] == "subscriptionResponse"

    def is_alive(self) -> bool:
        return bool(self.ask(PING) == PONG)


def dial(running: RunningExchange) -> ClientConnection:
    return connect(running.ws_url)


def refused(running: RunningExchange) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a handshake that fails."""
    with pytest.raises(InvalidStatus) as caught, dial(running):
        pass
    response = caught.value.response
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    return response.status_code, headers, bytes(response.body)


def until(running: RunningExchange, sockets: int) -> None:
    """Waits until the server has noticed that sockets were closed."""
    ends = time.monotonic() + 10
    scope = {"type": "http", "client": ("127.0.0.1", 1), "headers": []}
    while running.call(lambda server: server.clients.of(scope).sockets) != sockets:
        assert time.monotonic() < ends


END = {"content-type": "application/json", "connection": "close"}
REFUSED = (429, headers_of(b"null", END), b"null")


# -- connections -----------------------------------------------------------------------------------


def test_ten_sockets_at_a_time() -> None:
    """Documented: ten (ws 6). Assumed: the eleventh is refused with HTTP 429."""
    with limited() as running, ExitStack() as stack:
        sockets = [stack.enter_context(dial(running)) for _ in range(10)]
        assert refused(running) == REFUSED
        assert all(Phone(one).is_alive() for one in sockets)
        sockets[3].close()
        until(running, 9)
        assert Phone(stack.enter_context(dial(running))).is_alive()
        assert refused(running) == REFUSED


def test_thirty_new_sockets_a_minute() -> None:
    """Documented: ws 6. Refused ones are not counted."""
    with limited() as running:
        for _ in range(30):
            with dial(running) as socket:
                assert Phone(socket).is_alive()
            until(running, 0)
        assert refused(running) == REFUSED
        assert refused(running) == REFUSED

        def later(server: Any) -> None:
            clock, server.clients.clock = server.clients.clock, lambda: clock() + 60

        running.call(later)
        for _ in range(30):
            with dial(running) as socket:
                assert Phone(socket).is_alive()
            until(running, 0)
        assert refused(running) == REFUSED


def test_a_socket_that_is_refused_elsewhere_counts_for_nothing() -> None:
    with limited("ws-connections=1") as running:
        for _ in range(3):
            with pytest.raises(InvalidStatus, match="404"), connect(running.ws_url + "x"):
                pass
        with dial(running) as socket:
            assert Phone(socket).is_alive()


@pytest.mark.parametrize("limit", ["ws-connections", "ws-new-connections"])
def test_warn_lets_sockets_in(limit: str, caplog: pytest.LogCaptureFixture) -> None:
    with limited(f"{limit}=2", limits="warn") as running, ExitStack() as stack:
        sockets = [stack.enter_context(dial(running)) for _ in range(4)]
        assert all(Phone(one).is_alive() for one in sockets)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"127.0.0.1 is over limit {limit}: 3, allowed are 2 ")


@pytest.mark.skipif(not can_bind("127.0.0.2"), reason="one loopback address only")
def test_addresses_have_sockets_of_their_own() -> None:
    """And are forgotten with them: churn leaves nothing behind."""
    with limited("ws-connections=1", "ws-users=1") as running:
        running.call(lambda server: setattr(server.clients, "kept", 5))
        for host in range(2, 40):
            source = (f"127.0.0.{host}", 0)
            with connect(running.ws_url, source_address=source) as socket:
                phone = Phone(socket)
                assert phone.watch(host) == "ok"
                assert phone.watch(1) == "Cannot track more than 1 total users."
                with pytest.raises(InvalidStatus, match="429"):
                    connect(running.ws_url, source_address=source)
        until(running, 0)
        assert running.call(lambda server: len(server.clients)) <= 6


# -- subscriptions ---------------------------------------------------------------------------------


def test_a_thousand_subscriptions_over_all_sockets() -> None:
    """Observed: the text, which does not repeat the request; the socket stays (ws 2.2, 6)."""
    with limited("ws-users=none") as running, dial(running) as first, dial(running) as second:
        one, other = Phone(first), Phone(second)
        assert {one.watch(number) for number in range(600)} == {"ok"}
        assert {other.watch(number) for number in range(400)} == {"ok"}
        text = "Cannot subscribe to more than 1000 channels."
        assert other.watch(1_000) == text
        assert one.watch(1_000) == text
        assert one.watch(7).startswith("Already subscribed: ")
        one.forget(7)
        assert other.watch(1_000) == "ok"
        assert one.watch(7) == text
        first.close()
        until(running, 1)
        assert other.watch(1_001) == "ok"
        assert other.is_alive()


def test_the_guides_ten_for_each_socket() -> None:
    with limited("guide") as running, dial(running) as first, dial(running) as second:
        one, other = Phone(first), Phone(second)
        assert [one.watch(number) for number in range(11)] == [
            *["ok"] * 10,
            "Cannot subscribe to more than 10 channels.",
        ]
        assert other.watch(0) == "ok"


@pytest.mark.parametrize("most", [15, 10])
def test_fifteen_different_users_over_all_sockets(most: int) -> None:
    """Observed: 15 since mid-2026, 10 before and in the documentation; users count, not their
    subscriptions, and a known one is accepted from everywhere (ws 6, contested 5).
    """
    with limited(f"ws-users={most}") as running, dial(running) as first, dial(running) as second:
        one, other = Phone(first), Phone(second)
        assert {one.watch(number) for number in range(most - 1)} == {"ok"}
        assert other.watch(0) == "ok"
        assert other.watch(most - 1) == "ok"
        text = f"Cannot track more than {most} total users."
        assert [phone.watch(most) for phone in (one, other)] == [text, text]
        assert one.watch(most - 1) == "ok"
        assert one.watch(0, "userEvents") == "ok"
        one.forget(most - 1)
        assert one.watch(most) == text
        other.forget(most - 1)
        assert one.watch(most) == "ok"
        assert other.watch(most - 1) == text
        first.close()
        until(running, 1)
        assert other.watch(most - 1) == "ok"
        assert other.is_alive()


def test_topics_without_a_user_are_no_users() -> None:
    with limited("ws-users=0") as running, dial(running) as socket:
        phone = Phone(socket)
        assert phone.subscribe(type="trades", coin="BTC")["channel"] == "subscriptionResponse"
        assert phone.watch(1) == "Cannot track more than 0 total users."


def test_what_is_refused_for_itself_is_not_counted() -> None:
    """An invalid subscription is told so, whatever is left."""
    with limited("ws-subscriptions=1") as running, dial(running) as socket:
        phone = Phone(socket)
        for _ in range(3):
            wanted = {"type": "candle", "interval": "1d", "coin": "NOPE"}
            answer = phone.subscribe(**wanted)
            assert answer["data"].startswith("Invalid subscription {")
        assert phone.watch(1) == "ok"
        assert phone.watch(2) == "Cannot subscribe to more than 1 channels."


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [("ws-subscriptions", 3), ("ws-subscriptions-each", 3), ("ws-users", 3)],
)
def test_warn_accepts_subscriptions(
    limit: str, wanted: int, caplog: pytest.LogCaptureFixture
) -> None:
    with limited(f"{limit}=2", limits="warn") as running, dial(running) as socket:
        phone = Phone(socket)
        assert [phone.watch(number) for number in range(4)] == ["ok"] * 4
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"127.0.0.1 is over limit {limit}: {wanted}, allowed are 2 ")


# -- messages --------------------------------------------------------------------------------------


def test_two_thousand_messages_a_minute_over_all_sockets() -> None:
    """Observed: the text. Assumed: the message is dropped, the socket stays, and what was dropped
    is not counted (ws 6).
    """
    text = "Cannot send more than 2000 messages per minute."
    with limited() as running, dial(running) as first, dial(running) as second:
        one, other = Phone(first), Phone(second)
        for _ in range(1_999):
            first.send(PING)
        for _ in range(1_999):
            assert json.loads(first.recv(10)) == PONG
        assert other.watch(1) == "ok"
        assert [phone.refusal(PING) for phone in (one, other)] == [text, text]
        assert other.refusal({"method": "subscribe", "subscription": {"type": "trades"}}) == text
        assert other.refusal("no request at all") == text

        def later(server: Any) -> None:
            clock, server.clients.clock = server.clients.clock, lambda: clock() + 60

        running.call(later)
        assert one.is_alive()
        assert other.watch(1).startswith("Already subscribed: ")


def test_warn_answers_messages(caplog: pytest.LogCaptureFixture) -> None:
    with limited("ws-messages=2", limits="warn") as running, dial(running) as socket:
        phone = Phone(socket)
        assert [phone.is_alive() for _ in range(4)] == [True] * 4
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(
        "127.0.0.1 is over limit ws-messages: 3, allowed are 2 messages a minute"
    )


# -- posts -----------------------------------------------------------------------------------------


def noop(pen: Pen, number: int) -> str:
    from hyperliquid.utils import signing

    nonce, action = next(nonces), {"type": "noop"}
    signature = signing.sign_l1_action(pen.wallet, action, None, nonce, None, False)
    payload = {"action": action, "nonce": nonce, "signature": signature}
    request = {"type": "action", "payload": payload}
    return json.dumps({"method": "post", "id": number, "request": request})


def query(number: int, kind: str = "meta", **fields: Any) -> dict[str, Any]:
    payload = {"type": kind, **fields}
    return {"method": "post", "id": number, "request": {"type": "info", "payload": payload}}


@pytest.mark.parametrize(("limits", "lines"), [("strict", 1), ("warn", 1), ("off", 0)])
def test_a_hundred_posts_wait_over_all_sockets(
    limits: str, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Observed: the text, which names the post (ws 2.2, 5). They wait for their block."""
    with (
        limited("address-requests=1000", limits=limits, block_time=2_000) as running,
        dial(running) as first,
        dial(running) as second,
    ):
        alice = Pen(running, running.accounts[0].key)
        posts = [noop(alice, number) for number in range(102)]
        for post in posts[:60]:
            first.send(post)
        assert Phone(first).is_alive()
        for post in posts[60:100]:
            second.send(post)
        assert Phone(second).is_alive()
        for socket, number in ((first, 100), (second, 101)):
            if limits == "strict":
                text = f"too many pending post requests id={number}"
                assert Phone(socket).refusal(posts[number]) == text
            else:
                socket.send(posts[number])
                assert Phone(socket).is_alive()
        answered = []
        for socket, count in ((first, 60), (second, 40)):
            for _ in range(count + (limits != "strict")):
                answered.append(json.loads(socket.recv(10))["data"]["id"])
        assert sorted(answered) == list(range(100 if limits == "strict" else 102))
        assert Phone(second).ask(noop(alice, 103))["data"]["id"] == 103
    assert len(caplog.records) == lines


def test_posts_and_requests_share_their_weight() -> None:
    """Documented: info 3; Inferred: the words (ws 5, contested 33)."""
    with limited("ip-weight=43") as running, dial(running) as socket:
        phone = Phone(socket)
        alice = Pen(running, running.accounts[0].key)
        assert alice.info("meta")
        assert phone.ask(query(1))["data"]["response"]["type"] == "info"
        too_many = {"type": "error", "payload": "429 Too Many Requests"}
        assert phone.ask(query(2)) == {
            "channel": "post",
            "data": {"id": 2, "response": too_many},
        }
        assert phone.ask(query(3, "exchangeStatus"))["data"]["response"]["type"] == "info"
        assert phone.ask(noop(alice, 4))["data"]["response"]["type"] == "action"
        assert phone.ask(noop(alice, 5)) == {
            "channel": "post",
            "data": {"id": 5, "response": too_many},
        }
        frame = json.dumps(query(6, "nosuch"))
        assert phone.ask(frame)["data"]["response"] == too_many
        assert phone.is_alive()
