"""Whatever crowds do, what is told of each of their accounts is what the field lists say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from asking import told
from deeds import Crowd
from fields_info import shape_of
from test_dex_crowd import Dexers
from test_everything import Everybody
from test_outcome_crowd import Bettors
from test_portfolio_properties import PortfolioCrowd

from hlsim.server.info import INFO
from hlsim.sim.state import State


def requests(state: State) -> Iterator[dict[str, Any]]:
    """Every type that is about an account or a dex, for all there are."""
    given: dict[str, list[Any]] = {
        "user": list(state.accounts),
        "dex": ["", *(dex.name for dex in state.universe.dexes)],
        "startTime": [0],
        "vaultAddress": list(state.vaults),
        "aggregateByTime": [True, False],
    }
    for name, spec in INFO.items():
        wires = [one.wire for one in spec.fields if one.wire in given]
        if wires and all(one.wire in given or not one.is_required for one in spec.fields):
            for values in product(*(given[wire] for wire in wires)):
                yield {"type": name, **dict(zip(wires, values, strict=True))}


@pytest.mark.parametrize(
    ("make", "seed"), [(Everybody, 3), (Dexers, 4), (PortfolioCrowd, 5), (Bettors, 6)]
)
def test_a_crowds_accounts_are_shown_as_the_lists_say(
    make: Callable[[int], Crowd], seed: int
) -> None:
    """Evidence: info 4 to 10, as the lists quote them."""
    crowd = make(seed)
    for _ in range(3):
        crowd.run(120)
        for request in requests(crowd.market.ex.state):
            name, fields = request["type"], {k: v for k, v in request.items() if k != "type"}
            shape_of(request).check(told(crowd.market.view, name, **fields), str(request), set())
