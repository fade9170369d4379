"""The sockets' side of an API server, made when the first client opens `/ws`.

Everything behind it takes a tenth of the time to start; a server that has to be up at once, for a
test that never streams, does without.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .blocks import Block, Node
from .http import Receive, Scope, Send
from .replica import Replica

if TYPE_CHECKING:
    from .clients import Client
    from .hub import Hub
    from .posts import Answers
    from .session import SocketRules

logger = logging.getLogger("hlsim.streams")


class Streams:
    """A hub and its sockets, as far as somebody asked for one."""

    def __init__(
        self,
        node: Node,
        replica: Replica,
        *,
        lag_ms: int = 0,
        later: Callable[[float, Callable[[], object]], object] | None = None,
        rules: Mapping[str, Any] | None = None,
    ) -> None:
        """With a lag the streams read from a replica of their own that is so far behind; `later`
        calls after so many seconds.

        `rules`: fields of `SocketRules`, whose module is imported with the first socket.
        """
        self._node = node
        self._replica = replica
        self._lag_s = lag_ms / 1000
        self._later = later
        self._rules = rules or {}
        self._hub: Hub | None = None

    async def serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        client: Client,
        answers: Answers,
    ) -> None:
        """One socket from its handshake to its end."""
        from .session import SocketRules, serve_socket

        rules = SocketRules(**self._rules)
        await serve_socket(
            scope,
            receive,
            send,
            hub=self._hub or self._open(rules),
            client=client,
            answers=answers,
            rules=rules,
        )

    def counts(self) -> tuple[int, int]:
        """How many sockets are open, and how many different topics somebody listens to."""
        return (0, 0) if self._hub is None else (self._hub.sockets, len(self._hub))

    def close(self) -> None:
        """Nothing is sent any more."""
        if self._hub is not None:
            self._hub.close()

    def _open(self, rules: SocketRules) -> Hub:
        from .hub import Hub

        replica = self._replica
        if self._lag_s:
            replica = Replica.following(self._node.snapshot())
        hub = self._hub = Hub(replica, order=rules.order, seed=rules.seed)
        hub.run()

        def stream(block: Block) -> None:
            if hub.sockets:
                self._node.attend()
            try:
                if replica is not self._replica:
                    replica.on_block(block)
                hub.on_block(block)
            except Exception:
                # A bug of ours in the streams must not fail the action that they tell of.
                logger.exception("no streams of block %d", block.height)

        late: deque[Block] = deque()
        later = self._later or asyncio.get_running_loop().call_later

        def lagging(block: Block) -> None:
            if block.restored is not None:
                # Later the exchange will be another one.
                block.restored.snapshot  # noqa: B018
            # Alarms that are due at the same tick of a coarse clock may ring in any order.
            late.append(block)
            later(self._lag_s, lambda: stream(late.popleft()))

        self._node.subscribe(lagging if self._lag_s else stream)
        return hub


def socket_protocol(**words: Any) -> asyncio.Protocol:
    """For `uvicorn.Config(ws=…)`, which only ever calls it."""
    from .wire import SocketProtocol

    return SocketProtocol(**words)
