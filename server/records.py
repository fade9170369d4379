"""What a journal file holds: a header, then a record for each block. One line of JSON each.

The header is all that the start state is made of. A record has the block's inputs as data, but of
what the market's scripts did only how much it was and a digest: they do it again when the journal
is replayed, and it must come out the same.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import IO, Any

import msgspec

from ..matching.dataclass import dataclass
from ..scenarios.cast import ActorCancels, ActorOrder, OpenActor
from ..scenarios.director import MovePrice, SetBook
from ..sim.exchange import Input, Sealed
from ..sim.replies import Response
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
from .encode import response_bytes
from .journal import decode, encode

FORMAT = 1
MAGIC = b'{"journal":'
"""How the first line begins."""

DEEDS: dict[str, type[Deed]] = {
    "turn": Turn,
    "move": MovePrice,
    "book": SetBook,
    "actor": OpenActor,
    "actor order": ActorOrder,
    "actor cancels": ActorCancels,
    "clock": ClockHanded,
    "skew": ClockSkewed,
    "auto wait": AutoWaitSet,
    "snapshot": Kept,
    "restore": WentBack,
    "reset": WasReset,
    "load": Loaded,
}
"""By their names in a record."""
_NAMES = {kind: name for name, kind in DEEDS.items()}


class NoJournal(ValueError):
    """The file is no journal, or is damaged. The text is one line that says where."""


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings that decide the start state, and whose clock it was. Named as the flags."""

    chain: str
    world: str
    market: str
    seed: int
    clock: str
    speed: float
    start_time: int | None
    accounts: int
    balance: int
    fund: tuple[tuple[str, int], ...]
    profile: tuple[tuple[str, str], ...]
    limits: str
    limit_set: tuple[tuple[str, int], ...]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first line."""

    journal: int
    """Version of the format."""
    version: str
    """Of hlsim."""
    setup: Setup
    start_ms: int
    """Exchange time at the start."""
    world: str | None
    """The text of a world file; None: a world that is shipped."""
    hash: str
    """Of the start state; "" where nobody took the time."""


class Did(msgspec.Struct, frozen=True, array_like=True):
    """What a deed did."""

    inputs: int
    digest: str


class Record(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Any other line."""

    n: int
    """Its number, from 1."""
    time: int
    """Exchange time, ms."""
    inputs: tuple[msgspec.Raw, ...] = ()
    replies: tuple[str, ...] = ()
    """Digests of what clients got, "" where we failed."""
    deed: str = ""
    terms: msgspec.Raw = msgspec.Raw(b"")
    did: Did | None = None
    hash: str = ""
    """Of the state, when the exchange was stopped."""

    def the_inputs(self) -> list[Input]:
        """What was put in before the deed. Raises ValueError."""
        return [decode(bytes(item)) for item in self.inputs]

    def the_deed(self) -> Deed | None:
        """Raises ValueError."""
        if not self.deed:
            return None
        kind = DEEDS.get(self.deed)
        if kind is None:
            raise ValueError(f"unknown deed {self.deed!r:.80}")
        deed: Deed = msgspec.json.decode(self.terms or b"{}", type=kind)
        return deed


_to_json = msgspec.json.Encoder().encode
_record = msgspec.json.Decoder(Record)


def header_line(header: Header) -> bytes:
    """With its newline, as every line."""
    return _to_json(header) + b"\n"


def hash_line(number: int, time_ms: int, hash_: str) -> bytes:
    """The record of a state's hash."""
    return _to_json(Record(n=number, time=time_ms, hash=hash_)) + b"\n"


def block_line(number: int, block: Block) -> bytes | None:
    """The record of a block; None for one that holds nothing that has to be done again."""
    deed = block.deed
    if deed is None and not block.inputs:
        return None
    own = block.inputs if deed is None else block.inputs[: block.began]
    record = Record(
        n=number,
        time=block.time_ms,
        inputs=tuple(msgspec.Raw(encode(item)) for item in own if type(item) is not Sealed),
        replies=digests(block.replies),
    )
    if deed is not None:
        record.deed = _NAMES[type(deed)]
        terms = _to_json(deed)
        if terms != b"{}":
            record.terms = msgspec.Raw(terms)
        if block.began < len(block.inputs):
            record.did = did(block.inputs[block.began :])
    return _to_json(record) + b"\n"


def did(inputs: Sequence[Input]) -> Did:
    """How much a deed did, and its digest."""
    digest = blake2b(digest_size=8)
    for item in inputs:
        digest.update(encode(item))
    return Did(len(inputs), digest.hexdigest())


def digests(replies: Iterable[Response | None]) -> tuple[str, ...]:
    """16 hex digits of each reply as the client got it."""
    return tuple(
        "" if one is None else blake2b(response_bytes(one), digest_size=8).hexdigest()
        for one in replies
    )


# -- reading ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class JournalFile:
    """A journal as far as it was read. One line of it is in memory at a time."""

    path: str
    file: IO[bytes]
    header: Header
    size: int
    """Bytes of whole lines so far."""
    count: int = 0
    """Records so far."""
    torn: int = 0
    """Bytes of a last line that was never finished: nobody was told of what it was to hold."""

    def records(self) -> Iterator[Record]:
        """Every record from here on. Raises NoJournal for a line that is none."""
        for line in self.file:
            if not line.endswith(b"\n"):
                self.torn = len(line)
                return
            record = self._read(line)
            self.size += len(line)
            self.count += 1
            yield record

    def _read(self, line: bytes) -> Record:
        number = self.count + 1
        try:
            record = _record.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise NoJournal(f"{self.path}: record {number} is damaged: {error}") from None
        if record.n != number:
            raise NoJournal(f"{self.path}: record {number} is missing: {record.n} stands there")
        return record


def check_plain(path: str) -> None:
    """Raises NoJournal for a pipe or a device, of which there may never be an end."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return  # whoever opens it says what is wrong
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise NoJournal(f"{path}: not a journal of hlsim: it is no plain file")


def open_journal(path: str, file: IO[bytes]) -> JournalFile | None:
    """The journal in a file; None when there is none yet: it is empty, or its header is torn.

    Raises NoJournal for a file that is something else.
    """
    line = file.readline()
    if not line.startswith(MAGIC[: len(line)]):
        raise NoJournal(f"{path}: not a journal of hlsim")
    if not line.endswith(b"\n"):
        return None
    try:
        told = msgspec.json.decode(line)
        if told["journal"] != FORMAT:
            raise NoJournal(f"{path}: a journal of format {told['journal']!r:.20}, not {FORMAT}")
        header = msgspec.convert(told, Header)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NoJournal(f"{path}: the header is damaged: {error}") from None
    return JournalFile(path, file, header, len(line))


def last_records(file: IO[bytes], size: int, wanted: int) -> list[Any]:
    """So many of the last records among the first `size` bytes, oldest first, as JSON."""
    data = b""
    at = size
    while at > 0 and data.count(b"\n") <= wanted:
        step = min(at, 65_536)
        at -= step
        file.seek(at)
        data = file.read(step) + data
    lines = data.split(b"\n")[:-1]
    # What was cut in the middle, or is the header.
    return [msgspec.json.decode(line) for line in lines[1:][len(lines[1:]) - wanted :]]
