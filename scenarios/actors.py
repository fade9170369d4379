"""Actors: real accounts of the exchange that scenarios trade with, and the pen that acts for them.

They hold no privilege. Their money comes in as anybody's does, and every order of theirs passes
every check.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from ..matching.types import Tif
from ..sim.actions.cancels import Cancel, CancelOid
from ..sim.actions.leverage import UpdateLeverage
from ..sim.actions.orders import U32, U64, LimitTerms, NewOrder, OrderTerms, PlaceOrders
from ..sim.actions.outcomes import SplitOutcome, UserOutcome
from ..sim.actions.registry import Action
from ..sim.actions.transfers import AddressText, SendAsset
from ..sim.amounts import USDC, from_usd
from ..sim.assets import DEFAULT_LEVERAGE, Asset, OutcomeSide, Perp, SpotPair
from ..sim.call import Call
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Px, Sz, Usd, Wei, sz_to_wei
from ..sim.operations import DepositUsd, GrantRequests, KeepHistory, MintToken
from ..sim.replies import Response
from ..sim.state import Account
from ..sim.transfers import PERPS, SPOT
from .ladder import size_for

BATCH = 40
"""Orders in one action. Documented: an action weighs one more for every 40 (mechanics 2.7)."""
ACTOR_USD = Usd(100_000_000 * 10**6)
"""Perps collateral of an actor: no flow of orders that a client can afford exhausts it."""

ACTOR_HISTORY = 500
"""Rows of each history of an actor: nobody reads more, and it trades for days."""

ACTOR_REQUESTS = 10**15
"""Requests that an actor has: a market that falls silent for its budget is of no use."""

TERMS = {tif: OrderTerms(LimitTerms(tif)) for tif in Tif}


def actor_address(name: str) -> Address:
    """The address of an actor: a hash of its name, so nobody holds its key."""
    return Address("0x" + blake2b(name.encode(), digest_size=20, person=b"hlsim").hexdigest())


def is_maker(account: Account) -> bool:
    """True for an account that makes the market: `deposit` made it, nobody else has so many
    requests. Those whom somebody tells what to do (`cast.py`) make no market.
    """
    return account.requests_reserved >= ACTOR_REQUESTS


class Pen:
    """Sends actions for actors, each with a nonce of its own."""

    def __init__(self) -> None:
        self.last_nonce = 0

    def send(self, ex: Exchange, signer: Address, action: Action) -> Response:
        """Applies `action` now."""
        time_ms = ex.state.time_ms
        self.last_nonce = max(self.last_nonce + 1, time_ms)
        return ex.apply(action, Call(signer, self.last_nonce, time_ms))

    def place(self, ex: Exchange, signer: Address, orders: Sequence[NewOrder]) -> None:
        """Sends `orders` in batches."""
        for start in range(0, len(orders), BATCH):
            self.send(ex, signer, PlaceOrders(tuple(orders[start : start + BATCH])))

    def cancel(self, ex: Exchange, signer: Address, orders: Sequence[CancelOid]) -> None:
        """Sends `orders` in batches."""
        for start in range(0, len(orders), BATCH):
            self.send(ex, signer, Cancel(tuple(orders[start : start + BATCH])))

    def withdraw(self, ex: Exchange, signer: Address, asset_id: int) -> None:
        """Cancels whatever `signer` has open on one market."""
        account = ex.account(signer)
        if account is not None:
            here = list(account.orders_by_asset.get(asset_id, ()))
            self.cancel(ex, signer, [CancelOid(U32(asset_id), U64(oid)) for oid in here])


def new_order(asset: Asset, *, is_buy: bool, px: Px, sz: Sz, tif: Tif) -> NewOrder:
    """An order without a cloid."""
    return NewOrder(asset=U32(asset.id), is_buy=is_buy, px=px, sz=sz, terms=TERMS[tif])


def listed(ex: Exchange, asset_id: int) -> Asset:
    """The asset of an id. Raises ValueError for one that there is not: a journal may be damaged."""
    market = ex.market(asset_id)
    if market is None:
        raise ValueError(f"no market has asset id {asset_id}")
    return market.asset


def deposit(ex: Exchange, user: Address) -> None:
    """Makes an actor's account: collateral and requests for all it will ever do, a short memory."""
    ex.operate(DepositUsd(user, ACTOR_USD))
    ex.operate(KeepHistory(user, ACTOR_HISTORY))
    ex.operate(GrantRequests(user, ACTOR_REQUESTS))


def equip(ex: Exchange, user: Address, asset: Asset, pen: Pen, *, spot_usd: int) -> None:
    """Gives an actor what else it needs to trade `asset`.

    For a perp a leverage that no size can exceed, for a spot pair base and quote tokens worth
    `spot_usd` whole dollars each. Tokens of an outcome come in pairs, by the split that anybody
    makes.
    """
    if isinstance(asset, Perp):
        _join_dex(ex, user, asset, pen)
        wanted, is_cross = safe_leverage(asset)
        if not is_cross or wanted != asset.default_leverage:
            pen.send(ex, user, UpdateLeverage(U32(asset.id), is_cross, U32(wanted)))
        return
    quote, tokens = asset.quote, base_endowment(asset, spot_usd)
    cash = Wei(spot_usd * 10**quote.wei_decimals)
    if isinstance(asset, OutcomeSide):
        ex.operate(MintToken(user, quote.index, Wei(cash + tokens)))
        split = SplitOutcome(U32(asset.outcome), Sz(tokens))
        pen.send(ex, user, UserOutcome(split_outcome=split))
        return
    ex.operate(MintToken(user, asset.base.index, tokens))
    ex.operate(MintToken(user, quote.index, cash))


def _join_dex(ex: Exchange, user: Address, perp: Perp, pen: Pen) -> None:
    """Brings as much to the dex of `perp` as there is on the first, once."""
    account = ex.account(user)
    assert account is not None
    key = account.key_of(perp)
    if key != 0 and key not in account.dexes:
        add_collateral(ex, user, perp, pen, ACTOR_USD)


def add_collateral(ex: Exchange, user: Address, perp: Perp, pen: Pen, usd: Usd) -> None:
    """Gives an actor `usd` where `perp` is cleared, rounded up to whole dollars elsewhere than on
    the first dex.
    """
    account = ex.open_account(user)
    if account.key_of(perp) == 0:
        ex.operate(DepositUsd(user, usd))
        return
    universe = ex.state.universe
    dex, token = universe.dexes[perp.dex - 1], universe.tokens[perp.collateral]
    usd = Usd(usd + -usd % 10**6)
    if perp.collateral == USDC:
        ex.operate(DepositUsd(user, usd))
    else:
        ex.operate(MintToken(user, token.index, from_usd(usd, token)))
    amount, name = str(usd // 10**6), f"{token.name}:{token.token_id}"
    source = PERPS if perp.collateral == USDC else SPOT
    to, nonce = AddressText(user), U64(pen.last_nonce + 1)
    pen.send(ex, user, SendAsset(to, source, dex.name, name, amount, "", nonce))


def base_endowment(pair: SpotPair, usd: int) -> Wei:
    """Base tokens worth about `usd` whole dollars at the world's price."""
    return sz_to_wei(size_for(pair, pair.start_px, usd), pair.base.wei_decimals)


def safe_leverage(perp: Perp) -> tuple[int, bool]:
    """(leverage, is cross) under which a position may have any size.

    Documented: a position may not outgrow the margin tier of its leverage (mechanics 2.6).
    """
    if perp.only_isolated:
        return 1, False
    return min(DEFAULT_LEVERAGE, perp.margin_table.tiers[-1].max_leverage), True
