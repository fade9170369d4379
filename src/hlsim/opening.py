"""Settings to a server: the one way in for the command line and for the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from hlsim import __version__
from hlsim.config import Settings
from hlsim.matching.dataclass import dataclass
from hlsim.scenarios.genesis import KNOWN_ACCOUNTS, KnownAccount, known_accounts
from hlsim.server.app import Options, Server, open_node
from hlsim.server.app import open_server as assemble
from hlsim.server.limits import Mode, limit_set
from hlsim.server.pacer import Clock
from hlsim.server.signing import Chain
from hlsim.server.slips import check_coin
from hlsim.sim.fixed import Address, Usd
from hlsim.starts import STARTS, opened_node

if TYPE_CHECKING:
    from hlsim.scenario.stage import ServerStage
    from hlsim.server.console import Console

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class FundedAccount:
    """A test account. Its key is public: never send real funds there."""

    address: str
    """In lower case, as the exchange answers it."""
    key: str
    checksum_address: str


def _funded(account: KnownAccount) -> FundedAccount:
    return FundedAccount(account.address, account.private_key, account.checksum_address)


TEN_ACCOUNTS = tuple(_funded(account) for account in KNOWN_ACCOUNTS)
"""Those that every exchange opens with unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A server that does not listen yet."""

    server: Server
    accounts: Sequence[FundedAccount]
    """Its test accounts."""
    settings: Settings
    """Those in force: with a journal that was there, much is as it was."""
    give_back: Callable[[], None]
    """Lets others that start alike have the state, which nobody may look at any more then."""


def open_server(settings: Settings, *, keep: bool = False, own_time: bool = False) -> Opened:
    """A server, which goes on where its journal ends if it has one. Raises ValueError.

    With `own_time` clients live in exchange time, too.

    With `keep` it begins with a state that another one with the same settings gave back, if there
    is one: filling 230 books anew takes a hundred times as long as taking one back to its start.
    """
    settings = replace(settings, own_time=own_time)
    if settings.journal is None:
        opened = assembled(settings, options_of(settings), keep=keep)
        check_faults(opened.server, settings)
        return opened
    from hlsim.journals import open_recorded

    return open_recorded(settings, settings.journal, keep=keep)


def options_of(settings: Settings) -> Options:
    """What kind of exchange the settings ask for."""
    funded = [(Address(one.address), Usd(settings.balance)) for one in _accounts(settings)]
    funded += [(Address(address), Usd(usd)) for address, usd in settings.fund]
    return Options(
        chain=cast(Chain, settings.chain),
        world=settings.world,
        market=settings.market,
        seed=settings.seed,
        clock=Clock(settings.clock),
        speed=settings.speed,
        auto_wait_ms=settings.auto_wait,
        own_time=settings.own_time,
        start_ms=settings.start_time,
        block_time_ms=settings.block_time,
        ws_lag_ms=settings.ws_lag,
        funded=tuple(funded),
        profile=settings.profile,
        limits=cast(Mode, settings.limits),
        limit_set=limit_set(settings.limit_set),
        limit_header=settings.limit_header,
        faults=settings.fault,
        record=settings.record,
        version=__version__,
    )


def check_faults(server: Server, settings: Settings) -> None:
    """Raises ValueError for a fault of a coin that is not listed, nor by the scenario that the
    settings ask for: it would never strike.
    """
    later: tuple[str, ...] = ()
    if settings.fault and settings.scenario is not None:
        from hlsim.scenario.names import coins_to_come
        from hlsim.scenario.shelf import load

        later = coins_to_come(load(settings.scenario))
    for fault in settings.fault:
        try:
            check_coin(fault.coin, server.node.exchange.state.universe, later)
        except ValueError as error:
            raise ValueError(f"fault {fault.text()}: {error}") from None


def _accounts(settings: Settings) -> list[FundedAccount]:
    return [_funded(account) for account in known_accounts(settings.accounts)]


def assembled(settings: Settings, options: Options, *, keep: bool = False) -> Opened:
    """The server of these options. Raises ValueError."""
    node, start = opened_node(options) if keep else (open_node(options), None)
    token = None if settings.host in LOOPBACK else _new_token()
    server = assemble(node, replace(options, token=token), start)
    accounts = _accounts(settings)
    server.console.open_stage = partial(_stage, server.console, settings, accounts)
    give_back = (lambda: None) if start is None else partial(STARTS.give_back, options, start)
    return Opened(server, accounts, settings, give_back)


def _stage(console: Console, settings: Settings, accounts: Sequence[FundedAccount]) -> ServerStage:
    from hlsim.scenario.stage import ServerStage  # whoever plays none starts sooner

    return ServerStage(console, settings, accounts)


def begin_scenario(opened: Opened) -> None:
    """Begins the scenario that the settings ask for, if they do. To be called in the event loop.

    Raises ValueError for one that cannot be played.
    """
    if opened.settings.scenario is not None:
        stage = _stage(opened.server.console, opened.settings, opened.accounts)
        opened.server.console.open_stage = lambda: stage
        stage.open()


def _new_token() -> str:
    from secrets import token_urlsafe

    return token_urlsafe(16)
