"""What holds after anything that traders and deployers of three dexes may do."""

from __future__ import annotations

from typing import Any

import pytest
from deeds import Crowd
from dexing import USDC, USDH, asset, dexed, market, sends, step
from stories import START_MS, Story, Trader, address, px, sz
from test_conservation import check_money, check_orders, check_positions
from test_liquidation_properties import check_watch

from hlsim.matching.types import Tif
from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.leverage import UpdateIsolatedMargin, UpdateLeverage
from hlsim.sim.actions.orders import LimitTerms, NewOrder, OrderTerms
from hlsim.sim.actions.perp_deploys import (
    HaltTrading,
    Hip3LiquidatorTransfer,
    PerpDeploy,
    Schema,
    SetFeeScale,
    SetOracle,
)
from hlsim.sim.assets import lot, round_px
from hlsim.sim.events import Direction, Fill
from hlsim.sim.exchange import Exchange, Input
from hlsim.sim.rules import Rules

PERPS = ("test:GOLD", "test:IRON", "oil:WTI")
COINS = ("BTC", *PERPS, *PERPS, "@108")
RULES = Rules(partial_liquidation_ntl=20_000_000_000)  # type: ignore[arg-type]


def world(journal: Any = None) -> Story:
    """Two dexes in USDC and one in USDH."""
    m = dexed(market(RULES, journal=journal))
    dora = Trader(m, address("dora"))
    schema = Schema("Oil in USDH", 3, None)  # type: ignore[arg-type]
    assert step(dora, register_asset2=asset("oil:WTI", "60", decimals=1, schema=schema)) is None
    other = Schema("Another one", 0, None)  # type: ignore[arg-type]
    assert step(dora, register_asset2=asset("test:LEAD", "2", table=3)) is None
    assert step(dora, register_asset2=asset("more:TIN", "30", schema=other)) is None
    return m


class Dexers(Crowd):
    """A crowd on several dexes, some of it unified, whose deployer is restless."""

    def __init__(self, seed: int, journal: Any = None) -> None:
        super().__init__(seed, traders=6, story=world(journal))
        self.dora = Trader(self.market, address("dora"))
        for number, trader in enumerate(self.traders):
            mint = self.market.account(f"bank {number}", usd="1", USDH="50000", spot_usdc="50000")
            for token, target, amount in (
                (USDH, "oil", "20000"),
                (USDC, "test", "3000"),
                (USDC, "more", "500"),
                (USDH, "spot", "9000"),
            ):
                assert sends(mint, amount, "spot", target, token=token, to=trader.address) is None

    def order(self, trader: Trader) -> NewOrder:
        rng = self.rng
        found = self.market.market(rng.choice(COINS))
        one = found.asset
        price = round_px(one, found.mark_px * rng.randrange(9_800, 10_201) // 10_000, up=True)
        size = px("1") * sz("1") * rng.choice((11, 100, 2_000, 30_000)) // price
        return NewOrder(
            asset=one.id,  # type: ignore[arg-type]
            is_buy=rng.random() < 0.5,
            px=price,
            sz=size - size % lot(one),  # type: ignore[arg-type]
            reduce_only=rng.random() < 0.2 and not one.is_spot,
            terms=OrderTerms(LimitTerms(rng.choice((Tif.GTC, Tif.GTC, Tif.IOC)))),
        )

    def leverage(self, trader: Trader) -> None:
        one = self.market.asset_id(self.rng.choice(PERPS))
        if self.rng.random() < 0.7:
            cross, times = self.rng.random() < 0.5, self.rng.randrange(1, 21)
            trader.act(UpdateLeverage(one, cross, times))  # type: ignore[arg-type]
        else:
            usd = self.rng.randrange(-50_000_000, 50_000_000)
            trader.act(UpdateIsolatedMargin(one, True, usd))  # type: ignore[arg-type]

    def transfer(self, trader: Trader) -> None:
        rng = self.rng
        if rng.random() < 0.08:
            trader.act(AgentSetAbstraction("unifiedAccount"))
        elif rng.random() < 0.2:
            ntl = rng.randrange(1, 3) * 10**9
            dex = rng.choice(("test", "oil"))
            trader.act(Hip3LiquidatorTransfer(dex, ntl, rng.random() < 0.6))  # type: ignore[arg-type]
        else:
            dexes = ["", "spot", "test", "more", "oil"]
            rng.shuffle(dexes)
            to = rng.choice(self.traders).address
            amount = str(rng.randrange(1, 3_000))
            sends(trader, amount, *dexes[:2], token=rng.choice((USDC, USDH)), to=to)

    def move_oracle(self) -> None:
        """The deployer prices a dex, or changes its mind about something."""
        rng = self.rng
        coin = rng.choice(PERPS)
        found, dex = self.market.market(coin), coin.partition(":")[0]
        if rng.random() < 0.05:
            for halted in (True, False):
                step(self.dora, halt_trading=HaltTrading(coin, halted))
        elif rng.random() < 0.05:
            scale = rng.choice(("0", "0.3", "1", "2.5"))
            step(self.dora, set_fee_scale=SetFeeScale(dex, scale))
        elif rng.random() < 0.05:
            step(self.dora, set_margin_table_ids=((coin, rng.choice((5, 10, 20))),))
        raw = found.oracle_px * rng.randrange(9_890, 10_111) // 10_000
        text = f"{raw / 10**8:.2f}"
        sent = SetOracle(dex, ((coin, text),), (((coin, text),), ((coin, text),)), ())
        self.dora.act(PerpDeploy(set_oracle=sent))
        self.market.advance(ms=2_500)


@pytest.mark.parametrize("seed", range(6))
def test_money_of_every_collateral_is_conserved_whatever_happens(seed: int) -> None:
    """Every µ of every ledger, longs and shorts, lists of orders, and who is watched."""
    crowd = Dexers(seed)
    dirs: dict[Direction, int] = {}
    for _ in range(40):
        crowd.run(15)
        state = crowd.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
        check_watch(state)
        for event in crowd.market.events():
            if isinstance(event, Fill) and event.asset_id >= 110_000:
                dirs[event.dir] = dirs.get(event.dir, 0) + 1
    assert sum(dirs.values()) > 50
    assert {Direction.OPEN_LONG, Direction.CLOSE_SHORT} <= dirs.keys()


def test_a_journal_and_a_snapshot_in_its_middle_agree() -> None:
    """Same inputs, same state, whether told from the beginning or gone on from the middle."""
    inputs: list[Input] = []
    crowd = Dexers(21, inputs.append)
    crowd.run(200)
    half, middle = crowd.market.ex.snapshot(), len(inputs)
    crowd.run(200)
    expected = crowd.market.ex.state_hash()

    again = market(RULES).ex
    for item in inputs:
        again.feed(item)
    resumed = Exchange.restore(half)
    for item in inputs[middle:]:
        resumed.feed(item)

    assert again.state_hash() == resumed.state_hash() == expected
    assert again.state.time_ms > START_MS


def test_the_crowd_ruins_somebody_on_a_dex() -> None:
    """The properties above are about something: liquidators and deleveraging had their turn."""
    seen: set[Direction] = set()
    for seed in range(6):
        crowd = Dexers(seed)
        crowd.run(600)
        seen |= {
            event.dir
            for event in crowd.market.events()
            if isinstance(event, Fill) and event.asset_id >= 110_000 and event.liquidation
        }
    assert seen
