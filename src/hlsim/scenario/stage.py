"""Plays scenarios on a server that is up, and judges them while they run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hlsim.config import Refused, Settings, settings
from hlsim.scenario.play import Play
from hlsim.scenario.reading import read
from hlsim.scenario.shelf import load, shipped
from hlsim.scenario.verdict import Verdict, findings_of
from hlsim.scenario.words import texts_of
from hlsim.scenarios.story import Scenario
from hlsim.server.stage import FindingTold, HappeningTold, ScenarioTold

if TYPE_CHECKING:
    from hlsim.opening import FundedAccount
    from hlsim.server.console import Console


class ServerStage:
    """The `Stage` of one server."""

    def __init__(
        self, console: Console, running: Settings, accounts: Sequence[FundedAccount]
    ) -> None:
        self._console = console
        self._settings = running
        self._accounts = accounts
        self._play: Play | None = None
        self._state = "none"

    def open(self) -> None:
        """Begins the scenario that the server was started with. Raises ValueError."""
        if self._settings.scenario is not None:
            self._begin(load(self._settings.scenario), None)

    def run(self, which: str | dict[str, Any], account: str | None = None) -> None:
        """Begins a scenario, by its name or as the content of its file. Raises ValueError."""
        if isinstance(which, str):
            known = shipped()
            if which not in known:
                raise ValueError(f"no scenario {which!r:.80}; known: {', '.join(known)}")
            scenario = known[which]
        else:
            scenario = read(json.dumps(which), "scenario", "inline")
        self._check(scenario.exchange)
        self._begin(scenario, account)

    def _begin(self, scenario: Scenario, account: str | None) -> None:
        if self._state == "runs":
            raise ValueError("a scenario runs: stop it first")
        if account is None:
            account = self._accounts[scenario.account_among(len(self._accounts))].address
        self._play = None
        play = Play(self._console, scenario, account, is_alone=False, on_over=self._on_over)
        self._play, self._state = play, "runs"

    def _check(self, exchange: Mapping[str, Any]) -> None:
        """Raises ValueError where the exchange is not what a scenario wants."""
        try:
            wanted = settings(texts_of(exchange), environ={})
        except Refused as error:
            raise ValueError(str(error)) from None
        for key in exchange:
            if getattr(wanted, key) != getattr(self._settings, key):
                raise ValueError(
                    f"the scenario wants {key} {exchange[key]!r}, and this exchange was started "
                    "otherwise: hlsim serve --scenario"
                )

    def _on_over(self) -> None:
        if self._play is not None and self._state == "runs":
            self._state = "over" if self._play.broke is None else "broke"
            self._play.close()

    def stop(self) -> None:
        """Ends it, unless it has ended. Raises ValueError when there was none."""
        if self._play is None:
            raise ValueError("no scenario runs")
        if self._state == "runs":
            self._state = "stopped"
            self._play.close()

    def verdict(self) -> Verdict:
        """What the judges say so far. Raises ValueError when there was no scenario, or it broke."""
        if self._play is None:
            raise ValueError("no scenario runs")
        if self._play.broke is not None:
            raise ValueError(f"the scenario broke: {self._play.broke}")
        if self._state == "runs":
            self._play.bring_up()
        course, scenario = self._play.course, self._play.scenario
        return Verdict(scenario, self._settings.seed, findings_of(scenario, course), course)

    def told(self, lines: int) -> ScenarioTold:
        """Where it stands, with so many lines of the timeline."""
        play = self._play
        if play is None:
            return ScenarioTold(state="none")
        findings: list[FindingTold] = []
        if play.broke is None:
            findings = [FindingTold(one.judge, one.wrong) for one in self.verdict().findings]
        newest = play.course.happenings[-lines:] if lines else []
        return ScenarioTold(
            state=self._state,
            name=play.scenario.name,
            account=play.course.account,
            why=play.broke,
            ms=play.course.ended_ms,
            lasts_ms=play.scenario.lasts_ms,
            passed=bool(findings) and all(one.wrong is None for one in findings),
            findings=findings,
            happenings=[HappeningTold(one.ms, one.who, one.text) for one in newest],
        )
