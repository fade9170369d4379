"""What is answered in place of the exchange where a fault refuses a request: in its own words.

A refusal has the name of its rule, as `diagnoses` tell it. Those whose words hold numbers that only
the exchange could tell are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any

from ..matching.dataclass import dataclass
from ..sim import request_budget
from ..sim.actions import ACTIONS
from ..sim.actions.cancels import Cancel, CancelByCloid
from ..sim.actions.orders import BatchModify, Modify, PlaceOrders
from ..sim.actions.twap import TwapCancel, TwapOrder
from ..sim.errors import ActionError, ActionReject, CancelReject, OrderReject, Reject, TwapReject
from ..sim.fixed import Address
from ..sim.replies import CancelReplies, OrderReplies, Refused, Response, TwapCanceled, TwapPlaced
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
_ORDERS: dict[str, Why] = _named(OrderReject, [OrderReject.BAD_ALO_PX])
_CANCELS: dict[str, Why] = _named(CancelReject)
_TWAPS: dict[str, Why] = _named(TwapReject)
_NOT_RUNNING = _TWAPS.pop("not_running")
_MODIFIES: dict[str, Why] = {
    "modify_not_open": ActionReject.MODIFY_NOT_OPEN,
    "modify_invalid": ActionReject.MODIFY_INVALID,
    **_ORDERS,
}

ENTRIES: dict[str, dict[str, Why]] = {
    "order": _ORDERS,
    "modify": _ORDERS,
    "batchModify": _MODIFIES,
    "cancel": _CANCELS,
    "cancelByCloid": _CANCELS,
    "twapOrder": _TWAPS,
    "twapCancel": {"not_running": _NOT_RUNNING},
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
    fill = TOLD.get(why)
    params = {} if fill is None else fill(Case(envelope, signer, view))
    return Refused(ActionError(why, **params))


def _of_entries(action: Any, why: Any, view: View) -> Response:
    """Every entry refused for the same reason; or, where the payload alone decides, all at once."""
    match action:
        case PlaceOrders():
            rejects = [_of_order(why, order.asset, view) for order in action.orders]
            return OrderReplies(_once(why, rejects))
        case Modify():
            of_all, params = _of_modify(why, action.order.asset, view)
            return Refused(ActionError(of_all, **params))
        case BatchModify():
            rejects = []
            for asset in (entry.order.asset for entry in action.modifies):
                of_one, params = _of_modify(why, asset, view)
                rejects.append(Reject(of_one, asset, params))
            return OrderReplies(tuple(rejects))
        case Cancel() | CancelByCloid():
            return CancelReplies(tuple(Reject(why, entry.asset) for entry in action.cancels))
        case TwapOrder():
            return TwapPlaced(Reject(why, action.twap.asset))
        case TwapCancel():
            return TwapCanceled(Reject(why, action.asset))
        case _:
            raise AssertionError(action)


def _once(why: OrderReject, rejects: Sequence[Reject]) -> tuple[Reject, ...]:
    """Observed: what judges the payload alone answers once for the batch (exchange 5.1)."""
    return tuple(rejects[:1] if why.is_static else rejects)


def _of_order(why: OrderReject, asset: int, view: View) -> Reject:
    if why is not OrderReject.BAD_ALO_PX:
        return Reject(why, asset)
    market = view.state.markets.get(asset)
    bbo = (None, None) if market is None else (market.book.best_bid(), market.book.best_ask())
    return Reject(why, asset, {"bbo": bbo})


def _of_modify(
    why: OrderReject | ActionReject, asset: int, view: View
) -> tuple[OrderReject | ActionReject, dict[str, Any]]:
    """What refuses a modify, and what fills its words: what is judged when the new order is placed
    stands inside.
    """
    if isinstance(why, ActionReject):
        return why, {}
    reject = _of_order(why, asset, view)
    if why.is_static:
        return why, reject.params
    return ActionReject.MODIFY_PLACING, {"reason": reject}
