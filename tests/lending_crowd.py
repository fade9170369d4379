"""A crowd that also supplies and borrows."""

from __future__ import annotations

from deeds import Crowd
from lenders import HYPE, USDC, lends
from stories import Story


class LendingCrowd(Crowd):
    """As `Crowd`; a third of its deeds are moves of reserves."""

    def __init__(self, seed: int, *, story: Story | None = None) -> None:
        super().__init__(seed, story=story)
        self.done = dict.fromkeys(("supply", "withdraw", "borrow", "repay"), 0)
        for trader in self.traders[:2]:
            lends(trader, "supply", USDC, "2500")

    def deed(self) -> None:
        if self.rng.randrange(3):
            super().deed()
            return
        rng = self.rng
        trader = rng.choice(self.traders)
        operation = rng.choice(tuple(self.done))
        token = HYPE if rng.random() < (0.1 if operation in ("borrow", "repay") else 0.6) else USDC
        amount = f"{rng.randrange(0, 1_200) * rng.random():.{rng.randrange(0, 9)}f}"
        answer = lends(trader, operation, token, None if rng.random() < 0.15 else amount)
        self.done[operation] += answer == "ok"
