"""What `hlsim bench` takes back and forth in time: a node with many accounts and orders."""

from __future__ import annotations

from ..matching.types import Tif
from ..scenarios.actors import new_order
from ..scenarios.ladder import size_for, tick
from ..sim.actions.orders import PlaceOrders
from ..sim.assets import Perp
from ..sim.call import Call
from ..sim.fixed import Address, Px, Usd
from ..sim.operations import DepositUsd
from .app import Options, open_node
from .node import LocalNode
from .pacer import START_MS, Clock

MARKETS = 50
ORDERS_EACH = 10
ORDER_USD = 20


def crowded_node(accounts: int) -> LocalNode:
    """A node with so many accounts, each with ten orders on one of fifty books or another."""
    node = open_node(Options(market="empty", clock=Clock.MANUAL, start_ms=START_MS))
    for number in range(accounts):
        _enter(node, number, ORDERS_EACH)
    return node


def touch_books(node: LocalNode) -> None:
    """One order more on every book."""
    _enter(node, 0, MARKETS)


def _enter(node: LocalNode, number: int, count: int) -> None:
    """Lets an account deposit and place orders far below the market."""
    user, state = Address(f"0x{number + 1:040x}"), node.exchange.state
    node.operate(DepositUsd(user, Usd(10**12)))
    live = [perp for perp in state.universe.perps if not perp.is_delisted][:MARKETS]
    orders = []
    for place in range(count):
        perp = live[(number * ORDERS_EACH + place) % len(live)]
        px = _px(perp, 50 + (number + place) % 30)
        sz = size_for(perp, px, ORDER_USD)
        orders.append(new_order(perp, is_buy=True, px=px, sz=sz, tif=Tif.GTC))
    nonce = START_MS + state.next_oid
    call = Call(user, nonce, START_MS)
    node.exchange.apply(PlaceOrders(tuple(orders)), call)
    node.advance(0)


def _px(perp: Perp, percent: int) -> Px:
    px = perp.start_px * percent // 100
    return Px(px - px % tick(perp, px))
