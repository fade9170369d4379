"""The command line: reads flags, hands them on, and says in one line what is wrong with them.

Nothing heavy is imported before it is needed: `serve` should answer its first request soon.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click

from hlsim import __version__
from hlsim.config import OPTIONS, Option, Refused, Settings
from hlsim.server.slips import nearest

BAD_USAGE = 2
INTERRUPTED = 128 + signal.SIGINT
"""As a shell tells it."""


_AS_SERVED: Mapping[str, str] = MappingProxyType({})


class _Commands(click.Group):
    """A group that names the nearest command to an unknown one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            if args[0].startswith("-"):
                raise click.NoSuchOption(args[0], ctx=ctx)
            known = ", ".join(sorted(self.commands))
            near = nearest(args[0], self.commands)
            raise Refused(f"no command {args[0]!r}; nearest: {near}; there are {known}")
        return super().resolve_command(ctx, args)


def _described(option: Option, defaults: Mapping[str, str]) -> str:
    if option.name in defaults:
        return f"{option.help} [{defaults[option.name]}]"
    default = getattr(Settings(), option.key)
    if option.name == "balance":
        default //= 1_000_000
    # An `in` would take 0 for False and hide it.
    shown = "" if default is None or default is False or default == () else f" [{default}]"
    return option.help + shown


def _flags(
    *names: str, but: Collection[str] = (), defaults: Mapping[str, str] = _AS_SERVED
) -> list[click.Parameter]:
    """Those of `serve`, all but some or by name. `defaults` says which are others than there."""
    return [
        click.Option(
            [f"--{option.name}"],
            help=_described(option, defaults),
            metavar=option.metavar or None,
            is_flag=option.switch,
            multiple=option.parts,
            default=None,
        )
        for option in OPTIONS
        if option.name not in but and (not names or option.name in names)
    ]


_CONFIG = click.Option(["--config"], help="Settings in TOML, by these names.", metavar="FILE")


def _tell_of_strangers() -> None:
    """Variables of the environment that were meant for us, and say nothing to us."""
    from hlsim import config

    for line in config.strangers():
        print(f"hlsim: {line}", file=sys.stderr)


def _serve(**values: Any) -> None:
    from hlsim import config
    from hlsim.serving import serve

    _tell_of_strangers()
    serve(config.settings({name.replace("_", "-"): value for name, value in values.items()}))


def _replay(file: str, until: str | None, check: bool, serve: bool, **values: Any) -> int:
    from hlsim import config
    from hlsim.replaying import play, play_and_serve

    flags = {name.replace("_", "-"): value for name, value in values.items()}
    if not serve:
        given = [name for name, value in flags.items() if value is not None]
        if given:
            raise Refused(f"--{given[0]}: only with --serve")
        return play(file, until, check=check)
    play_and_serve(file, until, config.settings(flags), check=check)
    return 0


def _run(own_time: bool, command: Sequence[str], **values: Any) -> int:
    from hlsim import config
    from hlsim.own_time.pythons import is_python
    from hlsim.own_time.run import run
    from hlsim.server.pacer import START_MS

    _tell_of_strangers()
    if not command:
        raise Refused("no command to run: hlsim run [FLAGS] -- COMMAND")
    conducts = own_time and is_python(command)
    defaults = Settings(
        port=0,
        clock="manual" if conducts else "wall",
        start_time=START_MS if own_time else None,
    )
    flags = {name.replace("_", "-"): value for name, value in values.items()}
    found = config.settings(flags, defaults=defaults)
    if conducts and found.clock != "manual":
        raise Refused(f"--own-time: the bot moves the clock, which cannot be {found.clock}")
    return run(found, command, own_time=own_time)


def _coverage() -> None:
    from hlsim.coverage import table

    for line in table():
        print(line)


def _profile() -> None:
    from hlsim.coverage import columns
    from hlsim.server.profile import POINTS

    rows = [("point", "readings, the default first", "question")]
    rows += [(point.name, ", ".join(point.choices), point.question) for point in POINTS]
    for line in columns(rows):
        print(line)


def _bench(quick: bool) -> None:
    from hlsim.benching import bench_fixture
    from hlsim.server import bench

    bench.run(bench.QUICK if quick else bench.FULL, bench_fixture)


def _scenario_list() -> None:
    from hlsim.scenario import commands

    commands.list_()


def _scenario_show(name: str) -> None:
    from hlsim.scenario import commands

    commands.show(name)


def _scenario_schema() -> None:
    from hlsim.scenario import commands

    commands.print_schema()


def _scenario_run(name: str, **how: Any) -> int:
    from hlsim.scenario import commands

    return commands.run_(name, **how)


_WHICH = click.Argument(["name"], metavar="NAME|FILE")

_SCENARIO = _Commands(
    "scenario",
    help="Let a bot meet what goes wrong on the exchange, and judge it.",
    commands=[
        click.Command(
            "list", callback=_scenario_list, help="List the scenarios that come with hlsim."
        ),
        click.Command(
            "show", callback=_scenario_show, params=[_WHICH], help="Print the file of a scenario."
        ),
        click.Command(
            "schema", callback=_scenario_schema, help="Print the JSON Schema of scenario files."
        ),
        click.Command(
            "run",
            callback=_scenario_run,
            params=[
                _WHICH,
                click.Option(
                    ["--bot"],
                    help="How the bot is started; without it whoever connects is the bot.",
                    metavar="COMMAND",
                ),
                click.Option(
                    ["--seeds"], default="0", help="N, N..M or several, a run each.", metavar="N..M"
                ),
                click.Option(
                    ["--repeat"],
                    type=click.IntRange(1, 100_000),
                    default=1,
                    metavar="N",
                    help="Play each seed so often, and fail where a run differs from the first.",
                ),
                click.Option(
                    ["--own-time/--no-own-time"],
                    default=None,
                    help="Whether the bot lives in exchange time, which moves when it waits. "
                    "[for bots started by `python`, on Linux]",
                ),
                click.Option(["--junit"], help="Write the verdicts as JUnit XML.", metavar="FILE"),
                click.Option(["--report"], help="Write them as a page of HTML.", metavar="FILE"),
            ],
            help="Play a scenario with a bot. Exit code 1: it failed. The bot finds the exchange "
            "in HLSIM_URL and HYPERLIQUID_API_URL, its account in HYPERLIQUID_PK and "
            "HYPERLIQUID_ACCOUNT_ADDRESS.",
        ),
    ],
)

_EVERY_FLAG = (
    "Every flag can also be given as HLSIM_FLAG in the environment or in the --config file; "
    "a flag goes before the environment, the environment before the file."
)

_ABOUT_REPLAY = (
    "Rebuild an exchange from the journal that `hlsim serve --journal FILE` wrote.\n\n"
    "Exits with 1 when something comes out otherwise than it was recorded, with 2 for a file that "
    "is no journal. With --serve the clock stands still unless --clock says otherwise, and the "
    "journal stays as it is."
)

_COMMANDS = _Commands(
    "hlsim",
    help="An offline Hyperliquid exchange on this machine.",
    commands=[
        click.Command(
            "serve",
            callback=_serve,
            params=[*_flags(), _CONFIG],
            help="Run the exchange.\n\n" + _EVERY_FLAG,
        ),
        click.Command(
            "replay",
            callback=_replay,
            params=[
                click.Argument(["file"]),
                click.Option(
                    ["--until"],
                    metavar="TIME|NUMBER",
                    help="Stop at an exchange time (ms or ISO 8601), or after so many records.",
                ),
                click.Option(
                    ["--check"],
                    is_flag=True,
                    help="Compare every reply and hash with what the journal has of it.",
                ),
                click.Option(["--serve"], is_flag=True, help="Go on from there as a server."),
                *_flags(
                    *("host", "port", "ready-file", "clock", "speed", "log", "quiet"),
                    defaults={"clock": "manual"},
                ),
            ],
            help=_ABOUT_REPLAY,
            short_help="Rebuild an exchange from its journal.",
        ),
        click.Command(
            "run",
            callback=_run,
            params=[
                click.Option(
                    ["--own-time"],
                    is_flag=True,
                    help="The bot lives in exchange time. Python's moves when the bot waits; "
                    "others' stamps follow the exchange, with libfaketime.",
                ),
                # Whoever runs a bot is told of the exchange by the bot, in whose environment it is.
                *_flags(
                    but=("ready-file", "quiet"),
                    defaults={"port": "0", "clock": "wall; manual for --own-time of Python bots"},
                ),
                _CONFIG,
                click.Argument(["command"], nargs=-1, type=click.UNPROCESSED),
            ],
            help="Run a bot as a child of an exchange of its own: hlsim run [FLAGS] -- COMMAND.\n\n"
            "The bot finds HLSIM_URL, HYPERLIQUID_API_URL, HYPERLIQUID_PK and "
            "HYPERLIQUID_ACCOUNT_ADDRESS in its environment; its exit code is passed on. "
            + _EVERY_FLAG,
            short_help="Run a bot as a child of an exchange of its own.",
        ),
        click.Command(
            "coverage", callback=_coverage, help="List what is built and what is missing."
        ),
        click.Command(
            "profile",
            callback=_profile,
            help="List the points on which sources differ, for `hlsim serve --profile`.",
            short_help="List the points on which sources differ.",
        ),
        _SCENARIO,
        click.Command(
            "bench",
            callback=_bench,
            params=[
                click.Option(["--quick"], is_flag=True, help="Fewer rounds, for a first look.")
            ],
            help="Measure speed against floors on this machine.",
        ),
    ],
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            help="Show the version and exit.",
            callback=lambda ctx, param, value: _show_version(ctx) if value else None,
        )
    ],
)


def _show_version(ctx: click.Context) -> None:
    print(f"hlsim {__version__}")
    ctx.exit()


def run(arguments: Sequence[str]) -> int:
    """Runs one command. Returns the exit code: 2 for whatever the user has to change."""
    try:
        found = _COMMANDS.main(list(arguments), prog_name="hlsim", standalone_mode=False)
    except Refused as error:
        return _complain(str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        return 0
    except click.NoSuchOption as error:
        return _complain(_unknown_option(error))
    except click.ClickException as error:
        return _complain(error.format_message().rstrip("."))
    except (KeyboardInterrupt, click.Abort):
        # 0 would say that it is done: of a scenario that all passed.
        return INTERRUPTED
    return found if isinstance(found, int) else 0


def _unknown_option(error: click.NoSuchOption) -> str:
    command = error.ctx.command if error.ctx is not None else _COMMANDS
    names = [name for parameter in command.params for name in parameter.opts] + ["--help"]
    name = error.option_name.split("=")[0]
    return f"unknown flag {name}; nearest: {nearest(name, names)}"


def _complain(text: str) -> int:
    print("hlsim: " + " ".join(text.split()), file=sys.stderr)
    return BAD_USAGE
