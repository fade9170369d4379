"""What the exchange's own web page is made of, beside the topics that everybody uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...matching.dataclass import dataclass
from ...sim.events import Event
from ...sim.fixed import Address
from ...sim.view import View
from ..info.accounts import web_data_2
from ..info.listings import perps_at_open_interest_cap
from ..info.registry import Json
from ..shapes.accounts import page_agent
from ..shapes.text import usd_text
from ..shapes.vaults import leading, total_equity
from .holdings import FIRST_DEX, STATE_MS
from .registry import Refusal, Source, Topic, topic


@topic("webData3", source="ws 3.22")
@dataclass(frozen=True, slots=True)
class WebData3(Topic):
    """Who the user is, and a row for each dex, on change and on the clock (assumed, contested)."""

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("clearinghouseState", self.user),)

    def period_ms(self, view: View) -> int:
        return STATE_MS

    def first(self, view: View) -> Json:
        dexes = [FIRST_DEX, *(dex.name for dex in view.universe.dexes)]
        return {
            "userState": _user_state(view, self.user),
            "perpDexStates": [_dex_state(view, self.user, dex) for dex in dexes],
        }

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (self.first(view),)

    def news(self, data: Json) -> object:
        """All but the time."""
        user_state = data["userState"] | {"serverTime": 0}
        return user_state, data["perpDexStates"]


@topic("webData2", source="ws 3.22", status="refused")
@dataclass(frozen=True, slots=True)
class WebData2(Topic):
    """All that `webData3` was split into, as long as it was a subscription (contested 21).

    Assumed: on change and on the clock, as what came after it.
    """

    user: Address

    def refusal(self, view: View) -> Refusal | None:
        is_served = view.state.rules.web_data2_ws == "served"
        return None if is_served else Refusal.UNREADABLE

    def sources(self) -> tuple[Source, ...]:
        names = ("clearinghouseState", "openOrders", "twapStates")
        return tuple((name, self.user) for name in names)

    def period_ms(self, view: View) -> int:
        return STATE_MS

    def first(self, view: View) -> Json:
        return web_data_2(view, self.user)

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (self.first(view),)


def _user_state(view: View, user: Address) -> dict[str, Any]:
    """Observed: the last three are absent while they are the default."""
    account = view.account(user)
    row = {
        **page_agent(view, account),
        "cumLedger": usd_text(account.net_deposits),
        "serverTime": view.time_ms,
        "isVault": user in view.state.vaults,
        "user": user,
    }
    if account.is_dusting_off:
        row["optOutOfSpotDusting"] = True
    if account.dex_abstraction is not None:
        row["dexAbstractionEnabled"] = account.dex_abstraction
    if account.abstraction != "default":
        row["abstraction"] = account.abstraction
    return row


def _dex_state(view: View, user: Address, dex: str) -> dict[str, Any]:
    """Observed: two keys may be absent. Assumed: when their lists are empty, and vaults are told of
    with the first dex.
    """
    is_first = dex == FIRST_DEX
    row: dict[str, Any] = {
        "totalVaultEquity": usd_text(total_equity(view, user) if is_first else 0)
    }
    at_cap = perps_at_open_interest_cap(view, dex)
    if at_cap:
        row["perpsAtOpenInterestCap"] = at_cap
    led = leading(view, user) if is_first else []
    if led:
        row["leadingVaults"] = led
    return row
