"""Moves exchange time for bots that have no clock of their own.

Time moves when every process waits, as far as the earliest of their wishes, and stops where the
exchange sends one of them something. While all of them wait for something else than a time or the
exchange, it stands. One process is woken at a time. What they do for each other
`company.py` knows.

What a process asks stands in one line, `WORD NUMBERS OPEN CLOSED`: the time of its own clock in ms
last among the numbers, then the local ports of its connections to the exchange, and of those it
closed since. The first word is `hello TOKEN PID NUMBER`, with a number like `0.2.1`. Before the
time `wait` has until when, and letters: `a` it has done something since it asked last, `w` it
watches for something else than the exchange, `h` it would have time stand, `c` it hears of the ends
of its children. The answer is what time it is then, in ms, and the number of the process. `call`
alone has the question that is under way answered at once; `born PID` tells of a child, `signal PID`
of a signal that was sent.
"""

from __future__ import annotations

import array
import asyncio
import fcntl
import logging
import secrets
import socket
import termios
from collections.abc import Callable
from typing import Any

from hlsim.own_time.company import Company, Party
from hlsim.server.app import Server
from hlsim.server.node import LocalNode
from hlsim.server.pacer import END_MS

logger = logging.getLogger("hlsim.own_time")

REQUEST_MS = 1
"""What it takes to send something to the exchange. With no time at all between them two actions
would be stamped with the same nonce."""

QUIET_TURNS = 8
"""Turns of the event loop without work after which none is left. What follows from a message is
done by callbacks that follow each other at once; the longest chain has half as many."""
STALLED_ROUNDS = 50
"""After so many times as many a request that is not answered waits for time to move."""
HEARING_MS = 5_000
"""Real time in which the server hears of what a client's kernel says was sent."""
PATIENCE_S = 0.1
"""Real time after which a process is asked what it wants now, though nothing came for it."""
TURN_S = 10.0
"""Real time after which a process begins though others work: they may wait for it in C."""

UNSENT = 0x894B
"""Linux's SIOCOUTQNSD: bytes that the kernel has not sent yet. Within a machine what is sent has
arrived; SIOCOUTQ counts what is not acknowledged, too, which takes up to 40 ms."""


class Connections(set[Any]):
    """The server's connections. Notes the ports of those that end: some were hardly there."""

    def __init__(self, ended: set[int]) -> None:
        super().__init__()
        self._ended = ended

    def discard(self, connection: Any) -> None:
        """It has ended."""
        super().discard(connection)
        client = getattr(connection, "client", None)
        if client is not None:
            self._ended.add(client[1])

    def remove(self, connection: Any) -> None:
        """As `discard`."""
        self.discard(connection)


class Conductor:
    """Who moves the time of one exchange. Everything here runs in the exchange's event loop."""

    def __init__(self, server: Server, exchange_port: int) -> None:
        """Listens at once; call `run` in the event loop before anybody is told the `place`."""
        self._server = server
        self._node: LocalNode = server.node
        self._token = secrets.token_hex(8)
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        self.place = f"127.0.0.1:{port}:{exchange_port}:{self._token}"
        """For the environment of a child process."""
        self._company = Company(self._node.pacer.real_ms)
        self._parties = self._company.parties
        self._heard: set[int] = set()
        """Ports of bots' connections, those that the server has ended and the bot has not, too."""
        # Nobody has connected yet.
        server.server_state.connections = Connections(self._heard)
        self._stalled: list[Any] = []
        """Requests that wait for time to move, or for nothing."""
        self.questions = 0
        """How often a process asked."""
        self.is_held = False
        """Whether time stands still, and whoever waits waits on."""
        self.before_time: Callable[[], None] = lambda: None
        """Is called when a process has asked, before time goes on for it."""
        self.on_call: Callable[[], None] = lambda: None
        """Is called when a process has something to do that it did not wait for."""
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []

    def run(self) -> None:
        """Starts. The loop must be running."""
        self._loop = asyncio.get_running_loop()
        self._tasks.append(self._loop.create_task(self._listen()))
        self._tasks.append(self._loop.create_task(self._move_time()))
        self._tasks[-1].add_done_callback(_tell_why)

    def begin(self, process: int) -> None:
        """The bot's first process has begun. Any thread may tell."""
        self._loop.call_soon_threadsafe(self._company.begin, process)

    @property
    def is_idle(self) -> bool:
        """True while there are processes and all of them wait."""
        return bool(self._parties) and all(party.is_waiting for party in self._parties)

    @property
    def has_met(self) -> bool:
        """Whether there ever was one."""
        return self._company.has_met

    @property
    def living(self) -> int:
        """How many there are."""
        return len(self._parties)

    def release(self) -> None:
        """Time goes on after it was held."""
        self.is_held = False
        self._wake.set()

    def close(self) -> None:
        """Time stands still from now on, and the processes hear of it."""
        self._listening.close()
        for task in self._tasks:
            task.cancel()

    # -- the processes -----------------------------------------------------------------------------

    async def _listen(self) -> None:
        self._listening.setblocking(False)
        while True:
            connection, _ = await self._loop.sock_accept(self._listening)
            reader, writer = await asyncio.open_connection(sock=connection)
            self._tasks.append(self._loop.create_task(self._attend(reader, writer)))

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one process until it ends."""
        words = (await reader.readline()).split()
        if len(words) < 3 or not secrets.compare_digest(words[1], self._token.encode()):
            writer.close()
            return
        party = Party(writer, self._company.number(words[3:4]), int(words[2]))
        self._company.join(party)
        # Not in the order in which they got here, a race of real time.
        self._parties.sort(key=lambda one: one.number)
        try:
            # It begins when all others wait, and of several the first one by number: when they got
            # here is a race of real time.
            party.until_ms = 0
            party.is_waiting = True
            self._wake.set()
            self._loop.call_later(TURN_S, self._let_begin, party)
            while line := await reader.readline():
                await self._on_question(party, line.split())
        except ConnectionError:
            pass
        finally:
            writer.close()
            party.is_waiting = False
            try:
                # What it sent last counts, and its sockets end with it.
                await self._settle(closed=party.ports)
            finally:
                self._heard -= party.ports
                self._company.leave(party)
                self._wake.set()

    def _let_begin(self, party: Party) -> None:
        if not party.has_begun and party in self._parties:
            self._answer(party)

    async def _on_question(self, party: Party, words: list[bytes]) -> None:
        if words[0] == b"born":
            self._company.expect(int(words[1]))
            return
        if words[0] == b"signal":
            self._company.on_signal(int(words[1]))
            return
        party.signal_ms = None
        if words == [b"call"]:
            self.on_call()
            if party.is_waiting:
                self._answer(party)
            else:
                party.is_called = True
            return
        self.questions += 1
        word, *times, opened, closed = words
        party.ports = _ports(opened)
        own_ms = int(times[-1])
        ended = _ports(closed)
        if word == b"settle":
            await self._settle(party.ports, ended)
        self.before_time()
        if word == b"settle":
            own_ms = max(own_ms, self._node.pacer.now_ms() + REQUEST_MS)
        if own_ms > self._node.pacer.now_ms() or ended:
            self._advance_to(own_ms)
            await self._settle(closed=ended)
        self._heard -= ended
        if word == b"settle":
            self._answer(party)
            return
        until, flags, _ = times
        party.until_ms = None if until == b"-" else int(until)
        party.is_watching, party.is_holding = b"w" in flags, b"h" in flags
        party.minds_children = b"c" in flags
        if b"a" in flags:
            self._company.on_deed(party)
        if party.is_called:
            self._answer(party)
            return
        party.is_waiting = True
        self._wake.set()

    def _answer(self, party: Party) -> None:
        party.is_waiting = party.is_called = False
        party.has_begun = True
        party.seen = self._told()
        self._company.on_look(party)
        if party.writer.is_closing():
            # It was killed a moment ago, and its end has not been attended to yet.
            return
        number = ".".join(map(str, party.number))
        party.writer.write(f"{self._node.pacer.now_ms()} {number}\n".encode())

    # -- the time ----------------------------------------------------------------------------------

    async def _move_time(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.is_idle:
                party = await self._first()
                # It may have left meanwhile, or been answered because it was called.
                if party in self._parties and party.is_waiting:
                    self._answer(party)

    async def _first(self) -> Party | None:
        """Lets time go on until one of the waiting processes has something to do: that one.

        None: time is held, or one of them has come, left or been called meanwhile.
        """
        pacer = self._node.pacer
        began_ms = pacer.real_ms()
        timed = [
            (one.until_ms, one.number, one) for one in self._parties if one.until_ms is not None
        ]
        until_ms, _, first = min(timed, default=(END_MS, 0, self._parties[0]))
        # A scenario has its moments, and its end.
        is_due = bool(timed) or pacer.next_alarm_ms is not None
        while True:
            told = self._told()
            for party in self._parties:
                if party.has_news(told):
                    return party
            if self.is_held or self._company.is_over or self._wake.is_set() or not self.is_idle:
                return None
            if (onlooker := self._company.onlooker()) is not None:
                return onlooker
            if await self._company.hold(is_due=is_due or self._is_exchange_awaited()):
                self._company.stir()
                continue
            if pacer.now_ms() >= until_ms:
                return first
            if pacer.real_ms() - began_ms > 1000 * PATIENCE_S:
                self._company.stir()
                return first
            due_ms = self._node.next_due_ms
            step_ms = until_ms if due_ms is None else min(due_ms, until_ms)
            # What is due at this very moment runs when the time passes it.
            self._advance_to(max(step_ms, pacer.now_ms() + 1))
            await self._settle()

    def _is_exchange_awaited(self) -> bool:
        """Whether a process has asked for something that has not come yet, or listens."""
        connections = self._connections()
        return any(
            _is_listening(connections[port])
            for party in self._parties
            for port in party.ports & connections.keys()
        )

    def _advance_to(self, time_ms: int) -> None:
        """What falls due on the way happens at its time."""
        ahead_ms = time_ms - self._node.pacer.now_ms()
        if ahead_ms > 0:
            self._node.advance(ahead_ms)

    def _connections(self) -> dict[int, Any]:
        """By the port of the client."""
        found = {}
        for connection in self._server.server_state.connections:
            peer = connection.transport.get_extra_info("peername")
            if peer is not None:
                found[peer[1]] = connection
        return found

    def _told(self) -> dict[int, int]:
        """By port, a number that changes when the client is sent something."""
        return {port: _said(connection) for port, connection in self._connections().items()}

    async def _settle(
        self, opened: frozenset[int] = frozenset(), closed: frozenset[int] = frozenset()
    ) -> None:
        """Returns when all that clients sent is done and what they get has reached them.

        `opened` and `closed` are connections that the server may not have heard of yet.
        """
        pacer = self._node.pacer
        began_ms = pacer.real_ms()
        busy = 0
        is_quiet = False
        while not is_quiet and busy < STALLED_ROUNDS:
            connections = self._connections()
            known = connections.keys()
            self._heard |= known & opened
            is_behind = opened - self._heard or closed & known
            is_quiet = False
            if is_behind or any(_is_unread(one) for one in connections.values()):
                if pacer.real_ms() - began_ms > HEARING_MS:
                    logger.warning("a bot's connection is not heard of; its order may not repeat")
                    return
            elif any(self._is_busy(one) for one in connections.values()):
                busy += 1
            else:
                is_quiet = True
            for _ in range(QUIET_TURNS):
                await asyncio.sleep(0)
        if busy >= STALLED_ROUNDS:
            cycles = [getattr(one, "cycle", None) for one in self._connections().values()]
            self._stalled = [one for one in cycles if one and not one.response_complete]

    def _is_busy(self, connection: Any) -> bool:
        """True while there is something to do for the client, or on its way there."""
        if connection.transport.get_write_buffer_size() or _waiting_bytes(connection, UNSENT):
            return True
        if hasattr(connection, "wire"):
            return not connection.queue.empty()
        cycle = connection.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            return False
        return all(cycle is not one for one in self._stalled)


def _tell_why(moving: asyncio.Task[None]) -> None:
    if not moving.cancelled() and (error := moving.exception()) is not None:
        logger.error("exchange time stands for good", exc_info=error)


def _ports(text: bytes) -> frozenset[int]:
    return frozenset() if text == b"-" else frozenset(int(port) for port in text.split(b","))


def _is_listening(connection: Any) -> bool:
    """True for the client of a WebSocket, and for one whose request is not answered."""
    if hasattr(connection, "wire"):
        return True
    return not (connection.cycle is None or connection.cycle.response_complete)


def _said(connection: Any) -> int:
    if hasattr(connection, "wire"):
        return int(connection.wire.frames)
    return int(not _is_listening(connection))


def _is_unread(connection: Any) -> bool:
    """True while the client sent something that was not read yet."""
    return _waiting_bytes(connection, termios.FIONREAD) > 0


def _waiting_bytes(connection: Any, question: int) -> int:
    """How many bytes wait to be read, or to be taken by the other end's kernel."""
    found = connection.transport.get_extra_info("socket")
    number = array.array("i", [0])
    try:
        fcntl.ioctl(found.fileno(), question, number)
    except (OSError, ValueError):
        return 0  # it has just ended
    return number[0]
