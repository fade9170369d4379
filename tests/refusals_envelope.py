"""Refusals of signatures, nonces, agents and whole envelopes (exchange 1.3, 4, 6)."""

from __future__ import annotations

from typing import Any

import eth_account
from refusals import BTC, FRESH, World, earns
from wire import Pen, nonces, order

from hlsim.sim.errors import ActionReject

STRANGER = "0x" + "01" * 32
NOBODY = "0x" + "00" * 20
DAY_MS = 86_400_000


def _send() -> dict[str, Any]:
    return {"destination": FRESH, "amount": "5"}


def _agent(address: str, name: str = "") -> dict[str, Any]:
    return {"agentAddress": address, "agentName": name}


def _address(number: int) -> str:
    return f"0x{number:040x}"


def _clock(w: World) -> int:
    return w.server.call(lambda server: server.node.pacer.nonce_clock_ms())


@earns(ActionReject.CHAIN, "Mainnet and testnet require different signature.")
def _(w: World) -> Any:
    return w.alice.user("usdSend", is_mainnet=True, **_send())


@earns(ActionReject.NONCE_MISMATCH, "Nonce mismatch.")
def _(w: World) -> Any:
    return w.alice.user("usdSend", {"nonce": next(nonces)}, **_send())


@earns(ActionReject.UNRECOVERABLE, "Unable to recover signer.")
def _(w: World) -> Any:
    zeros = {"r": "0x0", "s": "0x0", "v": 27}
    return w.alice.post({"action": {"type": "noop"}, "nonce": next(nonces), "signature": zeros})


@earns(ActionReject.VAULT_ON_USER_SIGNED, "Vault may not perform this action.")
def _(w: World) -> Any:
    return w.alice.user("usdSend", {"vaultAddress": FRESH}, **_send())


@earns(ActionReject.EXPIRES_ON_USER_SIGNED, "Action does not support expires_after")
def _(w: World) -> Any:
    return w.alice.user("usdSend", {"expiresAfter": next(nonces)}, **_send())


@earns(ActionReject.VAULT_UNKNOWN, f"Vault not registered: {FRESH}")
def _(w: World) -> Any:
    return w.alice.l1({"type": "noop"}, vault=FRESH)


@earns(
    ActionReject.UNKNOWN_SIGNER,
    "User or API Wallet 0x1a642f0e3c3af545e7acbd38b07251b3990914f1 does not exist.",
)
def _(w: World) -> Any:
    return Pen(w.server, STRANGER).l1({"type": "noop"})


@earns(
    ActionReject.MUST_DEPOSIT,
    "Must deposit before performing actions. User: 0x1a642f0e3c3af545e7acbd38b07251b3990914f1",
)
def _(w: World) -> Any:
    return Pen(w.server, STRANGER).user("usdSend", **_send())


@earns(ActionReject.OVER_WEIGHT, "Signed action over weight limit of 200.")
def _(w: World) -> Any:
    return w.alice.orders(*[order(BTC, "0.001", "60000")] * 201)


@earns(
    ActionReject.REQUESTS,
    "Too many cumulative requests sent (2 > 1) for cumulative volume traded $0. "
    "Place taker orders to free up 1 request per USDC traded.",
    free_requests=2,
)
def _(w: World) -> Any:
    assert w.alice.l1({"type": "noop"})["status"] == "ok"
    return w.alice.l1({"type": "noop"})


@earns(
    ActionReject.REQUESTS_DAY,
    "Too many cumulative requests sent (2 > 1) in one day for an account with unified balances.",
    daily_actions=1,
)
def _(w: World) -> Any:
    mode = {"user": w.alice.address, "abstraction": "unifiedAccount"}
    assert w.alice.user("userSetAbstraction", **mode)["status"] == "ok"
    assert w.alice.l1({"type": "noop"})["status"] == "ok"
    return w.alice.l1({"type": "noop"})


@earns(ActionReject.NONCE_DUPLICATE, "Invalid nonce: duplicate nonce …")
def _(w: World) -> Any:
    nonce = next(nonces)
    assert w.alice.l1({"type": "noop"}, nonce=nonce)["status"] == "ok"
    return w.alice.l1({"type": "noop"}, nonce=nonce)


@earns(ActionReject.NONCE_LOW, "Invalid nonce: nonce too low …")
def _(w: World) -> Any:
    return w.alice.l1({"type": "noop"}, nonce=_clock(w) - 2 * DAY_MS)


@earns(ActionReject.NONCE_HIGH, "Invalid nonce: nonce too high …")
def _(w: World) -> Any:
    return w.alice.l1({"type": "noop"}, nonce=_clock(w) + DAY_MS)


@earns(ActionReject.EXPIRED, "Action already expired")
def _(w: World) -> Any:
    return w.alice.l1({"type": "noop"}, expires=1)


# -- agents, builders, referrers -------------------------------------------------------------------


@earns(
    ActionReject.AGENT_NAME,
    "Extra agent name must be between 1 and 16 characters long.",
)
def _(w: World) -> Any:
    return w.alice.user("approveAgent", **_agent(_address(1), "x" * 17))


@earns(ActionReject.AGENT_VALID_UNTIL, "Agent valid_until already expired.")
def _(w: World) -> Any:
    return w.alice.user("approveAgent", **_agent(_address(2), "bot valid_until 5"))


@earns(ActionReject.AGENT_USED, "Extra agent already used.")
def _(w: World) -> Any:
    return w.alice.user("approveAgent", **_agent(w.bob.address, "bot"))


@earns(ActionReject.AGENT_PENDING_REMOVAL, "User has pending agent removal")
def _(w: World) -> Any:
    w.alice.user("approveAgent", **_agent(_address(3), "bot"))
    w.alice.user("approveAgent", **_agent(NOBODY, "bot"))
    return w.alice.user("approveAgent", **_agent(_address(4), "bot"))


@earns(
    ActionReject.AGENT_TOO_MANY,
    "Too many extra agents for cumulative volume traded. Current limit is 3",
)
def _(w: World) -> Any:
    for number in range(3):
        w.alice.user("approveAgent", **_agent(_address(5 + number), f"bot {number}"))
    return w.alice.user("approveAgent", **_agent(_address(8), "bot 3"))


def _builder(address: str, most: str) -> dict[str, Any]:
    return {"maxFeeRate": most, "builder": address}


@earns(ActionReject.BUILDER_BALANCE, "Builder has insufficient balance to be approved.")
def _(w: World) -> Any:
    return w.alice.user("approveBuilderFee", **_builder(FRESH, "0.01%"))


@earns(ActionReject.BUILDER_RATE, "Invalid builder fee rate")
def _(w: World) -> Any:
    return w.alice.user("approveBuilderFee", **_builder(w.bob.address, "2%"))


@earns(ActionReject.BUILDER_TOO_MANY, "Too many approved builders. Current limit is 10")
def _(w: World) -> Any:
    builders = [eth_account.Account.from_key(f"0x{number:064x}") for number in range(1, 12)]
    reply = None
    for one in builders:
        w.deposit(Pen(w.server, one.key.hex()), "100")
        reply = w.alice.user("approveBuilderFee", **_builder(one.address.lower(), "0.01%"))
    return reply
