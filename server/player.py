"""Does again what a journal tells, on an exchange that started as the journal's did."""

from __future__ import annotations

from collections.abc import Callable

from ..matching.dataclass import dataclass
from ..scenarios.director import Direction
from .blocks import (
    AutoWaitSet,
    Block,
    ClockHanded,
    ClockSkewed,
    Deed,
    Kept,
    Loaded,
    Turn,
    WasReset,
    WentBack,
)
from .console import Console
from .records import JournalFile, NoJournal, Record, did, digests

Until = Callable[[Record], bool]
"""True for the first record that is not played any more."""


class Differs(Exception):
    """Something came out otherwise than the journal has it. One line that says what and where."""


@dataclass(slots=True)
class Played:
    """What was done and compared."""

    records: int = 0
    replies: int = 0
    hashes: int = 0
    is_cut: bool = False
    """Whether there are records that were to be left out."""


class Player:
    """Plays one journal. Whoever follows the node's blocks is told of all of them."""

    def __init__(self, console: Console, journal: JournalFile, *, check: bool) -> None:
        self._console = console
        self._journal = journal
        self._check = check
        self._blocks: list[Block] = []
        self.played = Played()

    def play(self, until: Until = lambda record: False) -> Played:
        """Plays to the end or `until`. Raises Differs, and NoJournal for a damaged file.

        What the scripts did is always compared; every reply and hash with `check`.
        """
        node = self._console.node
        header = self._journal.header
        if header.hash and node.exchange.state_hash() != header.hash:
            raise Differs(
                f"{self._journal.path}: the start state is another one than that of hlsim "
                f"{header.version}, which wrote the journal"
            )
        unsubscribe = node.subscribe(self._blocks.append)
        try:
            for record in self._journal.records():
                if until(record):
                    self.played.is_cut = True
                    break
                self._blocks.clear()
                self._repeat(record)
                self.played.records += 1
        finally:
            unsubscribe()
        return self.played

    def _repeat(self, record: Record) -> None:
        if record.hash:
            if self._check:
                self.played.hashes += 1
                if self._console.node.exchange.state_hash() != record.hash:
                    raise self._differs(record, "the hash of the state differs")
            return
        try:
            inputs, deed = record.the_inputs(), record.the_deed()
        except ValueError as error:
            raise NoJournal(f"{self._journal.path}: record {record.n}: {error}") from None
        try:
            if deed is None or isinstance(deed, Turn | Direction):
                self._console.node.repeat(inputs, deed)
            else:
                self._do(record, deed)
        except ValueError as error:
            raise self._differs(record, f"refused now: {error}") from None
        self._compare(record, deed)

    def _do(self, record: Record, deed: Deed) -> None:
        console = self._console
        match deed:
            case ClockHanded():
                console.hand_clock(deed.clock, deed.speed)
            case ClockSkewed():
                console.skew_clock(deed.ms)
            case AutoWaitSet():
                console.set_auto_wait(deed.ms)
            case Kept():
                # Nobody moved the clock meanwhile, and the moment remembers where it stood.
                console.node.pacer.move_to(record.time)
                if console.keep() != deed.id:
                    raise self._differs(record, f"snapshot {deed.id} has another id")
            case WentBack():
                console.restore(deed.id)
            case WasReset():
                console.reset()
            case Loaded():
                console.load(deed.saved)

    def _compare(self, record: Record, deed: Deed | None) -> None:
        blocks = [block for block in self._blocks if block.restored is None]
        if len(blocks) != 1:
            raise self._differs(record, f"{len(blocks)} blocks came of it")
        (block,) = blocks
        made = () if block.deed is None else block.inputs[block.began :]
        done = did(made) if made else None
        if done != record.did or type(block.deed) is not type(deed):
            raise self._differs(record, "what the market does differs")
        if block.time_ms != record.time:
            raise self._differs(record, f"it is {block.time_ms} now")
        if self._check:
            self.played.replies += len(record.replies)
            if digests(block.replies) != record.replies:
                raise self._differs(record, "the reply to a client differs")

    def _differs(self, record: Record, what: str) -> Differs:
        return Differs(f"{self._journal.path}: record {record.n}, at {record.time}: {what}")
