"""What runs here, and how it does."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ...sim.operations import UpgradeNetwork
from ..console import Console
from .openapi import document
from .registry import CONTROL, Asked, Json, control


class Health(msgspec.Struct):
    """Is it up, and which version."""

    status: str
    version: str


@control("GET", "health")
def health(console: Console) -> Health:
    """Whether the server is up."""
    return Health("ok", console.options.version)


class StateAsked(Asked):
    """How much of the state to tell."""

    hash: Annotated[
        bool, msgspec.Meta(description="false: without the hash, which reads the whole state")
    ] = True


class StateTold(msgspec.Struct, rename="camel", omit_defaults=True):
    """What runs here."""

    version: str
    chain: str
    world: str
    market: str
    seed: int
    clock: str
    speed: float
    auto_wait: int
    """How long an auto clock waits for another request, ms of real time."""
    skew: int
    """How many ms the clock that judges nonces is ahead of its clients'."""
    time: int
    """Exchange time as of the last block, ms since 1970."""
    height: int
    accounts: int
    open_orders: int
    hash: str = ""
    """64 hex digits: equal states, equal hashes."""


@control("GET", "state")
def state(console: Console, asked: StateAsked) -> StateTold:
    """What runs here: chain, world, market, seed, clock and how it is set, time, height, counts,
    state hash.
    """
    node, options = console.node, console.options
    found = node.exchange.state
    return StateTold(
        version=options.version,
        chain=options.chain,
        world=found.universe.name,
        market=options.market,
        seed=found.seed,
        clock=node.pacer.clock.value,
        speed=node.pacer.speed,
        auto_wait=node.pacer.auto_wait_ms,
        skew=node.pacer.skew_ms,
        time=found.time_ms,
        height=found.height,
        accounts=len(found.accounts),
        open_orders=sum(len(market.book) for market in found.markets.values()),
        hash=node.exchange.state_hash() if asked.hash else "",
    )


class UpgradeAsked(Asked):
    """How long only post-only orders are taken."""

    post_only_ms: Annotated[
        int, msgspec.Meta(ge=0, le=3_600_000, description="of exchange time; 0: no such window")
    ] = 60_000


class Upgraded(msgspec.Struct):
    """Exchange time, and until when only post-only orders are taken."""

    time: int
    post_only_until: int


@control("POST", "upgrade")
def upgrade(console: Console, asked: UpgradeAsked) -> Upgraded:
    """Upgrades the network: every socket is closed, and for a while others than post-only orders
    are refused.
    """
    console.node.operate(UpgradeNetwork(asked.post_only_ms))
    state = console.node.exchange.state
    return Upgraded(state.time_ms, state.post_only_until_ms)


@control("GET", "openapi.json")
def openapi(console: Console) -> Json:
    """This control plane as an OpenAPI document, made of its own table."""
    return document(CONTROL.values(), console.options.version)
