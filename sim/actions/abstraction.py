"""Account modes: userSetAbstraction and what came before it, each with its twin for agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

from ...matching.dataclass import dataclass
from .. import abstraction
from ..fixed import Address
from ..replies import Done, Response
from ..state import PORTFOLIO_MARGIN
from .orders import U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange

AbstractionWord = NewType("AbstractionWord", str)
"""A mode that can be asked for, in its long form: "disabled", "unifiedAccount" or
"portfolioMargin".
"""


@action(
    "userSetAbstraction",
    signs=("address user", "string abstraction", "uint64 nonce"),
    primary_type="UserSetAbstraction",
)
@dataclass(frozen=True, slots=True)
class UserSetAbstraction:
    user: Address
    abstraction: AbstractionWord
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        account = abstraction.own_account(ex, acting, self.user)
        abstraction.set_mode(ex, account, self.abstraction)
        return Done()


@action("agentSetAbstraction", vault=True)
@dataclass(frozen=True, slots=True)
class AgentSetAbstraction:
    abstraction: AbstractionWord

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        account = ex.state.accounts[acting.user]
        abstraction.check_untouched(account)
        abstraction.set_mode(ex, account, self.abstraction)
        return Done()


@action(
    "userDexAbstraction",
    signs=("address user", "bool enabled", "uint64 nonce"),
    primary_type="UserDexAbstraction",
)
@dataclass(frozen=True, slots=True)
class UserDexAbstraction:
    user: Address
    enabled: bool
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        account = abstraction.own_account(ex, acting, self.user)
        abstraction.set_dex_abstraction(ex, account, enabled=self.enabled)
        return Done()


@action("agentEnableDexAbstraction", vault=True)
@dataclass(frozen=True, slots=True)
class AgentEnableDexAbstraction:
    def apply(self, ex: Exchange, acting: Acting) -> Response:
        account = ex.state.accounts[acting.user]
        abstraction.check_untouched(account)
        abstraction.set_dex_abstraction(ex, account, enabled=True)
        return Done()


@action(
    "userPortfolioMargin",
    signs=("address user", "bool enabled", "uint64 nonce"),
    primary_type="UserPortfolioMargin",
)
@dataclass(frozen=True, slots=True)
class UserPortfolioMargin:
    user: Address
    enabled: bool
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        account = abstraction.own_account(ex, acting, self.user)
        if self.enabled:
            abstraction.set_mode(ex, account, PORTFOLIO_MARGIN)
        return Done()
