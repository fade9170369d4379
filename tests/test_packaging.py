"""What a user installs: the wheel's content, its bounds, and that it says the version it is."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import hlsim

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LAYERS = {
    "matching": "hlsim/matching",
    "sim": "hlsim/sim",
    "scenarios": "hlsim/scenarios",
    "server": "hlsim/server",
    "src/hlsim": "hlsim",
}
"""Folder of the checkout to folder of the wheel."""
DISTRIBUTION = {
    "click": "click",
    "coincurve": "coincurve",
    "Crypto": "pycryptodome",
    "eth_account": "eth-account",
    "eth_utils": "eth-account",
    "httptools": "httptools",
    "msgpack": "msgpack",
    "msgspec": "msgspec",
    "rich": "rich",
    "sortedcontainers": "sortedcontainers",
    "starlette": "starlette",
    "tiny_keccak": "tiny-keccak",
    "uvicorn": "uvicorn",
    "uvloop": "uvloop",
    "websockets": "websockets",
    "yaml": "PyYAML",
}
"""Import name to the dependency that brings it."""
FOR_TESTERS = {"pytest"}
"""Imported by the pytest plugin only, which pytest itself loads."""
UNIMPORTED = {"httptools", "websockets"}
"""uvicorn imports these by name."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy: a build writes into the tree that it builds."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in ("matching", "sim", "scenarios", "server", "src"):
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."]
    done = subprocess.run(build, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (copy / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_five_folders_and_nothing_else(
    wheel: zipfile.ZipFile,
) -> None:
    expected = {
        f"{target}/{path.relative_to(ROOT / folder)}"
        for folder, target in LAYERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
    }

    assert expected == {name for name in wheel.namelist() if ".dist-info/" not in name}


def test_the_wheel_brings_licence_command_and_pytest_plugin(wheel: zipfile.ZipFile) -> None:
    info = f"hlsim-{PROJECT['version']}.dist-info"

    assert wheel.read(f"{info}/licenses/LICENSE").startswith(b"MIT License")
    assert wheel.read(f"{info}/entry_points.txt").decode().split() == [
        "[console_scripts]",
        "hlsim",
        "=",
        "hlsim.__main__:main",
        "[pytest11]",
        "hlsim",
        "=",
        "hlsim.pytest_plugin",
    ]


def test_version_is_the_same_in_project_package_and_changelog() -> None:
    headings = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert {PROJECT["version"]} == {hlsim.__version__, headings[0], metadata.version("hlsim")}


def imported(path: Path) -> set[str]:
    """First parts of every absolute import of a file, lazy ones too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


def test_every_import_is_a_dependency_and_every_dependency_is_imported() -> None:
    files = [path for folder in LAYERS for path in (ROOT / folder).rglob("*.py")]
    foreign = set().union(*map(imported, files)) - sys.stdlib_module_names - {"hlsim"}

    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["archive"]]
    declared = {re.split(r"[<>=;\s]", line)[0] for line in lines}

    assert {DISTRIBUTION.get(name, name) for name in foreign - FOR_TESTERS} <= declared
    assert declared - UNIMPORTED <= {DISTRIBUTION.get(name, name) for name in foreign}


def test_bounds_stay_wide_enough_to_share_an_environment_with_the_official_sdk() -> None:
    """The SDK 0.24.0 wants eth-account below 0.14; a bot and hlsim live in one environment."""
    wanted = [line for line in PROJECT["dependencies"] if line.startswith("eth-account")]

    assert wanted == ["eth-account>=0.13.4"]
    bounds = [line.partition(";")[0] for line in PROJECT["dependencies"]]
    assert [bound for bound in bounds if "<" in bound or "==" in bound] == []


def test_the_command_says_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hlsim", "--version"], capture_output=True, text=True, check=True
    )

    assert PROJECT["version"] in done.stdout


def test_importing_the_front_door_or_the_plugin_loads_nothing_slow() -> None:
    """pytest loads the plugin in every project of the environment, with or without a use for it."""
    script = """
import sys
import hlsim, hlsim.pytest_plugin
slow = {"eth_account", "starlette", "uvicorn", "rich", "hlsim.sim", "hlsim.server"}
print(sorted(slow & set(sys.modules)))
"""

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
