"""registerReferrer, claimRewards: what it earns to bring others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import referrals
from ..replies import Done, Response
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@action("registerReferrer")
@dataclass(frozen=True, slots=True)
class RegisterReferrer:
    code: str

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        referrals.register(ex, acting.user, self.code)
        return Done()


@action("claimRewards")
@dataclass(frozen=True, slots=True)
class ClaimRewards:
    def apply(self, ex: Exchange, acting: Acting) -> Response:
        referrals.claim(ex, acting)
        return Done()
