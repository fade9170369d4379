"""`hlsim.start`: an exchange inside the test's own process."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import deque
from typing import Any

import pytest
import requests
from eth_account import Account
from hyperliquid.exchange import Exchange as Client
from hyperliquid.utils.signing import OrderType, get_timestamp_ms, sign_l1_action
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

import hlsim
from hlsim.library import RunningExchange
from hlsim.sim.fixed import Px
from hlsim.sim.operations import SetOracle
from hlsim.starts import STARTS_KEPT

FIRST = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
STOPS_WITHIN_S = 5.0
"""Far above what it takes, far below the keep-alive that a server that waits would wait for."""
SERVICE_RESTART = 1012
"""The close code of a server that goes away and may come back."""
GTC: OrderType = {"limit": {"tif": "Gtc"}}


def info(exchange: RunningExchange, **request: Any) -> Any:
    return requests.post(exchange.url + "/info", json=request, timeout=5).json()


def client_of(exchange: RunningExchange, index: int = 0) -> Client:
    wallet = Account.from_key(exchange.accounts[index].key)
    meta, spot = info(exchange, type="meta"), info(exchange, type="spotMeta")
    return Client(wallet, exchange.url, meta=meta, spot_meta=spot, timeout=5)


# -- the library -----------------------------------------------------------------------------------


def test_start_gives_a_running_exchange() -> None:
    with hlsim.start(seed=7, market="empty") as exchange:
        assert exchange.url == f"http://127.0.0.1:{exchange.port}"
        assert exchange.ws_url == f"ws://127.0.0.1:{exchange.port}/ws"
        assert len(exchange.accounts) == 10
        assert exchange.accounts[0].checksum_address == FIRST
        assert exchange.accounts[0].address == FIRST.lower()
        assert Account.from_key(exchange.accounts[9].key).address == (
            exchange.accounts[9].checksum_address
        )
        assert info(exchange, type="exchangeStatus")["time"] == exchange.clock.now_ms


def test_accounts_start_with_what_is_documented() -> None:
    user = FIRST.lower()
    with hlsim.start(market="empty", accounts=2, balance="50.5") as exchange:
        perps = info(exchange, type="clearinghouseState", user=user)
        spot = info(exchange, type="spotClearinghouseState", user=user)
    assert perps["withdrawable"] == "50.5"
    held = {row["coin"]: row["total"] for row in spot["balances"]}
    assert held["USDC"] == "10000.0"
    assert {"HYPE", "PURR"} <= set(held)
    assert len(exchange.accounts) == 2


def test_more_accounts_are_funded_on_request() -> None:
    stranger = "0x" + "AB" * 20
    with hlsim.start(market="empty", accounts=0, fund={stranger: 12}) as exchange:
        assert exchange.accounts == []
        state = info(exchange, type="clearinghouseState", user=stranger)
    assert state["withdrawable"] == "12.0"


def test_the_official_client_trades() -> None:
    with hlsim.start() as exchange:
        alice = client_of(exchange)
        answer = alice.order("ETH", True, 0.01, 1000, GTC)
        (status,) = answer["response"]["data"]["statuses"]
        assert set(status) == {"resting"}
        assert alice.cancel("ETH", status["resting"]["oid"])["status"] == "ok"
        bought = alice.market_open("ETH", True, 0.05)
        assert "filled" in bought["response"]["data"]["statuses"][0]


def test_the_exchange_can_be_read_and_operated_on() -> None:
    with hlsim.start(market="empty") as exchange:
        exchange.operate(SetOracle(((0, Px(70_000 * 10**8)),)))
        assert exchange.read(lambda one: one.state.markets[0].oracle_px) == 70_000 * 10**8
        assert exchange.exchange.state.markets[0].oracle_px == 70_000 * 10**8
        with pytest.raises(ValueError, match=r"."):
            exchange.operate(SetOracle(((0, Px(0)),)))


def test_the_clock_moves_when_told() -> None:
    with hlsim.start(market="empty") as exchange:
        began = exchange.clock.now_ms
        assert exchange.clock.advance(hours=1, ms=5) == began + 3_600_005
        assert exchange.clock.advance(seconds=1.5) == began + 3_601_505
        assert info(exchange, type="exchangeStatus")["time"] == began + 3_601_505
        rates = info(exchange, type="fundingHistory", coin="BTC", startTime=0)
        assert [row["time"] // 3_600_000 for row in rates] == [began // 3_600_000 + 1]
        with pytest.raises(ValueError, match="time does not go back"):
            exchange.clock.advance(ms=-1)


def test_start_time_is_where_time_starts() -> None:
    with hlsim.start(market="empty", start_time="2030-01-01T00:00:00Z") as exchange:
        assert exchange.clock.now_ms == 1_893_456_000_000


def test_a_snapshot_brings_everything_back() -> None:
    with hlsim.start(market="empty") as exchange:
        alice = client_of(exchange)
        alice.order("ETH", True, 0.01, 1000, GTC)
        kept, saved, hashed = exchange.snapshot(), exchange.save(), exchange.state_hash()
        before = info(exchange, type="openOrders", user=FIRST)

        alice.order("ETH", True, 0.02, 1000, GTC)
        exchange.clock.advance(hours=2)
        book = info(exchange, type="l2Book", coin="ETH")
        exchange.load(saved)
        assert exchange.state_hash() == hashed
        exchange.clock.advance(hours=2)
        exchange.restore(kept)

        assert exchange.state_hash() == hashed
        assert info(exchange, type="openOrders", user=FIRST) == before
        assert info(exchange, type="l2Book", coin="ETH")["levels"][0][0]["sz"] == "0.01"
        assert book["levels"][0][0]["sz"] == "0.03"
        assert exchange.clock.now_ms == info(exchange, type="exchangeStatus")["time"]
        with pytest.raises(ValueError, match="not a snapshot"):
            exchange.load(b"something else")
        with pytest.raises(ValueError, match="no snapshot 2; kept: 1"):
            exchange.restore(2)


def _replies(seed: int) -> list[bytes]:
    """What a fixed list of requests is answered, byte by byte."""
    with hlsim.start(seed=seed, market="live") as exchange:
        found = []
        for _ in range(3):
            exchange.clock.advance(seconds=20)
            for request in ({"type": "allMids"}, {"type": "recentTrades", "coin": "BTC"}):
                found.append(requests.post(exchange.url + "/info", json=request, timeout=5).content)
        return found


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = _replies(7)
    assert first == _replies(7)
    assert first != _replies(8)


@pytest.mark.parametrize("market", ["static", "live"])
def test_an_exchange_made_from_a_remembered_start_is_no_different(market: str) -> None:
    def play(seed: int) -> list[str]:
        with hlsim.start(seed=seed, market=market) as exchange:
            hashes = [exchange.state_hash()]
            exchange.clock.advance(seconds=7)
            return [*hashes, exchange.state_hash()]

    seed = 1000
    assert play(seed) == play(seed) == play(seed)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"world": "nowhere"}, "unknown world 'nowhere'"),
        ({"market": "busy"}, "market: 'busy' is none of live, static, empty"),
        ({"clock": "stopped"}, "clock: 'stopped' is none of"),
        ({"port": -1}, "port: -1 is no port"),
        ({"fund": {"0x1": 1}}, "fund: '0x1' is no address"),
    ],
)
def test_start_refuses_what_cannot_work(words: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        hlsim.start(**words)


def test_start_says_that_a_port_is_taken() -> None:
    with hlsim.start(market="empty") as exchange, pytest.raises(OSError, match="in use"):
        hlsim.start(market="empty", port=exchange.port)


def test_stopping_is_quick_and_leaves_nothing_behind() -> None:
    exchange = hlsim.start(market="empty")
    session = requests.Session()
    session.post(exchange.url + "/info", json={"type": "meta"}, timeout=5)
    with connect(exchange.ws_url) as client:
        client.send('{"method":"subscribe","subscription":{"type":"allMids"}}')
        client.recv(5)

        began = time.perf_counter()
        exchange.stop()
        took_s = time.perf_counter() - began

        assert took_s < STOPS_WITHIN_S
        with pytest.raises(ConnectionClosedError) as caught:
            deque(client, maxlen=0)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == SERVICE_RESTART
    session.close()
    assert "hlsim" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", exchange.port), timeout=1)
    exchange.stop()
    with pytest.raises(RuntimeError, match="stopped"):
        exchange.state_hash()


def test_a_request_under_way_does_not_hold_up_the_stop() -> None:
    exchange = hlsim.start(market="empty", block_time=3_600_000)
    body = signed_noop(exchange)
    answers: list[tuple[int, bytes]] = []

    def wait() -> None:
        found = requests.post(exchange.url + "/exchange", json=body, timeout=5)
        answers.append((found.status_code, found.content))

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not exchange.call(lambda server: server.node.waiting):
        pass
    began = time.perf_counter()
    exchange.stop()
    assert time.perf_counter() - began < STOPS_WITHIN_S
    waiting.join(5)
    assert answers == [(500, b"null")]


# -- blocks, lag, chains ---------------------------------------------------------------------------


def signed_noop(exchange: RunningExchange, *, mainnet: bool = False) -> dict[str, Any]:
    wallet = Account.from_key(exchange.accounts[0].key)
    nonce = get_timestamp_ms()
    action = {"type": "noop"}
    signature = sign_l1_action(wallet, action, None, nonce, None, mainnet)
    return {"action": action, "nonce": nonce, "signature": signature}


def test_with_a_block_time_actions_wait_for_their_block() -> None:
    with hlsim.start(market="empty", block_time=30) as exchange:
        began = time.perf_counter()
        assert client_of(exchange).order("ETH", True, 0.01, 1000, GTC)["status"] == "ok"
        assert time.perf_counter() - began > 0.025


def test_streams_can_lag_behind_replies() -> None:
    """The streams come from a replica of their own, as far behind as asked."""
    with hlsim.start(market="empty", ws_lag=1000) as exchange, connect(exchange.ws_url) as client:
        subscription = {"type": "bbo", "coin": "ETH"}
        client.send(json.dumps({"method": "subscribe", "subscription": subscription}))
        assert json.loads(client.recv(5))["channel"] == "subscriptionResponse"
        assert json.loads(client.recv(5))["data"]["bbo"] == [None, None]
        client_of(exchange).order("ETH", True, 0.01, 1000, GTC)
        assert info(exchange, type="l2Book", coin="ETH")["levels"][0]
        with pytest.raises(TimeoutError):
            client.recv(0)
        assert json.loads(client.recv(5))["data"]["bbo"][0]["px"] == "1000.0"


def post(exchange: RunningExchange, body: dict[str, Any]) -> Any:
    return requests.post(exchange.url + "/exchange", json=body, timeout=5).json()


def test_a_signature_for_the_other_chain_fails_as_on_the_exchange_and_the_log_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Observed: another address is recovered (exchange 10, negative vectors)."""
    with hlsim.start(market="empty") as exchange:
        answer = post(exchange, signed_noop(exchange, mainnet=True))
        post(exchange, signed_noop(exchange, mainnet=True))
    assert answer["status"] == "err"
    assert answer["response"].startswith("User or API Wallet 0x")
    assert answer["response"].endswith(" does not exist.")
    (line,) = caplog.messages
    assert FIRST.lower() in line
    assert "signed for mainnet, this server is --chain testnet" in line


def test_chain_any_takes_both_and_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    with hlsim.start(market="empty", chain="any") as exchange:
        for mainnet in (False, True, True):
            body = signed_noop(exchange, mainnet=mainnet)
            assert post(exchange, body) == {"status": "ok", "response": {"type": "default"}}
            while get_timestamp_ms() == body["nonce"]:
                pass
    assert caplog.messages == [f"{FIRST.lower()} signs for mainnet; --chain any accepts it"]


def test_an_action_can_be_posted_over_the_socket() -> None:
    with hlsim.start(market="empty") as exchange, connect(exchange.ws_url) as client:
        request = {"type": "action", "payload": signed_noop(exchange)}
        client.send(json.dumps({"method": "post", "id": 5, "request": request}))
        payload = {"status": "ok", "response": {"type": "default"}}
        assert json.loads(client.recv(5)) == {
            "channel": "post",
            "data": {"id": 5, "response": {"type": "action", "payload": payload}},
        }


class LateLoop(asyncio.SelectorEventLoop):
    """Somebody calls in the moment between the server's end and that of its loop."""

    running: RunningExchange
    heard: list[BaseException]

    def close(self) -> None:
        def call() -> None:
            try:
                self.running.state_hash()
            except RuntimeError as error:
                self.heard.append(error)

        caller = threading.Thread(target=call, daemon=True)
        caller.start()
        caller.join(STOPS_WITHIN_S)
        assert not caller.is_alive()
        super().close()


def test_a_call_that_comes_too_late_is_refused_and_not_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = LateLoop()
    monkeypatch.setattr("hlsim.library.new_loop", lambda: loop)
    exchange = hlsim.start(market="empty")
    loop.running, loop.heard = exchange, []
    exchange.call(lambda server: server.stop())
    exchange._thread.join(STOPS_WITHIN_S)
    assert [str(error) for error in loop.heard] == ["this exchange was stopped"]


def test_many_threads_start_at_once_and_leave_nothing_behind() -> None:
    """More different ones than are remembered."""
    hashes: dict[int, str] = {}

    def use(seed: int) -> None:
        with hlsim.start(world="testnet", seed=seed) as exchange:
            hashes[seed] = exchange.state_hash()

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(STARTS_KEPT + 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(hashes.values())) == STARTS_KEPT + 2
    assert "hlsim" not in [thread.name for thread in threading.enumerate()]
