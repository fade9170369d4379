"""Twenty thousand broken requests and frames: the documented answers, and not a bit of state moved.

Every good request of the pool was sent once before, so that even a variant that is still good is
refused: its nonce is used.
"""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hyperliquid.utils.signing import (
    get_timestamp_ms,
    sign_agent,
    sign_l1_action,
    sign_usd_transfer_action,
)
from mutants import mutate
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import hlsim

REQUESTS = 5_000
"""A part; there are five."""

TEXTS = {
    400: b"Failed to parse the request body as JSON",
    422: b"Failed to deserialize the JSON body into the target type",
    500: b"null",
    413: b"length limit exceeded",
}


@contextmanager
def quiet_server() -> Iterator[Any]:
    with hlsim.start(market="empty", clock="manual", accounts=2) as running:
        yield running


def signed_pool(server: Any) -> list[dict[str, Any]]:
    """One request of every shape that the exchange knows, signed by a funded account."""
    import eth_account

    wallet = eth_account.Account.from_key(server.accounts[0].key)
    nonce = get_timestamp_ms()
    order = {
        "a": 0,
        "b": True,
        "p": "50000",
        "s": "0.01",
        "r": False,
        "t": {"limit": {"tif": "Gtc"}},
        "c": "0x" + "12" * 16,
    }
    actions: list[dict[str, Any]] = [
        {"type": "order", "orders": [order, order], "grouping": "na"},
        {"type": "cancel", "cancels": [{"a": 0, "o": 77}]},
        {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": "0x" + "13" * 16}]},
        {"type": "modify", "oid": 77, "order": order},
        {"type": "batchModify", "modifies": [{"oid": 77, "order": order}]},
        {"type": "scheduleCancel", "time": nonce + 60_000},
        {"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 7},
        {"type": "updateIsolatedMargin", "asset": 1, "isBuy": True, "ntli": 1_000_000},
        {"type": "setReferrer", "code": "ABC"},
        {"type": "noop"},
    ]
    pool = []
    for action in actions:
        nonce += 1
        signature = sign_l1_action(wallet, action, None, nonce, None, False)
        pool.append(
            {
                "action": action,
                "nonce": nonce,
                "signature": signature,
                "vaultAddress": None,
                "expiresAfter": None,
            }
        )
    nonce += 1
    send = {"type": "usdSend", "destination": "0x" + "ab" * 20, "amount": "1.5", "time": nonce}
    pool.append(
        {
            "action": send,
            "nonce": nonce,
            "signature": sign_usd_transfer_action(wallet, send, False),
        }
    )
    nonce += 1
    agent = {
        "type": "approveAgent",
        "agentAddress": "0x" + "cd" * 20,
        "agentName": "one",
        "nonce": nonce,
    }
    pool.append({"action": agent, "nonce": nonce, "signature": sign_agent(wallet, agent, False)})
    return pool


def info_pool(server: Any) -> list[dict[str, Any]]:
    user = server.accounts[0].address
    req = {"coin": "BTC", "interval": "1m", "startTime": 0, "endTime": None}
    return [
        {"type": "meta", "dex": ""},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 5, "mantissa": 2},
        {"type": "clearinghouseState", "user": user},
        {"type": "candleSnapshot", "req": req},
        {"type": "orderStatus", "user": user, "oid": 1},
        {"type": "userFillsByTime", "user": user, "startTime": 0, "endTime": 9, "reversed": True},
        {"type": "fundingHistory", "coin": "BTC", "startTime": 0},
        {"type": "userFunding", "user": user, "startTime": 0, "endTime": None},
        {"type": "activeAssetData", "user": user, "coin": "BTC"},
        {"type": "allMids"},
    ]


class Client:
    """A keep-alive connection that sends raw bodies."""

    def __init__(self, server: Any) -> None:
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=30)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *ended: object) -> None:
        self.connection.close()

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        headers = {"content-type": "application/json"}
        self.connection.request("POST", path, body, headers)
        reply = self.connection.getresponse()
        return reply.status, reply.read()


def check_reply(path: str, status: int, body: bytes) -> None:
    """Documented: exchange 1.1, info 1. A refusal has one of a few exact bodies."""
    if status == 200:
        found = json.loads(body)
        assert path == "/info" or found["status"] in ("ok", "err")
        return
    assert body == TEXTS[status]
    assert path == "/info" or status != 500


@pytest.mark.parametrize("path", ["/exchange", "/info"])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_broken_request_moves_the_state(path: str, seed: int) -> None:
    """Documented: the exact error bodies; a business error is HTTP 200 (exchange 1.1, info 1)."""
    rng = Random(f"{path} {seed}")
    with quiet_server() as server, Client(server) as client:
        signed = sent_pool(server, client)
        pool = signed if path == "/exchange" else info_pool(server)
        before = server.state_hash()
        seen: Counter[int] = Counter()

        for _ in range(REQUESTS):
            status, body = client.post(path, mutate(rng, rng.choice(pool)))
            check_reply(path, status, body)
            seen[status] += 1

        assert server.state_hash() == before
        assert seen[400] > 100
        assert seen[422] > 500
        assert seen[200] > 100


def sent_pool(server: Any, client: Client) -> list[dict[str, Any]]:
    """A pool of which every request was carried out once."""
    pool = signed_pool(server)
    for request in pool:
        assert client.post("/exchange", json.dumps(request).encode())[0] == 200
    return pool


def frame_pool(server: Any, client: Client) -> list[dict[str, Any]]:
    """Frames of every method; subscriptions are let go of again."""
    user = server.accounts[0].address
    subscriptions = [
        {"type": "candle", "coin": "BTC", "interval": "1m"},
        {"type": "activeAssetCtx", "coin": "BTC"},
        {"type": "activeAssetData", "coin": "BTC", "user": user},
        {"type": "userFills", "user": user, "aggregateByTime": False},
        {"type": "orderUpdates", "user": user},
        {"type": "allMids", "dex": ""},
    ]
    frames = [
        {"method": method, "subscription": subscription}
        for method in ("subscribe", "unsubscribe")
        for subscription in subscriptions
    ]
    frames.append({"method": "ping"})
    for number, request in enumerate(info_pool(server)):
        frames.append(
            {"method": "post", "id": number, "request": {"type": "info", "payload": request}}
        )
    for number, request in enumerate(sent_pool(server, client)):
        frames.append(
            {
                "method": "post",
                "id": 100 + number,
                "request": {"type": "action", "payload": request},
            }
        )
    return frames


def test_no_broken_frame_moves_the_state_or_ends_the_server() -> None:
    """Documented: errors come as frames, the socket stays; unknown books close it (ws 2.2, 2.3)."""
    rng = Random("frames")
    with quiet_server() as server, Client(server) as client:
        pool = frame_pool(server, client)
        before = server.state_hash()
        sent, closed = 0, 0
        while sent < REQUESTS:
            with connect(server.ws_url, compression=None, max_size=None, max_queue=None) as socket:
                try:
                    for _ in range(100):
                        sent += 1
                        body = mutate(rng, rng.choice(pool))
                        socket.send(body.decode("utf-8", "replace"), text=True)
                    socket.send('{"method":"ping"}')
                    while json.loads(socket.recv(timeout=30)) != {"channel": "pong"}:
                        pass
                except ConnectionClosed:
                    closed += 1

        assert server.state_hash() == before
        assert closed < sent / 100 / 2
        assert client.post("/info", b'{"type":"meta"}')[0] == 200
