"""What happened, for people: requests with their answers, fills and what else befalls an account in
a line each, and lines that come again and again once. Timelines of tests and of scenarios use the
same words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hlsim.server.requests import QUERIES, unwrapped
from hlsim.sim.fixed import bare_text

if TYPE_CHECKING:
    from hlsim.scenarios.faults import Fault
    from hlsim.server.control.records import RequestTold
    from hlsim.sim.events import AccountLiquidated, Fill, FundingPaid
    from hlsim.sim.exchange import Exchange

MOST = 160
"""Characters."""
ENTRIES = 5
"""Of a batch; the others are counted."""

LONGEST_CYCLE = 4
"""So many lines that come again and again are told once, with a number."""

Coin = Callable[[int], str]
"""The coin of an asset id."""


def coins_of(exchange: Exchange) -> Coin:
    """The names of what an exchange lists; of what it does not the number."""

    def coin(asset_id: int) -> str:
        market = exchange.state.markets.get(asset_id)
        return coin_of_asset(asset_id, None if market is None else market.asset.coin)

    return coin


def coin_of_asset(asset_id: int, coin: str | None) -> str:
    """A coin, or in its place the number of an asset that is not listed."""
    return f"asset {asset_id}" if coin is None else coin


def request_told(row: RequestTold, coin: Coin) -> str:
    """What was asked and what came of it."""
    said = words_of(row.request, coin)
    if row.struck is not None:
        done = _answer(row.status, row.response) if row.is_heard else "never heard of it"
        return f"{said} -> {done}; the client got {row.struck.got}"
    if row.path in QUERIES and row.status == 200:
        return f"asks {said}"
    return f"{said} -> {_answer(row.status, row.response)}"


def words_of(request: Any, coin: Coin) -> str:
    """A request without its signature, and for whom it is unless that is its signer. Whatever was
    sent: nothing in it need be as it should.
    """
    if not isinstance(request, dict):
        return _short(request) or "(no body)"
    action, multi_sig_user = unwrapped(request.get("action", request))
    if not isinstance(action, dict):
        return _short(action)
    whose = request.get("vaultAddress") or multi_sig_user
    name = action.get("type") if whose is None else f"{action.get('type')} for {whose}"
    try:
        return _short(f"{name}: {_several(_entries(action, coin))}")
    except (KeyError, TypeError, AttributeError):
        rest = {key: value for key, value in action.items() if key != "type"}
        return _short(f"{name} {json.dumps(rest)}" if rest else name)


def _entries(action: dict[str, Any], coin: Coin) -> list[str]:
    """An order or a cancel a text. Raises KeyError, TypeError, AttributeError for what is none."""
    match action["type"]:
        case "order":
            return [_order(one, coin) for one in action["orders"]]
        case "modify":
            return [_modified(action, coin)]
        case "batchModify":
            return [_modified(one, coin) for one in action["modifies"]]
        case "cancel":
            return [f"oid {one['o']} {coin(one['a'])}" for one in action["cancels"]]
        case "cancelByCloid":
            return [f"cloid {one['cloid']} {coin(one['asset'])}" for one in action["cancels"]]
        case _:
            raise KeyError(action["type"])


def _order(order: dict[str, Any], coin: Coin) -> str:
    side = "buy" if order["b"] else "sell"
    limit, trigger = order["t"].get("limit"), order["t"].get("trigger")
    if limit is not None:
        how = f"at {order['p']} {limit['tif']}"
    else:
        kind = "market" if trigger["isMarket"] else f"limit {order['p']}"
        how = f"{trigger['tpsl']} {kind} when the mark is {trigger['triggerPx']}"
    only = " reduce-only" if order["r"] else ""
    cloid = f" cloid {order['c']}" if order.get("c") else ""
    return f"{side} {order['s']} {coin(order['a'])} {how}{only}{cloid}"


def _modified(entry: dict[str, Any], coin: Coin) -> str:
    return f"oid {entry['oid']} to {_order(entry['order'], coin)}"


def fills_told(fills: Iterable[Fill]) -> Iterator[tuple[int, str]]:
    """Fills of an account in a line for each order, with its time: what it did, and whether it was
    its own wish.

    What the liquidator takes over, deleveraging and settlements have names of their own; a
    liquidation on the book looks like any close.
    """
    for (_, time_ms), parts in groupby(fills, lambda fill: (fill.oid, fill.time_ms)):
        yield time_ms, fill_told(list(parts))


def fill_told(parts: Sequence[Fill]) -> str:
    """Fills of one order, as if they were one."""
    first, last = parts[0], parts[-1]
    sz = number_told(sum(part.sz for part in parts))
    px = number_told(first.px) + ("" if last.px == first.px else f" to {number_told(last.px)}")
    cause = first.liquidation
    is_forced = cause is not None and cause.user == first.user and cause.method == "market"
    return f"{first.dir.value} {sz} {first.coin} at {px}{', liquidated' if is_forced else ''}"


def funding_told(event: FundingPaid) -> str:
    """What funding an account got or paid."""
    from hlsim.server.shapes.text import usd_text

    verb = "gets" if event.usd >= 0 else "pays"
    return f"{verb} {usd_text(abs(event.usd))} USDC for {number_told(event.szi)} {event.coin}"


def liquidation_told(event: AccountLiquidated) -> str:
    """How much of an account was liquidated."""
    from hlsim.server.shapes.text import usd_text

    left = usd_text(event.account_value)
    return f"{usd_text(event.ntl)} USD closed, account value was {left}"


def strike_told(fault: Fault, request: Any, coin: Coin) -> str:
    """That a fault struck, which request that was, if it was one, and what that does."""
    from hlsim.scenarios.faults import EFFECTS, Phase

    what = EFFECTS[fault.kind][fault.effect].partition(":")[0]
    least, most = fault.ms
    span = f"{least} ms" if least == most else f"{least} to {most} ms"
    what = what.replace(", or between two numbers of them", "").replace("so many ms", span)
    done = ", after it was done" if fault.phase is Phase.AFTER else ""
    asked = "" if request is None else f" ({words_of(request, coin)})"
    return f"{fault.text()} strikes{asked}: {what}{done}"


def number_told(value: int) -> str:
    """A price or a size in the fewest digits."""
    return bare_text(value, 8)


def span_told(ms: int) -> str:
    """So much time in words: 1 h 30 min, 0.5 s."""
    parts = []
    for unit_ms, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min")):
        count, ms = divmod(ms, unit_ms)
        parts += [f"{count} {unit}"] if count else []
    return " ".join([*parts, f"{ms / 1000:g} s"] if ms or not parts else parts)


def _answer(status: int, response: Any) -> str:
    if status != 200:
        return f"HTTP {status} {_short(response)}"
    if not isinstance(response, dict):
        return _short(response)
    inner = response.get("response")
    data = inner.get("data") if isinstance(inner, dict) else inner
    if isinstance(data, dict) and isinstance(data.get("statuses"), list):
        return _short(_several([*_statuses(data["statuses"])]))
    if response.get("status") == "err":
        return f"refused: {_short(data)}"
    return _short(response.get("status") if data is None else data)


def _statuses(statuses: list[Any]) -> Iterator[str]:
    for one in statuses:
        match one:
            case {"resting": {"oid": oid}}:
                yield f"rests, oid {oid}"
            case {"filled": {"totalSz": sz, "avgPx": px, "oid": oid}}:
                yield f"filled {sz} at {px}, oid {oid}"
            case {"error": text}:
                yield f"refused: {text}"
            case _:
                yield _short(one)


def _several(entries: list[str]) -> str:
    more = len(entries) - ENTRIES
    shown = "; ".join(entries[:ENTRIES])
    return f"{shown}; and {more} more" if more > 0 else shown


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= MOST else text[: MOST - 1] + "…"


# -- lines that come again -------------------------------------------------------------------------


class Said(Protocol):
    """A line of whoever."""

    @property
    def who(self) -> str: ...
    @property
    def text(self) -> str: ...


L = TypeVar("L", bound=Said)


def folded(lines: Sequence[L], longest: int = LONGEST_CYCLE) -> Iterator[tuple[L, int]]:
    """Lines of which those that repeat the ones before, `longest` of them at most, are counted, as
    polls do.
    """
    place = 0
    while place < len(lines):
        length, count = _cycle(lines, place, longest)
        for one in lines[place : place + length]:
            yield one, count
        place += length * count


def _cycle(lines: Sequence[Said], place: int, longest: int) -> tuple[int, int]:
    """How many lines from `place` on are said again at once, and how often they are said."""
    for length in range(1, longest + 1):
        count = 1
        while _are_alike(lines, place, place + length * count, length):
            count += 1
        if count > 1:
            return length, count
    return 1, 1


def _are_alike(lines: Sequence[Said], one: int, other: int, length: int) -> bool:
    if other + length > len(lines):
        return False
    pairs = zip(lines[one : one + length], lines[other : other + length], strict=True)
    return all((a.who, a.text) == (b.who, b.text) for a, b in pairs)
