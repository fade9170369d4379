"""The API server: reads from a replica, forwards signed actions to a node, and speaks to clients.

Like the exchange's own API servers it is no part of the consensus: it checks shapes and signatures,
knows nothing of margin, and answers an action when the node has committed it (ws 9).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ..sim.errors import ActionError, ActionReject
from ..sim.fixed import Address
from ..sim.replies import Refused, Response
from . import encode
from .envelope import Envelope, read_envelope, read_envelope_value
from .http import (
    Endpoint,
    Failure,
    Receive,
    Scope,
    Send,
    json_endpoint,
    reply_empty,
    reply_preflight,
)
from .info import answer, answer_value
from .node import Closed, Node, Signed
from .replica import Replica
from .signing import CHAIN_WORDS, Chain, recover
from .streams import Streams

logger = logging.getLogger("hlsim.server")

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
        *,
        chain: Chain,
        endpoints: Mapping[str, Endpoint],
    ) -> None:
        self._node = node
        self._replica = replica
        self._streams = streams
        self._signers = Signers(chain, replica)
        self._endpoints: dict[str, Endpoint] = {
            "/info": json_endpoint(self.read),
            "/exchange": json_endpoint(self.act),
            **endpoints,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            endpoint = self._endpoints.get(scope["path"])
            if scope["method"] == "OPTIONS":
                await reply_preflight(send)
            elif endpoint is None:
                await _no_such_path(scope, send)
            else:
                await endpoint(scope, receive, send)
        elif scope["type"] == "websocket":
            if scope["path"] == "/ws":
                await self._streams.serve(
                    scope,
                    receive,
                    send,
                    post_info=self.post_info,
                    post_action=self.post_action,
                )
            else:
                await _refuse_upgrade(send)

    # -- /info -------------------------------------------------------------------------------------

    def read(self, body: bytes) -> bytes:
        """The body of the answer to a body. Raises Refusal or Failure."""
        self._node.attend()
        return answer(self._replica.view, body)

    def post_info(self, request: dict[str, Any]) -> Any:
        """The answer to an info request that came over a socket. Raises Refusal or Failure."""
        self._node.attend()
        return answer_value(self._replica.view, request)

    # -- /exchange ---------------------------------------------------------------------------------

    async def act(self, body: bytes) -> bytes:
        """The body of the answer to a body. Raises Refusal or Failure."""
        return encode.response_bytes(await self._submit(read_envelope(body)))

    async def post_action(self, payload: Any) -> Any:
        """The answer to an action that came over a socket. Raises Refusal or Failure."""
        return encode.response_json(await self._submit(read_envelope_value(payload)))

    async def _submit(self, envelope: Envelope) -> Response:
        try:
            signer = self._signers.of(envelope)
        except ActionError as error:
            return Refused(error)
        action = envelope.action
        signed = Signed(action, signer, envelope.nonce, envelope.vault, envelope.expires_after)
        try:
            response = await self._node.submit(signed)
        except Closed:
            raise Failure from None
        if type(response) is Refused and response.error.why is ActionReject.UNKNOWN_SIGNER:
            self._signers.explain(envelope, signer)
        return response


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

    def explain(self, envelope: Envelope, stranger: Address) -> None:
        """Says in the log, once, that `stranger` is somebody we know who signs for the other chain.

        Only the log may say so: the exchange itself knows no more than the stranger.
        """
        if not envelope.spec.is_l1 or self._chain == "any":
            return
        other: Chain = "testnet" if self._chain == "mainnet" else "mainnet"
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


async def _no_such_path(scope: Scope, send: Send) -> None:
    if scope["path"] != "/ws":
        await reply_empty(send, 404)
    elif scope["method"] in ("GET", "HEAD"):
        # Assumed: what axum answers to a request for a socket that is none.
        await reply_empty(send, 400)
    else:
        await reply_empty(send, 405, (b"allow", b"GET,HEAD"))


async def _refuse_upgrade(send: Send) -> None:
    start = {"type": "websocket.http.response.start", "status": 404, "headers": []}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b""})
