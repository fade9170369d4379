"""Stories of contested points: who may do what, and how accounts stand."""

from __future__ import annotations

import time
from typing import Any

from readings import ear, shows
from refusals import BTC, FRESH, World
from wire import Pen, nonces, order

from hlsim.sim.fixed import Address, Usd
from hlsim.sim.operations import DepositUsd

AGENT_KEY = "0x" + "a9" * 32
NOOP = {"type": "noop"}


def agent_of(w: World, name: str) -> Pen:
    agent = Pen(w.server, AGENT_KEY)
    reply = w.alice.user("approveAgent", agentAddress=agent.address, agentName=name)
    assert reply["status"] == "ok"
    return agent


def word(reply: Any, pen: Pen) -> str:
    """`ok`, or the refusal, in which the signer is called so."""
    if reply["status"] == "ok":
        return "ok"
    return str(reply["response"]).replace(pen.address, "SIGNER")


STRANGER = "User or API Wallet SIGNER does not exist."


@shows("agent_expiry", {"exact": ["ok", STRANGER, STRANGER], "lazy": ["ok", "ok", STRANGER]})
def _(w: World) -> Any:
    """Contested 45: a minute before its end, a quarter of an hour after it, and then. Nobody lists
    it beyond its end.
    """
    # By the clock of the client, like its nonces, which may be minutes old by now.
    until_ms = time.time_ns() // 1_000_000 + 60_000
    agent = agent_of(w, f"bot valid_until {until_ms}")
    said = [word(agent.l1(NOOP), agent)]
    listed = [len(w.alice.info("extraAgents", user=w.alice.address))]
    for minutes in (15, 2):
        w.server.clock.advance(minutes=minutes)
        said.append(word(agent.l1(NOOP), agent))
        listed.append(len(w.alice.info("extraAgents", user=w.alice.address)))
    assert listed == [1, 0, 0]
    return said


@shows(
    "agent_reserve_weight",
    {
        "refused": "Must deposit before performing actions. User: SIGNER",
        "allowed": "ok",
    },
)
def _(w: World) -> Any:
    """Contested 44."""
    agent = agent_of(w, "bot")
    return word(agent.l1({"type": "reserveRequestWeight", "weight": 10}), agent)


@shows(
    "refusal_burns_nonce",
    {"no": "ok", "yes": "Invalid nonce: duplicate nonce NONCE"},
    limit_set=("address-requests=1", "address-cancels=0"),
)
def _(w: World) -> Any:
    """Contested 40: what was refused for want of budget, again when there is some."""
    action = {"type": "order", "orders": [order(BTC, "0.01", "60000")], "grouping": "na"}
    assert w.alice.l1(action)["status"] == "ok"
    nonce = next(nonces)
    assert "Too many cumulative requests" in w.alice.l1(action, nonce=nonce)["response"]
    w.server.clock.advance(seconds=11)
    again = w.alice.l1(action, nonce=nonce)
    return word(again, w.alice).replace(str(nonce), "NONCE")


@shows("new_account_mode", {"default": "default", "unifiedAccount": "unifiedAccount"})
def _(w: World) -> Any:
    """Contested 64."""
    w.server.operate(DepositUsd(Address(FRESH), Usd(10**9)))
    return w.alice.info("userAbstraction", user=FRESH)


@shows(
    "read_lag_ms",
    {
        "0": ["order", "order", "order", 1],
        "400": ["unknownOid", "unknownOid", "order", 1],
        "1000": ["unknownOid", "unknownOid", "unknownOid", 0],
    },
)
def _(w: World) -> Any:
    """Contested 69: an order is asked for when it is acknowledged, 399 ms later and 1 ms later; and
    the list of open orders over a socket.
    """
    oid = w.alice.buys(BTC, "0.01", "60000")["response"]["data"]["statuses"][0]["resting"]["oid"]
    said: list[Any] = []
    for ms in (0, 399, 1):
        w.server.clock.advance(ms=ms)
        said.append(w.alice.info("orderStatus", user=w.alice.address, oid=oid)["status"])
    with ear(w) as listener:
        payload = {"type": "openOrders", "user": w.alice.address}
        listener.send("post", id=1, request={"type": "info", "payload": payload})
        _, posted = listener.next()
    said.append(len(posted["response"]["payload"]["data"]))
    return said
