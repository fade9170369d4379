"""Actors that somebody else moves: accounts by name that trade as they are told.

They have the money that they were given and no more, so they are refused and liquidated like
anybody. Everything goes through the front of the exchange.
"""

from __future__ import annotations

from dataclasses import replace

from ..matching.dataclass import dataclass
from ..matching.types import Side, Tif
from ..sim.actions.leverage import UpdateLeverage
from ..sim.actions.orders import U32, PlaceOrders
from ..sim.assets import Perp, round_px
from ..sim.errors import Reject
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Px, Sz, Usd
from ..sim.operations import DepositUsd, GrantRequests
from ..sim.replies import OrderReplies, Refused, Response
from .actors import Pen, actor_address, listed, new_order
from .ladder import highest_px

CAST_REQUESTS = 10**9
"""Requests that an actor has: more than anybody tells it to send."""


@dataclass(frozen=True, slots=True)
class OpenActor:
    """What the operator says: there is an actor of that name, with so much more USDC on perps."""

    name: str
    usd: Usd


@dataclass(frozen=True, slots=True)
class ActorOrder:
    """What the operator says: an actor places an order.

    px: None for whatever the book has.
    leverage: of its cross margin from now on; 0: as it is.
    """

    name: str
    asset_id: int
    is_buy: bool
    sz: Sz
    px: Px | None = None
    tif: Tif = Tif.GTC
    reduce_only: bool = False
    leverage: int = 0


@dataclass(frozen=True, slots=True)
class ActorCancels:
    """What the operator says: an actor cancels its orders of one market, None: of all."""

    name: str
    asset_id: int | None = None


def address_of(name: str) -> Address:
    """Where an actor of that name is."""
    return actor_address(f"cast/{name}")


def open_actor(ex: Exchange, told: OpenActor) -> None:
    """Gives an actor money; it exists from then on."""
    address = address_of(told.name)
    is_new = ex.account(address) is None
    ex.operate(DepositUsd(address, told.usd))
    if is_new:
        ex.operate(GrantRequests(address, CAST_REQUESTS))


def place(ex: Exchange, pen: Pen, told: ActorOrder) -> None:
    """Places an order. Raises ValueError where the exchange refuses it."""
    address, asset = _known(ex, told.name), listed(ex, told.asset_id)
    if told.leverage and isinstance(asset, Perp):
        said = pen.send(ex, address, UpdateLeverage(U32(asset.id), True, U32(told.leverage)))
        _check(told.name, said)
    px, tif = told.px, told.tif
    if px is None:
        px, tif = _anything(ex, told), Tif.IOC
    order = new_order(asset, is_buy=told.is_buy, px=px, sz=told.sz, tif=tif)
    order = replace(order, reduce_only=told.reduce_only)
    _check(told.name, pen.send(ex, address, PlaceOrders((order,))))


def cancel(ex: Exchange, pen: Pen, told: ActorCancels) -> None:
    """Cancels an actor's orders. Raises ValueError when there is no such actor."""
    address = _known(ex, told.name)
    account = ex.account(address)
    assert account is not None
    wanted = list(account.orders_by_asset) if told.asset_id is None else [told.asset_id]
    for asset_id in wanted:
        pen.withdraw(ex, address, asset_id)


def _anything(ex: Exchange, told: ActorOrder) -> Px:
    """A price that takes the last order on the other side, as far as one may reach."""
    market = ex.state.markets[told.asset_id]
    levels = list(market.book.levels(Side.ASK if told.is_buy else Side.BID))
    if not levels:
        raise ValueError(f"{told.name}: nobody is there to trade {market.asset.coin} with")
    px = max(1, levels[-1].px)
    return min(highest_px(market.asset), round_px(market.asset, px, up=told.is_buy))


def _known(ex: Exchange, name: str) -> Address:
    address = address_of(name)
    if ex.account(address) is None:
        raise ValueError(f"no actor {name!r:.80}: open it first")
    return address


def _check(name: str, said: Response) -> None:
    if isinstance(said, Refused):
        raise ValueError(f"{name}: the exchange refuses it: {said.error.why.name}")
    for status in said.statuses if isinstance(said, OrderReplies) else ():
        if isinstance(status, Reject):
            raise ValueError(f"{name}: the exchange refuses it: {status.why.name}")
