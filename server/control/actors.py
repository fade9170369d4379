"""Other people: accounts by name that trade as the operator says, with their own money."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ...matching.types import Tif
from ...scenarios.cast import ActorCancels, ActorOrder, OpenActor, address_of
from ...sim.fixed import Px, Sz, Usd
from ..console import Console
from ..values import parse_amount
from .market import Coin, market_of
from .money import AccountTold, Amount, account_told
from .registry import Asked, control

TIFS = {"gtc": Tif.GTC, "ioc": Tif.IOC, "alo": Tif.ALO}


class OneActor(Asked):
    """Which actor."""

    actor: Annotated[str, msgspec.Meta(min_length=1, max_length=40, description="its name")]


class OpenAsked(OneActor):
    """Whom, and with how much."""

    usdc: Annotated[Amount, msgspec.Meta(description="onto its perps account")] = 1_000_000


@control("POST", "actor/open")
def open_(console: Console, asked: OpenAsked) -> AccountTold:
    """Makes an actor, or gives one that there is more USDC. Nobody has its key."""
    console.node.direct(OpenActor(asked.actor, Usd(parse_amount(asked.usdc, 6, "USDC"))))
    return _told(console, asked.actor)


class OrderAsked(OneActor):
    """Who, and what order."""

    coin: Coin
    side: Literal["buy", "sell"]
    sz: Annotated[Amount, msgspec.Meta(description="in units of the coin")]
    px: Annotated[
        Amount | None, msgspec.Meta(description="left out: whatever the book has, at once")
    ] = None
    tif: Annotated[
        Literal["gtc", "ioc", "alo"] | None,
        msgspec.Meta(description="left out: gtc with a px, ioc without"),
    ] = None
    reduce_only: bool = False
    leverage: Annotated[
        int, msgspec.Meta(ge=0, description="of its cross margin from now on; 0: as it is")
    ] = 0

    def __post_init__(self) -> None:
        if self.px is None and self.tif not in (None, "ioc"):
            raise ValueError(f"{self.tif} wants a px: what takes whatever the book has is ioc")


@control("POST", "actor/order")
def order(console: Console, asked: OrderAsked) -> AccountTold:
    """Has an actor place an order. It passes every check, and so may be refused."""
    told = ActorOrder(
        asked.actor,
        market_of(console, asked.coin).asset.id,
        is_buy=asked.side == "buy",
        sz=Sz(parse_amount(asked.sz, 8, "size")),
        px=None if asked.px is None else Px(parse_amount(asked.px, 8, "price")),
        tif=Tif.GTC if asked.tif is None else TIFS[asked.tif],
        reduce_only=asked.reduce_only,
        leverage=asked.leverage,
    )
    console.node.direct(told)
    return _told(console, asked.actor)


class CancelAsked(OneActor):
    """Whose orders."""

    coin: Annotated[Coin | None, msgspec.Meta(description="left out: of all markets")] = None


@control("POST", "actor/cancel")
def cancel(console: Console, asked: CancelAsked) -> AccountTold:
    """Has an actor cancel its orders, of one market or of all."""
    asset_id = None if asked.coin is None else market_of(console, asked.coin).asset.id
    console.node.direct(ActorCancels(asked.actor, asset_id))
    return _told(console, asked.actor)


def _told(console: Console, name: str) -> AccountTold:
    state = console.node.exchange.state
    return account_told(state, state.accounts[address_of(name)])
