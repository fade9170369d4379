"""What is answered in place of the exchange where a fault refuses a request: in its own words.

A refusal has the name of its rule, as `diagnoses` tell it. Those whose words hold numbers that only
the exchange could tell are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any

from ..matching.dataclass import dataclass
from ..sim import request_budget, twap
from ..sim.actions import ACTIONS
from ..sim.actions.cancels import Cancel, CancelByCloid
from ..sim.actions.orders import BatchModify, Modify, PlaceOrders
from ..sim.actions.twap import TwapAsked, TwapCancel, TwapOrder
from ..sim.assets import SpotPair
from ..sim.errors import ActionError, ActionReject, CancelReject, OrderReject, Reject, TwapReject
from ..sim.fixed import Address
from ..sim.order_checks import band_percent
from ..sim.replies import CancelReplies, OrderReplies, Refused, Response, TwapCanceled, TwapPlaced
from ..sim.rules import Rules
from ..sim.view import View
from .envelope import Envelope
from .requests import MULTI_SIG, UNREAD
from .signers import acting_account

Why = OrderReject | CancelReject | TwapReject | ActionReject


@dataclass(frozen=True, slots=True)
class Case:
    """An action that is refused, and who signed it."""

    envelope: Envelope
    signer: Address
    view: View

    def spent(self) -> dict[str, Any]:
        """The budget of the account that acts, as if it were used up."""
        state = self.view.state
        account = self.view.account(acting_account(state, self.envelope, self.signer))
        return request_budget.spent(state.rules, account, self.envelope.spec.name).params

    def vault(self) -> Address:
        """The vault that the request names: the one acted for, or the action's own."""
        named = self.envelope.vault or getattr(self.envelope.action, "vault_address", None)
        return named or self.signer


TOLD: dict[ActionReject, Callable[[Case], dict[str, Any]]] = {
    ActionReject.VAULT_UNKNOWN: lambda case: {"address": case.vault()},
    ActionReject.UNKNOWN_SIGNER: lambda case: {"address": case.signer},
    ActionReject.MUST_DEPOSIT: lambda case: {"address": case.signer},
    ActionReject.NONCE_DUPLICATE: lambda case: {"nonce": case.envelope.nonce},
    ActionReject.REQUESTS: Case.spent,
}
"""What fills the words of those that have gaps."""

USUAL = ActionReject.REQUESTS
"""Any action may meet it, however right it is, and on the exchange, too, it leaves no trace."""


def _named(refusals: Iterable[Enum], told: Iterable[Enum] = ()) -> dict[str, Any]:
    """By rule, those whose words have no gaps, or that are `told`."""
    fillable = [*told]
    return {one.name.lower(): one for one in refusals if "{" not in text_of(one) or one in fillable}


def text_of(why: Enum) -> str:
    """The words of a refusal, gaps as `{name}`."""
    return why.text if isinstance(why, OrderReject) else str(why.value)


_ACTIONS: dict[str, Why] = _named(ActionReject, TOLD)
_ORDERS: dict[str, Why] = _named(OrderReject, [OrderReject.BAD_ALO_PX, OrderReject.PRICE_BAND])
_CANCELS: dict[str, Why] = _named(CancelReject)
_NEW_ORDERS: dict[str, Why] = {
    rule: why
    for rule, why in _ORDERS.items()
    # Nothing that replaces an order has a builder or a group.
    if why not in (OrderReject.BUILDER_FEE, OrderReject.MAIN_TRIGGER, OrderReject.TRIGGER_COUNT)
}
_MODIFIES: dict[str, Why] = {
    "modify_not_open": ActionReject.MODIFY_NOT_OPEN,
    "modify_invalid": ActionReject.MODIFY_INVALID,
    **_NEW_ORDERS,
}
_TWAPS: dict[str, Why] = _named(
    [
        OrderReject.ZERO_SZ,
        OrderReject.INVALID_SZ,
        OrderReject.ZERO_PX,
        OrderReject.INVALID_PX,
        OrderReject.TICK,
        OrderReject.SPOT_REDUCE_ONLY,
        OrderReject.HALTED,
        TwapReject.DURATION,
        TwapReject.VALUE,
        TwapReject.REDUCE_ONLY,
        TwapReject.TOO_MANY,
    ],
    [TwapReject.DURATION, TwapReject.VALUE],
)

ENTRIES: dict[str, dict[str, Why]] = {
    "order": _ORDERS,
    "modify": {rule: why for rule, why in _NEW_ORDERS.items() if rule != "empty"},
    "batchModify": _MODIFIES,
    "cancel": _CANCELS,
    "cancelByCloid": _CANCELS,
    "twapOrder": _TWAPS,
    "twapCancel": _named([TwapReject.NOT_RUNNING]),
}
"""By action, what refuses its entries one by one."""


def rules_of(on: str) -> list[str]:
    """Every rule by which requests of a name may be refused, those of entries first."""
    if on not in ("exchange", MULTI_SIG, *ACTIONS):
        return [UNREAD]
    return [*dict.fromkeys([*ENTRIES.get(on, ()), *_ACTIONS]), UNREAD]


def check_rule(on: str, rule: str) -> None:
    """Raises ValueError for a rule by which no request of that name is refused."""
    known = rules_of(on)
    if rule not in known:
        raise ValueError(f"{on} is not refused by {rule!r}; known: {', '.join(known)}")


def refused(rule: str, envelope: Envelope, signer: Address, view: View) -> Response:
    """The answer to an action that is refused by a rule, "" being the usual one."""
    of_entry = ENTRIES.get(envelope.spec.name, {}).get(rule)
    if of_entry is not None:
        return _of_entries(envelope.action, of_entry, view)
    why = ActionReject[rule.upper()] if rule else USUAL
    if why is ActionReject.UNKNOWN_SIGNER and not envelope.spec.is_l1:
        why = ActionReject.MUST_DEPOSIT
    fill = TOLD.get(why)
    params = {} if fill is None else fill(Case(envelope, signer, view))
    return Refused(ActionError(why, **params))


def _of_entries(action: Any, why: Any, view: View) -> Response:
    """Every entry refused for the same reason; or, where the payload alone decides, all at once."""
    if _is_of_all(why, view.state.rules):
        return Refused(ActionError(why))
    match action:
        case PlaceOrders():
            rejects = [_of_order(why, order.asset, view) for order in action.orders]
            return OrderReplies(_once(why, rejects))
        case Modify():
            reject = _of_modify(why, action.order.asset, view)
            assert isinstance(reject.why, ActionReject | OrderReject)
            return Refused(ActionError(reject.why, **reject.params))
        case BatchModify():
            assets = [entry.order.asset for entry in action.modifies]
            rejects = [_of_modify(why, asset, view) for asset in assets]
            is_one = not rejects or why is OrderReject.EMPTY
            return OrderReplies((Reject(OrderReject.EMPTY),) if is_one else tuple(rejects))
        case Cancel() | CancelByCloid():
            return CancelReplies(tuple(Reject(why, entry.asset) for entry in action.cancels))
        case TwapOrder():
            return TwapPlaced(_of_twap(why, action.twap, view.state.rules))
        case TwapCancel():
            return TwapCanceled(Reject(why, action.asset))
        case _:
            raise AssertionError(action)


def _is_of_all(why: Why, rules: Rules) -> bool:
    """True for what refuses the action and not its entries, by the reading of sources that is in
    force.
    """
    match why:
        case OrderReject.BUILDER_FEE:
            return rules.builder_fee_level == "action"
        case OrderReject.POST_ONLY_WINDOW:
            return rules.upgrade_reject == "action"
        case _:
            return False


def _once(why: OrderReject, rejects: Sequence[Reject]) -> tuple[Reject, ...]:
    """Observed: what judges the payload alone answers once for the batch (exchange 5.1), as does a
    batch of nothing.
    """
    if not rejects:
        return (Reject(OrderReject.EMPTY),)
    return tuple(rejects[:1] if why.is_static else rejects)


def _of_order(why: OrderReject, asset: int, view: View) -> Reject:
    market = view.state.markets.get(asset)
    match why:
        case OrderReject.BAD_ALO_PX:
            bbo = (
                (None, None) if market is None else (market.book.best_bid(), market.book.best_ask())
            )
            return Reject(why, asset, {"bbo": bbo})
        case OrderReject.PRICE_BAND:
            return Reject(why, asset, {"percent": band_percent(view.state.rules)})
        case OrderReject.MIN_TRADE_NTL if market is not None and isinstance(market.asset, SpotPair):
            quote = market.asset.quote.name
            return Reject(OrderReject.MIN_TRADE_SPOT_NTL, asset, {"quote": quote})
        case _:
            return Reject(why, asset)


def _of_modify(why: OrderReject | ActionReject, asset: int, view: View) -> Reject:
    """What refuses a modify: what is judged when the new order is placed stands inside."""
    if isinstance(why, ActionReject):
        return Reject(why, asset)
    reject = _of_order(why, asset, view)
    if why.is_static:
        return reject
    return Reject(ActionReject.MODIFY_PLACING, asset, {"reason": reject})


def _of_twap(why: OrderReject | TwapReject, asked: TwapAsked, rules: Rules) -> Reject:
    match why:
        case TwapReject.DURATION:
            return Reject(why, asked.asset, {"minutes": asked.minutes})
        case TwapReject.VALUE:
            too_small, least = twap.smallest(rules, asked.minutes)
            return Reject(too_small, asked.asset, {"least": least})
        case _:
            return Reject(why, asked.asset)
