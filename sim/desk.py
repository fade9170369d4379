"""Order entry: places, matches, cancels and modifies; keeps every list of open orders in step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.merged import MergedBook
from ..matching.types import Side, Tif
from . import brackets, clearinghouse, margin, open_interest, priority, trading, trigger_orders
from .abstraction import cover_order, gather
from .assets import FIRST_BUILDER_ID, FIRST_OUTCOME_ID, FIRST_SPOT_ID, SpotPair
from .clearinghouse import Cause
from .errors import ActionError, ActionReject, CancelReject, OrderReject, Reject
from .events import NonUserCancel, OrderShrunk, OrderUpdate
from .fixed import Address, Cloid, Sz, Wei, ntl_wei, sz_to_wei
from .open_orders import enlist, unlist
from .order_checks import first_reject, no_match, static_reject
from .orders import Builder, Order, OrderStatus, Stage, Trigger, is_told
from .outcome_take import OutcomeTake
from .replies import Filled, OrderReply, Resting
from .state import POOLED, Account, Market
from .take import Take

if TYPE_CHECKING:
    from .actions.orders import BuilderTerms, NewOrder
    from .call import Acting
    from .exchange import Exchange

_NO_MATCH = frozenset({OrderReject.IOC_CANCEL, OrderReject.NO_LIQUIDITY})


class Desk:
    """Order entry of one exchange. Stateless: everything it keeps is in `Exchange.state`."""

    def __init__(self, ex: Exchange) -> None:
        self.ex = ex

    # -- placing -----------------------------------------------------------------------------------

    def place_batch(
        self,
        acting: Acting,
        asked: tuple[NewOrder, ...],
        builder: BuilderTerms | None,
        grouping: str = "na",
        *,
        priority_rate: int = 0,
    ) -> tuple[OrderReply, ...]:
        """One reply an order, or a single Reject when the payload is statically wrong.

        Raises ActionError for an asset id that is not listed, and where the rules say so for a
        builder fee that was not approved (contested 14).
        """
        if not asked:
            return (Reject(OrderReject.EMPTY),)
        account = self.ex.state.accounts[acting.user]
        # A builder who takes nothing needs no approval and must not come into being by it.
        pays = Builder(builder.address, builder.fee) if builder and builder.fee else None
        is_position_tpsl = grouping == "positionTpsl"
        drafts = [
            self.draft(account, new, pays, is_position_tpsl=is_position_tpsl) for new in asked
        ]
        for order in drafts:
            reject = static_reject(self.ex.state, self.market_of(order), order)
            if reject is not None:
                return (reject,)
        if self.ex.state.rules.builder_fee_level == "action":
            for order in drafts:
                if not _builder_allowed(account, self.market_of(order), order.builder):
                    raise ActionError(OrderReject.BUILDER_FEE)
        if priority_rate:
            for order in drafts:
                order.priority = priority_rate
        if grouping != "na":
            return brackets.place(self, acting, account, drafts, grouping)
        return tuple(self.place(acting, account, order) for order in drafts)

    def draft(
        self,
        account: Account,
        new: NewOrder,
        builder: Builder | None = None,
        *,
        is_position_tpsl: bool = False,
    ) -> Order:
        """The order that `new` asks for, without an oid. Raises ActionError for an unknown
        asset.
        """
        market = self.listed(new.asset)
        limit, terms = new.terms.limit, new.terms.trigger
        order = Order(
            0,
            account.address,
            Side.BID if new.is_buy else Side.ASK,
            new.px,
            new.sz,
            new.asset,
            market.asset.coin,
            new.sz,
            Tif.GTC if limit is None else limit.tif,
            new.reduce_only,
            new.cloid,
            self.ex.state.time_ms,
            builder,
        )
        if terms is not None:
            order.stage = Stage.ARMED
            order.trigger = Trigger(
                terms.trigger_px, terms.is_market, terms.tpsl == "tp", is_position_tpsl
            )
        return order

    def listed(self, asset_id: int) -> Market:
        """The market of an asset that a client names. Raises ActionError when there is none.

        Observed: the words for perps and pairs (exchange 7.2). Assumed: those for outcomes.
        """
        market = self.ex.state.markets.get(asset_id)
        if market is not None:
            return market
        if asset_id >= FIRST_OUTCOME_ID:
            raise ActionError(ActionReject.INVALID_OUTCOME)
        spot = FIRST_SPOT_ID <= asset_id < FIRST_BUILDER_ID
        raise ActionError(ActionReject.INVALID_SPOT if spot else ActionReject.INVALID_PERP)

    def place(self, acting: Acting, account: Account, order: Order) -> OrderReply:
        """Checks, matches and rests one order; the reply says what became of it."""
        state, market = self.ex.state, self.market_of(order)
        if account.abstraction in POOLED:
            gather(self.ex, account)  # what an order before it in the batch sold
        closed = trading.refusal(state, market, order.tif)
        if closed is not None:
            return Reject(closed, order.asset_id)
        if not _builder_allowed(account, market, order.builder):
            return Reject(OrderReject.BUILDER_FEE, order.asset_id)
        if order.cloid in account.open_cloids and state.rules.duplicate_cloid == "reject":
            return Reject(OrderReject.DUPLICATE_CLOID, order.asset_id)
        if order.trigger is not None and market.asset.is_spot:
            return Reject(OrderReject.SPOT_TRIGGER, order.asset_id)
        order.oid = state.next_oid
        state.next_oid += 1
        reject = first_reject(state, account, market, order)
        if reject is not None:
            assert isinstance(reject.why, OrderReject)
            if reject.why in _NO_MATCH and state.rules.ioc_reject_updates == "open_first":
                self.record(account, order, OrderStatus.OPEN)
            self.record(account, order, reject.why.status)
            return reject
        if order.trigger is not None:
            return trigger_orders.rest(self, account, market, order)
        if order.reduce_only:
            position = margin.position_of(state, account, order.asset_id)
            assert position is not None
            order.sz = Sz(min(order.sz, abs(position.szi)))
        return self.execute(account, market, order, Cause(acting.hash))

    def execute(self, account: Account, market: Market, order: Order, cause: Cause) -> OrderReply:
        """Matches and rests an order that passed its checks and has its oid.

        Inferred: a trigger order that fills at once says `triggered`, then `filled` (mechanics
        3.2). Observed: what the fill cancels stands in the same frame (ws 4.2); Inferred: behind
        it. None of those orders can have met this one: they stand on its own side.
        """
        book, rules = market.book, self.ex.state.rules
        if account.abstraction in POOLED:
            cover_order(self.ex, account, market, order)
        crosses = book.crosses(order.side, order.px)
        if order.tif.rests and order.sz and not crosses:
            self._rest(account, market, order)
            return Resting(order.oid, order.cloid)
        gate = OutcomeTake if type(book) is MergedBook else Take
        take = gate(self, market, order, cause)
        if crosses:
            book.take(order, take)
            self.ex.touch_book(order.coin)
        if order.sz == 0 or (take.sz and not order.tif.rests):
            # Observed: an arrival that fills shows `open` with its full size, then `filled`; a
            # partly filled immediate order ends as `filled` too (ws 4.2, contested 26).
            ends_canceled = order.sz and rules.partial_ioc_status == "canceled"
            if order.trigger is None:
                self.record(account, order, OrderStatus.OPEN, Sz(order.sz + take.sz))
            status = OrderStatus.CANCELED if ends_canceled else OrderStatus.FILLED
            self.end(account, order, status)
        elif not order.tif.rests:
            why = no_match(order.tif)
            if order.trigger is None and rules.ioc_reject_updates == "open_first":
                self.record(account, order, OrderStatus.OPEN)
            self.end(account, order, why.status)
            return Reject(why, order.asset_id)
        else:
            self._rest(account, market, order)
        if take.sz:
            if not market.asset.is_spot:
                self.fit_reduce_only(account, market)
            if order.priority:
                priority.charge(self.ex, account, order, take.ntl)
            if market.open_interest_cap is not None:
                open_interest.watch(self.ex, market)
            if order.sz and order.tif.rests and rules.partial_gtc_reply == "resting":
                return Resting(order.oid, order.cloid)
            return Filled(order.oid, Sz(take.sz), take.average_px(), order.cloid)
        return Resting(order.oid, order.cloid)

    def _rest(self, account: Account, market: Market, order: Order) -> None:
        if order.priority:
            market.book.rest(order, priority.precedence(order))
            priority.charge(self.ex, account, order, order.px * order.sz)
        else:
            market.book.rest(order)
        enlist(account, order)
        self.weigh(order, order.sz)
        self.record(account, order, OrderStatus.OPEN)
        self.ex.touch_book(order.coin)
        if order.reduce_only:
            account.reduce_only.setdefault(order.asset_id, {})[order.oid] = order
            self.fit_reduce_only(account, market)

    # -- bookkeeping of open orders ----------------------------------------------------------------

    def weigh(self, order: Order, sz: int) -> None:
        """Adds `sz` of a resting order to margin loads or spot holds; negative takes it off."""
        account = self.ex.state.accounts[Address(order.owner)]
        asset = self.market_of(order).asset
        is_bid = order.side is Side.BID
        if isinstance(asset, SpotPair):
            token = asset.quote if is_bid else asset.base
            if is_bid:
                amount = ntl_wei(order.px, abs(sz), token.wei_decimals)
            else:
                amount = sz_to_wei(abs(sz), token.wei_decimals)
            held = clearinghouse.balance(account, token.index)
            held.hold = Wei(held.hold + (amount if sz > 0 else -amount))
            return
        if order.reduce_only:
            total = account.reduce_only_szs.pop(order.asset_id, 0) + sz
            if total:
                account.reduce_only_szs[order.asset_id] = total
            return
        loads = account.enter(asset).order_loads
        bid_ntl, ask_ntl = loads.get(order.asset_id, (0, 0))
        if is_bid:
            bid_ntl += order.px * sz
        else:
            ask_ntl += order.px * sz
        if bid_ntl or ask_ntl:
            loads[order.asset_id] = bid_ntl, ask_ntl
        else:
            del loads[order.asset_id]

    def matched(self, maker: Order) -> None:
        """Tells what a match left of the order that rested."""
        if maker.sz == 0:
            self.forget(maker, OrderStatus.FILLED)
        elif self.ex.state.rules.partial_fill_update == "open":
            self.ex.emit(OrderShrunk(maker, maker.sz, self.ex.state.time_ms))

    def forget(self, order: Order, status: str) -> None:
        """Takes an order that left the book off every list and records `status`."""
        account = self.ex.state.accounts[Address(order.owner)]
        unlist(account, order)
        if is_told(status, self.ex.state.rules):
            self.ex.emit(NonUserCancel(account.address, order.coin, order.oid))
        self.end(account, order, status)

    def end(self, account: Account, order: Order, status: str) -> None:
        """Records the last `status` of an order that is on no list, and what follows from it."""
        self.record(account, order, status)
        if account.brackets:
            brackets.follow(self, account, order, status)

    def record(self, account: Account, order: Order, status: str, sz: Sz | None = None) -> None:
        """Notes and tells a status of an order; `sz` is what remains, by default its own."""
        row = OrderUpdate(order, order.sz if sz is None else sz, status, self.ex.state.time_ms)
        account.history.append(row)
        self.ex.emit(row)
        self.ex.touch(account.address)

    def market_of(self, order: Order) -> Market:
        """The market of an order that was drafted."""
        return self.ex.state.markets[order.asset_id]

    # -- reduce-only -------------------------------------------------------------------------------

    def fit_reduce_only(self, account: Account, market: Market) -> None:
        """Trims resting reduce-only orders to the position: the newest keep, the oldest give way.
        Cancels the armed ones when there is nothing left for them to reduce.

        Observed: `reduceOnlyCanceled` when nothing is left to reduce; of two that exceed the
        position together the older is trimmed first (mechanics 2.4). They all stand on one side:
        that which reduces the position.
        """
        asset_id = market.asset.id
        if asset_id in account.exits:
            self._fit_exits(account, asset_id)
        mine = account.reduce_only.get(asset_id)
        if not mine:
            return
        position = margin.position_of(self.ex.state, account, asset_id)
        oldest = next(iter(mine.values()))
        left = 0
        if position is not None and position.szi * oldest.side.sign < 0:
            left = abs(position.szi)
        # Asked after every match: the sum spares a walk over orders that still fit.
        while (excess := account.reduce_only_szs.get(asset_id, 0) - left) > 0:
            oldest = next(iter(mine.values()))
            if oldest.sz <= excess:
                self.cancel_order(oldest, OrderStatus.REDUCE_ONLY_CANCELED)
                continue
            market.book.reduce(oldest, Sz(oldest.sz - excess))
            self.weigh(oldest, -excess)
            self.ex.touch_book(oldest.coin)

    def _fit_exits(self, account: Account, asset_id: int) -> None:
        """Observed: when the position is gone by other means, `reduceOnlyCanceled` (mechanics 3.4).
        Assumed: a flip ends them too. All of them stand on one side.
        """
        mine = account.exits[asset_id]
        position = margin.position_of(self.ex.state, account, asset_id)
        if position is not None and position.szi * next(iter(mine.values())).side.sign < 0:
            return
        for order in list(mine.values()):
            self.cancel_order(order, OrderStatus.REDUCE_ONLY_CANCELED)

    # -- cancelling --------------------------------------------------------------------------------

    def cancel_order(self, order: Order, status: str) -> None:
        """Takes an open order out for `status`, resting, asleep or waiting. One that went with
        another meanwhile is passed over.
        """
        if self.ex.state.accounts[Address(order.owner)].orders.get(order.oid) is order:
            self.withdraw(order)
            self.forget(order, status)

    def withdraw(self, order: Order) -> None:
        """Takes an open order out of where it stands and releases what it reserved."""
        if order.stage is not Stage.LIVE:
            trigger_orders.forget(self.market_of(order), order)
            return
        self.market_of(order).book.cancel(order)
        self.weigh(order, -order.sz)
        self.ex.touch_book(order.coin)

    def find_open(self, account: Account, name: int | Cloid) -> Order | None:
        """An open order by oid or cloid (the newest with it)."""
        oid = account.open_cloids.get(name) if isinstance(name, str) else name
        return None if oid is None else account.orders.get(oid)

    def cancel(
        self, acting: Acting, asset_id: int, name: int | Cloid, *, fast: bool = False
    ) -> Reject | None:
        """One entry of cancel or cancelByCloid. The asset must be the order's own.

        Documented: a `fast` cancel of a trigger order is refused (exchange 5.1); Assumed: with this
        text.
        """
        order = self.find_open(self.ex.state.accounts[acting.user], name)
        if order is None or order.asset_id != asset_id:
            return Reject(CancelReject.NOT_OPEN, asset_id)
        if fast and order.stage is not Stage.LIVE:
            return Reject(CancelReject.NOT_OPEN, asset_id)
        self.cancel_order(order, OrderStatus.CANCELED)
        return None


def _builder_allowed(account: Account, market: Market, builder: Builder | None) -> bool:
    """Documented: at most 0.1 % on perps and 1 % on spot, and no more than approved (exchange
    5.1).
    """
    if builder is None:
        return True
    cap = 1000 if market.asset.is_spot else 100
    return builder.fee <= min(cap, account.builder_limits.get(builder.address, 0))
