"""The table of refusals: members of the error enums, their texts on the wire, how to earn them.

A case is a function of a `World` that returns the last reply; `test_refusals.py` runs them all and
misses none. Cases stand in modules by what they concern.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from wire import Pen, oid_of

from hlsim.library import RunningExchange
from hlsim.sim.errors import ActionReject, CancelReject, OrderReject, TwapReject
from hlsim.sim.fixed import Address, Px, Usd, parse_decimal
from hlsim.sim.operations import DepositUsd, SetOracle
from hlsim.sim.volume import DAY_MS

Member = OrderReject | CancelReject | ActionReject | TwapReject

BTC, ETH, SOL, GONE, ISOLATED, PURR, HYPE = 0, 1, 5, 3, 34, 10_000, 10_107
"""Asset ids of the default world; GONE is delisted, ISOLATED is strictly isolated."""
USDC_ID = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR_ID = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
FRESH = "0x" + "fe" * 20
"""An address that nobody ever sent anything to."""


class World:
    """One empty, still exchange and three of its funded accounts."""

    def __init__(self, server: RunningExchange) -> None:
        self.server = server
        self.alice, self.bob, self.carol = (Pen(server, one.key) for one in server.accounts[:3])

    @property
    def now_ms(self) -> int:
        return self.server.clock.now_ms

    def trade(self, asset: int, sz: str, px: str) -> None:
        """Alice buys from bob."""
        oid_of(self.bob.sells(asset, sz, px))
        assert "filled" in str(self.alice.buys(asset, sz, px))

    def oracle(self, asset: int, px: str) -> None:
        self.server.operate(SetOracle(((asset, Px(parse_decimal(px, 8))),)))

    def rule(self, **rules: Any) -> None:
        """Goes on under other rules, as an exchange that was opened with them."""

        def change(server: Any) -> None:
            state = server.node.exchange.state
            state.rules = replace(state.rules, **rules)

        self.server.call(change)

    def funded(self, number: int, usd: str = "100") -> Pen:
        """One more user, with nothing but `usd` on perps."""
        pen = Pen(self.server, f"0x{0xF0000 + number:064x}")
        self.deposit(pen, usd)
        return pen

    def deposit(self, pen: Pen, usd: str) -> None:
        self.server.operate(DepositUsd(Address(pen.address), Usd(parse_decimal(usd, 6))))

    def traded(self, pen: Pen, usd: int) -> None:
        """Counts a volume that would take thousands of orders to make."""

        def count(server: Any) -> None:
            state = server.node.exchange.state
            day_ms = state.time_ms - state.time_ms % DAY_MS
            state.accounts[pen.address].volume.add(day_ms, usd * 10**8, 0)

        self.server.call(count)


LEVELS = {OrderReject: "P", CancelReject: "P", ActionReject: "W", TwapReject: "T"}
"""Where a refusal stands in the reply, unless its case says otherwise (exchange 7)."""


@dataclass(frozen=True)
class Case:
    """One way to earn one refusal. `text` may end in `…`: what follows is not compared.

    rules: in which rules of the exchange differ from its defaults.
    """

    member: Member
    text: str
    earn: Callable[[World], Any]
    level: str
    rules: dict[str, Any] = field(default_factory=dict)


CASES: list[Case] = []

F = TypeVar("F", bound=Callable[[World], Any])


def earns(member: Member, text: str, level: str = "", **rules: Any) -> Callable[[F], F]:
    """Enters a function into the table."""

    def enter(earn: F) -> F:
        CASES.append(Case(member, text, earn, level or LEVELS[type(member)], rules))
        return earn

    return enter
