"""What one user has: state of the account, open orders, room to trade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from msgspec.json import encode as to_json

from ...matching.dataclass import dataclass
from ...sim.assets import Perp
from ...sim.events import Event
from ...sim.fixed import Address
from ...sim.orders import Order
from ...sim.view import View
from ..info.registry import Json
from ..shapes.accounts import active_asset_data, all_states, clearinghouse_state
from ..shapes.cached import PerState, Raw
from ..shapes.orders import Listed, full_order, listed
from ..shapes.spot import spot_state
from .registry import Refusal, Source, Topic, topic

STATE_MS = 5_000
"""Observed: account states come about every 5 s even for an idle account (ws 3.20)."""

FIRST_DEX = ""


def unless_dex(view: View, dex: str) -> Refusal | None:
    """Assumed: a dex that does not exist is a semantic error like an unknown coin (ws 2.2)."""
    return Refusal.INVALID if view.dex(dex) is None else None


_Rows = dict[int, tuple[Order, int, tuple[Order, ...], bytes]]
_rows: PerState[_Rows] = PerState(lambda state: {})
ROWS_KEPT = 20_000
"""Above that the encoded rows of all users are made anew."""


@topic("openOrders", source="ws 3.19")
@dataclass(frozen=True, slots=True)
class OpenOrders(Topic):
    """The full list, newest first, whenever it changed (the cadence is assumed)."""

    user: Address
    dex: str = FIRST_DEX

    def refusal(self, view: View) -> Refusal | None:
        return unless_dex(view, self.dex)

    def sources(self) -> tuple[Source, ...]:
        # A partial fill changes the list and is no order update.
        return (("openOrders", self.user), ("clearinghouseState", self.user))

    def first(self, view: View) -> Json:
        kept = _rows.of(view.state)
        if len(kept) > ROWS_KEPT:
            kept.clear()
        orders = listed(view, self.user, view.dex(self.dex) or 0)
        rows = [_row(each, kept) for each in orders]
        return {"dex": self.dex, "user": self.user, "orders": Raw(b"[%b]" % b",".join(rows))}

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (self.first(view),)

    def news(self, data: Json) -> object:
        return bytes(data["orders"])


def _row(each: Listed, kept: _Rows) -> bytes:
    """`full_order`, encoded. A maker's thousand orders are listed again for each that moved."""
    order, children = each
    found = kept.get(order.oid)
    if found is None or found[0] is not order or found[1] != order.sz or found[2] != children:
        row = to_json(full_order(order, children=children))
        found = kept[order.oid] = (order, order.sz, children, row)
    return found[3]


@topic("clearinghouseState", source="ws 3.20")
@dataclass(frozen=True, slots=True)
class ClearinghouseState(Topic):
    """The whole state, on change and on the clock (on change: assumed)."""

    user: Address
    dex: str = FIRST_DEX

    def refusal(self, view: View) -> Refusal | None:
        return unless_dex(view, self.dex)

    def sources(self) -> tuple[Source, ...]:
        return (("clearinghouseState", self.user),)

    def period_ms(self, view: View) -> int:
        return STATE_MS

    def first(self, view: View) -> Json:
        state = clearinghouse_state(view, self.user, view.dex(self.dex) or 0)
        return {"dex": self.dex, "user": self.user, "clearinghouseState": state}

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (self.first(view),)


@topic("allDexsClearinghouseState", source="ws 3.20")
@dataclass(frozen=True, slots=True)
class AllDexsClearinghouseState(Topic):
    """`[dex, state]` of every dex, on change and on the clock (on change: assumed)."""

    user: Address

    def sources(self) -> tuple[Source, ...]:
        return (("clearinghouseState", self.user),)

    def period_ms(self, view: View) -> int:
        return STATE_MS

    def first(self, view: View) -> Json:
        return {"user": self.user, "clearinghouseStates": all_states(view, self.user)}

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (self.first(view),)


@topic("spotState", source="ws 3.21")
@dataclass(frozen=True, slots=True)
class SpotState(Topic):
    """All balances, when one of them changed and on the clock (on change: assumed).

    The two flags are two clients' names of one parameter, of which only the second is told again
    (contested 38). Assumed: portfolio margin is shown in either case.
    """

    is_state: ClassVar[bool] = True

    user: Address
    is_portfolio_margin: bool = False
    ignore_portfolio_margin: bool = False

    def echo(self) -> dict[str, Json]:
        echo = Topic.echo(self)
        del echo["isPortfolioMargin"]
        return echo

    def sources(self) -> tuple[Source, ...]:
        return (("clearinghouseState", self.user),)

    def period_ms(self, view: View) -> int:
        return STATE_MS

    def first(self, view: View) -> Json:
        return {"user": self.user, "spotState": spot_state(view, self.user)}

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (self.first(view),)

    def news(self, data: Json) -> object:
        return data["spotState"]


@topic("activeAssetData", source="ws 3.7")
@dataclass(frozen=True, slots=True)
class ActiveAssetData(Topic):
    """Leverage and room to trade of one perp, whenever they or the mark changed."""

    user: Address
    coin: str

    def refusal(self, view: View) -> Refusal | None:
        """Observed: a spot coin is told like an unknown one (ws 3.7)."""
        known = isinstance(view.universe.by_coin.get(self.coin), Perp)
        return None if known else Refusal.INVALID

    def sources(self) -> tuple[Source, ...]:
        return (("activeAssetData", self.user), ("prices", self.coin))

    def first(self, view: View) -> Json | None:
        perp = view.universe.by_coin.get(self.coin)
        return active_asset_data(view, self.user, perp) if isinstance(perp, Perp) else None

    def update(self, view: View, events: Sequence[Event]) -> Iterable[Json]:
        return (self.first(view),)

    def news(self, data: Json) -> object:
        return data
