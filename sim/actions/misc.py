"""noop, setReferrer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import referrals
from ..replies import Done, Response
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@action("noop", vault=True)
@dataclass(frozen=True, slots=True)
class Noop:
    """Burns a nonce."""

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        return Done()


@action("setReferrer")
@dataclass(frozen=True, slots=True)
class SetReferrer:
    code: str

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        referrals.set_referrer(ex, acting.user, self.code)
        return Done()
