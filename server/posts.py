"""Posts of one socket: requests of `/info` and `/exchange` that are answered in frames."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from http import HTTPStatus
from typing import Any

from ..matching.dataclass import dataclass
from .clients import Client
from .faults import Asked, Entry, Faults
from .http import Failure, Refusal
from .info.registry import Json
from .requests import Delivery

logger = logging.getLogger("hlsim.session")

PostInfo = Callable[[Any], Json]
"""Answers an info request. Raises Refusal (400 or 422: not understood) or Failure."""

PostAction = Callable[[Any], Awaitable[Json]]
"""Answers the envelope of an action. Raises Refusal or Failure."""

Answer = Callable[[str, Json], None]
"""Sends a frame: its channel and its data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Who answers posts, and what may go wrong with them."""

    info: PostInfo
    action: PostAction
    faults: Faults
    asked: Callable[[str, Any], Asked]
    """What a post is about: its kind, its payload."""
    unheard: Callable[[str, Any, Delivery], None]
    """Is told of a post that neither of both gets: its kind, its payload."""


class Posts:
    """The posts of one socket."""

    def __init__(
        self,
        answers: Answers,
        client: Client,
        *,
        most: int,
        answer: Answer,
        start: Callable[[Coroutine[Any, Any, None]], object],
        hang_up: Callable[[], None],
        reset: Callable[[], None],
    ) -> None:
        """`most`: how many actions may wait at once; `start` runs one beside the others."""
        self._answers = answers
        self._client = client
        self._most = most
        self._answer = answer
        self._start = start
        self._hang_up = hang_up
        self._reset = reset
        self._waiting = 0

    def take(self, number: int, kind: str, payload: Any, text: str) -> None:
        """Answers a post, now or later. `text` is the whole message, which errors quote."""
        faults = self._answers.faults
        struck = faults.on_request(self._answers.asked(kind, payload)) if faults.requests else None
        if struck is None and kind == "info":
            self._look(number, payload, text)()
        elif self._waiting >= self._most or not self._client.begin_post():
            self._answer("error", f"too many pending post requests id={number}")
        else:
            self._waiting += 1
            work = partial(self._outcome, number, kind, payload, text)
            unheard = partial(self._answers.unheard, kind, payload)
            self._start(self._act(work, struck, number, unheard))

    async def _act(
        self,
        outcome: Callable[[], Awaitable[Callable[[], None]]],
        struck: Entry | None,
        number: int,
        unheard: Callable[[Delivery], None],
    ) -> None:
        """Answers a post when it is done; others may overtake it."""
        try:
            if struck is None:
                (await outcome())()
            else:
                from .strikes import strike_post

                refuse = partial(self._refuse, number)
                await strike_post(struck, outcome, refuse, self._hang_up, self._reset, unheard)
        finally:
            self._waiting -= 1
            self._client.end_post()

    async def _outcome(self, number: int, kind: str, payload: Any, text: str) -> Callable[[], None]:
        """Does what a post asks for and says how to answer it."""
        if kind == "info":
            return self._look(number, payload, text)
        try:
            found = await self._answers.action(payload)
        except Exception as error:
            return self._failure(number, error, text)
        return partial(self._reply, number, "action", found)

    def _look(self, number: int, payload: Any, text: str) -> Callable[[], None]:
        try:
            found = self._answers.info(payload)
        except Exception as error:
            return self._failure(number, error, text)
        name = payload["type"] if isinstance(payload, dict) else payload[0]
        return partial(self._reply, number, "info", {"type": name, "data": found})

    def _failure(self, number: int, error: Exception, text: str) -> Callable[[], None]:
        """How to say that a post failed: what HTTP answers with 400 or 422 was not understood (ws
        5).
        """
        status = 500
        if isinstance(error, Refusal):
            status = error.status
        elif not isinstance(error, Failure):
            # A bug of ours; nothing of it reaches the client.
            logger.error("a post failed", exc_info=error)
        if status in (400, 422):
            return partial(self._answer, "error", unreadable(text))
        return partial(self._refuse, number, status)

    def _refuse(self, number: int, status: int) -> None:
        """Documented: the status code and its description (contested 33)."""
        self._reply(number, "error", f"{status} {HTTPStatus(status).phrase}")

    def _reply(self, number: int, kind: str, payload: Json) -> None:
        response = {"type": kind, "payload": payload}
        self._answer("post", {"id": number, "response": response})


def unreadable(text: str) -> str:
    """What is said of a message that is no request."""
    return f"Error parsing JSON into valid websocket request: {text}"
