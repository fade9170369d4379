"""The API server: reads from a replica, forwards signed actions to a node, and speaks to clients.

Like the exchange's own API servers it is no part of the consensus: it checks shapes and signatures,
knows nothing of margin, and answers an action when the node has committed it (ws 9).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ..sim.call import CoSigned
from ..sim.errors import ActionError, ActionReject
from ..sim.events import RequestTolerated
from ..sim.fixed import Address, div_down
from ..sim.replies import Refused, Response
from . import encode
from .blocks import Block, Closed, Node, Signed
from .clients import Client, Clients
from .envelope import Envelope, MultiSig, read_envelope, read_envelope_value
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
from .multisig import recover_multi_sig
from .posts import Answers
from .replica import Replica
from .requests import ACTIONS, Delivery, Requests
from .signing import CHAIN_WORDS, Chain, recover
from .streams import Streams

logger = logging.getLogger("hlsim.server")

UNREAD_INFO, UNREAD_ACTION = 20, 1
"""Assumed: the weight of a request that is not understood is what most of its kind weigh."""

BATCH = 40
"""Documented: an action weighs 1, and one more for every 40 in its batch (ws 8.1)."""

CONTROL = "/hlsim/"
"""What begins so is the operator's."""

WARNINGS_KEPT = 1000
"""Signers that were warned of once and are not warned of again."""


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
        reads: Replica | None = None,
        chain: Chain,
        faults: Faults,
        control: Endpoint,
    ) -> None:
        """`reads`: what queries are answered from, where that is another replica."""
        self._node = node
        self._replica = replica
        self._reads = reads or replica
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
        from .strikes import Witness, answer

        witness = Witness(self._reads.view, self._signers.acting)
        return partial(answer, self.faults, witness, self._note_unheard, endpoint)

    def _asked(self, kind: str, payload: Any) -> Asked:
        """What faults may know of a post."""
        from .strikes import Witness

        return Witness(self._reads.view, self._signers.acting).of_post(kind, payload)

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
        found = encoded(self._answer(client, _read(client, read_query, body, UNREAD_INFO)))
        self._requests.add("/info", self._replica.view.time_ms, 200, body, found)
        return found

    def post_info(self, client: Client, request: dict[str, Any]) -> Json:
        """The answer to an info request that came over a socket. Raises Refusal or Failure."""
        try:
            found = self._answer(client, _read(client, query_of, request, UNREAD_INFO))
        except Exception as error:
            self._note_error("/ws info", request, error)
            raise
        self._requests.add("/ws info", self._replica.view.time_ms, 200, request, found)
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

    def _answer(self, client: Client, query: Query) -> Json:
        client.charge(query.spec.weight)
        self._node.attend()
        reply = query.answer(self._reads.view)
        client.surcharge(query.spec.surcharge(reply))
        return reply

    # -- /explorer ---------------------------------------------------------------------------------

    def explore(self, scope: Scope, body: bytes) -> bytes:
        """The body of the answer to a body. Raises Refusal."""
        client = self._clients.of(scope)
        look = _read(client, self._explorer.read, body, EXPLORER_WEIGHT)
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
        rest = (envelope.vault, envelope.expires_after, co_signed)
        signed = Signed(envelope.action, signer, envelope.nonce, *rest)
        try:
            response = await self._node.submit(signed)
        except Closed:
            raise Failure from None
        if type(response) is Refused:
            self._explain(response.error, envelope, signer)
        return response, signer

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


def _read(client: Client, read: Callable[[Given], Found], given: Given, weight: int) -> Found:
    """What a request says. Raises Refusal; what is not understood is charged for, too (assumed)."""
    try:
        return read(given)
    except Refusal:
        client.charge(weight)
        raise


class Signers:
    """Who signed, and a word in the log for those who sign for the chain that we are not."""

    def __init__(self, chain: Chain, replica: Replica) -> None:
        self._chain: Chain = chain
        self._replica = replica
        self._warned: dict[Address, None] = {}

    def of(self, envelope: Envelope) -> Address:
        """The address that signed. Raises ActionError."""
        if self._chain != "any":
            return recover(envelope, chain=self._chain)
        asked: list[Address] = []

        def knows(address: Address) -> bool:
            asked.append(address)
            return self._knows(address)

        signer = recover(envelope, chain="any", knows=knows)
        # Testnet is asked for first.
        if (asked and signer != asked[0]) or envelope.chain == CHAIN_WORDS["mainnet"]:
            self._warn(signer, "%s signs for mainnet; --chain any accepts it", signer)
        return signer

    def all_of(self, envelope: Envelope) -> tuple[Address, CoSigned | None]:
        """The address that signed, and of a multi-sig action who did inside. Raises ActionError."""
        parts = envelope.multi_sig
        if parts is None:
            return self.of(envelope), None
        try:
            return recover_multi_sig(envelope, parts, chain=self._chain)
        except ActionError as error:
            if error.why is ActionReject.MULTI_SIG_OUTER and self._chain != "any":
                self._explain_outer(envelope, parts)
            raise

    def signing(self, body: Any) -> Address | None:
        """Who signed a body or its decoded value, None when it tells of nobody."""
        try:
            read = read_envelope if isinstance(body, bytes) else read_envelope_value
            return self.all_of(read(body))[0]
        except (Refusal, ActionError):
            return None

    def acting(self, body: bytes) -> Address | None:
        """Whose account the body of an action is for, None when its signature tells of nobody."""
        try:
            envelope = read_envelope(body)
            signer = envelope.vault or self.all_of(envelope)[0]
        except (Refusal, ActionError):
            return None
        agent = self._replica.view.state.agents.get(signer)
        return signer if agent is None else agent.master

    def _explain_outer(self, envelope: Envelope, parts: MultiSig) -> None:
        """As `explain`, of a multi-sig action's outer signer."""
        other = _other(self._chain)
        try:
            signer, _ = recover_multi_sig(envelope, parts, chain=other)
        except ActionError:
            return
        text = "%s signed a multi-sig action for %s, this server is --chain %s"
        self._warn(signer, text, signer, other, self._chain)

    def explain(self, envelope: Envelope, stranger: Address) -> None:
        """Says in the log, once, that `stranger` is somebody we know who signs for the other chain.

        Only the log may say so: the exchange itself knows no more than the stranger.
        """
        if not envelope.spec.is_l1 or self._chain == "any":
            return
        other = _other(self._chain)
        signer = recover(envelope, chain=other)
        if self._knows(signer):
            text = "%s signed for %s, this server is --chain %s: it sees the signer as %s"
            self._warn(signer, text, signer, other, self._chain, stranger)

    def _knows(self, address: Address) -> bool:
        view = self._replica.view
        return view.knows(address) or address in view.state.agents

    def _warn(self, signer: Address, text: str, *values: str) -> None:
        if signer in self._warned:
            return
        if len(self._warned) >= WARNINGS_KEPT:
            self._warned.clear()
        self._warned[signer] = None
        logger.warning(text, *values)


def _other(chain: Chain) -> Chain:
    return "testnet" if chain == "mainnet" else "mainnet"


async def _no_such_path(scope: Scope, send: Send) -> None:
    if scope["path"] != "/ws":
        await reply_empty(send, 404)
    elif scope["method"] in ("GET", "HEAD"):
        # Assumed: what axum answers to a request for a socket that is none.
        await reply_empty(send, 400)
    else:
        await reply_empty(send, 405, (b"allow", b"GET,HEAD"))
