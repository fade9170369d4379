"""userOutcome: tokens of outcomes made of quote tokens, and back."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import outcomes
from ..fixed import Sz
from ..replies import Done, Response
from .deploys import variant_of
from .orders import U32
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@dataclass(frozen=True, slots=True)
class SplitOutcome:
    outcome: U32
    amount: Sz

    def run(self, ex: Exchange, acting: Acting) -> None:
        outcomes.split(ex, acting, self.outcome, self.amount)


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """Without an amount: as much as there is. Documented: signed as nil (exchange 5.1)."""

    outcome: U32
    amount: Sz | None = None

    def run(self, ex: Exchange, acting: Acting) -> None:
        outcomes.merge(ex, acting, self.outcome, self.amount)


@dataclass(frozen=True, slots=True)
class MergeQuestion:
    question: U32
    amount: Sz | None = None

    def run(self, ex: Exchange, acting: Acting) -> None:
        outcomes.merge_question(ex, acting, self.question, self.amount)


@dataclass(frozen=True, slots=True)
class NegateOutcome:
    question: U32
    outcome: U32
    amount: Sz

    def run(self, ex: Exchange, acting: Acting) -> None:
        outcomes.negate(ex, acting, self.question, self.outcome, self.amount)


_VARIANT = {"variant": True, "omit": True}


@action("userOutcome")
@dataclass(frozen=True, slots=True, kw_only=True)
class UserOutcome:
    """A tagged union: exactly one of the fields is there."""

    split_outcome: SplitOutcome | None = field(default=None, metadata=_VARIANT)
    merge_outcome: MergeOutcome | None = field(default=None, metadata=_VARIANT)
    merge_question: MergeQuestion | None = field(default=None, metadata=_VARIANT)
    negate_outcome: NegateOutcome | None = field(default=None, metadata=_VARIANT)

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        variant_of(self).run(ex, acting)
        return Done()
