"""House rules for the checkout as a whole: packages, registries, and every text file of ours."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("matching", "sim", "scenarios", "server", "src/hlsim")
FOLDERS = (*LAYERS, "tests", "loadtests", "examples", "docs", ".ci")
REGISTRIES = ("sim/actions", "server/info", "server/topics", "server/control")

# Written in pieces, so that this file does not complain about itself.
WORDS = "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX:"])
MACHINE_PATH = "/(home|root|Users|work|opt|mnt|srv)" + "/[a-z]"
INDEX = "|".join(["py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.", "--index" + "-url"])


def texts() -> Iterator[tuple[str, str]]:
    """Every text file of ours, whatever its language: path and content."""
    below = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
    for path in (*below, *sorted(ROOT.iterdir())):
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            if b"\0" not in content:
                yield str(path.relative_to(ROOT)), content.decode("utf-8")


def modules(folder: str) -> list[Path]:
    """The Python files of one folder and below."""
    return sorted((ROOT / folder).rglob("*.py"))


def test_no_unfinished_work_machine_path_or_package_host_is_left_in_a_file() -> None:
    pattern = re.compile(f"{WORDS}|{MACHINE_PATH}|{INDEX}")

    complaints = [
        f"{path}:{number}: {found.group()}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if (found := pattern.search(line))
    ]

    assert "\n".join(complaints) == ""


def test_text_files_end_in_one_newline_and_have_no_trailing_blanks() -> None:
    complaints = [
        path
        for path, text in texts()
        if text and (not re.search(r"[^\n]\n\Z", text) or re.search(r"[ \t\r]$", text, re.M))
    ]

    assert complaints == []


def test_the_listed_packages_are_the_folders_of_the_tree() -> None:
    """A sub-package that is not listed works in the checkout and is absent from the wheel."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]

    folders = {path.parent for layer in LAYERS for path in modules(layer)}
    dotted = {
        ".".join(["hlsim", *folder.relative_to(ROOT).parts]).replace("hlsim.src.hlsim", "hlsim")
        for folder in folders
    }

    assert sorted(dotted) == sorted(listed)
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("folder", REGISTRIES)
def test_every_file_with_entries_of_a_registry_is_imported_by_its_package(folder: str) -> None:
    """Else its entries are missing without a word."""
    entry = re.compile(r"^@(action|info|topic|control)\(", re.MULTILINE)
    families = [path.stem for path in modules(folder) if entry.search(path.read_text())]
    tree = ast.parse((ROOT / folder / "__init__.py").read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported = {
        name for node in found for name in (node.module, *(part.name for part in node.names))
    }

    assert len(families) > 1
    assert [family for family in families if family not in imported] == []


@pytest.mark.parametrize("folder", LAYERS[:-1])
def test_a_folder_imported_under_a_wrong_name_says_so(folder: str) -> None:
    """A bot may have a `server.py` of its own: ours is `hlsim.server` only."""
    text = (ROOT / folder / "__init__.py").read_text()

    with pytest.raises(ImportError, match=f"import hlsim.{folder}, not {folder}"):
        exec(compile(text, folder, "exec"), {"__name__": folder})


@pytest.mark.parametrize("folder", LAYERS)
def test_a_type_that_is_not_checked_has_its_reason_beside_it(folder: str) -> None:
    """Of one error only, and why that one cannot be put right."""
    said = re.compile(r"# type: ignore(.*)")
    reason = re.compile(r"\[[a-z-]+\]  # \S.+")
    complaints = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules(folder)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := said.search(line)) and not reason.fullmatch(found.group(1))
    ]

    assert complaints == []
