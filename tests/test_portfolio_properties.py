"""A crowd with portfolio margin on the first dex and on a deployed one: nothing is made or lost."""

from __future__ import annotations

import pytest
from deeds import COINS
from dexing import dexed, dora_of, priced
from lenders import USDC, lends
from lending_crowd import LendingCrowd
from stories import START_MS, Trader, px, sz
from test_conservation import check_money, check_orders, check_positions
from test_lending_properties import check_reserves

from hlsim.matching.types import Tif
from hlsim.sim import lending, margin
from hlsim.sim.actions.abstraction import AgentSetAbstraction
from hlsim.sim.actions.orders import LimitTerms, NewOrder, OrderTerms
from hlsim.sim.assets import lot, round_px
from hlsim.sim.exchange import Exchange
from hlsim.sim.handover import LIQUIDATOR
from hlsim.sim.replies import Done
from hlsim.sim.state import State


class PortfolioCrowd(LendingCrowd):
    """Two of five have portfolio margin, one is unified; all trade the dex `test`, too, whose
    prices and those of the first dex move wildly.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed, story=dexed())
        lender = self.market.account("lender", spot_usdc="40000")
        lends(lender, "supply", USDC, "40000")
        for place in (2, 3):
            self.traders[place] = self.market.account(f"manager {place}", usd="60", HYPE="800")
        for trader, mode in zip(
            self.traders[2:], ("portfolioMargin", "portfolioMargin", "unifiedAccount"), strict=True
        ):
            assert trader.act(AgentSetAbstraction(mode)) == Done()  # type: ignore[arg-type]

    def order(self, trader: Trader) -> NewOrder:
        rng = self.rng
        coin = rng.choice((*COINS[:3], "@107", "test:GOLD"))
        state = self.market.market(coin)
        price = round_px(state.asset, state.mark_px * rng.randrange(97, 104) // 100, up=False)
        size = px("1") * sz("1") * rng.randrange(100, 40_000) // price
        return NewOrder(
            asset=state.asset.id,  # type: ignore[arg-type]
            is_buy=rng.random() < 0.5,
            px=price,
            sz=size - size % lot(state.asset),  # type: ignore[arg-type]
            reduce_only=False,
            terms=OrderTerms(LimitTerms(rng.choice((Tif.GTC, Tif.GTC, Tif.IOC)))),
        )

    def move_oracle(self) -> None:
        if self.rng.random() < 0.3:
            gold = self.market.market("test:GOLD").mark_px
            text = f"{gold * self.rng.choice((99, 101)) / 100 / 10**8:.1f}"
            priced(dora_of(self.market), {"GOLD": text}, GOLD=text)
        elif self.rng.random() < 0.3:
            pair = self.market.market("@107")
            pair.mark_px = round_px(
                pair.asset, pair.mark_px * self.rng.choice((8, 9, 10, 11)) // 10, up=False
            )
            self.market.ex.marks_computed()
            self.market.ex._react()
        else:
            super().move_oracle()


def check_portfolios(state: State) -> None:
    """Whoever can borrow lacks nothing; nobody owes and lends at once; no dollar lies about."""
    assert state.portfolio.keys() <= state.unified.keys()
    for user in state.portfolio:
        account = state.accounts[user]
        own = margin.free_margin(state, account) - account.credit
        assert own >= 0 or account.credit == 0
        lent = account.lent[USDC]
        # Less than a millionth of a dollar stays where it is.
        idle = lending.supplied(state, account, USDC)
        assert idle < 100 or lent.borrow.scaled == 0 or own < 0
        held = account.spot.get(USDC)
        assert held is None or 0 <= held.total - held.hold < 200
    for user in state.borrowers:
        assert lending.debt(state, state.accounts[user]) > 0


@pytest.mark.parametrize("seed", range(8))
def test_a_crowd_with_portfolio_margin_makes_and_loses_nothing(seed: int) -> None:
    crowd = PortfolioCrowd(seed)
    borrowed = 0
    for _ in range(60):
        state = crowd.market.ex.state
        owed = {user: lending.debt(state, state.accounts[user]) for user in state.portfolio}
        crowd.run(10)
        check_money(state)
        check_reserves(state)
        check_positions(state)
        check_orders(state)
        check_portfolios(state)
        for user, before in owed.items():
            borrowed += lending.debt(state, state.accounts[user]) > before
    assert borrowed > 5
    fills = [fill for trader in crowd.traders for fill in trader.account.fills]
    assert {"@107", "test:GOLD", "BTC"} <= {fill.coin for fill in fills}


@pytest.mark.parametrize("seed", range(12))
def test_no_loan_is_larger_than_the_ltv_of_what_backs_it(seed: int) -> None:
    """After every deed in which a debt grew by more than its interest, by hand or by itself."""
    crowd = PortfolioCrowd(seed)
    state = crowd.market.ex.state
    for _ in range(150):
        before = {u: a.lent[USDC].borrow.basis for u, a in state.accounts.items() if USDC in a.lent}
        crowd.deed()
        for user, account in state.accounts.items():
            lent = account.lent.get(USDC)
            if lent is None or user == LIQUIDATOR or lent.borrow.basis <= before.get(user, 0):
                continue
            backing = lending.backing(state, account, lending.at_ltv)
            assert lending.debt_worth(state, account) <= backing + 10**8, user


def test_a_snapshot_with_portfolios_goes_on_equally() -> None:
    crowd, twin = PortfolioCrowd(3), PortfolioCrowd(3)
    for each in (crowd, twin):
        each.run(200)
    twin.market.ex = Exchange.restore(twin.market.ex.snapshot())
    for each in (crowd, twin):
        each.run(100)

    assert crowd.market.ex.state_hash() == twin.market.ex.state_hash()
    assert crowd.market.ex.state.time_ms > START_MS


def test_a_deployed_dex_shares_the_portfolio() -> None:
    """Documented: all dexes are part of it. 8000 of GOLD at 20x are 400 of margin, which HYPE
    backs; losses on one dex are profits on the other."""
    m = dexed()
    bob = m.account("bob", usd="100000", spot_usdc="50000")
    assert lends(bob, "supply", USDC, "50000") == "ok"
    alice = m.account("alice", usd="0.01", HYPE="1000")
    assert alice.act(AgentSetAbstraction("portfolioMargin")) == Done()  # type: ignore[arg-type]
    bob.act(AgentSetAbstraction("unifiedAccount"))  # type: ignore[arg-type]
    bob.sells("10 test:GOLD @ 4000")
    bob.sells("10 ETH @ 2000")
    alice.leverage("test:GOLD", 20)
    alice.leverage("ETH", 10)

    alice.buys("2 test:GOLD @ 4000")
    alice.buys("1 ETH @ 2000")

    assert sorted(alice.account.positions) == [1, 110000]
    assert alice.account.dexes == {}
    fees = sum(fill.fee for fill in alice.account.fills)
    debt = lending.debt(m.ex.state, alice.account)
    assert debt == (600_000_000 + fees - 10_000) * 100
    assert priced(dora_of(m), {"GOLD": "4030"}, GOLD="4030") is None
    gain = 2 * (m.market("test:GOLD").mark_px - px("4000"))
    assert gain > 0
    # The profit pays back, and the larger position needs a twentieth of it more.
    assert lending.debt(m.ex.state, alice.account) == debt - gain + gain // 20
    check_money(m.ex.state)
    check_reserves(m.ex.state)
