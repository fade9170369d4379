"""What every request costs of the budget of an IP address, from the tables of what there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import ask
from test_rate_limits import spent
from wire import Pen, order

import hlsim
from hlsim.library import RunningExchange
from hlsim.server.explorer import TYPES, WEIGHT
from hlsim.server.info import INFO
from hlsim.sim.actions import ACTIONS

CHEAP = {
    "l2Book",
    "allMids",
    "clearinghouseState",
    "orderStatus",
    "spotClearinghouseState",
    "exchangeStatus",
}
BY_ROWS = {
    "recentTrades",
    "historicalOrders",
    "userFills",
    "userFillsByTime",
    "fundingHistory",
    "userFunding",
    "userNonFundingLedgerUpdates",
    "twapHistory",
    "userTwapSliceFills",
    "userTwapSliceFillsByTime",
    "delegatorHistory",
    "delegatorRewards",
}
"""Documented: info 3. `validatorStats`, of which the documentation tells there, nobody has seen."""

GOLDENS = Path(__file__).parent / "golden" / "info"


def weight_of(name: str) -> tuple[int, int]:
    """What a query weighs, and how many rows of its answer weigh one more."""
    rows = 60 if name == "candleSnapshot" else 20 if name in BY_ROWS else 0
    return 2 if name in CHEAP else 60 if name == "userRole" else 20, rows


@pytest.fixture(scope="module")
def running() -> Iterator[RunningExchange]:
    numbers = ["official", "ip-weight=1000000"]
    with hlsim.start(market="static", limits="strict", limit_set=numbers) as exchange:
        yield exchange


def cost(running: RunningExchange, path: str, request: Any) -> tuple[int, Any]:
    """What a request cost, and its answer."""
    before = spent(running)
    answer = ask(running, path=path, body=json.dumps(request))
    return spent(running) - before, json.loads(answer.body)


def test_every_type_of_query_weighs_what_is_documented() -> None:
    """One that is added weighs 20 or stands above."""
    found = {name: (spec.weight, spec.rows_per_weight) for name, spec in INFO.items()}

    assert found == {name: weight_of(name) for name in INFO}
    assert (CHEAP | BY_ROWS) - set(INFO) == set()


@pytest.mark.parametrize("name", sorted(INFO))
def test_every_query_costs_its_weight(name: str, running: RunningExchange) -> None:
    """Those of the goldens, an answer of no rows or of many, and of users whom nobody knows."""
    cases = json.loads((GOLDENS / f"{name}.json").read_text())["cases"]
    weight, rows = weight_of(name)
    for case in cases:
        found, reply = cost(running, "/info", case["request"])
        more = len(reply) // rows if rows and isinstance(reply, list) else 0
        assert found == weight + more


@pytest.mark.parametrize("name", sorted(BY_ROWS | {"candleSnapshot"}))
def test_so_many_rows_weigh_one_more(name: str) -> None:
    """Documented: info 3. Assumed: rounded down (contested 61)."""
    spec = INFO[name]
    each = weight_of(name)[1]
    sizes = (0, 1, each - 1, each, each + 1, 2 * each - 1, 2 * each, 2000)

    assert [spec.surcharge([{}] * size) for size in sizes] == [0, 0, 0, 1, 1, 1, 2, 2000 // each]
    assert spec.surcharge(None) == 0


@pytest.mark.parametrize("name", TYPES)
def test_every_request_to_the_explorer_weighs_forty(name: str, running: RunningExchange) -> None:
    """Documented: ws 8.1; what is not found as much as what is (assumed)."""
    asked = {"height": 1, "hash": "0x" + "0" * 64, "user": "0x" + "0" * 40}
    field, _ = TYPES[name]

    assert cost(running, "/explorer", {"type": name, field: asked[field]})[0] == WEIGHT == 40


BATCHES: dict[str, Any] = {
    "order": lambda n: {"orders": [order(0, "0.001", "20000")] * n, "grouping": "na"},
    "cancel": lambda n: {"cancels": [{"a": 0, "o": 1}] * n},
    "cancelByCloid": lambda n: {"cancels": [{"asset": 0, "cloid": "0x" + "1" * 32}] * n},
    "batchModify": lambda n: {"modifies": [{"oid": 1, "order": order(0, "0.001", "20000")}] * n},
}


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize(
    ("batch", "weight"), [(1, 1), (39, 1), (40, 2), (41, 2), (79, 2), (80, 3), (200, 6), (201, 6)]
)
def test_an_action_weighs_one_and_one_more_for_forty(
    name: str, batch: int, weight: int, running: RunningExchange
) -> None:
    """Documented: ws 8.1, 79 orders weigh 2. Assumed: refused for its length it weighs the same."""
    pen = Pen(running, running.accounts[0].key)
    before = spent(running)
    pen.l1({"type": name, **BATCHES[name](batch)})

    assert spent(running) - before == weight


def test_no_other_action_is_a_batch() -> None:
    """Each of them weighs one, whatever is in it."""
    single = [name for name, spec in ACTIONS.items() if name not in BATCHES]

    assert [name for name in single if ACTIONS[name].weight(None) != 1] == []
