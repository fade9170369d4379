"""The API server: reads from a replica, forwards signed actions to a node, and speaks to clients.

Like the exchange's own API servers it is no part of the consensus: it checks shapes and signatures,
knows nothing of margin, and answers an action when the node has committed it (ws 9).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..sim.errors import ActionError, ActionReject
from ..sim.events import RequestTolerated
from ..sim.fixed import Address, div_down
from ..sim.replies import Refused, Response
from . import encode
from .blocks import Block, Closed, Node, Signed
from .clients import Client, Clients
from .decode import NOT_SHAPED
from .envelope import Envelope, read_envelope, read_envelope_value
from .explorer import WEIGHT as EXPLORER_WEIGHT
from .explorer import Explorer
from .faults import Asked, Faults
from .http import (
    Endpoint,
    Failure,
    Receive,
    Refusal,
    Scope,
    Send,
    json_endpoint,
    refuse_upgrade,
    reply_empty,
    reply_preflight,
)
from .info import Json, Query, encoded, query_of, read_query
from .posts import Answers
from .replica import Reads, Replica
from .requests import ACTIONS, DELIVERY, UNREAD, Delivery, Fate, Requests
from .signers import Signers
from .signing import Chain
from .streams import Streams

if TYPE_CHECKING:
    from .strikes import Witness

UNREAD_INFO, UNREAD_ACTION = 20, 1
"""Assumed: the weight of a request that is not understood is what most of its kind weigh."""

BATCH = 40
"""Documented: an action weighs 1, and one more for every 40 in its batch (ws 8.1)."""

CONTROL = "/hlsim/"
"""What begins so is the operator's."""


class ApiServer:
    """The ASGI application: reads from a replica, forwards signed actions to a node.

    Like the exchange's own API servers it is no part of the consensus: it checks signatures, knows
    nothing of margin, and answers an action when the node has committed it (ws 9).
    """

    def __init__(
        self,
        node: Node,
        replica: Replica,
        streams: Streams,
        clients: Clients,
        explorer: Explorer,
        requests: Requests,
        *,
        reads: Reads,
        chain: Chain,
        faults: Faults,
        control: Endpoint,
    ) -> None:
        """`reads`: what queries are answered from."""
        self._node = node
        self._replica = replica
        self._reads = reads
        self._streams = streams
        self._clients = clients
        self._explorer = explorer
        self.faults = faults
        self._requests = requests
        if clients.log.mode == "warn":
            node.subscribe(self._tell_tolerated)
        self._signers = Signers(chain, replica)
        self._endpoints: dict[str, Endpoint] = {
            "/info": json_endpoint(self.read, self._note_refusal),
            "/exchange": json_endpoint(self.act, self._note_refusal),
            "/explorer": json_endpoint(self.explore, self._note_refusal),
        }
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            endpoint = self._endpoints.get(scope["path"])
            if scope["method"] == "OPTIONS":
                await reply_preflight(send)
            elif endpoint is not None:
                if self.faults.requests and scope["method"] == "POST":
                    endpoint = self._struck(endpoint)
                await endpoint(scope, receive, send)
            elif scope["path"].startswith(CONTROL):
                await self._control(scope, receive, send)
            else:
                await _no_such_path(scope, send)
        elif scope["type"] == "websocket":
            if scope["path"] == "/ws":
                await self._stream(scope, receive, send)
            else:
                await refuse_upgrade(send, 404)

    def _struck(self, endpoint: Endpoint) -> Endpoint:
        """Answers as `endpoint` does, unless a fault strikes the request."""
        from .strikes import answer

        return partial(answer, self.faults, self._witness(), self._note_unheard, endpoint)

    def _witness(self) -> Witness:
        from .strikes import Witness

        return Witness(self._replica.view, self._signers.acting)

    def _asked(self, kind: str, payload: Any) -> Asked:
        """What faults may know of a post."""
        return self._witness().of_post(kind, payload)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        struck = self.faults.on_opening() if self.faults.openings else None
        if struck is not None:
            from .strikes import strike_opening

            if not await strike_opening(struck, scope, receive, send):
                return
        client = self._clients.of(scope)
        if not client.open_socket():
            # Assumed: what becomes of the eleventh socket was never recorded (ws 6).
            await refuse_upgrade(send, 429, b"null")
            return
        try:
            await self._streams.serve(
                scope,
                receive,
                send,
                client=client,
                answers=Answers(
                    info=partial(self.post_info, client),
                    action=partial(self.post_action, client),
                    faults=self.faults,
                    asked=self._asked,
                    unheard=self._note_unheard_post,
                ),
            )
        finally:
            client.close_socket()

    # -- /info -------------------------------------------------------------------------------------

    def read(self, scope: Scope, body: bytes) -> bytes:
        """The body of the answer to a body. Raises Refusal or Failure."""
        client = self._clients.of(scope)
        query = _read(client, read_query, body, UNREAD_INFO, asks=True)
        reply, late = self._answer(client, query, lambda: self._witness().of_request("/info", body))
        found = encoded(reply)
        self._requests.add("/info", self._replica.view.time_ms, 200, body, found, delivery=late)
        return found

    def post_info(self, client: Client, request: dict[str, Any]) -> Json:
        """The answer to an info request that came over a socket. Raises Refusal or Failure."""
        try:
            query = _read(client, query_of, request, UNREAD_INFO, asks=True)
            found, late = self._answer(client, query, lambda: self._asked("info", request))
        except Exception as error:
            self._note_error("/ws info", request, error)
            raise
        time_ms = self._replica.view.time_ms
        self._requests.add("/ws info", time_ms, 200, request, found, delivery=late)
        return found

    def _note_refusal(self, path: str, status: int, asked: Any, answered: Any) -> None:
        self._requests.add(path, self._replica.view.time_ms, status, asked, answered)

    def _note_unheard(self, path: str, asked: Any, delivery: Delivery) -> None:
        """What a fault keeps from us."""
        signer = self._signers.signing(asked) if path in ACTIONS else None
        self._requests.add_unheard(path, self._replica.view.time_ms, asked, signer, delivery)

    def _note_unheard_post(self, kind: str, asked: Any, delivery: Delivery) -> None:
        self._note_unheard("/ws info" if kind == "info" else "/ws action", asked, delivery)

    def _note_error(self, path: str, asked: Any, error: Exception) -> None:
        """What a post failed with, as HTTP would have answered it."""
        if isinstance(error, Refusal):
            self._note_refusal(path, error.status, asked, error.text)
        else:
            self._note_refusal(path, 500, asked, None)

    def _answer(
        self, client: Client, query: Query, asked: Callable[[], Asked]
    ) -> tuple[Json, Delivery | None]:
        """The answer, and what had it be late, if a fault did."""
        client.charge(query.spec.weight)
        self._node.attend()
        struck = self.faults.on_query(asked()) if self.faults.lags else None
        lag_ms = None if struck is None else struck.fault.ms[0]
        reply = query.answer(self._reads.view(lag_ms))
        client.surcharge(query.spec.surcharge(reply))
        if struck is None:
            return reply, None
        delivery = DELIVERY.get()
        if delivery is not None:
            delivery.late = struck.fault.text()
            return reply, None
        got = f"an answer up to {lag_ms} ms old"
        return reply, Delivery(struck.id, struck.fault.text(), got, fate=Fate.GIVEN)

    # -- /explorer ---------------------------------------------------------------------------------

    def explore(self, scope: Scope, body: bytes) -> bytes:
        """The body of the answer to a body. Raises Refusal."""
        client = self._clients.of(scope)
        look = _read(client, self._explorer.read, body, EXPLORER_WEIGHT, asks=True)
        client.charge(EXPLORER_WEIGHT)
        self._node.attend()
        found = encoded(look())
        self._requests.add("/explorer", self._replica.view.time_ms, 200, body, found)
        return found

    # -- /exchange ---------------------------------------------------------------------------------

    async def act(self, scope: Scope, body: bytes) -> bytes:
        """The body of the answer to a body. Raises Refusal or Failure."""
        client = self._clients.of(scope)
        envelope = _read(client, read_envelope, body, UNREAD_ACTION)
        era = self._requests.era
        response, signer = await self._submit(client, envelope)
        found = encode.response_bytes(response)
        if era == self._requests.era:
            self._requests.add("/exchange", self._replica.view.time_ms, 200, body, found, signer)
        return found

    async def post_action(self, client: Client, payload: Any) -> Json:
        """The answer to an action that came over a socket. Raises Refusal or Failure."""
        try:
            envelope = _read(client, read_envelope_value, payload, UNREAD_ACTION)
            era = self._requests.era
            response, signer = await self._submit(client, envelope)
        except Exception as error:
            self._note_error("/ws action", payload, error)
            raise
        found = encode.response_json(response)
        if era == self._requests.era:
            time_ms = self._replica.view.time_ms
            self._requests.add("/ws action", time_ms, 200, payload, found, signer)
        return found

    async def _submit(self, client: Client, envelope: Envelope) -> tuple[Response, Address | None]:
        """The answer, and who signed as far as that can be told."""
        client.charge(1 + div_down(envelope.spec.weight(envelope.action), BATCH))
        try:
            signer, co_signed = self._signers.all_of(envelope)
        except ActionError as error:
            return Refused(error), None
        struck = self._refused(envelope, signer)
        if struck is not None:
            return struck, signer
        rest = (envelope.vault, envelope.expires_after, co_signed)
        signed = Signed(envelope.action, signer, envelope.nonce, *rest)
        try:
            response = await self._node.submit(signed)
        except Closed:
            raise Failure from None
        if type(response) is Refused:
            self._explain(response.error, envelope, signer)
        return response, signer

    def _refused(self, envelope: Envelope, signer: Address) -> Response | None:
        """What a fault answers in place of the exchange, None when none does."""
        delivery = DELIVERY.get()
        if delivery is None or delivery.refusal is None:
            return None
        from .refusals import refused

        self._node.attend()
        return refused(delivery.refusal, envelope, signer, self._replica.view)

    def _explain(self, error: ActionError, envelope: Envelope, signer: Address) -> None:
        """Says in the log what the client is not told."""
        if error.why is ActionReject.UNKNOWN_SIGNER:
            self._signers.explain(envelope, signer)
        elif error.why in (ActionReject.REQUESTS, ActionReject.REQUESTS_DAY):
            told = error.params
            self._tell_of_address(told["limit"], told["user"], told["used"], told["most"])

    def _tell_tolerated(self, block: Block) -> None:
        for event in block.events:
            if type(event) is RequestTolerated:
                self._tell_of_address(event.limit, event.user, event.used, event.most)

    def _tell_of_address(self, limit: str, user: Address, used: int, most: int) -> None:
        """Limits of the exchange itself, as the log calls them."""
        self._clients.log.tell(f"address-{limit}", user, used, most)


Given = TypeVar("Given")
Found = TypeVar("Found")


def _read(
    client: Client,
    read: Callable[[Given], Found],
    given: Given,
    weight: int,
    *,
    asks: bool = False,
) -> Found:
    """What a request says. Raises Refusal; what is not understood is charged for, too (assumed).

    `asks`: it is a query. Where a fault refuses it, nobody understands it.
    """
    try:
        found = read(given)
        delivery = DELIVERY.get()
        if delivery is not None and delivery.refusal in (("", UNREAD) if asks else (UNREAD,)):
            raise Refusal(422, NOT_SHAPED)
        return found
    except Refusal:
        client.charge(weight)
        raise


async def _no_such_path(scope: Scope, send: Send) -> None:
    if scope["path"] != "/ws":
        await reply_empty(send, 404)
    elif scope["method"] in ("GET", "HEAD"):
        # Assumed: what axum answers to a request for a socket that is none.
        await reply_empty(send, 400)
    else:
        await reply_empty(send, 405, (b"allow", b"GET,HEAD"))
