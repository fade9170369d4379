"""The house rules that a machine can check, over the sources of the checkout.

A rule is a function of one file that yields `(line, complaint)`; `PLANTED` proves that it can fail.
What concerns the tree as a whole is in test_tree.py.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHAIN = ("matching", "sim", "scenarios", "server", "src/hlsim")
"""Lowest first: a layer imports only what stands left of it."""
FOLDERS = (*CHAIN, "tests", "loadtests", "examples", "docs")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

CORE = ("matching", "sim")
THIRD_PARTY = {
    "matching": {"sortedcontainers"},
    "sim": {"sortedcontainers"},
    "scenarios": {"eth_account", "lz4"},
}
"""What a layer may import beside the standard library; the layers that are not here: anything."""
LAZY = {"eth_account", "eth_keys", "eth_utils", "locust", "hyperliquid", "lz4", "yaml"}
"""Slow to import, or not there: inside a function only, or the exchange is not up in half a
second."""
NOT_IN_CORE = {"time", "datetime", "random", "secrets", "uuid", "json", "os", "socket", "asyncio"}
NOT_IN_CORE |= {"threading", "subprocess", "http", "urllib", "msgpack", "msgspec"}
CALLS = {
    "float": "no float: money is scaled integers",
    "hash": "hash() of a str differs from run to run",
    "divmod": "divide money in sim/fixed.py only",
}
NOT_MONEY = "# not money"
TIME_NAME = re.compile(r"(_ms|_MS|^ms)$")
CLOCKS = {"time", "time_ns", "now", "utcnow", "today"}
CLOCK_FILES = {"server/pacer.py", "server/bench.py"}
BANNED_NAME = re.compile(r"Manager|Handler|Helper|Util|^(do|process)_|^(process|info|data)$")

Complaint = tuple[int, str]


@dataclass(frozen=True)
class Source:
    """One Python file: where it stands and what it says."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def layer(self) -> str:
        return next((folder for folder in FOLDERS if self.path.startswith(f"{folder}/")), "")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))


Rule = Callable[[Source], Iterator[Complaint]]


# -- rules -----------------------------------------------------------------------------------------


def lazily_imported(source: Source) -> set[ast.AST]:
    """The import statements that stand inside a function or under TYPE_CHECKING."""
    found: set[ast.AST] = set()
    for node in source.nodes:
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if lazy or typing_only:
            found.update(ast.walk(node))
    return found


def imports(source: Source) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Every import as the full dotted name that it reaches; ours begin with `hlsim.`."""
    package = ["hlsim", *source.path.removeprefix("src/hlsim").strip("/").split("/")[:-1]]
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            stem = [*start, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                yield node, ".".join([*stem, alias.name])


def rank(dotted: str) -> int:
    """The place in the chain of an imported `hlsim.…` name; the front door is the highest."""
    part = dotted.split(".")[1] if "." in dotted else ""
    return CHAIN.index(part) if part in CHAIN else len(CHAIN) - 1


def imports_follow_the_chain(source: Source) -> Iterator[Complaint]:
    for node, name in imports(source):
        top = name.split(".")[0]
        if source.layer not in CHAIN:
            if top in CHAIN and not getattr(node, "level", 0):
                yield node.lineno, f"import hlsim.{top}, not {top}"
            continue
        relative = isinstance(node, ast.ImportFrom) and node.level > 0
        if top == "hlsim" and rank(name) > CHAIN.index(source.layer):
            yield node.lineno, f"{name} is above {source.layer} in the chain"
        if top == "hlsim" and not relative and source.layer != "src/hlsim":
            yield node.lineno, "relative imports inside the folders"


def third_party_is_what_the_layer_may_use(source: Source) -> Iterator[Complaint]:
    allowed = THIRD_PARTY.get(source.layer)
    lazy = lazily_imported(source)
    for node, name in imports(source):
        top = name.split(".")[0]
        if allowed is not None and top not in sys.stdlib_module_names | allowed | {"hlsim"}:
            yield node.lineno, f"{source.layer} may not import {top}"
        if source.layer in CHAIN and top in LAZY and node not in lazy:
            yield node.lineno, f"{top} is slow to import: inside a function only"
        if source.layer in CHAIN and name == "dataclasses.dataclass" and node not in lazy:
            yield node.lineno, "matching/dataclass.py has the one that is quick to import"


def core_knows_no_clock_chance_or_wire(source: Source) -> Iterator[Complaint]:
    for node, name in imports(source):
        if source.layer in CORE and name.split(".")[0] in NOT_IN_CORE:
            yield node.lineno, f"{source.layer} may not import {name.split('.')[0]}"
    for node in source.nodes:
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        owner = node.value.id
        clock = owner in {"time", "datetime", "date"} and node.attr in CLOCKS
        if clock and source.layer in CHAIN[:-1] and source.path not in CLOCK_FILES:
            yield node.lineno, f"only server/pacer.py reads a clock: {owner}.{node.attr}"
        if owner == "random" and node.attr != "Random" and source.layer in CHAIN:
            yield node.lineno, "a seeded stream random.Random(...), not the shared generator"


def core_uses_integers(source: Source) -> Iterator[Complaint]:
    if source.layer not in (*CORE, "scenarios") and not source.path.startswith("server/shapes/"):
        return
    for node in source.nodes:
        line = getattr(node, "lineno", 0)
        if line and NOT_MONEY in source.lines[line - 1]:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield line, "no float: money is scaled integers"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            dividing = node.func.id == "divmod" and divides_freely(source)
            if node.func.id in CALLS and not dividing:
                yield line, CALLS[node.func.id]
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            joins_a_path = isinstance(node, ast.BinOp) and joins(node)
            yield from () if joins_a_path else [(line, "/ makes a float")]


def joins(node: ast.BinOp) -> bool:
    """True for `folder / "name"`."""
    last = node.right
    return isinstance(last, ast.JoinedStr) or isinstance(getattr(last, "value", None), str)


def divides_freely(source: Source) -> bool:
    return source.path == "sim/fixed.py" or source.layer not in CORE


def money_is_divided_in_fixed(source: Source) -> Iterator[Complaint]:
    if divides_freely(source):
        return
    for node in source.nodes:
        if isinstance(node, ast.BinOp):
            operands: tuple[ast.expr, ...] = (node.left, node.right)
        elif isinstance(node, ast.AugAssign):
            operands = (node.target, node.value)
        else:
            continue
        names = {getattr(part, "id", getattr(part, "attr", "")) for part in operands}
        of_time = any(TIME_NAME.search(name) for name in names)
        marked = NOT_MONEY in source.lines[node.lineno - 1]
        if isinstance(node.op, ast.FloorDiv) and not of_time and not marked:
            yield node.lineno, f"// outside sim/fixed.py (time is fine; else mark `{NOT_MONEY}`)"


def is_set(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"set", "frozenset"}
    return isinstance(node, ast.Set | ast.SetComp)


def set_names(source: Source) -> set[str]:
    """Names and attributes that the file annotates as, or assigns, a set."""
    found = set()
    for node in source.nodes:
        targets: list[ast.expr] = []
        if isinstance(node, ast.AnnAssign | ast.arg):
            said = ast.unparse(node.annotation) if node.annotation else ""
            if re.match(r"(set|frozenset|AbstractSet|MutableSet)\b", said):
                targets = [node.target] if isinstance(node, ast.AnnAssign) else []
                found |= {node.arg} if isinstance(node, ast.arg) else set()
        elif isinstance(node, ast.Assign) and is_set(node.value):
            targets = node.targets
        found |= {getattr(part, "id", getattr(part, "attr", "")) for part in targets}
    return found


def no_iteration_over_sets(source: Source) -> Iterator[Complaint]:
    """Their order differs from run to run. `sorted(a_set)` and `in` are fine."""
    if source.layer not in CHAIN:
        return
    names = set_names(source)
    walks: list[ast.expr] = []
    for node in source.nodes:
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            walks.append(node.iter)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            walks.extend(
                node.args if node.func.id in {"list", "tuple", "iter", "enumerate"} else []
            )
    for walked in walks:
        name = getattr(walked, "id", getattr(walked, "attr", None))
        if is_set(walked) or name in names:
            yield walked.lineno, f"iteration over a set: {ast.unparse(walked)}"


def files_are_short(source: Source) -> Iterator[Complaint]:
    if len(source.lines) > MAX_FILE_LINES:
        yield 1, f"{len(source.lines)} lines, {MAX_FILE_LINES} are allowed"


def functions_are_short(source: Source) -> Iterator[Complaint]:
    for node in source.nodes:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0]
        has_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        doc = (first.end_lineno or 0) - first.lineno + 1 if has_doc else 0
        length = (node.end_lineno or 0) - node.lineno + 1 - doc
        if length > MAX_FUNCTION_LINES:
            yield node.lineno, f"{node.name} has {length} lines, {MAX_FUNCTION_LINES} are allowed"


def names_say_what_things_are(source: Source) -> Iterator[Complaint]:
    if source.layer not in CHAIN:
        return
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        # `@info` is the decorator of the endpoint of that name.
        endpoint = (source.path, node.name) == ("server/info/registry.py", "info")
        if BANNED_NAME.search(node.name) and not endpoint:
            yield node.lineno, f"{node.name} says nothing"


def strangers_stay_out_of_private_parts(source: Source) -> Iterator[Complaint]:
    for node in source.nodes:
        if source.layer not in {"scenarios", "server"} or not isinstance(node, ast.Attribute):
            continue
        mine = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls", "other"}
        if re.match(r"_[a-z]", node.attr) and not mine:
            yield node.lineno, f"private: {ast.unparse(node)}"


def modules_say_what_they_are(source: Source) -> Iterator[Complaint]:
    if not source.text.strip():
        return
    if ast.get_docstring(source.tree) is None:
        yield 1, "no module docstring"
    code = [node for node in source.tree.body if not isinstance(node, ast.Expr)]
    future = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in code)
    defines = any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in code)
    if defines and not future:
        yield 1, "no `from __future__ import annotations`"


def errors_do_not_vanish(source: Source) -> Iterator[Complaint]:
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
            if broad and all(isinstance(part, ast.Pass) for part in node.body):
                yield node.lineno, "an error is swallowed"


RULES: tuple[Rule, ...] = (
    imports_follow_the_chain,
    third_party_is_what_the_layer_may_use,
    core_knows_no_clock_chance_or_wire,
    core_uses_integers,
    money_is_divided_in_fixed,
    no_iteration_over_sets,
    files_are_short,
    functions_are_short,
    names_say_what_things_are,
    strangers_stay_out_of_private_parts,
    modules_say_what_they_are,
    errors_do_not_vanish,
)


@cache
def sources() -> list[Source]:
    """Every Python file of the checkout's own folders."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Source(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in paths]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_source_keeps_the_rule(rule: Rule) -> None:
    """Evidence: the style guide's tidy list."""
    complaints = [
        f"{source.path}:{line}: {said}" for source in sources() for line, said in rule(source)
    ]

    assert "\n".join(complaints) == ""


LONG = "def f():\n" + "    x = 1\n" * MAX_FUNCTION_LINES
PLANTED: list[tuple[Rule, str, str, bool]] = [
    (imports_follow_the_chain, "sim/a.py", "from ..server import http", True),
    (imports_follow_the_chain, "sim/a.py", "from ..matching.types import Px", False),
    (imports_follow_the_chain, "sim/actions/a.py", "from ...scenarios import paths", True),
    (imports_follow_the_chain, "sim/actions/a.py", "from ..state import State", False),
    (imports_follow_the_chain, "server/a.py", "from hlsim.sim import state", True),
    (imports_follow_the_chain, "server/a.py", "from .. import start", True),
    (imports_follow_the_chain, "src/hlsim/a.py", "from hlsim.server import app", False),
    (imports_follow_the_chain, "tests/test_a.py", "from sim import state", True),
    (imports_follow_the_chain, "tests/test_a.py", "from hlsim.sim import state", False),
    (third_party_is_what_the_layer_may_use, "sim/a.py", "import starlette", True),
    (third_party_is_what_the_layer_may_use, "matching/a.py", "import sortedcontainers", False),
    (third_party_is_what_the_layer_may_use, "sim/a.py", "from dataclasses import dataclass", True),
    (third_party_is_what_the_layer_may_use, "server/a.py", "import eth_account", True),
    (third_party_is_what_the_layer_may_use, "server/a.py", "def f():\n import eth_account", False),
    (core_knows_no_clock_chance_or_wire, "sim/a.py", "import json", True),
    (core_knows_no_clock_chance_or_wire, "server/a.py", "import time\ntime.time()", True),
    (core_knows_no_clock_chance_or_wire, "server/pacer.py", "import time\ntime.time()", False),
    (core_knows_no_clock_chance_or_wire, "scenarios/a.py", "random.randrange(3)", True),
    (core_knows_no_clock_chance_or_wire, "scenarios/a.py", "random.Random('7/oracle')", False),
    (core_uses_integers, "sim/a.py", "x = float(y)", True),
    (core_uses_integers, "matching/a.py", "x = 0.5", True),
    (core_uses_integers, "sim/a.py", "x = px / 2", True),
    (core_uses_integers, "scenarios/a.py", "x = folder / 'mainnet.json'", False),
    (core_uses_integers, "sim/a.py", "x = divmod(px, 2)", True),
    (core_uses_integers, "sim/fixed.py", "x = divmod(px, 2)", False),
    (core_uses_integers, "server/http.py", "x = 0.5", False),
    (money_is_divided_in_fixed, "sim/a.py", "x = px // 2", True),
    (money_is_divided_in_fixed, "sim/a.py", "px //= 2", True),
    (money_is_divided_in_fixed, "sim/a.py", "x = px // 2  # not money: an index", False),
    (money_is_divided_in_fixed, "sim/a.py", "x = now.time_ms // 3", False),
    (money_is_divided_in_fixed, "sim/fixed.py", "x = px // 2", False),
    (no_iteration_over_sets, "sim/a.py", "for x in {1, 2}: pass", True),
    (no_iteration_over_sets, "sim/a.py", "x: set[int] = f()\ny = [z for z in x]", True),
    (no_iteration_over_sets, "server/a.py", "self.seen = set()\nlist(self.seen)", True),
    (no_iteration_over_sets, "sim/a.py", "x = set()\nfor y in sorted(x): pass", False),
    (files_are_short, "tests/test_a.py", "x = 1\n" * (MAX_FILE_LINES + 1), True),
    (files_are_short, "tests/test_a.py", "x = 1\n" * MAX_FILE_LINES, False),
    (functions_are_short, "sim/a.py", LONG, True),
    (
        functions_are_short,
        "sim/a.py",
        LONG.replace("    x = 1\n", '    """a\n    b"""\n', 1),
        False,
    ),
    (names_say_what_things_are, "sim/a.py", "class OrderManager: ...", True),
    (names_say_what_things_are, "server/a.py", "def process_order(): ...", True),
    (names_say_what_things_are, "server/info/registry.py", "def info(): ...", False),
    (strangers_stay_out_of_private_parts, "scenarios/a.py", "ex._outbox.clear()", True),
    (strangers_stay_out_of_private_parts, "scenarios/a.py", "self._rng.getrandbits(3)", False),
    (modules_say_what_they_are, "sim/a.py", '"""A."""\n\ndef f(): ...', True),
    (modules_say_what_they_are, "sim/a.py", '"""A."""\nX = 1', False),
    (errors_do_not_vanish, "server/a.py", "try: f()\nexcept Exception: pass", True),
    (errors_do_not_vanish, "server/a.py", "try: f()\nexcept OSError: pass", False),
]


@pytest.mark.parametrize(("rule", "path", "text", "broken"), PLANTED)
def test_a_rule_finds_what_is_planted_and_no_more(
    rule: Rule, path: str, text: str, broken: bool
) -> None:
    assert broken == bool(list(rule(Source(path, text))))
