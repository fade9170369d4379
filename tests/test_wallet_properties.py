"""Whatever multi-sig users, unified accounts and dust do: books balance, and replays agree."""

from __future__ import annotations

from typing import Any

import pytest
from deeds import Crowd
from stories import START_MS, Trader, market, universe
from test_conservation import check_money, check_orders, check_positions

from hlsim.server.journal import decode, encode
from hlsim.sim import abstraction
from hlsim.sim.actions.abstraction import (
    AgentSetAbstraction,
    UserDexAbstraction,
    UserPortfolioMargin,
    UserSetAbstraction,
)
from hlsim.sim.actions.multisig import ConvertToMultiSigUser, SignersText
from hlsim.sim.actions.orders import NewOrder, PlaceOrders
from hlsim.sim.actions.transfers import SendAsset, SpotSend, Withdraw3
from hlsim.sim.actions.wallets import (
    AgentSendAsset,
    ReserveRequestWeight,
    SetDisplayName,
    SpotDusting,
    SpotUser,
)
from hlsim.sim.assets import FIRST_SPOT_ID
from hlsim.sim.call import CoSigned
from hlsim.sim.exchange import Exchange, Input
from hlsim.sim.fixed import Wei
from hlsim.sim.replies import Done, OrderReplies
from hlsim.sim.rules import Rules
from hlsim.sim.state import POOLED, UNIFIED, SignerSet, State

USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
HYPE = "HYPE:0x0d01dc56dcaaca66ad901c959b4011ec"
MINUTE = Rules(dust_schedule="minute")


class Households(Crowd):
    """Traders who also change what they are: owners, modes, crumbs."""

    def __init__(self, seed: int, **options: Any) -> None:
        super().__init__(seed, traders=6, **options)
        self.together = 0

    def deed(self) -> None:
        if self.rng.random() < 0.7:
            super().deed()
        else:
            self.rng.choice((self.own, self.act_together, self.change, self.small, self.crumb))()

    def own(self) -> None:
        """Somebody becomes a multi-sig user of some others, or asks for nonsense."""
        rng = self.rng
        trader = rng.choice(self.traders)
        owners = tuple(one.address for one in rng.choices(self.traders, k=rng.randrange(4)))
        if rng.random() < 0.8:
            owners = tuple(owner for owner in owners if owner != trader.address)
        asked = SignerSet(owners, rng.randrange(3)) if rng.random() < 0.7 else None
        action = ConvertToMultiSigUser(SignersText("", asked, rng.random() < 0.9), START_MS)  # type: ignore[arg-type]
        if rng.random() < 0.3:
            trader.act(action)
        else:
            self.co_signed(trader, action)

    def act_together(self) -> None:
        owned = [trader for trader in self.traders if trader.account.multi_sig]
        trader = self.rng.choice(owned or self.traders)
        orders = tuple(self.order(trader) for _ in range(self.rng.randrange(1, 3)))
        reply = self.co_signed(trader, PlaceOrders(orders))
        self.together += isinstance(reply, OrderReplies)

    def co_signed(self, trader: Trader, action: Any) -> Any:
        """`action` of `trader`, sent by an owner (mostly) with what signatures come to hand."""
        rng = self.rng
        owners = trader.account.multi_sig
        pool = list(owners.users) if owners else [one.address for one in self.traders]
        inside = tuple(pool if rng.random() < 0.6 else rng.choices(pool, k=rng.randrange(1, 6)))
        leader = rng.choice(pool if rng.random() < 0.9 else [self.traders[0].address])
        return self.market.act(leader, action, multi_sig=CoSigned(trader.address, inside))

    def change(self) -> None:
        rng = self.rng
        trader = rng.choice(self.traders)
        word: Any = rng.choice(("disabled", "unifiedAccount", "unifiedAccount", "portfolioMargin"))
        nonce: Any = START_MS
        action = rng.choice(
            (
                UserSetAbstraction(trader.address, word, nonce),
                AgentSetAbstraction(word),
                UserDexAbstraction(trader.address, rng.random() < 0.5, nonce),
                UserPortfolioMargin(trader.address, True, nonce),
            )
        )
        trader.act(action)

    def small(self) -> None:
        rng = self.rng
        trader = rng.choice(self.traders)
        amount = f"{rng.randrange(1, 3_000)}.{rng.randrange(10**6):06d}"
        other = rng.choice(self.traders).address
        nonce: Any = START_MS
        dexes = rng.choice((("", "spot"), ("spot", ""), ("spot", "spot")))
        action: Any = rng.choice(
            (
                SetDisplayName("x" * rng.randrange(25)),
                ReserveRequestWeight(rng.randrange(100_000), other),  # type: ignore[arg-type]
                SpotUser(SpotDusting(rng.random() < 0.4)),
                AgentSendAsset(trader.address, *dexes, USDC, amount, "", nonce),
                SendAsset(other, "spot", "spot", USDC, amount, "", nonce),  # type: ignore[arg-type]
                Withdraw3(other, amount, nonce),  # type: ignore[arg-type]
            )
        )
        trader.act(action)

    def crumb(self) -> None:
        """Leaves somebody with less than a lot of HYPE."""
        rng = self.rng
        trader = rng.choice(self.traders)
        total = trader.spot("HYPE")
        crumbs = max(total - rng.randrange(1_000_000), rng.randrange(1, 1_000_000))
        to = rng.choice(self.traders).address
        text = f"{crumbs // 10**8}.{crumbs % 10**8:08d}"
        trader.act(SpotSend(to, HYPE, text, START_MS))  # type: ignore[arg-type]


class SpotHouseholds(Households):
    """The same without perps orders."""

    def order(self, trader: Trader) -> NewOrder:
        while True:
            order = super().order(trader)
            if order.asset >= FIRST_SPOT_ID:
                return order


def check_modes(state: State) -> None:
    """A unified account's free cash lies in the perps ledger; nobody else is listed as one."""
    listed = {a.address for a in state.accounts.values() if a.abstraction in POOLED}
    assert listed == state.unified.keys()
    for user in state.unified:
        total, hold = abstraction.on_spot(state.accounts[user], 0)
        assert 0 <= total - hold < 100
    for account in state.accounts.values():
        owners = account.multi_sig
        if owners is not None:
            assert 1 <= owners.threshold <= len(owners.users) == len({*owners.users}) <= 10
            assert account.address not in owners.users


def check_all(state: State) -> None:
    check_money(state)
    check_positions(state)
    check_orders(state)
    check_modes(state)


@pytest.mark.parametrize("seed", range(6))
def test_books_balance_whatever_households_do(seed: int) -> None:
    """Money, tokens, positions, orders and modes are counted every few deeds."""
    crowd = Households(seed, story=market(MINUTE))
    for _ in range(30):
        crowd.run(25)
        check_all(crowd.market.ex.state)
    state = crowd.market.ex.state
    fills = [fill for trader in crowd.traders for fill in trader.account.fills]
    assert state.unified
    assert crowd.together > 3
    assert len(fills) > 100


def test_the_households_do_everything_they_are_meant_to() -> None:
    """Over all seeds there are dust rows, burned dust, ways back and reserved requests."""
    seen: dict[str, int] = {}
    for seed in range(4):
        crowd = Households(seed, story=market(MINUTE))
        crowd.run(700)
        state = crowd.market.ex.state
        for trader in crowd.traders:
            for fill in trader.account.fills:
                seen[fill.dir.value] = seen.get(fill.dir.value, 0) + 1
            seen["reserved"] = seen.get("reserved", 0) + trader.account.requests_reserved
        seen["burned"] = seen.get("burned", 0) + state.treasury.token_burned.get(2, Wei(0))
    assert min(seen[name] for name in ("Spot Dust Conversion", "burned", "reserved", "Sell")) > 0


@pytest.mark.parametrize("seed", [21, 22])
def test_a_journal_of_households_and_a_snapshot_in_its_middle_agree(seed: int) -> None:
    """The written journal rebuilds the state; a restored exchange goes on alike."""
    lines: list[bytes] = []

    def journal(item: Input) -> None:
        lines.append(encode(item))

    crowd = Households(seed, story=market(MINUTE, journal=journal))
    crowd.run(300)
    middle, at = crowd.market.ex.snapshot(), len(lines)
    crowd.run(300)

    again = Exchange.create(universe(), time_ms=START_MS, rules=MINUTE)
    for line in lines:
        again.feed(decode(line))
    restored = Exchange.restore(middle)
    for line in lines[at:]:
        restored.feed(decode(line))

    expected = crowd.market.ex.state_hash()
    assert again.state_hash() == restored.state_hash() == expected
    check_all(restored.state)


def test_a_unified_account_can_always_be_emptied() -> None:
    """After anything: with its orders gone, all its cash can be withdrawn."""
    crowd = SpotHouseholds(33, story=market(MINUTE))
    crowd.run(400)
    state = crowd.market.ex.state
    emptied = 0
    for trader in crowd.traders:
        account = trader.account
        assert not account.positions
        if account.abstraction != UNIFIED or account.multi_sig:
            continue
        for order in list(account.orders.values()):
            trader.cancel(order.coin, order.oid)
        cash, hold = abstraction.shown_balances(state, account)[0]
        whole = int(cash) // 100
        text = f"{whole // 10**6}.{whole % 10**6:06d}"
        assert hold == 0
        assert trader.act(Withdraw3(trader.address, text, START_MS)) == Done()  # type: ignore[arg-type]
        assert abstraction.shown_balances(state, account)[0][0] == cash % 100
        emptied += 1
    assert emptied >= 2
    check_all(state)
