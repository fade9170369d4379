"""One account again, so plain that it is right by reading. For tests and nothing else.

Dollars and coins are fractions; nothing is kept that can be computed; the rules stand as the
mechanics sheet words them. It shares no code with the exchange.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor, trunc

Tiers = tuple[tuple[Fraction, int], ...]
"""(notional from which it holds, maximum leverage), lowest first."""


def cents(amount: Fraction) -> Fraction:
    """Truncated to the six decimals that a ledger holds."""
    return Fraction(trunc(amount * 10**6), 10**6)


@dataclass
class Holding:
    """An open position. `cost` is signed: what it was bought for."""

    szi: Fraction
    cost: Fraction
    leverage: int
    is_cross: bool
    cash: Fraction = Fraction(0)
    """The ledger of an isolated position."""


@dataclass
class ModelCoin:
    sz_decimals: int
    tiers: Tiers
    mark: Fraction

    def maintenance(self, szi: Fraction) -> Fraction:
        """ntl * mmr - deduction of its tier, mmr = 1 / (2 * max leverage) (mechanics 6.3)."""
        ntl = abs(szi) * self.mark
        deduction, rate, last = Fraction(0), Fraction(0), Fraction(0)
        for number, (lower, leverage) in enumerate(self.tiers):
            if number and ntl <= lower:
                break
            rate = Fraction(1, 2 * leverage)
            deduction += lower * (rate - last) if number else 0
            last = rate
        return Fraction(floor(ntl * rate * 10**6), 10**6) - deduction


class ModelAccount:
    """Cross cash and positions of one user."""

    def __init__(self, coins: dict[str, ModelCoin]) -> None:
        self.coins = coins
        self.cash = Fraction(0)
        self.holdings: dict[str, Holding] = {}
        self.settings: dict[str, tuple[int, bool]] = {}

    # -- what happens ------------------------------------------------------------------------------

    def trade(
        self, coin: str, szi: Fraction, px: Fraction, rate: Fraction, *, forced: bool = False
    ) -> tuple[str, Fraction, Fraction]:
        """A signed fill: (dir, closed pnl, fee). `forced` by a liquidation of this account."""
        fee = cents(abs(szi) * px * rate)
        held = self.holdings.get(coin)
        start = held.szi if held is not None else Fraction(0)
        if start * szi >= 0:
            self.open(coin, szi, px, fee)
            return ("Open Long" if szi > 0 else "Open Short"), Fraction(0), fee
        assert held is not None
        closed = min(abs(szi), abs(start))
        gain = (px - self.shown_entry(coin)) * closed
        pnl = gain if start > 0 else -gain
        self.close(coin, closed, px, fee, forced=forced)
        if abs(szi) <= abs(start):
            return ("Close Long" if start > 0 else "Close Short"), pnl, fee
        self.open(coin, szi + start, px, Fraction(0))
        return ("Short > Long" if szi > 0 else "Long > Short"), pnl, fee

    def open(self, coin: str, szi: Fraction, px: Fraction, fee: Fraction) -> None:
        """Cross pays at once; isolated gets notional / leverage and owes the rest itself."""
        if coin not in self.holdings:
            leverage, is_cross = self.settings[coin]
            self.holdings[coin] = Holding(Fraction(0), Fraction(0), leverage, is_cross)
        held, cost = self.holdings[coin], szi * px
        held.szi += szi
        held.cost += cost
        if held.is_cross:
            self.cash -= cost + fee
        else:
            margin = cents(abs(cost) / held.leverage)
            self.cash -= margin
            held.cash += margin - cost - fee

    def close(self, coin: str, sz: Fraction, px: Fraction, fee: Fraction, *, forced: bool) -> None:
        """Entry price stays. An isolated margin shrinks alike; a forced close leaves it whole."""
        held = self.holdings[coin]
        left = 1 - sz / abs(held.szi)
        proceeds = (sz if held.szi > 0 else -sz) * px - fee
        if held.is_cross:
            self.cash += proceeds
        elif forced and left:
            held.cash += proceeds
        else:
            kept = cents(held.cash * left)
            released = held.cash - kept + proceeds
            held.cash = kept
            self.cash += max(released, 0) if forced else released
        held.szi = held.szi * left
        held.cost = cents(held.cost * left)
        if not left:
            del self.holdings[coin]

    def fund(self, coin: str, oracle: Fraction, rate: Fraction) -> Fraction:
        """The hour's payment, received when positive (mechanics 10)."""
        held = self.holdings[coin]
        paid = cents(-held.szi * oracle * rate)
        if held.is_cross:
            self.cash += paid
        else:
            held.cash += paid
        return paid

    def lose(self, pot: str | None) -> None:
        """The backstop: the position and its margin are gone, or all cross ones and the cash."""
        if pot is not None:
            del self.holdings[pot]
            return
        self.cash = Fraction(0)
        self.holdings = {coin: h for coin, h in self.holdings.items() if not h.is_cross}

    # -- what it is worth --------------------------------------------------------------------------

    def pots(self) -> list[str | None]:
        """None is cross; the rest are isolated positions."""
        return [None, *(coin for coin, held in self.holdings.items() if not held.is_cross)]

    def in_pot(self, pot: str | None) -> dict[str, Holding]:
        if pot is not None:
            return {pot: self.holdings[pot]}
        return {coin: held for coin, held in self.holdings.items() if held.is_cross}

    def value(self, pot: str | None) -> Fraction:
        cash = self.cash if pot is None else self.holdings[pot].cash
        return cash + sum(
            held.szi * self.coins[coin].mark for coin, held in self.in_pot(pot).items()
        )

    def maintenance(self, pot: str | None) -> Fraction:
        owed = (self.coins[coin].maintenance(held.szi) for coin, held in self.in_pot(pot).items())
        return sum(owed, Fraction(0))

    def shown_entry(self, coin: str) -> Fraction:
        """Truncated to 6 - szDecimals decimals (mechanics 7.1)."""
        held, unit = self.holdings[coin], 10 ** (6 - self.coins[coin].sz_decimals)
        return Fraction(floor(held.cost / held.szi * unit), unit)

    def liquidation_px(self, coin: str) -> Fraction | None:
        """The mark at which the value of its pot meets maintenance, others frozen (mechanics 8.3).

        Searched, not solved: in each tier the one price at which both are equal.
        """
        held, own = self.holdings[coin], self.coins[coin]
        pot = None if held.is_cross else coin
        rest = self.value(pot) - held.szi * own.mark
        rest -= self.maintenance(pot) - own.maintenance(held.szi)
        deduction, last, candidate = Fraction(0), Fraction(0), None
        for number, (lower, leverage) in enumerate(own.tiers):
            rate = Fraction(1, 2 * leverage)
            deduction += lower * (rate - last) if number else 0
            last = rate
            px = -(rest + deduction) / (held.szi - rate * abs(held.szi))
            if px <= 0:
                continue
            candidate = px
            ends = number + 1 == len(own.tiers) or abs(held.szi) * px <= own.tiers[number + 1][0]
            if ends and (number == 0 or abs(held.szi) * px > lower):
                return px
        return candidate
