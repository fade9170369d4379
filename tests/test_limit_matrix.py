"""Every limit, in every mode: one under it, exactly at it and one over it, on a real server.

A row says how to come near its limit and what refuses the first use above it; the modes are the
same for all. Official numbers, where a test can reach them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from asking import ask
from test_ws_limits import REFUSED, Phone, address, dial, noop, refused, until
from wire import Pen

import hlsim
from hlsim.library import RunningExchange
from hlsim.server.limits import ADVICE, NUMBERS, OFFICIAL

MODES = ("strict", "warn", "off")
PING = '{"method":"ping"}'
PONG = '{"channel":"pong"}'


@dataclass
class Scene:
    """A running exchange, one of its accounts, and sockets that close with it."""

    running: RunningExchange
    stack: ExitStack
    numbers: Iterator[int] = field(default_factory=count)
    """Of what must differ from use to use: users, posts."""

    def __post_init__(self) -> None:
        self.pen = Pen(self.running, self.running.accounts[0].key)

    def phone(self) -> Phone:
        return Phone(self.stack.enter_context(dial(self.running)))

    def cancels(self, batch: int) -> Any:
        """ "ok", or the words that refuse so many cancels of orders that are not there."""
        rows = [{"a": 0, "o": 1}] * batch
        return outcome(self.pen.l1({"type": "cancel", "cancels": rows}))


def outcome(reply: Any) -> Any:
    return "ok" if reply["status"] == "ok" else reply["response"]


Use = Callable[[], Any]
"""Uses one more of a limit. Returns "ok", or the refusal as the client sees it."""


@dataclass(frozen=True)
class Row:
    """One limit: `reach` uses all but two of `most`, and `refusal` is the answer above it."""

    most: int
    reach: Callable[[Scene], Use]
    refusal: Any
    settings: tuple[str, ...] = ()
    is_of_address: bool = False
    words: dict[str, Any] = field(default_factory=dict)


# -- how each is reached ---------------------------------------------------------------------------


def weight(scene: Scene) -> Use:
    """By 59 queries of 20, 9 of 2, and then empty actions of 1."""
    for kind, times in (("meta", 59), ("allMids", 9)):
        for _ in range(times):
            assert ask(scene.running, body=json.dumps({"type": kind})).status == 200

    def use() -> Any:
        signed = json.loads(noop(scene.pen, 1))["request"]["payload"]
        answer = ask(scene.running, path="/exchange", body=json.dumps(signed))
        return "ok" if b'{"status":"ok"' in answer.body else (answer.status, answer.body)

    return use


def connections(scene: Scene) -> Use:
    for _ in range(8):
        scene.phone()

    def use() -> Any:
        try:
            return "ok" if scene.phone().is_alive() else "dumb"
        except Exception:
            return refused(scene.running)

    return use


def new_connections(scene: Scene) -> Use:
    def use() -> Any:
        until(scene.running, 0)
        with ExitStack() as stack:
            try:
                socket = stack.enter_context(dial(scene.running))
            except Exception:
                return refused(scene.running)
            return "ok" if Phone(socket).is_alive() else "dumb"

    assert [use() for _ in range(28)] == ["ok"] * 28
    return use


def watched(times: int) -> Callable[[Scene], Use]:
    """Subscriptions, each of another user."""

    def reach(scene: Scene) -> Use:
        phone = scene.phone()
        assert {phone.watch(next(scene.numbers)) for _ in range(times)} == {"ok"}
        return lambda: phone.watch(next(scene.numbers))

    return reach


def messages(scene: Scene) -> Use:
    phone = scene.phone()
    for _ in range(1_998):
        phone.socket.send(PING)
    assert {phone.socket.recv(10) for _ in range(1_998)} == {PONG}

    def use() -> Any:
        answer = phone.ask(PING)
        return answer.get("data", "ok")

    return use


def posts(scene: Scene) -> Use:
    """None is answered: their block is far away."""
    phone = scene.phone()

    def use() -> Any:
        phone.socket.send(noop(scene.pen, next(scene.numbers)))
        answer = phone.ask(PING)
        if answer == {"channel": "pong"}:
            return "ok"
        assert phone.socket.recv(10) == PONG
        return answer["data"]

    assert [use() for _ in range(98)] == ["ok"] * 98
    return use


def requests(scene: Scene) -> Use:
    """A batch counts what it holds (ws 8.2)."""
    for batch in (*[200] * 49, 197):
        assert scene.cancels(batch) == "ok"
    return lambda: outcome(scene.pen.l1({"type": "noop"}))


def cancels(scene: Scene) -> Use:
    for batch in (*[200] * 99, 197):
        assert scene.cancels(batch) == "ok"
    return lambda: scene.cancels(1)


def daily(scene: Scene) -> Use:
    mode = {"user": scene.pen.address, "abstraction": "unifiedAccount"}
    assert scene.pen.user("userSetAbstraction", **mode)["status"] == "ok"

    def use() -> Any:
        return outcome(scene.pen.l1({"type": "noop"}))

    assert [use() for _ in range(3)] == ["ok"] * 3
    return use


def cumulative(used: int, most: int) -> str:
    return (
        f"Too many cumulative requests sent ({used} > {most}) for cumulative volume traded $0."
        " Place taker orders to free up 1 request per USDC traded."
    )


ROWS = {
    "ip-weight": Row(1200, weight, (429, b"null")),
    "ws-connections": Row(10, connections, REFUSED),
    "ws-new-connections": Row(30, new_connections, REFUSED),
    "ws-subscriptions": Row(
        1000,
        watched(998),
        "Cannot subscribe to more than 1000 channels.",
        settings=("ws-users=none",),
    ),
    "ws-subscriptions-each": Row(
        10, watched(8), "Cannot subscribe to more than 10 channels.", settings=("guide",)
    ),
    "ws-users": Row(15, watched(13), "Cannot track more than 15 total users."),
    "ws-messages": Row(2000, messages, "Cannot send more than 2000 messages per minute."),
    "ws-posts": Row(
        100, posts, "too many pending post requests id=100", words={"block_time": 600_000}
    ),
    # Observed: the texts say one less than the cap, and that is what is compared (contested 49).
    "address-requests": Row(9_999, requests, cumulative(10_000, 9_999), is_of_address=True),
    "address-cancels": Row(19_999, cancels, cumulative(20_000, 19_999), is_of_address=True),
    # 50,000 signed actions would take minutes: test_request_budget.py begins after most of them.
    "address-daily": Row(
        5,
        daily,
        "Too many cumulative requests sent (6 > 5) in one day for an account with unified"
        " balances.",
        settings=("address-daily=5",),
        is_of_address=True,
    ),
}
"""By the name that `--limit-set` and the log have for it."""
WAITS = {"address-wait-ms"}
"""What is no number of uses: `test_the_wait_without_budget`."""


def test_every_number_of_the_limits_has_a_row() -> None:
    """A limit that is added needs one, and words for the log."""
    names = {name.replace("_", "-") for name in NUMBERS}

    assert set(ROWS) | WAITS == names
    assert set(ADVICE) == set(ROWS)


@contextmanager
def scene_of(row: Row, mode: str) -> Iterator[Scene]:
    words: dict[str, Any] = {"market": "empty", "limits": mode, **row.words}
    words["limit_set"] = ["official", *row.settings]
    with hlsim.start(**words) as running, ExitStack() as stack:
        yield Scene(running, stack)


def line(name: str, who: str, used: int, most: int, mode: str) -> str:
    advice = ADVICE[name]
    said = f"{who} is over limit {name}: {used}, allowed are {most} {advice.unit}; "
    if mode == "strict":
        said += f"refused with {advice.refuses}. Remedy: {advice.remedy}"
        return said + " (--limits warn or off answers all the same)"
    return said + f"the exchange would refuse with {advice.refuses}. Remedy: {advice.remedy}"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ROWS)
def test_one_under_at_and_one_over(name: str, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """Evidence: ws 6, 8, exchange 9. strict: refused in the exchange's words. warn: answered, and
    the log says what would have been refused. off: answered.
    """
    row = ROWS[name]
    with scene_of(row, mode) as scene:
        use = row.reach(scene)
        assert [use(), use()] == ["ok", "ok"]
        assert caplog.messages == []
        over = use()
        who = scene.pen.address if row.is_of_address else "127.0.0.1"
        told = list(caplog.messages)

    assert over == (row.refusal if mode == "strict" else "ok")
    assert told == ([] if mode == "off" else [line(name, who, row.most + 1, row.most, mode)])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("ms", "passes"), [(9_999, False), (10_000, True), (10_001, True)])
def test_the_wait_without_budget(
    ms: int, passes: bool, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Documented: one request in 10 s (exchange 9)."""
    assert OFFICIAL.address_wait_ms == 10_000
    row = Row(1, daily, cumulative(2, 1), settings=("address-requests=2",))
    with scene_of(row, mode) as scene:
        first = scene.pen.l1({"type": "noop"})
        scene.running.clock.advance(ms=ms)
        second = scene.pen.l1({"type": "noop"})
        who, told = scene.pen.address, list(caplog.messages)

    is_told = not passes and mode != "off"
    assert outcome(first) == "ok"
    assert outcome(second) == (row.refusal if is_told and mode == "strict" else "ok")
    assert told == ([line("address-requests", who, 2, 1, mode)] if is_told else [])


def test_the_log_names_the_account_that_an_agent_acts_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its budget it is (exchange 9), and only its volume helps."""
    with hlsim.start(market="empty", limit_set="address-requests=3") as running:
        alice, agent = Pen(running, running.accounts[0].key), Pen(running, "0x" + "22" * 32)
        assert (
            alice.user("approveAgent", agentAddress=agent.address, agentName="")["status"] == "ok"
        )
        assert outcome(agent.l1({"type": "noop"})) == "ok"
        assert outcome(agent.l1({"type": "noop"})) == cumulative(3, 2)

    assert caplog.messages == [line("address-requests", alice.address, 3, 2, "strict")]


# -- whatever --limits says ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("batch", "refusal"), [(199, "ok"), (200, "ok"), (201, "cap")])
def test_two_hundred_entries_in_one_action(mode: str, batch: int, refusal: str) -> None:
    """Observed: 201 cancels are refused, in these words (mechanics 2.7); it is no rate limit."""
    text = "Signed action over weight limit of 200."
    with hlsim.start(market="empty", limits=mode) as running:
        pen = Pen(running, running.accounts[0].key)
        rows = [{"a": 0, "o": 1}] * batch
        reply = pen.l1({"type": "cancel", "cancels": rows})
    assert outcome(reply) == (text if refusal == "cap" else "ok")


@pytest.mark.parametrize("mode", MODES)
def test_a_thousand_open_orders(mode: str) -> None:
    """Documented: mechanics 2.7; without volume. The text is Assumed."""
    row = {
        "a": 0,
        "b": True,
        "p": "20000",
        "s": "0.001",
        "r": False,
        "t": {"limit": {"tif": "Alo"}},
    }
    with hlsim.start(market="empty", limits=mode, balance=1_000_000) as running:
        pen = Pen(running, running.accounts[0].key)
        for batch in (*[200] * 4, 199):
            pen.orders(*[row] * batch)
        assert len(pen.info("openOrders", user=pen.address)) == 999
        last, over = pen.orders(row, row)["response"]["data"]["statuses"]
        assert "resting" in last
        assert over == {"error": "Too many open orders. asset=0"}


def test_what_one_socket_may_hold_without_limits() -> None:
    """Decided: memory is bounded in every mode."""
    with hlsim.start(market="empty", limits="off", block_time=600_000) as running:
        with dial(running) as socket:
            phone = Phone(socket)
            asked = [
                json.dumps(
                    {"method": "subscribe", "subscription": {"type": kind, "user": address(n)}}
                )
                for kind in ("orderUpdates", "userEvents")
                for n in range(5_000)
            ]
            for at in range(0, 10_000, 500):
                for request in asked[at : at + 500]:
                    socket.send(request)
                channels = [json.loads(socket.recv(10))["channel"] for _ in range(500)]
                assert set(channels) == {"subscriptionResponse"}
            assert phone.watch(5_000) == "Cannot subscribe to more than 10000 channels."
        with dial(running) as socket:
            phone, post = Phone(socket), json.loads(noop(Pen(running, running.accounts[0].key), 0))
            for number in range(1_000):
                socket.send(json.dumps(post | {"id": number}))
            assert phone.is_alive()
            over = "too many pending post requests id=1000"
            assert phone.refusal(post | {"id": 1_000}) == over
