"""`hlsim bench`: what the exchange costs, as ratios against floors measured in the same run.

Times of one machine mean little on another, and little on the same one an hour later. So each case
is measured in turns with its floor, as CPU time of the server process per request, and only the
quotient is judged. Floors and exchange run in processes of their own; the load comes from this one.
"""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from ..matching.book import OrderBook
from ..matching.dataclass import dataclass
from ..matching.types import Order, Px, Side, Sz
from ..scenarios.genesis import KNOWN_ACCOUNTS
from . import garbage
from .app import Options, open_node
from .bench_client import (
    Server,
    Wallet,
    order,
    place,
    post,
    pump,
    start_echo,
    start_hlsim,
    start_verify,
)
from .bench_floors import BareBook
from .bench_moments import crowded_node, touch_books
from .pacer import START_MS, Clock

COIN = "BTC"
RESTING_TICKS = 150
"""Resting orders of one round spread over so many whole dollars."""


COUNTED = (
    "--limits=strict",
    "--limit-set=ip-weight=1000000000",
    "--limit-set=address-requests=1000000000",
)
"""A measurement is not throttled, but what it costs to count requests is measured."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    rounds: int
    placements: int
    requests: int
    """Per case and round."""
    starts: int
    idle_s: float
    accounts: int = 1_000
    """Of the node that is taken back in time; ten orders each."""


FULL = Effort(rounds=7, placements=30_000, requests=2_500, starts=7, idle_s=5.0)
QUICK = Effort(rounds=3, placements=8_000, requests=600, starts=3, idle_s=1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report. `value` is judged: floor over ours, or what has no floor."""

    name: str
    ours: str
    floor: str
    value: float
    goal: float
    at_most: bool = False
    """The goal is a limit from above, on a value that has no floor."""

    @property
    def met(self) -> bool:
        return self.value <= self.goal if self.at_most else self.value >= self.goal


# -- the book --------------------------------------------------------------------------------------

Op = tuple[int, int, Side | None, int, int]
"""`(oid, oid to cancel or 0, side, px, sz)`."""


def placements(count: int, seed: int = 7) -> list[Op]:
    """Half placements near a mid, two fifths cancels, one tenth orders that cross."""
    rng = random.Random(f"{seed}/bench")
    resting: list[int] = []
    ops: list[Op] = []
    for oid in range(1, count + 1):
        kind = rng.randrange(10)
        if kind < 4 and resting:
            index = rng.randrange(len(resting))
            resting[index], resting[-1] = resting[-1], resting[index]
            ops.append((oid, resting.pop(), None, 0, 0))
            continue
        side = Side.BID if rng.getrandbits(1) else Side.ASK
        distance = -rng.randrange(1, 6) if kind == 9 else rng.randrange(1, 100)
        ops.append((oid, 0, side, 10_000 - side.sign * distance, rng.randrange(1, 50)))
        resting.append(oid)
    return ops


class _Lenient:
    """A gate that lets everyone trade."""

    def admit(self, maker: Order, sz: Sz) -> object | None:
        return None

    def settle(self, maker: Order, px: Px, sz: Sz) -> None:
        pass

    def removed(self, maker: Order, reason: object) -> None:
        pass


def run_ours(ops: Sequence[Op]) -> int:
    """Places `ops` into our book. Returns how many orders rest at the end."""
    book = OrderBook()
    gate = _Lenient()
    orders: dict[int, Order] = {}
    for oid, cancelled, side, px, sz in ops:
        if side is None:
            maker = orders.pop(cancelled)
            if maker.level is not None:
                book.cancel(maker)
            continue
        taker = Order(oid, str(oid), side, Px(px), Sz(sz))
        book.take(taker, gate)
        if taker.sz:
            book.rest(taker)
        orders[oid] = taker
    return len(book)


def run_bare(ops: Sequence[Op]) -> int:
    """Places `ops` into the bare book. Returns how many orders rest at the end."""
    book = BareBook()
    for oid, cancelled, side, px, sz in ops:
        if side is None:
            book.cancel(cancelled)
        else:
            book.place(oid, is_bid=side is Side.BID, px=px, sz=sz)
    return len(book)


def _cpu_of(run: Callable[[Sequence[Op]], int], ops: Sequence[Op]) -> float:
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        run(ops)
        return time.process_time() - began
    finally:
        gc.enable()


def bench_book(effort: Effort) -> Row:
    """Placements, cancels and matches in our book against the bare one."""
    ops = placements(effort.placements)
    if run_ours(ops) != run_bare(ops):
        raise AssertionError("the two books disagree: the measurement would mean nothing")
    pairs = [(_cpu_of(run_bare, ops), _cpu_of(run_ours, ops)) for _ in range(effort.rounds)]
    floor, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    return _against("book: place, cancel, match", ours / len(ops), floor / len(ops), 0.5)


def _against(name: str, ours_s: float, floor_s: float, goal: float) -> Row:
    return Row(name, f"{ours_s * 1e6:.1f} us", f"{floor_s * 1e6:.1f} us", floor_s / ours_s, goal)


# -- requests --------------------------------------------------------------------------------------


class SignedOrders:
    """Signed single orders of the well-known accounts: nine of ten rest, one crosses a little."""

    def __init__(self, mid: int) -> None:
        """`mid`: whole dollars."""
        self._mid = mid
        self._wallets = [Wallet(account.private_key) for account in KNOWN_ACCOUNTS]
        self._nonce = time.time_ns() // 1_000_000

    def requests(self, count: int) -> list[bytes]:
        return [post("/exchange", self._body(index)) for index in range(count)]

    def _body(self, index: int) -> bytes:
        self._nonce += 1
        wallet = self._wallets[index % len(self._wallets)]
        if index % 10 == 9:
            is_buy = index % 20 == 9
            px, tif = self._mid * (103 if is_buy else 97) // 100, "Ioc"
        else:
            is_buy, px, tif = True, self._mid * 9 // 10 - index % RESTING_TICKS, "Gtc"
        wire = order(0, is_buy=is_buy, px=str(px), sz="0.001", tif=tif)
        return wallet.sign_l1(place(wire), self._nonce)

    async def cancel_all(self, url: str) -> None:
        """Cancels what rests, unmeasured, so that every round meets the same books."""
        asks = [info_request({"type": "openOrders", "user": w.address}) for w in self._wallets]
        for wallet, ask in zip(self._wallets, asks, strict=True):
            (body,) = (await pump(url, [ask])).bodies
            oids = [row["oid"] for row in msgspec.json.decode(body)]
            cancels = [{"a": 0, "o": oid} for oid in oids]
            requests = []
            for first in range(0, len(cancels), 100):
                self._nonce += 1
                action = {"type": "cancel", "cancels": cancels[first : first + 100]}
                requests.append(post("/exchange", wallet.sign_l1(action, self._nonce)))
            await pump(url, requests)


def info_request(request: dict[str, Any]) -> bytes:
    """A whole `/info` request."""
    return post("/info", msgspec.json.encode(request))


@dataclass(slots=True)
class Case:
    """One kind of request to one server, and what each round took."""

    name: str
    server: Server
    samples: list[float]

    async def measure(self, requests: Sequence[bytes]) -> None:
        before = self.server.cpu_s()
        answers = await pump(self.server.url, requests)
        self.samples.append((self.server.cpu_s() - before) / len(requests))
        if answers.failed:
            raise RuntimeError(f"{self.name}: {answers.failed} failed: {answers.first_failure}")

    @property
    def cpu_s(self) -> float:
        return statistics.median(self.samples)


async def _mid(url: str) -> int:
    (body,) = (await pump(url, [info_request({"type": "allMids"})])).bodies
    return int(msgspec.json.decode(body)[COIN].split(".")[0])


async def bench_requests(effort: Effort, ours: Server) -> list[Row]:
    """Signed orders and reads over HTTP against an echo and a verify-only Starlette app."""
    echo, verify = start_echo(), start_verify()
    try:
        orders = SignedOrders(await _mid(ours.url))
        book = info_request({"type": "l2Book", "coin": COIN})
        mids = info_request({"type": "allMids"})
        echoed, verified, ordered, echo_reads, books, all_mids = cases = [
            Case("echo", echo, []),
            Case("verify", verify, []),
            Case("order", ours, []),
            Case("echo of a read", echo, []),
            Case("l2Book", ours, []),
            Case("allMids", ours, []),
        ]
        for number in range(-1, effort.rounds):
            signed = orders.requests(effort.requests)
            reads = [[one] * effort.requests for one in (book, book, mids)]
            for case, requests in zip(cases, [signed, signed, signed, *reads], strict=True):
                await case.measure(requests)
                if number < 0:
                    case.samples.clear()  # the first round only warms up
            await orders.cancel_all(ours.url)
        return [
            _against("signed order / verify only", ordered.cpu_s, verified.cpu_s, 0.5),
            _against("signed order / JSON echo", ordered.cpu_s, echoed.cpu_s, 0.0),
            _against("l2Book / JSON echo", books.cpu_s, echo_reads.cpu_s, 0.7),
            _against("allMids / JSON echo", all_mids.cpu_s, echo_reads.cpu_s, 0.7),
        ]
    finally:
        echo.stop()
        verify.stop()


# -- start and memory ------------------------------------------------------------------------------


def bench_start(effort: Effort) -> Iterator[Row]:
    """Process start to ready, in turns with the echo app: the best of some starts.

    What else the machine does at that moment can only make a start longer.
    """
    ours: list[float] = []
    floor: list[float] = []
    for _ in range(effort.starts):
        for samples, starter in ((floor, start_echo), (ours, start_hlsim)):
            server = starter()
            server.stop()
            samples.append(server.ready_s)
    ours_s, floor_s = min(ours), min(floor)
    yield Row("ready after", f"{ours_s:.3f} s", f"{floor_s:.3f} s", ours_s, 0.6, at_most=True)


def bench_memory(effort: Effort, server: Server) -> Row:
    """Resident memory of a fresh exchange whose markets live, before any client came."""
    time.sleep(effort.idle_s)
    used = server.resident_mb()
    return Row("idle memory, all markets", f"{used:.0f} MB", "", used, 120, at_most=True)


# -- back in time ----------------------------------------------------------------------------------


def bench_moments(effort: Effort) -> Iterator[Row]:
    """Snapshots and restores of a crowd, every book of it changed in between; resets of a still
    market. CPU time, the best of some rounds, with the garbage collector as a server has it.
    """
    node = crowded_node(effort.accounts)
    still = open_node(Options(market="static", clock=Clock.MANUAL, start_ms=START_MS))
    start = still.mark()
    garbage.settle()
    there_and_back: list[float] = []
    resets: list[float] = []
    for _ in range(effort.rounds):
        touch_books(node)
        taken = time.process_time()
        mark = node.mark()
        taken = time.process_time() - taken
        touch_books(node)
        began = time.process_time()
        node.rewind(mark)
        there_and_back.append(taken + time.process_time() - began)
        del mark  # to let go of it is no part of either
        still.advance(10_000)
        began = time.process_time()
        still.rewind(start)
        resets.append(time.process_time() - began)
    for name, samples, goal in (
        ("snapshot + restore", there_and_back, 50),
        ("reset", resets, 5),
    ):
        value = 1000 * min(samples)
        yield Row(name, f"{value:.1f} ms", "", value, goal, at_most=True)


# -- the report ------------------------------------------------------------------------------------


def line(row: Row) -> str:
    """One line of the report."""
    said = "" if not row.goal else "met" if row.met else "MISSED"
    bound = f"<= {row.goal:g}" if row.at_most else f">= {row.goal:g}" if row.goal else ""
    ratio = "" if row.at_most else f"{row.value:.2f}"
    return f"{row.name:<28}{row.ours:>10}{row.floor:>10}{ratio:>8}  {bound:<8}{said}".rstrip()


def report(effort: Effort) -> Iterator[Row]:
    """Everything that is measured, one row at a time."""
    yield bench_book(effort)
    yield from bench_start(effort)
    yield from bench_moments(effort)
    ours = start_hlsim(*COUNTED)
    try:
        yield bench_memory(effort, ours)
        yield from asyncio.run(bench_requests(effort, ours))
    finally:
        ours.stop()


def run(effort: Effort, *more: Callable[[Effort], Iterator[Row]]) -> None:
    """Measures and prints, line by line: `report`, and what `more` measure."""
    print(f"{'':<28}{'ours':>10}{'floor':>10}{'ratio':>8}  goal")
    for measure in (report, *more):
        for row in measure(effort):
            print(line(row), flush=True)
