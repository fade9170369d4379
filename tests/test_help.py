"""What `--help` says of a command is true of that command."""

from __future__ import annotations

import pytest

from hlsim import cli


def test_defaults_that_help_shows_are_those_of_its_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = {}
    for command in ("serve", "run", "replay"):
        assert cli.run([command, "--help"]) == 0
        shown[command] = " ".join(capsys.readouterr().out.split())

    assert "0: a free one. [3001]" in shown["serve"]
    assert "0: a free one. [0]" in shown["run"]
    assert "to the next event. [wall; manual for --own-time" in shown["run"]
    assert "to the next event. [manual]" in shown["replay"]
    assert "--ready-file" in shown["serve"]
    assert "--ready-file" not in shown["run"]
