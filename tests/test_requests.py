"""What clients sent and got, why they were refused, and the numbers: with the official SDK."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from asking import ask, get
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from websockets.sync.client import connect
from wire import Pen, order

import hlsim
from hlsim.library import RunningExchange
from hlsim.server.diagnosis import ADVICE, STATUSES, diagnose, refusals_in
from hlsim.server.requests import REQUESTS_KEPT, Requests
from hlsim.sim.errors import ActionReject, CancelReject, OrderReject, TwapReject
from hlsim.sim.fixed import Address

Json = Any
GTC = {"limit": {"tif": "Gtc"}}
STRANGER = "0x" + "99" * 32


@pytest.fixture
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="static") as exchange:
        yield exchange


def bot(exchange: RunningExchange, place: int = 0) -> Exchange:
    return Exchange(Account.from_key(exchange.accounts[place].key), exchange.url)


# -- requests --------------------------------------------------------------------------------------


def test_an_action_is_shown_with_its_answer_and_without_its_signature(
    running: RunningExchange,
) -> None:
    answer = bot(running).order("ETH", True, 1, 1500, GTC)

    found = get(running, "requests?action=order")

    (row,) = found["requests"]
    assert found["count"] == 1
    assert (row["path"], row["status"], row["name"]) == ("/exchange", 200, "order")
    assert row["user"] == row["signer"] == running.accounts[0].address
    assert row["response"] == answer
    assert row["request"]["action"]["orders"][0]["p"] == "1500"
    assert "signature" not in row["request"]
    assert "nonce" in row["request"]
    assert row["time"] == running.clock.now_ms


def test_requests_are_found_by_user_kind_status_and_time(running: RunningExchange) -> None:
    one, other = bot(running, 0), bot(running, 1)
    info = Info(running.url, skip_ws=True)
    began = get(running, "requests")["count"]
    one.order("ETH", True, 1, 1500, GTC)
    running.clock.advance(seconds=1)
    since = running.clock.now_ms
    other.order("ETH", True, 1, 1500.01, GTC)
    other.cancel("ETH", 12345)
    info.user_state(one.wallet.address)
    assert ask(running, body=b'{"type":"nonsense"}').status == 422
    assert ask(running, body=b"{").status == 400

    def count(query: str) -> int:
        return int(get(running, f"requests?{query}")["count"])

    assert count("") == began + 6
    assert count("action=order") == 2
    assert count("action=cancel") == 1
    assert count("type=clearinghouseState") == 1
    assert count("action=cancelByCloid") == count("type=orderStatus") == 0
    assert count(f"user={running.accounts[0].address}") == 2
    assert count(f"user={other.wallet.address}") == 2
    assert count(f"since={since}") == 5
    assert count("status=refused") == 4
    assert count("status=refused&action=order") == 1
    assert count("status=422") == 1
    assert count("status=ok&action=order") == 1
    assert len(get(running, f"requests?since={since}&limit=2")["requests"]) == 2
    assert get(running, f"requests?since={since}&limit=0")["requests"] == []
    newest = get(running, "requests?limit=1")
    assert (newest["count"], len(newest["requests"])) == (began + 6, 1)
    assert (newest["requests"][0]["status"], newest["requests"][0]["request"]) == (400, "{")
    refused = ask(running, "GET", "/hlsim/requests?status=bad", None, {})
    assert json.loads(refused.body)["error"].startswith("no status 'bad'; known: ok, refused")
    for query in ("action=clearinghouseState", "type=order"):
        unknown = ask(running, "GET", f"/hlsim/requests?{query}", None, {})
        assert json.loads(unknown.body)["error"].startswith("unknown request '")
    both = ask(running, "GET", "/hlsim/requests?action=order&type=meta", None, {})
    assert json.loads(both.body)["error"].startswith("action is of /exchange and type is of /info")


def test_an_agents_requests_are_its_masters_and_a_vaults_its_own(running: RunningExchange) -> None:
    master = bot(running)
    answer, key = master.approve_agent()
    assert answer["status"] == "ok"
    agent = Exchange(Account.from_key(key), running.url, account_address=master.wallet.address)
    agent.order("ETH", True, 1, 1500, GTC)
    (row,) = get(running, f"requests?action=order&user={running.accounts[0].address}")["requests"]
    assert row["signer"] == agent.wallet.address.lower()
    vault = "0x" + "cd" * 20
    for_vault = Exchange(master.wallet, running.url, vault_address=vault)
    for_vault.order("ETH", True, 1, 1500, GTC)
    (row,) = get(running, f"requests?user={vault}")["requests"]
    assert row["refusals"] == [f"Vault not registered: {vault}"]


def test_posts_over_a_socket_are_requests_as_well(running: RunningExchange) -> None:
    pen = Pen(running, running.accounts[0].key)
    with connect(running.ws_url) as socket:

        def post(kind: str, payload: Any) -> None:
            request = {"type": kind, "payload": payload}
            socket.send(json.dumps({"method": "post", "id": 1, "request": request}))
            socket.recv(5)

        post("info", {"type": "l2Book", "coin": "ETH"})
        post("info", {"type": "recentTrades", "coin": "NOPE"})
        post("action", {"action": {"type": "nonsense"}, "nonce": 1, "signature": {}})
    pen.buys(1, "1", "1500")
    found = get(running, "requests")["requests"]
    assert [(row["path"], row["status"], row["name"]) for row in found] == [
        ("/ws info", 200, "l2Book"),
        ("/ws info", 500, "recentTrades"),
        ("/ws action", 422, "nonsense"),
        ("/exchange", 200, "order"),
    ]
    assert found[0]["response"]["coin"] == "ETH"


DEEP = 5_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP + b"]" * DEEP,
        b'{"action":' * DEEP + b"1" + b"}" * DEEP,
        b'{"type":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"type":"\\ud800"}',
        b"\xff\xfe",
        b'{"type":%b}' % (b"9" * 10_000),
        b'{"action":{"type":"multiSig","payload":%b1%b}}' % (b'{"action":' * 100, b"}" * 100),
        b"[[[0]]]",
        b"null",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_whatever_a_client_sends_does_not_keep_others_from_being_told_of(
    running: RunningExchange, body: bytes
) -> None:
    for path in ("/info", "/exchange", "/explorer"):
        assert ask(running, path=path, body=body).status in (400, 422)
    ask(running)
    for query in ("requests", f"requests?user={STRANGER[:42]}", "requests?status=refused"):
        get(running, query)
    assert get(running, "requests")["count"] == 4
    assert [row["name"] for row in get(running, "requests?type=meta")["requests"]] == ["meta"]
    assert len(get(running, "diagnoses")) == 3


def test_what_posts_keep_in_memory_is_measured(running: RunningExchange) -> None:
    """Also of those that are refused: 10,000 of them are kept."""
    long = "x" * 100_000
    with connect(running.ws_url) as socket:
        for payload in ({"type": long}, {long: 1}, {"type": "meta", "dex": [long]}):
            before = running.call(lambda server: server.console.requests.size)
            request = {"type": "info", "payload": payload}
            socket.send(json.dumps({"method": "post", "id": 1, "request": request}))
            socket.recv(5)
            after = running.call(lambda server: server.console.requests.size)
            assert after - before >= len(long)


def test_a_reset_forgets_the_requests_and_a_restore_does_not(running: RunningExchange) -> None:
    ask(running)
    name = json.loads(ask(running, "POST", "/hlsim/snapshot", None, {}).body)["id"]
    ask(running)
    ask(running, "POST", "/hlsim/restore", json.dumps({"id": name}).encode())
    assert get(running, "requests")["count"] == 2
    ask(running, "POST", "/hlsim/reset", None, {})
    assert get(running, "requests") == {"count": 0, "forgotten": 0, "requests": []}


def test_the_newest_are_kept_in_number_and_in_bytes() -> None:
    log = Requests(kept=3)
    for number in range(5):
        log.add("/info", number, 200, b"a" * number, b"b")
    assert [(row.number, row.asked) for row in log] == [(3, b"aa"), (4, b"aaa"), (5, b"aaaa")]
    assert (log.seen, len(log), log.size) == (5, 3, 2 + 3 + 4 + 3)

    log = Requests(most_bytes=100)
    for number in range(5):
        log.add("/info", number, 200, b"", b"b" * 40)
    assert [row.number for row in log] == [4, 5]
    assert log.size == 80
    log.add("/info", 9, 200, b"", b"b" * 1000)
    assert [row.number for row in log] == [6]


def test_answers_that_are_no_bytes_count_about_what_they_take() -> None:
    log = Requests(most_bytes=1_000_000)
    log.add("/ws info", 0, 200, {}, msgspec.Raw(b"[" + b"1," * 400_000 + b"1]"))
    assert log.size > 800_000
    log.add("/ws info", 0, 200, {}, [{}] * 2_000)
    assert [row.number for row in log] == [2]
    assert log.size > 500_000


def test_the_server_keeps_no_more_than_it_says(running: RunningExchange) -> None:
    def fill(server: Any) -> None:
        for number in range(REQUESTS_KEPT + 5):
            server.console.requests.add("/info", number, 200, b'{"type":"meta"}', b"[]")

    running.call(fill)
    found = get(running, "requests?limit=2")
    assert (found["count"], found["forgotten"]) == (REQUESTS_KEPT, 5)


# -- diagnoses -------------------------------------------------------------------------------------


def test_a_refusal_is_explained(running: RunningExchange) -> None:
    one = bot(running)
    one.order("ETH", True, 1, 1500.01, GTC)
    one.order("ETH", True, 0.001, 1500, GTC)
    one.cancel("ETH", 12345)
    assert ask(running, body=b'{"type":"nonsense"}').status == 422

    found = get(running, "diagnoses")

    assert [(row["name"], row["rule"]) for row in found] == [
        ("order", "tick"),
        ("order", "min_trade_ntl"),
        ("cancel", "not_open"),
        ("nonsense", "notShaped"),
    ]
    tick = found[0]
    assert tick["said"] == "Price must be divisible by tick size. asset=1"
    assert tick["user"] == running.accounts[0].address
    assert "five significant figures" in tick["why"]
    assert "Round" in tick["remedy"]
    assert get(running, "requests?status=refused")["requests"][0]["id"] == tick["request"]
    assert [row["rule"] for row in get(running, "diagnoses?limit=2")] == ["not_open", "notShaped"]
    assert get(running, f"diagnoses?user={running.accounts[1].address}") == []


def test_every_entry_of_a_batch_has_a_diagnosis_of_its_own(running: RunningExchange) -> None:
    pen = Pen(running, running.accounts[0].key)
    pen.orders(order(1, "1", "1500"), order(1, "1", "1500.01"), order(1, "0.001", "1500"))
    assert [row["rule"] for row in get(running, "diagnoses")] == ["tick", "min_trade_ntl"]


def test_every_refusal_of_an_order_a_cancel_or_a_twap_is_explained() -> None:
    names = {one.name for kind in (OrderReject, CancelReject, TwapReject) for one in kind}
    assert names - ADVICE.keys() == set()
    known = names | {one.name for one in ActionReject}
    assert ADVICE.keys() - known == set()
    assert all(why.endswith(".") and remedy for why, remedy in ADVICE.values())
    assert STATUSES.keys() == {400, 413, 415, 422, 429, 500}


def test_every_text_of_the_exchange_leads_to_its_own_rule() -> None:
    """Or to one with the very same text."""
    for kind in (OrderReject, CancelReject, TwapReject, ActionReject):
        for one in kind:
            template = one.text if isinstance(one, OrderReject) else one.value
            text = re.sub(r"\{\w+\}", "12", template)
            found = diagnose(200, f"{text} asset=7").rule.upper()
            same = {
                other.name
                for others in (OrderReject, CancelReject, TwapReject, ActionReject)
                for other in others
                if (other.text if isinstance(other, OrderReject) else other.value) == template
            }
            assert found in same, (one, found)


@pytest.mark.parametrize(
    ("status", "answered", "found"),
    [
        (200, {"status": "err", "response": "no"}, ["no"]),
        (200, {"status": "ok", "response": {"type": "default"}}, []),
        (
            200,
            {"status": "ok", "response": {"data": {"statuses": ["success", {"error": "x"}]}}},
            ["x"],
        ),
        (200, {"status": "ok", "response": {"data": {"status": {"error": "y"}}}}, ["y"]),
        (200, {"status": "ok", "response": {"data": "0x12"}}, []),
        (200, [1, 2], []),
        (200, {"levels": []}, []),
        (422, "Failed", ["Failed"]),
        (500, None, ["HTTP 500"]),
    ],
)
def test_refusals_are_found_wherever_they_stand(status: int, answered: Any, found: Any) -> None:
    assert refusals_in(status, answered) == found


# -- metrics ---------------------------------------------------------------------------------------


def test_the_metrics_are_prometheus_text(running: RunningExchange) -> None:
    bot(running).order("ETH", True, 1, 1500, GTC)
    ask(running, body=b"{")
    answer = ask(running, "GET", "/hlsim/metrics", None, {})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    text = answer.body.decode()
    sample = re.compile(r'hlsim_\w+(\{path="[^"]+",status="\d+"\})? [0-9.e+-]+')
    samples: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.fullmatch(r"# (HELP hlsim_\w+ .+|TYPE hlsim_\w+ (counter|gauge))", line)
        else:
            assert sample.fullmatch(line)
            name, value = line.rsplit(" ", 1)
            samples[name] = float(value)
    assert samples['hlsim_requests_total{path="/exchange",status="200"}'] == 1
    assert samples['hlsim_requests_total{path="/info",status="400"}'] == 1
    assert samples["hlsim_exchange_time_seconds"] == running.clock.now_ms / 1000
    assert samples["hlsim_open_orders"] > 1_000
    assert samples["hlsim_sockets"] == 0
    with connect(running.ws_url) as socket:
        socket.send('{"method":"ping"}')
        socket.recv(5)
        text = ask(running, "GET", "/hlsim/metrics", None, {}).body.decode()
        assert "hlsim_sockets 1\n" in text


def test_entering_a_request_keeps_what_there_is() -> None:
    """No copy is made of what may be large."""
    log, asked, answered = Requests(), bytes(1000), bytes(2000)
    log.add("/info", 0, 200, asked, answered, Address("0x" + "11" * 20))
    (row,) = log
    assert row.asked is asked
    assert row.answered is answered
