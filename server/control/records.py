"""What clients sent, what they got, and why they were refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from ...sim.actions import ACTIONS as KINDS
from ...sim.fixed import Address
from ...sim.state import State
from ..console import Console
from ..decode import BadRequest
from ..diagnosis import ENDED_AGENT, diagnose, lost, refusals_in
from ..doctor import who_signed_what
from ..envelope import read_envelope, read_envelope_value
from ..explorer import TYPES as EXPLORER
from ..info import INFO
from ..nesting import is_deep
from ..requests import ACTIONS, REQUESTS_KEPT, UNHEARD, Fate, Request, unwrapped
from ..slips import nearest
from ..values import parse_address
from .registry import Asked, Json, control

STATUSES = ("ok", "refused", "struck")

Limit = Annotated[int, msgspec.Meta(ge=0, le=REQUESTS_KEPT, description="so many of the newest")]


class RequestsAsked(Asked):
    """Which requests; what is left out filters nothing."""

    user: Annotated[
        str | None, msgspec.Meta(description="account it is about, or whose signer acted for it")
    ] = None
    action: Annotated[str | None, msgspec.Meta(description="of /exchange: order, cancel …")] = None
    type: Annotated[str | None, msgspec.Meta(description="of /info: l2Book …")] = None
    status: Annotated[
        str | None,
        msgspec.Meta(
            description="what the client got: ok, refused (in whole or part), an HTTP status; or "
            "struck: by a fault, whatever the client got"
        ),
    ] = None
    since: Annotated[int, msgspec.Meta(description="exchange time, ms since 1970")] = 0
    limit: Limit = 100

    def __post_init__(self) -> None:
        if self.action is not None and self.type is not None:
            raise ValueError("action is of /exchange and type is of /info: no request has both")


class StruckTold(msgspec.Struct, omit_defaults=True):
    """What a fault made of a request."""

    fault: int
    """Its id in `fault/list`."""
    plan: str
    got: str
    """What the client got, in words."""
    status: int
    """HTTP status that the client got; 0: no answer to this delivery."""
    fate: Fate
    """Of `response`: given to the client, lost, pending, or passed over for that to the other of
    two deliveries."""
    late: str = ""
    """The plan of another fault, which had the same request answered from the past."""


class RequestTold(msgspec.Struct, omit_defaults=True):
    """One request and what the exchange answered. Signatures are left out."""

    id: int
    time: int
    """Exchange time."""
    path: str
    status: int
    """HTTP status that the exchange answered with; 0: a fault kept the request from it."""
    name: str
    """Action or info type."""
    user: str | None
    request: Json
    response: Json
    signer: str | None = None
    refusals: list[str] = []
    """In what the client got."""
    struck: StruckTold | None = None
    """Left out: no fault struck it, and the client got `response`."""

    @property
    def is_heard(self) -> bool:
        """False for what a fault kept from the exchange."""
        return self.status != UNHEARD

    @property
    def counts(self) -> bool:
        """True for what the exchange heard of, once where a fault delivered it twice."""
        is_second = self.struck is not None and self.struck.fate is Fate.PASSED_OVER
        return self.is_heard and not is_second


class RequestsTold(msgspec.Struct):
    """What was found."""

    count: int
    """How many there are; `requests` holds the newest of them."""
    forgotten: int
    """How many older requests are not kept any more."""
    requests: list[RequestTold]


@control("GET", "requests")
def requests(console: Console, asked: RequestsAsked) -> RequestsTold:
    """What clients sent and what they got, oldest first: the newest 10,000 are kept."""
    kept = console.requests
    forgotten = kept.seen - len(kept)
    if (asked.user, asked.action, asked.type, asked.status) == (None,) * 4:
        # Nothing has to be decoded to know which they are.
        rows = [row for row in kept if row.time_ms >= asked.since]
        newest = [tell(console, row) for row in rows[len(rows) - min(asked.limit, len(rows)) :]]
        return RequestsTold(len(rows), forgotten, newest)
    found = [told for _, told in find(console, asked)]
    if not found:
        _check_names(console, asked)
    return RequestsTold(len(found), forgotten, found[len(found) - min(asked.limit, len(found)) :])


def _check_names(console: Console, asked: RequestsAsked) -> None:
    """Raises ValueError for an action or type that there is not, unless a client sent it all the
    same: whoever counts it under a wrong name would count 0 for ever.
    """
    for given, known in ((asked.action, KINDS), (asked.type, (*INFO, *EXPLORER))):
        if given is not None and given not in known:
            sent = RequestsAsked(action=asked.action, type=asked.type)
            if next(find(console, sent), None) is None:
                near = nearest(given, known)
                raise ValueError(f"unknown request {given!r:.80}; nearest: {near}")


def find(console: Console, asked: RequestsAsked) -> Iterator[tuple[Request, RequestTold]]:
    """What the filters let through, oldest first. Raises ValueError for one that there is not."""
    user = None if asked.user is None else parse_address(asked.user)
    if asked.status is not None and not (asked.status in STATUSES or asked.status.isdigit()):
        known = ", ".join(STATUSES)
        raise ValueError(f"no status {asked.status!r:.80}; known: {known}, an HTTP status")
    for row in console.requests:
        if row.time_ms < asked.since or not _is_kind(row, asked):
            continue
        told = tell(console, row)
        if asked.action is not None and not (told.name == asked.action and _acts(row)):
            continue
        if asked.type is not None and not (told.name == asked.type and not _acts(row)):
            continue
        if user is not None and user not in (told.user, told.signer):
            continue
        if asked.status is not None and not _is_status(told, asked.status):
            continue
        yield row, told


def _acts(row: Request) -> bool:
    return row.path in ACTIONS


def _is_kind(row: Request, asked: RequestsAsked) -> bool:
    """False where the path alone tells that a row is not wanted: nothing is decoded for it."""
    if asked.action is not None and not _acts(row):
        return False
    return asked.type is None or not _acts(row)


def _is_status(told: RequestTold, status: str) -> bool:
    struck = told.struck
    if status == "struck":
        return struck is not None
    if status.isdigit():
        return (told.status if struck is None else struck.status) == int(status)
    if struck is not None and struck.fate is not Fate.GIVEN:
        return False
    return bool(told.refusals) is (status == "refused")


def tell(console: Console, row: Request) -> RequestTold:
    """A request in full, decoded."""
    asked, answered = _decoded(row.asked), _decoded(row.answered)
    struck = _struck(row)
    is_given = struck is None or struck.fate is Fate.GIVEN
    return RequestTold(
        id=row.number,
        time=row.time_ms,
        path=row.path,
        status=row.status,
        name=_name(asked),
        user=_user(console, row, asked),
        request=_without_signatures(asked),
        response=answered,
        signer=row.signer,
        refusals=refusals_in(row.status, answered) if is_given else [],
        struck=struck,
    )


def _struck(row: Request) -> StruckTold | None:
    found = row.delivery
    if found is None:
        return None
    status = row.status if found.fate is Fate.GIVEN else found.status
    return StruckTold(found.fault, found.plan, found.got, status, found.fate, found.late)


def _decoded(body: Any) -> Json:
    """JSON where it is that and nests no deeper than the exchange reads, else text."""
    if not isinstance(body, bytes | msgspec.Raw):
        return body
    text = bytes(body)
    try:
        return text.decode("utf-8", "replace") if is_deep(text) else msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return text.decode("utf-8", "replace")


def _name(asked: Json) -> str:
    """The type of the action or the request; a multi-sig action counts as what it holds."""
    if isinstance(asked, list) and asked and isinstance(asked[0], str):
        return asked[0]
    action = _action(asked)
    name = action.get("type")
    return name if isinstance(name, str) else ""


def _action(asked: Json) -> dict[str, Any]:
    """The action of an envelope, the inner one of a multi-sig; else the request itself."""
    if not isinstance(asked, dict):
        return {}
    action, _ = unwrapped(asked.get("action", asked))
    return action if isinstance(action, dict) else {}


def _user(console: Console, row: Request, asked: Json) -> str | None:
    """The account that a request is about."""
    if not isinstance(asked, dict):
        return None
    if _acts(row):
        whose = asked.get("vaultAddress") or unwrapped(asked.get("action"))[1]
    else:
        whose = asked.get("user")
    if isinstance(whose, str):
        return whose.lower()
    return None if row.signer is None else account_of(console.node.exchange.state, row.signer)


def account_of(state: State, signer: Address) -> Address:
    """For whom a key signs: that of an agent, also of one that has ended, for its master."""
    agent = state.agents.get(signer)
    return agent.master if agent is not None else state.retired_agents.get(signer, signer)


def _without_signatures(value: Json) -> Json:
    """Whoever reads along cannot send it again."""
    if isinstance(value, dict):
        return {
            key: _without_signatures(item)
            for key, item in value.items()
            if key not in ("signature", "signatures")
        }
    return [_without_signatures(item) for item in value] if isinstance(value, list) else value


# -- diagnoses -------------------------------------------------------------------------------------


class DiagnosesAsked(Asked):
    """Whose, since when."""

    user: Annotated[str | None, msgspec.Meta(description="account or signer")] = None
    since: Annotated[int, msgspec.Meta(description="exchange time, ms since 1970")] = 0
    limit: Limit = 100


class DiagnosisTold(msgspec.Struct):
    """Why one request, or one entry of a batch, was refused."""

    request: int
    """Its id in `requests`."""
    time: int
    path: str
    name: str
    user: str | None
    said: str
    """The text that the client got, or what came in place of it."""
    rule: str
    why: str
    remedy: str


@control("GET", "diagnoses")
def diagnoses(console: Console, asked: DiagnosesAsked) -> list[DiagnosisTold]:
    """Why requests were refused, or not answered, and what to do about it, oldest first."""
    wanted = RequestsAsked(user=asked.user, since=asked.since)
    newest: list[DiagnosisTold] = []
    for row, told in reversed([*find(console, wanted)]):
        if len(newest) >= asked.limit:
            break
        newest += reversed([*explain(console, row, told)])
    return newest[: asked.limit][::-1]


def explain(console: Console, row: Request, told: RequestTold) -> Iterator[DiagnosisTold]:
    """Why a request or entries of its batch were refused, in their order, or why its client heard
    nothing.
    """
    where = (told.id, told.time, told.path, told.name, told.user)
    for text in told.refusals:
        what = diagnose(told.status, text)
        if what.rule == "must_deposit" and row.signer is not None and row.signer not in text:
            what = ENDED_AGENT  # whose master is named
        why = _misread(console, row, what.rule) or what.why
        if row.delivery is not None and row.delivery.refusal is not None:
            why = f"The fault {row.delivery.plan} refuses it so, whatever was asked for. {what.why}"
        yield DiagnosisTold(*where, text, what.rule, why, what.remedy)
    if told.struck is not None and told.struck.fate is Fate.LOST:
        what = lost(told.struck.plan, acts=_acts(row), is_heard=told.is_heard)
        yield DiagnosisTold(*where, told.struck.got, what.rule, what.why, what.remedy)


def _misread(console: Console, row: Request, rule: str) -> str | None:
    """Why a signer is strange: somebody we know who signed something else, or for elsewhere."""
    if rule not in ("unknown_signer", "must_deposit"):
        return None
    read = read_envelope if isinstance(row.asked, bytes) else read_envelope_value
    try:
        envelope = read(row.asked)
    except BadRequest:
        return None
    state = console.node.exchange.state

    def knows(address: Address) -> bool:
        return address in state.accounts or address in state.agents

    # What stands behind the JSON is no matter to the exchange, but it is to this decoder.
    posted = _action(_decoded(row.asked))
    return who_signed_what(envelope, posted, console.options.chain, knows)
