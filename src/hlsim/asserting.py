"""Assertions that say what was there instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from hlsim.matching.types import Side
from hlsim.server.control.records import RequestsTold
from hlsim.server.shapes.text import iso_text, px_text
from hlsim.sim.fixed import Address
from hlsim.telling import coin_of_asset, request_told

if TYPE_CHECKING:
    from hlsim.library import RunningExchange
    from hlsim.sim.exchange import Exchange

__tracebackhide__ = True
"""pytest leaves out what is here: of interest is the line of the test that asked."""

LAST = 12
"""Lines of what happened to an account before it failed an assertion."""


class FoundRequests(RequestsTold):
    """What `RunningExchange.requests` found. As a text it has a line for each request."""

    coins: dict[int, str] = msgspec.field(default_factory=dict)
    """By asset id."""

    def assert_count(self, wanted: int) -> None:
        """Raises AssertionError that shows what was found, unless there are so many of them."""
        if self.count != wanted:
            raise AssertionError(f"{wanted} wanted, but found {self}")

    def __repr__(self) -> str:
        # pytest shows it in one line, and so as if it were a text in Python's source.
        return f"<{'; '.join(self._lines())}>"

    def __str__(self) -> str:
        return "\n  ".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.count} request{'' if self.count == 1 else 's'}"
        older = self.count - len(self.requests)
        if older:
            yield f"… {older} older ones …"
        for row in self.requests:
            text = request_told(row, lambda one: coin_of_asset(one, self.coins.get(one)))
            yield f"{iso_text(row.time)} {row.user or row.signer or 'client'} {text}"


def assert_flat(running: RunningExchange, address: str) -> None:
    """Raises AssertionError when an account has a position, an open order or a TWAP that has not
    ended, ValueError for an address that has no account: it is flat for sure, and hardly the one
    that was meant.
    """
    told = running.control("accounts", user=address)
    if not told:
        raise ValueError(f"{address} has no account here")
    (account,) = told
    found = [f"position: {szi} {coin}" for coin, szi in account.positions.items()]
    found += running.read(lambda one: _unfinished(one, account.address))
    if found:
        said = "\n".join(f"  {text}" for text in found)
        last = running.timeline(user=account.address, most=LAST, head=0)
        raise AssertionError(f"{address} is not flat:\n{said}\nwhat happened last:\n{last}")


def _unfinished(exchange: Exchange, address: str) -> list[str]:
    account = exchange.state.accounts[Address(address)]
    words = {Side.BID: "buy", Side.ASK: "sell"}
    orders = [
        f"open order: {words[order.side]} {px_text(order.sz)} {order.coin} at {px_text(order.px)}"
        f"{' when triggered' if order.trigger else ''}, oid {order.oid}"
        for order in account.orders.values()
    ]
    terms = [twap.terms for twap in account.twaps.values()]
    twaps = [f"TWAP: {words[one.side]} {px_text(one.sz)} {one.coin}, id {one.id}" for one in terms]
    return orders + twaps
