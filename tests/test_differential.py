"""The clearinghouse against the model: many fills, hours of funding and liquidations."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from model_account import ModelAccount, ModelCoin, Tiers
from stories import START_MS, Story, px, usd
from test_conservation import check_money, check_positions

from hlsim.matching.types import Side, Tif
from hlsim.sim import clearinghouse, fees, margin
from hlsim.sim.assets import MarginTable, MarginTier, Perp, Universe, lot, round_px
from hlsim.sim.clearinghouse import Cause
from hlsim.sim.events import Fill, FundingPaid
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Address, Px, Sz
from hlsim.sim.handover import LIQUIDATOR
from hlsim.sim.ids import ZERO_HASH
from hlsim.sim.operations import DepositUsd, SetOracle
from hlsim.sim.orders import Order
from hlsim.sim.rules import Rules
from hlsim.sim.state import Account, Leverage, Market

TIERS: dict[str, tuple[tuple[int, int], ...]] = {
    "BTC": ((0, 40), (10_000, 25), (50_000, 10)),
    "ETH": ((0, 25), (20_000, 10), (50_000, 5)),
    "SOL": ((0, 20),),
    "MEME": ((0, 10), (3_000, 5)),
}
DECIMALS = {"BTC": 5, "ETH": 4, "SOL": 2, "MEME": 0}
STARTS = {"BTC": "50000", "ETH": "2000", "SOL": "100", "MEME": "0.5"}
RULES = Rules(partial_liquidation_ntl=usd("10000"))


def real(text: int, scale: int = 8) -> Fraction:
    return Fraction(text, 10**scale)


class Twins:
    """Alice on the exchange and in the model. Bob and the liquidator can pay for everything."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        perps = [
            Perp(
                number,
                coin,
                DECIMALS[coin],
                TIERS[coin][0][1],
                MarginTable(
                    50 + number, "", tuple(MarginTier(usd(str(n)), most) for n, most in TIERS[coin])
                ),
                start_px=px(STARTS[coin]),
            )
            for number, coin in enumerate(TIERS)
        ]
        self.ex = Exchange.create(Universe(perps, [], [], {}), time_ms=START_MS, rules=RULES)
        self.story = Story(self.ex)
        self.alice = self.story.account("alice", usd="20000").account
        self.bob = self.story.account("bob", usd="1000000000").account
        self.ex.operate(DepositUsd(LIQUIDATOR, usd("1000000000")))
        self.model = ModelAccount(
            {
                perp.coin: ModelCoin(perp.sz_decimals, self.tiers(perp.coin), real(perp.start_px))
                for perp in perps
            }
        )
        self.model.cash = Fraction(20_000)
        for perp in perps:
            self.set_leverage(perp)
        self.fills = self.hours = 0
        self.told: dict[tuple[str, bool], int] = {}
        """Fills of liquidations by what they say and whether alice was the taker."""
        self.ex.drain()

    def tiers(self, coin: str) -> Tiers:
        return tuple((Fraction(lower), most) for lower, most in TIERS[coin])

    def rate(self, *, is_taker: bool) -> Fraction:
        """What alice pays today: tiers and rebates are tested elsewhere."""
        taker, maker = fees.perp_rates(self.ex.state, self.alice, margin.perp_of(self.ex.state, 0))
        return real(taker if is_taker else maker, 10)

    # -- deeds -------------------------------------------------------------------------------------

    def set_leverage(self, perp: Perp) -> None:
        """Another leverage and type, while flat."""
        most = perp.max_leverage
        value, is_cross = self.rng.randrange(2, most + 1), self.rng.random() < 0.7
        self.alice.leverages[perp.id] = Leverage(value, is_cross)
        self.model.settings[perp.coin] = (value, is_cross)

    def deposit(self, dollars: int) -> None:
        self.ex.operate(DepositUsd(self.alice.address, usd(str(dollars))))
        self.model.cash += dollars

    def fill(self) -> None:
        """One match between alice and bob near the mark, of a size that she may bear."""
        rng, state = self.rng, self.ex.state
        asset_id = rng.randrange(len(TIERS))
        market = state.markets[asset_id]
        perp = margin.perp_of(state, asset_id)
        position = self.alice.positions.get(asset_id)
        if position is None and rng.random() < 0.2:
            self.set_leverage(perp)
        price = self.near(asset_id, 200)
        value = margin.cross_value(state, self.alice)
        worth = max(usd("1000"), value) * rng.randrange(1, 100) // 20
        size = worth * 10**10 // price
        is_buy = rng.random() < 0.5
        if position is not None and rng.random() < 0.3:
            is_buy = position.szi < 0
            if rng.random() < 0.3:
                size = abs(position.szi)
        size = max(lot(perp), size - size % lot(perp))
        taker_is_alice = rng.random() < 0.5
        sides = (Side.BID, Side.ASK) if is_buy == taker_is_alice else (Side.ASK, Side.BID)
        owners = (self.alice, self.bob) if taker_is_alice else (self.bob, self.alice)
        taker, maker = (
            self.order(owner, side, asset_id, price, size)
            for owner, side in zip(owners, sides, strict=True)
        )
        start = position.szi if position is not None else 0
        clearinghouse.settle(self.ex, market, taker, maker, price, Sz(size), Cause(ZERO_HASH))
        (found,) = (e for e in self.ex.drain() if isinstance(e, Fill) and self.mine(e.user))
        signed = real(size if is_buy else -size)
        told, pnl, fee = self.model.trade(
            perp.coin, signed, real(price), self.rate(is_taker=taker_is_alice)
        )
        assert (found.start_position, found.dir.value) == (start, told)
        assert (real(found.closed_pnl), real(found.fee, 6)) == (pnl, fee)
        self.fills += 1

    def order(self, owner: Account, side: Side, asset_id: int, price: Px, size: int) -> Order:
        state = self.ex.state
        state.next_oid += 1
        coin = state.markets[asset_id].asset.coin
        return Order(
            state.next_oid - 1, owner.address, side, price, Sz(size), asset_id, coin, Sz(size),
            Tif.GTC, False, None, state.time_ms,
        )  # fmt: skip

    def near(self, asset_id: int, spread: int) -> Px:
        market = self.ex.state.markets[asset_id]
        raw = market.mark_px * (10_000 + self.rng.randrange(-spread, spread)) // 10_000
        return round_px(market.asset, raw, up=False)

    def market(self, coin: str) -> Market:
        return self.ex.state.markets[self.ex.state.universe.by_coin[coin].id]

    def mine(self, user: Address) -> bool:
        return user == self.alice.address

    def hour(self) -> None:
        """An hour passes; each coin has a premium of its own."""
        state = self.ex.state
        for market in state.markets.values():
            market.premium_sum, market.premium_samples = self.rng.randrange(-(10**8), 10**8), 1
        self.story.advance(hours=1)
        self.hours += 1
        self.follow(self.marks())

    # -- marks and what they cause -----------------------------------------------------------------

    def marks(self) -> dict[str, Fraction]:
        return {coin: model.mark for coin, model in self.model.coins.items()}

    def move(self) -> None:
        """A jump of one coin; bob may bid for a part of what alice could be forced to sell."""
        rng = self.rng
        asset_id = rng.randrange(len(TIERS))
        market = self.ex.state.markets[asset_id]
        start, spread = market.asset.start_px, rng.choice((100, 600, 2_000))
        price = self.near(asset_id, spread)
        price = price if start < 3 * price < 9 * start else start
        position = self.alice.positions.get(asset_id)
        if position is not None and rng.random() < 0.5:
            size = abs(position.szi) * rng.choice((1, 2, 10)) // 10
            size = max(lot(market.asset), size - size % lot(market.asset))
            side = Side.BID if position.szi > 0 else Side.ASK
            bid = round_px(market.asset, price * rng.randrange(970, 1_030) // 1_000, up=False)
            self.rest(self.order(self.bob, side, asset_id, bid, size))
        before = self.marks()
        self.ex.operate(SetOracle(((asset_id, price),)))
        self.model.coins[market.asset.coin].mark = real(market.mark_px)
        self.follow(before)
        for order in list(self.bob.orders.values()):
            self.ex.desk.cancel_order(order, "canceled")
        self.ex.drain()

    def rest(self, order: Order) -> None:
        market = self.ex.state.markets[order.asset_id]
        self.ex.desk.execute(self.bob, market, order, Cause(ZERO_HASH))

    def follow(self, before: dict[str, Fraction]) -> None:
        """Repeats in the model what the exchange told of alice, and asks whether it had to."""
        model, lost = self.model, None
        for event in self.ex.drain():
            if isinstance(event, FundingPaid) and self.mine(event.user):
                oracle = real(self.market(event.coin).oracle_px)
                assert model.fund(event.coin, oracle, real(event.rate, 10)) == real(event.usd, 6)
            if not (isinstance(event, Fill) and self.mine(event.user)):
                continue
            assert event.liquidation is not None
            pot = None if model.holdings[event.coin].is_cross else event.coin
            if event.liquidation.method == "backstop" and event.crossed:
                if lost != (pot, event.time_ms):
                    assert 3 * model.value(pot) < 2 * model.maintenance(pot)
                lost = (pot, event.time_ms)
                self.forced(event, real(event.px), Fraction(0), keeps=False)
                assert real(event.px) == model.coins[event.coin].mark
                if pot is None and not model.in_pot(None):
                    model.lose(None)
                continue
            if event.liquidation.method == "backstop":
                assert model.value(pot) < 0
                assert real(event.px) == before[event.coin]
                self.forced(event, real(event.px), Fraction(0))
            else:
                assert 0 <= model.value(pot) < model.maintenance(pot)
                self.forced(event, real(event.px), self.rate(is_taker=True))
            self.forgive(pot)
        self.forgive(None)
        for pot in model.pots():
            assert 3 * model.value(pot) >= 2 * model.maintenance(pot)

    def forgive(self, pot: str | None) -> None:
        """A cross debt without a position to close goes to the liquidator."""
        if pot is None and self.model.cash < 0 and not self.model.in_pot(None):
            self.model.lose(None)

    def forced(self, event: Fill, price: Fraction, rate: Fraction, *, keeps: bool = True) -> None:
        szi, start = real(event.sz * event.side.sign), self.model.holdings[event.coin].szi
        cash = self.model.cash
        is_cross = self.model.holdings[event.coin].is_cross
        told, pnl, fee = self.model.trade(event.coin, szi, price, rate, forced=True)
        if not keeps and not is_cross:
            self.model.cash = cash
        assert real(event.start_position) == start
        assert (real(event.closed_pnl), real(event.fee, 6)) == (pnl, fee)
        mode = "Cross" if is_cross else "Isolated"
        liquidated = f"Liquidated {mode} {'Long' if start > 0 else 'Short'}"
        assert event.liquidation is not None
        assert event.dir.value == (told if event.liquidation.method == "market" else liquidated)
        kind = event.dir.value if event.liquidation.method == "backstop" else "market"
        self.told[kind, event.crossed] = self.told.get((kind, event.crossed), 0) + 1

    # -- comparing ---------------------------------------------------------------------------------

    def check(self) -> None:
        """Ledgers, sizes and costs, to the unit."""
        model, state = self.model, self.ex.state
        assert real(self.alice.raw_usd, 6) == model.cash
        held: dict[str, tuple[Fraction, Fraction, bool, Fraction]] = {}
        for asset_id, each in self.alice.positions.items():
            sums = (real(each.szi), real(each.entry_ntl, 6), each.is_cross, real(each.raw_usd, 6))
            held[state.markets[asset_id].asset.coin] = sums
        assert held == {c: (h.szi, h.cost, h.is_cross, h.cash) for c, h in model.holdings.items()}

    def check_worth(self) -> None:
        """Values, maintenance and liquidation prices."""
        model, state = self.model, self.ex.state
        assert real(margin.cross_value(state, self.alice), 6) == model.value(None)
        assert real(margin.cross_maintenance(state, self.alice), 6) == model.maintenance(None)
        for asset_id, position in self.alice.positions.items():
            coin = state.markets[asset_id].asset.coin
            if not position.is_cross:
                assert real(margin.margin_used(state, self.alice, asset_id), 6) == model.value(coin)
                owed = margin.maintenance_of(state, asset_id, position)
                assert real(owed, 6) == model.maintenance(coin)
            shown = margin.liquidation_px(state, self.alice, asset_id)
            exact = model.liquidation_px(coin)
            assert (shown is None) == (exact is None)
            if shown is not None and exact is not None:
                assert abs(real(shown, 10) - exact) <= Fraction(1, 2 * 10**10)


@pytest.mark.parametrize("seed", [7, 8])
def test_the_clearinghouse_and_the_model_agree_to_the_last_unit(seed: int) -> None:
    """50 000 fills in all, and what funding and jumps of the mark make of them."""
    twins = Twins(seed)
    while twins.fills < 25_000:
        kind = twins.rng.random()
        if kind < 0.94:
            twins.fill()
        elif kind < 0.999:
            twins.move()
        else:
            twins.hour()
        if twins.model.value(None) < 1_000:
            twins.deposit(twins.rng.randrange(1, 8_000))
        twins.check()
        if kind > 0.93:
            twins.check_worth()
    check_money(twins.ex.state)
    check_positions(twins.ex.state)
    assert twins.hours >= 10
    assert len(twins.told) == 9
    assert sum(twins.told.values()) > 400
