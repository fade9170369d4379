"""Who asks this API server for what: one `Client` for each IP address, as far as it is remembered.

In real time, whatever clock the exchange has: bots pace themselves by real time, too.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable

from ..sim.fixed import Address
from .http import Scope, TooMany
from .limits import NONE, OFFICIAL, SETS, SPAN_S, LimitSet, Log, Mode, has_own
from .pacer import real_s

CLIENTS_KEPT = 10_000
"""Addresses without a socket that are remembered. Above that the one longest silent is forgotten,
and what it asked in the last minute with it."""


class Minute:
    """How much there was in the last minute, to the second: what came in a second is forgotten when
    the same second of the next minute begins.
    """

    __slots__ = ("_last", "_parts", "total")

    def __init__(self) -> None:
        self._parts = array("q", bytes(8 * SPAN_S))
        self._last = 0
        self.total = 0

    def turn_to(self, second: int) -> int:
        """Forgets what is too old at `second`. Returns what there is."""
        passed = second - self._last
        if passed >= SPAN_S:
            if self.total:
                self._parts = array("q", bytes(8 * SPAN_S))
                self.total = 0
            self._last = second
        elif passed > 0:
            parts = self._parts
            for one in range(self._last + 1, second + 1):
                self.total -= parts[one % SPAN_S]
                parts[one % SPAN_S] = 0
            self._last = second
        return self.total

    def ages(self, second: int) -> tuple[tuple[int, int], ...]:
        """(how many seconds old, how much) of all that there is at `second`."""
        self.turn_to(second)
        ages = ((age, self._parts[(second - age) % SPAN_S]) for age in range(SPAN_S))
        return tuple((age, amount) for age, amount in ages if amount)

    def renew(self, second: int, ages: tuple[tuple[int, int], ...] = ()) -> None:
        """Makes it what `ages` once told, as old at `second` as it was then."""
        self._parts = array("q", bytes(8 * SPAN_S))
        self._last = second
        self.total = 0
        for age, amount in ages:
            self._parts[(second - age) % SPAN_S] = amount
            self.total += amount

    def add(self, amount: int) -> None:
        """Enters `amount` at the second that was last turned to."""
        self._parts[self._last % SPAN_S] += amount
        self.total += amount


ClientsMark = dict[str, tuple[tuple[tuple[int, int], ...], ...]]
"""By address what `Minute.ages` told of each of `Client.minutes`."""


class Client:
    """One IP address: what it did in the last minute, and what it holds now.

    What is refused is not counted; a client that keeps asking gets in again as soon as there is
    room (assumed, like the refusals of an address).
    """

    __slots__ = (
        "_clients",
        "_messages",
        "_opened",
        "_weight",
        "limits",
        "name",
        "posts",
        "seen_s",
        "sockets",
        "subscriptions",
        "users",
    )

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self.limits = clients.limits
        self.name = name
        self._weight = Minute()
        self._opened = Minute()
        self._messages = Minute()
        self.seen_s = 0.0
        self.sockets = 0
        self.subscriptions = 0
        self.users: dict[Address, int] = {}
        """Users in subscriptions, and in how many."""
        self.posts = 0

    @property
    def minutes(self) -> tuple[Minute, Minute, Minute]:
        """All that is counted by the minute."""
        return self._weight, self._opened, self._messages

    def _is_refused(self, limit: str, wanted: int, most: int) -> bool:
        return wanted > most and self._clients.is_refused(limit, self.name, wanted, most)

    @property
    def weight(self) -> int:
        """What was spent in the minute before the last request."""
        return self._weight.total

    # -- requests ----------------------------------------------------------------------------------

    def charge(self, weight: int) -> None:
        """Enters a request before it is answered. Raises TooMany when there is no room for it."""
        most = self.limits.ip_weight
        if most == NONE:
            return
        self.seen_s = now_s = self._clients.clock()
        wanted = self._weight.turn_to(int(now_s)) + weight
        if self._is_refused("ip-weight", wanted, most):
            raise TooMany
        self._weight.add(weight)

    def surcharge(self, weight: int) -> None:
        """Adds what an answer turned out to cost above what was charged."""
        if weight and self.limits.ip_weight != NONE:
            self._weight.add(weight)

    # -- sockets -----------------------------------------------------------------------------------

    def open_socket(self) -> bool:
        """True when one more socket may be opened, which is counted. `close_socket` ends it."""
        second = int(self._clients.clock())
        opened = self._opened.turn_to(second) + 1
        if self._is_refused("ws-connections", self.sockets + 1, self.limits.ws_connections):
            return False
        if self._is_refused("ws-new-connections", opened, self.limits.ws_new_connections):
            return False
        self._opened.add(1)
        self.sockets += 1
        self._clients.hold(self)
        return True

    def close_socket(self) -> None:
        """One socket fewer."""
        self.sockets -= 1
        self._clients.release(self)

    def message(self) -> str | None:
        """Enters a message. Returns the text that refuses it.

        Observed: the text (ws 6). Assumed: the message is dropped and the socket stays.
        """
        most = self.limits.ws_messages
        if most == NONE:
            return None
        wanted = self._messages.turn_to(int(self._clients.clock())) + 1
        if self._is_refused("ws-messages", wanted, most):
            return f"Cannot send more than {most} messages per minute."
        self._messages.add(1)
        return None

    def subscribe(self, user: Address | None, *, held: int) -> str | None:
        """Enters a subscription, of a user or of none, on a socket that holds so many.

        Returns the text that refuses it. Observed: both texts (ws 2.2). Assumed: which comes first.
        """
        limits = self.limits
        for limit, wanted, most in (
            ("ws-subscriptions-each", held + 1, limits.ws_subscriptions_each),
            ("ws-subscriptions", self.subscriptions + 1, limits.ws_subscriptions),
        ):
            if self._is_refused(limit, wanted, most):
                return f"Cannot subscribe to more than {most} channels."
        if user is not None and user not in self.users:
            most = limits.ws_users
            if self._is_refused("ws-users", len(self.users) + 1, most):
                return f"Cannot track more than {most} total users."
        self.subscriptions += 1
        if user is not None:
            self.users[user] = self.users.get(user, 0) + 1
        return None

    def unsubscribe(self, user: Address | None) -> None:
        """Ends what `subscribe` began. Observed: a user's place is free at once (ws 1)."""
        self.subscriptions -= 1
        if user is not None:
            self.users[user] -= 1
            if not self.users[user]:
                del self.users[user]

    def begin_post(self) -> bool:
        """True when one more post may wait for its answer, which is counted."""
        if self._is_refused("ws-posts", self.posts + 1, self.limits.ws_posts):
            return False
        self.posts += 1
        return True

    def end_post(self) -> None:
        """The post was answered."""
        self.posts -= 1


class Clients:
    """All clients of this API server, as far as they have to be remembered."""

    def __init__(
        self,
        limits: LimitSet = OFFICIAL,
        mode: Mode = "strict",
        *,
        header: str | None = None,
        kept: int = CLIENTS_KEPT,
        clock: Callable[[], float] = real_s,
    ) -> None:
        """header: where a trusted proxy names the client; without one the peer is the client."""
        self.limits = limits if mode != "off" else SETS["address"]
        self.clock = clock
        self.log = Log(mode, clock)
        self._is_strict = mode == "strict"
        self._header = None if header is None else header.lower().encode()
        self.kept = kept
        self._silent: OrderedDict[str, Client] = OrderedDict()
        """Those without a socket, the longest silent first."""
        self._connected: dict[str, Client] = {}
        self._everybody = None if has_own(self.limits) else Client(self, "everybody")
        """Without limits nobody is told apart."""

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._silent) + len(self._connected)

    def of(self, scope: Scope) -> Client:
        """Who sends a request."""
        if self._everybody is not None:
            return self._everybody
        name = self._named(scope) if self._header is not None else None
        if name is None:
            peer = scope["client"]
            name = peer[0] if peer is not None else ""
        client = self._silent.get(name)
        if client is not None:
            self._silent.move_to_end(name)
            return client
        return self._connected.get(name) or self._enter(name)

    def _named(self, scope: Scope) -> str | None:
        """The address in the header, None where there is none.

        A proxy appends whom it spoke to, so what stands last is what the trusted one wrote.
        """
        from ipaddress import ip_address

        values = [value for name, value in scope["headers"] if name == self._header]
        if not values:
            return None
        try:
            return str(ip_address(values[-1].rpartition(b",")[2].strip().decode()))
        except ValueError:
            return None

    def _enter(self, name: str) -> Client:
        client = Client(self, name)
        client.seen_s = self.clock()
        self._keep(client)
        return client

    def _keep(self, client: Client) -> None:
        """Remembers a client without a socket, and forgets others."""
        silent = self._silent
        # Two for each that comes: what is older than a minute does not pile up.
        for _ in range(2):
            if silent and client.seen_s - next(iter(silent.values())).seen_s > SPAN_S:
                silent.popitem(last=False)
        if len(silent) >= self.kept:
            silent.popitem(last=False)
        silent[client.name] = client

    def hold(self, client: Client) -> None:
        """Keeps a client while it has sockets."""
        if client.sockets == 1 and client is not self._everybody:
            self._silent.pop(client.name, None)
            self._connected[client.name] = client

    def release(self, client: Client) -> None:
        """Ends what `hold` began."""
        if client.sockets == 0 and client is not self._everybody:
            del self._connected[client.name]
            client.seen_s = self.clock()
            self._keep(client)

    def mark(self) -> ClientsMark:
        """What everybody did in the last minute. Sockets and what they hold are not in it."""
        second = int(self.clock())
        return {
            client.name: tuple(minute.ages(second) for minute in client.minutes)
            for client in (*self._silent.values(), *self._connected.values())
        }

    def rewind(self, mark: ClientsMark) -> None:
        """Makes the last minute what it was at `mark`: what was ten seconds old then is so now."""
        second = int(self.clock())
        for client in (*self._silent.values(), *self._connected.values()):
            for minute in client.minutes:
                minute.renew(second)
        for name, ages in mark.items():
            client = self._silent.get(name) or self._connected.get(name) or self._enter(name)
            for minute, told in zip(client.minutes, ages, strict=True):
                minute.renew(second, told)

    def is_refused(self, limit: str, who: str, wanted: int, most: int) -> bool:
        """What becomes of somebody who is over a limit. The log tells."""
        self.log.tell(limit, who, wanted, most)
        return self._is_strict
