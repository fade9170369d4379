"""What an action answered, in wire words: `sim` says which refusal it is, the text is made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..sim.errors import ActionError, CancelReject, OrderReject, Reject
from ..sim.fixed import bare_text
from ..sim.replies import (
    CancelReplies,
    Created,
    Done,
    Filled,
    OrderReplies,
    OrderReply,
    Refused,
    Response,
    Resting,
    TwapCanceled,
    TwapPlaced,
    Waiting,
)
from .shapes.text import px_text

_DONE: dict[str, Any] = {"status": "ok", "response": {"type": "default"}}
_DONE_BYTES = msgspec.json.encode(_DONE)
_to_json = msgspec.json.Encoder().encode


def response_bytes(response: Response) -> bytes:
    """The body of the answer to `/exchange`, always with HTTP 200 (exchange 1.1)."""
    if isinstance(response, Done):
        return _DONE_BYTES
    return _to_json(response_json(response))


def response_json(response: Response) -> dict[str, Any]:
    """The answer as plain values, for a `post` over the WebSocket too."""
    match response:
        case OrderReplies():
            return _ok("order", [order_status(reply) for reply in response.statuses])
        case CancelReplies():
            return _ok("cancel", [_cancel_status(reply) for reply in response.statuses])
        case TwapPlaced():
            return _ok_status("twapOrder", _twap_status(response.status))
        case TwapCanceled():
            reject = response.status
            status = "success" if reject is None else {"error": plain_text(reject)}
            return _ok_status("twapCancel", status)
        case Created():
            data = {"type": response.kind, "data": response.address}
            return {"status": "ok", "response": data}
        case Refused():
            return {"status": "err", "response": error_text(response.error)}
        case Done():
            return _DONE


def _ok(kind: str, statuses: list[Any]) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": statuses}}}


def _ok_status(kind: str, status: Any) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": kind, "data": {"status": status}}}


def _twap_status(status: int | Reject) -> dict[str, Any]:
    if isinstance(status, Reject):
        return {"error": plain_text(status)}
    return {"running": {"twapId": status}}


def order_status(reply: OrderReply) -> dict[str, Any] | str:
    """One entry of `statuses` of order and batchModify."""
    match reply:
        case Resting():
            return {"resting": _with_cloid({"oid": reply.oid}, reply.cloid)}
        case Filled():
            filled = {
                "totalSz": px_text(reply.total_sz),
                "avgPx": px_text(reply.avg_px),
                "oid": reply.oid,
            }
            return {"filled": _with_cloid(filled, reply.cloid)}
        case Waiting():
            return reply.value
        case Reject():
            return {"error": reject_text(reply)}


def _with_cloid(status: dict[str, Any], cloid: str | None) -> dict[str, Any]:
    if cloid is not None:
        status["cloid"] = cloid
    return status


def _cancel_status(reply: Reject | None) -> str | dict[str, Any]:
    return "success" if reply is None else {"error": reject_text(reply)}


# -- texts -----------------------------------------------------------------------------------------


def reject_text(reject: Reject) -> str:
    """The text of one order's or cancel's refusal.

    Observed: what is judged at execution ends in ` asset=N`; what the payload alone decides, or
    what refuses a whole action, does not (exchange 7).
    """
    why, text = reject.why, plain_text(reject)
    suffixed = isinstance(why, CancelReject) or (isinstance(why, OrderReject) and why.suffixed)
    return f"{text} asset={reject.asset_id}" if suffixed else text


def plain_text(reject: Reject) -> str:
    """As `reject_text`, never with a suffix: what TWAPs are told (exchange 7.3)."""
    why = reject.why
    template = why.text if isinstance(why, OrderReject) else why.value
    return _filled_in(template, reject.params)


def error_text(error: ActionError) -> str:
    """The text that refuses a whole action; never with a suffix of its own."""
    why = error.why
    template = why.text if isinstance(why, OrderReject) else why.value
    return _filled_in(template, error.params)


def _filled_in(template: str, params: Mapping[str, Any]) -> str:
    if not params:
        return template
    words = {
        name: value if isinstance(value, str) else _WORDS.get(name, str)(value)
        for name, value in params.items()
    }
    return template.format(**words)


def _bbo(bbo: tuple[int | None, int | None]) -> str:
    """Best bid and ask as `{bid}@{ask}`, without a forced decimal; Assumed: 0 for an empty side."""
    bid, ask = bbo
    return f"{bare_text(bid or 0, 8)}@{bare_text(ask or 0, 8)}"


def _volume(usd: int) -> str:
    """Observed: "27322.08", "2797234.88019". Assumed: "0" for none."""
    return bare_text(usd, 8)


_WORDS: dict[str, Callable[[Any], str]] = {
    "bbo": _bbo,
    "reason": reject_text,
    "volume": _volume,
}
"""How a parameter is written that is neither a text nor a plain number."""
