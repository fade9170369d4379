"""State as bytes and as a hash."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from deeds import Crowd
from stories import START_MS, address, market

from hlsim.matching.book import OrderBook
from hlsim.matching.types import Order as BookOrder
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Address
from hlsim.sim.prices import impact_pxs
from hlsim.sim.snapshot import MAGIC, dump, load, state_hash
from hlsim.sim.state import State

SCRIPT = """
from deeds import Crowd
crowd = Crowd(9)
crowd.run(150)
print(crowd.market.ex.state_hash())
"""


def lived(seed: int = 4, deeds: int = 150) -> Exchange:
    """An exchange to which a lot has happened."""
    crowd = Crowd(seed)
    trader: Any = crowd.traders[0]
    now: Any = START_MS
    trader.act(ApproveAgent(address("key"), now, "bot"))
    trader.act(ApproveAgent(address("other"), now, "bot"))
    crowd.run(deeds)
    return crowd.market.ex


# -- bytes -----------------------------------------------------------------------------------------


def test_a_restored_exchange_is_the_same_and_goes_on_the_same() -> None:
    ex = lived()
    twin = Exchange.restore(ex.snapshot())
    assert twin.state_hash() == ex.state_hash()
    ex.drain()
    for each in (ex, twin):
        each.advance(each.state.time_ms + 7_200_000)
    assert twin.state_hash() == ex.state_hash()
    assert [repr(event) for event in twin.drain()] == [repr(event) for event in ex.drain()]


def test_what_belongs_together_stays_together() -> None:
    """An order is one object in the book, in the lists of its owner and in the history."""
    state = load(dump(lived().state))
    open_orders = [
        order for account in state.accounts.values() for order in account.orders.values()
    ]
    assert len(open_orders) > 10
    for order in open_orders:
        account = state.accounts[Address(order.owner)]
        assert account.history.by_oid[order.oid].order is order
        resting = state.markets[order.asset_id].book.orders(order.side)
        assert any(other is order for other in resting)


def test_a_level_of_many_orders_does_not_recurse() -> None:
    m = market()
    trader = m.account("a", usd="10000000")
    orders = [trader.new_order("0.001 BTC @ 49000", is_buy=True) for _ in range(200)]
    trader.account.volume.add(START_MS, 10**9 * 10**8, 0)
    for _ in range(5):
        trader.place(*orders)
    again = load(dump(m.ex.state))
    assert len(again.markets[0].book) == 1_000


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"hello",
        MAGIC[:-2],
        MAGIC,
        MAGIC.replace(b"3", b"2") + pickle.dumps(1),
        pickle.dumps(1),
        MAGIC + pickle.dumps(1),
        MAGIC + pickle.dumps({"a": [1]}),
        MAGIC + b"\x80\x05garbage",
    ],
)
def test_other_bytes_are_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="snapshot"):
        Exchange.restore(bad)


def test_a_snapshot_that_breaks_off_is_refused() -> None:
    whole = lived(deeds=20).snapshot()
    for length in (len(MAGIC) + 1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(ValueError, match="damaged snapshot"):
            Exchange.restore(whole[:length])


class Hostile:
    """Pickles as a call of anything."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize(
    "call",
    [
        (os.system, "true"),
        (eval, "1"),
        (getattr, "a", "upper"),
        (Exchange, None),
        (dump, None),
        (Path, "/"),
        (bytes, 3),
    ],
)
def test_a_snapshot_cannot_call_anything(call: tuple[Any, ...]) -> None:
    """Only plain data classes and enums of the core are built."""
    with pytest.raises(ValueError, match="has no place in a snapshot"):
        Exchange.restore(MAGIC + pickle.dumps(Hostile(*call), protocol=5))


def test_a_dotted_name_does_not_reach_into_a_class() -> None:
    """`State.__init__` and the like are no classes."""
    reach = b"\x80\x05\x8c\x0fhlsim.sim.state\x8c\x0eState.__init__\x93."
    with pytest.raises(ValueError, match="has no place in a snapshot"):
        Exchange.restore(MAGIC + reach)


# -- hash ------------------------------------------------------------------------------------------


def test_the_hash_is_64_hex_digits_and_repeats() -> None:
    ex = lived()
    assert len(ex.state_hash()) == 64
    assert int(ex.state_hash(), 16)
    assert ex.state_hash() == ex.state_hash()


def test_the_hash_does_not_depend_on_the_hash_seed_of_python() -> None:
    found = set()
    for seed in ("0", "1"):
        environment = os.environ | {
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": str(Path(__file__).parent),
        }
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(run.stdout)
    crowd = Crowd(9)
    crowd.run(150)
    assert found == {crowd.market.ex.state_hash() + "\n"}


def test_shared_and_copied_objects_hash_alike() -> None:
    """Values count, identity does not."""
    ex = lived()
    before = ex.state_hash()
    for account in ex.state.accounts.values():
        account.fills = deque((replace(fill) for fill in account.fills), maxlen=10_000)
        account.leverages = dict(account.leverages)
    assert ex.state_hash() == before


def test_reading_changes_no_hash() -> None:
    """What reads cache is no part of the state."""
    ex = lived()
    before = ex.state_hash()
    for market_ in ex.state.markets.values():
        market_.averages.impact = (-1, None)
        impact_pxs(market_)
        market_.candles.rows("1h", 0, ex.state.time_ms, ex.state.time_ms)
    assert ex.state_hash() == before


def parts(value: Any, seen: dict[int, Any]) -> Iterator[Any]:
    """Every mutable dataclass below `value` that the hash covers, once."""
    if id(value) in seen or isinstance(value, Enum):
        return
    seen[id(value)] = value
    if isinstance(value, dict):
        for pair in value.items():
            yield from parts(pair, seen)
    elif isinstance(value, list | tuple | deque):
        for item in value:
            yield from parts(item, seen)
    elif isinstance(value, OrderBook):
        return
    elif is_dataclass(value):
        yield value
        for each in names(value):
            yield from parts(getattr(value, each), seen)


def names(value: Any) -> list[str]:
    """The fields that count."""
    links = ("level", "before", "behind") if isinstance(value, BookOrder) else ()
    return [
        each.name
        for each in fields(value)
        if not each.metadata.get("transient") and each.name not in links
    ]


def other(value: Any) -> Any:
    """Something else of about the same kind."""
    if value is None:
        return 1
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, Enum):
        return next(member for member in type(value) if member is not value)
    if isinstance(value, dict):
        return {**value, "more": 1}
    if isinstance(value, list | tuple):
        return type(value)([*value, 1])
    if isinstance(value, deque):
        return deque([*value, 1])
    return None


def test_every_field_of_every_kind_counts() -> None:
    """One object of each class, each of its fields changed in turn."""
    ex = lived(deeds=60)
    state = ex.state
    examples: dict[type, Any] = {}
    for part in parts(state, {}):
        examples.setdefault(type(part), part)
    assert len(examples) > 25
    before, tried = state_hash(state), 0
    for example in examples.values():
        for name in names(example):
            kept = getattr(example, name)
            object.__setattr__(example, name, other(kept))
            assert state_hash(state) != before, f"{type(example).__name__}.{name}"
            object.__setattr__(example, name, kept)
            tried += 1
    assert state_hash(state) == before
    assert tried > 150


def test_the_order_of_a_book_and_of_a_dict_counts() -> None:
    state = lived().state
    before = state_hash(state)
    state.accounts = dict(reversed(state.accounts.items()))
    assert state_hash(state) != before


def test_types_that_look_alike_do_not_hash_alike() -> None:
    found = set()
    state = lived(deeds=1).state
    for value in (1, True, "1", None, [1], "None"):
        state.seed = value  # type: ignore[assignment]
        found.add(state_hash(state))
    assert len(found) == 6


def test_a_state_holds_no_sets_or_objects_of_others() -> None:
    """Their order is nobody's; they must not slip in."""
    state = lived(deeds=1).state
    state.seed = {1, 2}  # type: ignore[assignment]
    with pytest.raises(TypeError, match="a state cannot hold set"):
        state_hash(state)
    assert isinstance(state, State)
