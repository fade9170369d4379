"""The line to the conductor, who knows the exchange and moves its time. One question at a time."""

from __future__ import annotations

import _socket
import os
import sys
from collections.abc import Callable
from contextlib import suppress

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]  # Windows has none

PLACE = "HLSIM_OWN_TIME"
"""Of the environment: where the conductor is, and with which number whoever reads it comes."""
NS = 1_000_000
"""In a millisecond."""


HIGH_DESCRIPTORS = (900, 200)
"""Where nobody looks for a descriptor of his own. Some systems have no more than 256."""


def _out_of_the_way(line: _socket.socket) -> _socket.socket:
    """The same at a number which a bot that puts others in the place of its own ones leaves."""
    if fcntl is not None:
        for least in HIGH_DESCRIPTORS:
            with suppress(OSError):
                number = fcntl.fcntl(line.fileno(), fcntl.F_DUPFD_CLOEXEC, least)
                line.close()
                return _socket.socket(fileno=number)
    return line


class Line:
    """What this process tells and asks. All sockets here are the real ones.

    `now_ns` is the process's clock, ns since 1970: never behind the exchange's. `number` is which
    process of this exchange it is, by descent: `0.2.1` is the first child of the second of `0`.
    """

    def __init__(self, place: str) -> None:
        host, port, exchange_port, token, self.number = place.split(":")
        self._where = (host, int(port))
        self.place = place.rpartition(":")[0]
        """Where the conductor is. No other exchange has the same: the token is in it."""
        self._token = token
        self.exchange_port = int(exchange_port)
        self.now_ns = 0
        self.open_ports: dict[int, int] = {}
        """Local ports of this process's connections to the exchange, by file descriptor."""
        self._closed_ports: list[int] = []
        self._children = 0
        """How many this process has begun."""
        self.is_asking = False
        self.on_settled: Callable[[], None] = lambda: None
        """Is called once the exchange has done what it was asked for."""
        self.unsettled: int | None = None
        """The descriptor through which something was sent that the exchange may not have read."""
        self.connect()

    def connect(self) -> None:
        """Opens the line."""
        self._rest = b""
        self.unsettled = None
        self._closed_ports.clear()
        self._leave_alone()
        self._line = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        # The bot may have set a default, and a forked process has it already.
        self._line.settimeout(None)
        try:
            self._line.connect(self._where)
        except OSError:
            self._end()
        self._line = _out_of_the_way(self._line)
        self._line.settimeout(None)
        self._line.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._ask(f"hello {self._token} {os.getpid()} {self.number}")

    def _leave_alone(self) -> None:
        """The connections of the process that this one was forked from stay that one's.

        They would not end when it closes them. Here they end now, as if the exchange had closed
        them, and their descriptors are nobody else's while some object thinks that it has them.
        """
        if self.open_ports:
            ours, theirs = _socket.socketpair()
            theirs.close()
            for descriptor in self.open_ports:
                os.dup2(ours.fileno(), descriptor, inheritable=False)
            ours.close()
        self.open_ports.clear()

    @property
    def descriptor(self) -> int:
        """That of the line itself."""
        return self._line.fileno()

    # -- which process -----------------------------------------------------------------------------

    def child(self) -> str:
        """The number of the next child of this process: its own one, and which child it is."""
        self._children += 1
        return f"{self.number}.{self._children}"

    def descend(self, number: str) -> None:
        """A forked process is this one from now on."""
        self.number = number
        self._children = 0

    def told(self, place: str, number: str) -> str:
        """What an environment says of where the conductor is, for whoever comes with that number.
        Another conductor's names are left alone.
        """
        where = place.rpartition(":")[0]
        return f"{where}:{number}" if where == self.place else place

    # -- sockets -----------------------------------------------------------------------------------

    def opened(self, descriptor: int, port: int) -> None:
        """A connection to the exchange was made."""
        self.open_ports[descriptor] = port
        self.unsettled = descriptor

    def sends(self, descriptor: int) -> None:
        """Something is about to be sent there. What went elsewhere has to be read first."""
        if descriptor in self.open_ports:
            if self.unsettled not in (None, descriptor):
                self.settle()
            self.unsettled = descriptor

    def closed(self, descriptor: int) -> None:
        """The descriptor is another one's from now on."""
        port = self.open_ports.pop(descriptor, None)
        if port is not None:
            # No question of its own, which would take time: the collector of garbage closes some.
            self._closed_ports.append(port)

    # -- time --------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Returns when the exchange has done all that it was asked for, and has sent the answers.

        What was sent takes a millisecond.
        """
        if self.unsettled is not None:
            self.unsettled = None
            self._ask("settle")
            self.on_settled()

    def wait(
        self,
        until_ns: int | None,
        *,
        has_acted: bool,
        is_watching: bool,
        is_held: bool,
        minds_children: bool,
    ) -> None:
        """Returns when it is `until_ns`, or when there may be something to do before.

        `has_acted`: others may find something that they wait for. `is_watching`: this process
        waits for something that the exchange does not know of; `is_held`: and time may stand
        until that comes. `minds_children`: it has something to do when a child of it ends.
        """
        until = "-" if until_ns is None else f"{-(-until_ns // NS)}"
        flags = "a" * has_acted + "w" * is_watching + "h" * is_held + "c" * minds_children
        self._ask(f"wait {until} {flags or '-'}")

    def born(self, process: int) -> None:
        """This process has begun another one, which may live in exchange time, too."""
        self._line.send(f"born {process}\n".encode())

    def signalled(self, process: int) -> None:
        """This process has sent another one a signal, or with a negative number a group."""
        self._line.send(f"signal {process}\n".encode())

    def call(self) -> None:
        """Has the question that is under way, or the next one, answered at once."""
        self._line.send(b"call\n")

    def _ask(self, what: str) -> None:
        """Asks, and takes over what time it is then. Signals that come meanwhile wait."""
        self.is_asking = True
        try:
            self._ask_now(what)
        finally:
            self.is_asking = False

    def _ask_now(self, what: str) -> None:
        opened = ",".join(map(str, self.open_ports.values())) or "-"
        closed = ",".join(map(str, self._closed_ports)) or "-"
        self._closed_ports.clear()
        left = f"{what} {self.now_ns // NS} {opened} {closed}\n".encode()
        interrupt: BaseException | None = None
        while left or not self._rest.endswith(b"\n"):
            try:
                if left:
                    left = left[self._line.send(left) :]
                else:
                    said = self._line.recv(4096)
                    if not said:
                        self._end()
                    self._rest += said
            except OSError:
                self._end()
            except BaseException as error:
                interrupt = error
        now_ms, number = self._rest.split()
        self.now_ns, self.number = max(self.now_ns, int(now_ms) * NS), number.decode()
        self._rest = b""
        if interrupt is not None:
            raise interrupt

    def _end(self) -> None:
        """Without an exchange there is no time: whatever waits would wait for ever."""
        os.write(2, b"hlsim: the exchange of this process has ended\n")
        sys.stdout.flush()
        os._exit(1)
