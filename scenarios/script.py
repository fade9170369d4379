"""What a scenario is to the node that runs it."""

from __future__ import annotations

from typing import Any, Protocol

from ..sim.assets import Asset
from ..sim.exchange import Exchange
from ..sim.fixed import Px


class Script(Protocol):
    """Something that acts on an exchange over time, through `apply` and `operate` only.

    The node calls `open` once before the first client, then `run` whenever `next_due_ms` has come.
    A script keeps what it needs to go on in itself and knows nothing of the node, so that
    `restore(state())` on a fresh one, beside an exchange restored at the same moment, goes on
    exactly as the old one would have.
    """

    def open(self, ex: Exchange) -> None:
        """Sets the stage at `ex.state.time_ms`."""
        ...

    def next_due_ms(self) -> int | None:
        """The exchange time of the next turn; None: there is none."""
        ...

    def run(self, ex: Exchange, time_ms: int) -> None:
        """Takes every turn that is due at `time_ms`, which is the exchange's time now.

        May be called late: what was missed is made up for in one turn, not one by one.
        """
        ...

    def state(self) -> Any:
        """All that lasts, as plain data that nothing changes any more."""
        ...

    def restore(self, state: Any) -> None:
        """Goes on from what `state` answered, in a script built with the same arguments."""
        ...


class Quoting(Script, Protocol):
    """A script that keeps books, and lets somebody else say where they stand."""

    def quotes(self, asset_id: int) -> bool:
        """True when it keeps a book of that market."""
        ...

    def withdraw(self, ex: Exchange, asset_id: int) -> None:
        """Takes its orders off one market. It may come back by itself, and does with `aim`."""
        ...

    def aim(self, ex: Exchange, asset: Asset, px: Px) -> None:
        """Goes on around `px`, with quotes there at once if it ever quotes this market."""
        ...

    def leave(self, ex: Exchange, asset_id: int) -> None:
        """Takes its orders off one market and trades there no more."""
        ...
