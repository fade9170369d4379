"""The server put together: one node, one API server in front of it, and uvicorn around both."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from ..matching.dataclass import dataclass
from ..scenarios.crowd import LivingMarket
from ..scenarios.director import Director
from ..scenarios.faults import Fault
from ..scenarios.genesis import fund
from ..scenarios.script import Quoting
from ..scenarios.still import StillMarket
from ..scenarios.worlds import load_world, parse_world
from ..sim.assets import Universe
from ..sim.exchange import Exchange
from ..sim.fixed import Address, Usd
from ..sim.rules import Rules
from .api import ApiServer
from .clients import Clients
from .console import Console
from .door import HttpProtocol
from .explorer import Explorer
from .faults import Faults
from .guard import Guard
from .http import Endpoint, Receive, Scope, Send
from .limits import OFFICIAL, LimitSet, Mode, rules_of
from .marks import Moment, NodeMark
from .node import LocalNode
from .pacer import AUTO_WAIT_MS, Clock, Pacer
from .replica import ReadRules, Reads, Replica
from .requests import Requests
from .signing import Chain
from .streams import Streams, socket_protocol

if TYPE_CHECKING:
    from .profile import Part
    from .recorder import Recorder

FRAME_LIMIT = 2 * 1024 * 1024
"""Longest message a client may send over `/ws`, like the longest body over HTTP (assumed)."""

KEEP_ALIVE_S = 75
"""nginx's, which stands before the exchange. uvicorn's 5 s would close pooled connections that a
client is just about to use again."""

BACKLOG = 2048

LAST_WORDS_S = 0.3
"""How long requests that are under way may still take when the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What kind of exchange to run. Times in ms, money in µUSD."""

    chain: Chain = "testnet"
    world: str = "mainnet"
    market: str = "live"
    seed: int = 0
    clock: Clock = Clock.WALL
    speed: float = 1.0
    auto_wait_ms: int = AUTO_WAIT_MS
    """Of real time."""
    own_time: bool = False
    """Whether clients live in exchange time, too."""
    start_ms: int | None = None
    block_time_ms: int = 0
    ws_lag_ms: int = 0
    funded: tuple[tuple[Address, Usd], ...] = ()
    """Who starts with how much perps collateral."""
    profile: tuple[tuple[str, str], ...] = ()
    """Readings of contested points, as `profile.py` names them."""
    limits: Mode = "strict"
    limit_set: LimitSet = OFFICIAL
    faults: tuple[Fault, ...] = ()
    limit_header: str | None = None
    """In which a trusted proxy names the client."""
    record: str | None = None
    """The folder of a recording."""
    token: str | None = None
    """Wanted by the control plane when other machines can reach the server."""
    version: str = ""
    world_text: str | None = None
    """What the file of the world says, if it need not be read."""


REPLAY = "replay:"
"""What stands before the path in a market that plays an archive."""

_MARKETS: dict[str, Callable[[Universe, int], Quoting] | None] = {
    "live": LivingMarket,
    "static": StillMarket,
    "empty": None,
}


# -- the exchange ----------------------------------------------------------------------------------


def open_node(options: Options) -> LocalNode:
    """A node with its world listed, its accounts funded and its market open.

    Raises ValueError for a world or an archive that cannot be loaded.
    """
    text = options.world_text
    universe = load_world(options.world) if text is None else parse_world(text, options.world)
    market, first_ms = _market_of(options, universe)
    start_ms = first_ms if options.start_ms is None else options.start_ms
    pacer = _pacer(options, start_ms)
    exchange = Exchange.create(
        universe,
        # Not now: a journal of it says when the clock started, and nothing of how long this took.
        time_ms=pacer.start_ms,
        seed=options.seed,
        is_mainnet=options.chain == "mainnet",
        rules=Rules(**rules_of(options.limit_set, options.limits), **_readings(options, "rules")),
    )
    for address, usd in options.funded:
        fund(exchange, [address], usd)
    director = Director(market)
    director.open(exchange)
    exchange.seal()
    exchange.drain()
    return LocalNode(exchange, pacer, scripts=[director], block_time_ms=options.block_time_ms)


def _readings(options: Options, part: Part) -> dict[str, Any]:
    """What a profile sets of one part of the exchange.

    Whoever starts without one does not wait for the table of points.
    """
    if not options.profile:
        return {}
    from .profile import fields_of

    return fields_of(options.profile, part)


def reopen_node(options: Options, mark: NodeMark) -> LocalNode:
    """The node that `open_node` made for the same options when `mark` was taken of it.

    It has the same state, which is back there and which nobody else may use any more, and nothing
    else of that one.
    """
    exchange = Exchange(mark.state.state)
    market, _ = _market_of(options, exchange.state.universe.origin)
    director = Director(market)
    (state,) = mark.scripts
    director.restore(state)
    pacer = _pacer(options, exchange.state.time_ms)
    return LocalNode(exchange, pacer, scripts=[director], block_time_ms=options.block_time_ms)


def _pacer(options: Options, start_ms: int | None) -> Pacer:
    return Pacer(
        options.clock,
        start_ms=start_ms,
        speed=options.speed,
        auto_wait_ms=options.auto_wait_ms,
        own_time=options.own_time,
    )


def _market_of(options: Options, universe: Universe) -> tuple[Quoting | None, int | None]:
    """Who trades, and when that begins, None for whenever the exchange does.

    Raises ValueError for an archive that cannot be read.
    """
    if options.market.startswith(REPLAY):
        from ..scenarios.archive import Archive  # whoever plays none starts sooner
        from ..scenarios.replay import RecordedMarket

        archive = Archive(options.market.removeprefix(REPLAY))
        return RecordedMarket(universe, archive), archive.first_ms
    make = _MARKETS[options.market]
    return None if make is None else make(universe, options.seed), None


# -- uvicorn ---------------------------------------------------------------------------------------


def open_server(node: LocalNode, options: Options, start: NodeMark | None = None) -> Server:
    """The whole server, not yet listening. `start`: the node as it is now, if at hand.

    Raises ValueError for a recording that cannot begin.
    """
    replica = Replica.shared(node.exchange.state)
    node.subscribe(replica.on_block)
    streams = Streams(
        node,
        replica,
        lag_ms=options.ws_lag_ms,
        later=node.pacer.later,
        rules={"seed": options.seed, **_readings(options, "sockets")},
    )
    explorer = Explorer(replica.view)
    node.subscribe(explorer.history.on_block)
    clients = Clients(
        options.limit_set,
        options.limits,
        header=options.limit_header,
        clock=node.pacer.client_s,
    )
    again = replace(options, start_ms=node.pacer.start_ms)
    reopen = lambda: open_node(again).save()  # noqa: E731
    requests = Requests()
    reads = Reads(node, replica, ReadRules(**_readings(options, "reads")))
    faults = Faults(options.seed, node.pacer.now_ms, node.pacer.later, reads.keep)
    for fault in options.faults:
        faults.add(fault)
    console = Console(node, options, clients, requests, streams, faults, reads, reopen)
    if start is not None:
        console.start = Moment(start, {}, faults.state())
    control = _control(console, Guard(options.token))
    api = ApiServer(
        node,
        replica,
        streams,
        clients,
        explorer,
        requests,
        reads=reads,
        chain=options.chain,
        faults=faults,
        control=control,
    )
    server = Server(api, node, streams, clients, console, token=options.token)
    if options.record is not None:
        from .archivist import Archivist  # whoever records nothing starts sooner

        archivist = Archivist(options.record, replica.view)
        node.subscribe(archivist.on_block)
        server.at_end = archivist.close
    return server


def _control(console: Console, guard: Guard) -> Endpoint:
    """The control plane, made with its first request: whoever never asks starts sooner."""

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        from .control.plane import serve

        await serve(console, guard, scope, receive, send)

    return endpoint


class Server(uvicorn.Server):
    """uvicorn's sockets and parsers without its signal handlers and its tenth-of-a-second ticks."""

    def __init__(
        self,
        api: ApiServer,
        node: LocalNode,
        streams: Streams,
        clients: Clients,
        console: Console,
        *,
        token: str | None = None,
    ) -> None:
        is_wall = node.pacer.clock is Clock.WALL
        super().__init__(
            uvicorn.Config(
                api,
                http=HttpProtocol,
                interface="asgi3",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                # A test that repeats a run compares replies; the date would differ.
                date_header=is_wall,
                headers=[("server", "hlsim")],
                ws_max_size=FRAME_LIMIT,
                timeout_keep_alive=KEEP_ALIVE_S,
                backlog=BACKLOG,
                # Observed: no pings of the protocol, no compression (ws 1).
                ws=cast(Any, socket_protocol),
                ws_ping_interval=None,
                ws_ping_timeout=None,
                ws_per_message_deflate=False,
            )
        )
        self.node = node
        self.clients = clients
        self.console = console
        self._streams = streams
        self.token = token
        """What the control plane asks for, None on loopback."""
        self.at_end: Callable[[], None] = lambda: None
        """Called once nothing is done any more."""
        self._stopped = asyncio.Event()

    def record(self, recorder: Recorder) -> None:
        """Writes every block into a journal from now on, before anybody is told of it."""
        self.console.recorder = recorder
        recorder.on_failure = self.stop
        self.node.subscribe(recorder.on_block, is_first=True)

    def stop(self) -> None:
        """Ends `live`. To be called in the event loop, at any time."""
        self._stopped.set()

    async def live(self, listening: socket.socket, ready: Callable[[], None] | None = None) -> None:
        """Serves on a bound socket until `stop`. `ready` is called once requests are answered."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=[listening])
        self.node.run()
        try:
            await self.on_tick(0)
            if ready is not None:
                asyncio.get_running_loop().call_soon(ready)
            while not self._stopped.is_set():
                await self._wait()
                await self.on_tick(0)
        finally:
            self.node.close()
            self.console.faults.close()
            self.at_end()
            self._streams.close()
            await self.shutdown(sockets=[listening])
            if self.console.recorder is not None:
                self.console.recorder.close(self.node)

    async def _wait(self) -> None:
        """Waits for the end, and at most a second when the Date header has to be renewed."""
        try:
            async with asyncio.timeout(1.0 if self.config.date_header else None):
                await self._stopped.wait()
        except TimeoutError:
            pass

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes everything at once: sockets get their close frame, nobody is waited for."""
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        # Two turns of the loop: one to hear of the end, one to write the last bytes.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        if hasattr(socket, "SO_REUSEPORT"):
            # Not on Windows, where it means that two servers may share a port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def new_loop() -> asyncio.AbstractEventLoop:
    """The fastest event loop there is here."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
