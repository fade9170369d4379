"""`/explorer`: blocks and transactions by height, hash and user, as far back as memory goes.

An index of one API server, made of the blocks it saw: no part of the state, in no snapshot. The
exchange has it on a host of its own; here it is a path beside the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from ..matching.dataclass import dataclass
from ..sim.actions import ACTIONS
from ..sim.events import BlockEnded, Transaction
from ..sim.fixed import Address, div_down
from ..sim.ids import height_in
from ..sim.view import View
from .blocks import Block
from .decode import NOT_SHAPED, BadRequest
from .info.registry import Json
from .info.request import Field, TxHash, read_body, type_of
from .shapes.blocks import block_row, transaction_row

WEIGHT = 40
"""Documented: what a request costs of the IP budget (ws 8.1)."""

ENTRIES_KEPT = 20_000
"""How much is remembered: every block counts as one, and every entry of an action's batch. Assumed:
the exchange's own explorer reaches further back than any test here."""
ENTRY_BYTES = 256
"""So many bytes of an action that is no batch count as another entry."""

MOST_OF_USER = 100
"""Rows of `userDetails` (Assumed)."""

_to_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Page:
    """One block that can be looked up."""

    end: BlockEnded
    transactions: tuple[Transaction, ...]
    size: int


class History:
    """The newest blocks, without a gap between them."""

    def __init__(self, *, kept: int = ENTRIES_KEPT) -> None:
        self._kept = kept
        self._pages: deque[Page] = deque()
        self._size = 0

    def __len__(self) -> int:
        """How many blocks are known."""
        return len(self._pages)

    def on_block(self, block: Block) -> None:
        """Takes up a block; the oldest go when there is too much, the newest never."""
        if block.restored is not None:
            # Whatever was seen may be the history of another exchange than this one has become.
            self._forget()
        transactions = []
        end = None
        for event in block.events:
            if type(event) is Transaction:
                transactions.append(event)
            elif type(event) is BlockEnded:
                end = event
        if end is None:
            return
        pages = self._pages
        if pages and end.height != pages[-1].end.height + 1:
            self._forget()
        size = 1 + sum(map(_size, transactions))
        pages.append(Page(end, tuple(transactions), size))
        self._size += size
        while self._size > self._kept and len(pages) > 1:
            self._size -= pages.popleft().size

    def _forget(self) -> None:
        self._pages.clear()
        self._size = 0

    def block(self, height: int) -> Page | None:
        """The block of a height, None when it is not known any more or yet."""
        pages = self._pages
        place = height - pages[0].end.height if pages else -1
        return pages[place] if 0 <= place < len(pages) else None

    def transaction(self, hash_: str) -> Transaction | None:
        """The transaction of a hash, which tells the height (Observed: mechanics 16)."""
        if not self._pages:
            return None
        first = self._pages[0].end.height
        page = self.block(first + (height_in(hash_) - first) % (1 << 32))
        found = () if page is None else page.transactions
        return next((one for one in found if one.hash == hash_), None)

    def of_user(self, user: Address) -> Iterator[Transaction]:
        """Those of one account, newest first."""
        for page in reversed(self._pages):
            for one in reversed(page.transactions):
                if one.user == user:
                    yield one


def _size(one: Transaction) -> int:
    """How many entries a transaction counts as. No entry of a batch has a long text."""
    count = _BATCHES.get(type(one.action))
    if count is not None:
        return count(one.action)
    return 1 + div_down(len(_to_json(one.action)), ENTRY_BYTES)


_BATCHES = {
    ACTIONS[name].cls: ACTIONS[name].weight
    for name in ("order", "cancel", "cancelByCloid", "modify", "batchModify")
}


# -- requests --------------------------------------------------------------------------------------

TYPES: dict[str, tuple[str, Any]] = {
    "blockDetails": ("height", int),
    "txDetails": ("hash", TxHash),
    "userDetails": ("user", Address),
}
"""The one parameter of each type, and what it is read as."""

Answer = Callable[[Any], Json]
Look = Callable[[], Json]
"""Makes the answer to a request that was understood."""


class Explorer:
    """Answers from what one API server has seen."""

    def __init__(self, view: View) -> None:
        self.history = History()
        self._view = view
        answers: tuple[Answer, ...] = (self._block, self._transaction, self._user)
        self._types = {
            name: (Field(*parameter, default=None, is_required=True), answer)
            for (name, parameter), answer in zip(TYPES.items(), answers, strict=True)
        }

    def read(self, body: bytes) -> Look:
        """What the body of a request asks for. Raises BadRequest."""
        request = read_body(body)
        try:
            field, answer = self._types[type_of(request) or ""]
            return partial(answer, field.read(request))
        except (KeyError, ValueError) as error:
            raise BadRequest(422, NOT_SHAPED) from error

    def _block(self, height: int) -> Json:
        page = self.history.block(height)
        if page is None:
            return _error("Block not found")
        row = block_row(self._view, page.end, len(page.transactions))
        row["txs"] = [transaction_row(one) for one in page.transactions]
        return {"type": "blockDetails", "blockDetails": row}

    def _transaction(self, hash_: str) -> Json:
        found = self.history.transaction(hash_)
        if found is None:
            return _error("Transaction not found")
        return {"type": "txDetails", "tx": transaction_row(found)}

    def _user(self, user: Address) -> Json:
        """Newest first (Assumed); nobody's list is empty, like every list of an unknown user."""
        found = islice(self.history.of_user(user), MOST_OF_USER)
        return {"type": "userDetails", "txs": [transaction_row(one) for one in found]}


def _error(message: str) -> Json:
    """Observed: HTTP 200 with such an object (ws 7). Assumed: the words."""
    return {"type": "error", "message": message}
