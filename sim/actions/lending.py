"""borrowLend: what an account does with the reserves by hand."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import lending_moves
from ..replies import Done, Response
from .orders import U32
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@action("borrowLend", vault=True)
@dataclass(frozen=True, slots=True)
class BorrowLend:
    """`amount` null: all of it."""

    operation: str = field(metadata={"choices": ("supply", "withdraw", "repay", "borrow")})
    token: U32
    amount: str | None = None

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        lending_moves.move(ex, acting, self.operation, self.token, self.amount)
        return Done()
