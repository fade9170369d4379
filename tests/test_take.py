"""The gate at the match: a maker whose margin is gone meanwhile."""

from __future__ import annotations

import pytest
from endangered import meets
from stories import market, px, sz
from test_conservation import check_money, check_orders

from hlsim.matching.types import Tif
from hlsim.sim.events import NonUserCancel, OrderUpdate
from hlsim.sim.replies import Filled


@pytest.mark.parametrize(("mark", "stays"), [("92", True), ("91.99", False)])
def test_a_maker_whose_losses_ate_its_margin_is_cancelled_and_the_taker_goes_on(
    mark: str, stays: bool
) -> None:
    """Documented: margin is checked "again for the resting side at the matching", `marginCanceled`
    (mechanics 2.10); the mark moved since the order came to rest.
    """
    m = market()
    poor, bob, taker = m.account("poor", usd="640.45"), m.account("bob"), m.account("taker")
    meets(m, poor, bob, "10 SOL @ 100")
    poor.leverage("SOL", 2)
    poor.buys("0.5 ETH @ 2000", tif=Tif.ALO)
    bob.buys("0.5 ETH @ 1990", tif=Tif.ALO)
    poor.leverage("ETH", 10)
    # 640 less what SOL lost and half of what it is worth: 5 * mark - 360. ETH wants 100.
    m.oracle("SOL", mark)
    m.events()

    reply = taker.sells("0.5 ETH @ 1990", tif=Tif.IOC)

    told = [e for e in m.events() if isinstance(e, NonUserCancel | OrderUpdate)]
    if stays:
        assert reply == Filled(5, sz("0.5"), px("2000"), None)
        assert poor.szi("ETH") == sz("0.5")
    else:
        assert reply == Filled(5, sz("0.5"), px("1990"), None)
        assert poor.statuses()[-1] == (3, "marginCanceled", sz("0.5"))
        assert [type(e) for e in told[:2]] == [NonUserCancel, OrderUpdate]
        assert poor.szi("ETH") == 0
    check_money(m.ex.state)
    check_orders(m.ex.state)
