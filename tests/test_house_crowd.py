"""Random deeds of masters, leaders, followers and traders: money, shares and books add up."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from deeds import Crowd, restored
from houses import DESCRIPTION, Deputy, later, sub_account, vault_of
from stories import START_MS, Trader
from test_conservation import check_money, check_orders, check_positions

from hlsim.sim import shares
from hlsim.sim.actions.orders import NewOrder
from hlsim.sim.actions.sub_accounts import SubAccountSpotTransfer, SubAccountTransfer
from hlsim.sim.actions.transfers import SendAsset, UsdClassTransfer
from hlsim.sim.actions.vaults import CreateVault, VaultDistribute, VaultModify, VaultTransfer
from hlsim.sim.fixed import Sz
from hlsim.sim.replies import Done, Refused, Response
from hlsim.sim.state import State
from hlsim.sim.vaults import value_of

ANY: Any = START_MS
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"


def check_shares(state: State) -> None:
    """Registers add up, are worth no more than their vault, and leave the leader 5 %."""
    joined: dict[str, list[str]] = {}
    for vault in state.vaults.values():
        value = value_of(state, vault.address)
        stakes = vault.stakes
        assert vault.shares == sum(stake.shares for stake in stakes.values())
        assert all(stake.shares > 0 and stake.basis >= 0 for stake in stakes.values())
        worth = sum(shares.worth(vault, stake.shares, value) for stake in stakes.values())
        assert 0 <= worth <= max(0, value)
        if stakes:
            leader = stakes[vault.leader].shares
            assert shares.leader_keeps(vault, leader, vault.shares)
            assert max(0, value) - worth < len(stakes)
        assert vault.address in state.accounts[vault.leader].vaults_led
        for user in stakes:
            joined.setdefault(user, []).append(vault.address)
    for user, account in state.accounts.items():
        assert sorted(account.vaults_joined) == sorted(joined.get(user, []))
        assert all(state.accounts[sub].master == user for sub in account.sub_accounts)


class Household(Crowd):
    """Traders of whom two lead vaults and one has sub-accounts; those trade like anybody."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, traders=6)
        self.rng = Random(f"household {seed}")
        self.done: dict[str, int] = {}
        self.move_in()

    def move_in(self) -> None:
        """Makes vaults and sub-accounts of whoever can afford them."""
        self.people = list(self.traders)
        self.vaults = [
            vault_of(trader, "300") for trader in self.people if trader.account.raw_usd > 10**10
        ][:2]
        if not self.vaults:
            self.people[0].act(UsdClassTransfer("4000", True, ANY))
            self.vaults = [vault_of(self.people[0], "300")]
        self.subs = [sub_account(self.people[0], name) for name in ("one", "two")]
        self.traders += [*self.vaults * 3, *self.subs]

    def deed(self) -> None:
        kind = self.rng.randrange(200)
        if kind < 110:
            super().deed()
        elif kind < 170:
            self.house(self.rng.choice(self.vaults))
        elif kind < 197:
            self.household(self.rng.choice(self.subs))
        else:
            later(self.market)

    def order(self, trader: Trader) -> NewOrder:
        """Vaults take more risk than anybody, so that withdrawals have to close something."""
        new = super().order(trader)
        return replace(new, sz=Sz(new.sz * 4)) if trader in self.vaults else new

    def amount(self, most: int) -> Any:
        """µUSD: odd ones, round ones, and nearly or exactly all that there is."""
        rng = self.rng
        if most <= 0 or rng.random() < 0.1:
            return rng.choice((0, 1, 4_999_999, 5_000_000, 10_000_000, 10**12))
        return rng.choice((most, most + 1, most - 1, rng.randrange(1, most + 1)))

    def house(self, vault: Deputy) -> None:
        """One deed with the register of a vault."""
        rng, state = self.rng, self.market.ex.state
        trader, found = rng.choice(self.people), state.vaults[vault.address]
        leader = Trader(self.market, vault.signer)
        kind = rng.randrange(100)
        if kind < 40:
            most = min(trader.account.raw_usd, 400 * 10**6)
            self.fairly(trader, VaultTransfer(vault.address, True, self.amount(most)))  # type: ignore[arg-type]
        elif kind < 88:
            mine = found.stakes.get(trader.address)
            worth = value_of(state, vault.address)
            most = 0 if mine is None else shares.worth(found, mine.shares, worth)
            self.fairly(trader, VaultTransfer(vault.address, False, self.amount(most)))  # type: ignore[arg-type]
        elif kind < 93:
            leader.act(VaultModify(vault.address, rng.random() < 0.9, rng.random() < 0.5))
        elif kind < 98:
            usd = self.amount(vault.account.raw_usd)
            leader.act(VaultDistribute(vault.address, usd or 1))  # type: ignore[arg-type]
        else:
            response = leader.act(VaultDistribute(vault.address, 0))  # type: ignore[arg-type]
            if response == Done():
                self.count("closed", response)
                self.replace(vault, leader)

    def replace(self, gone: Deputy, leader: Trader) -> None:
        """A new vault instead of a closed one, when the leader can pay for it."""
        nonce: Any = next(self.market.nonces)
        made = leader.act(CreateVault("Vault", DESCRIPTION, 150 * 10**6, nonce), nonce=nonce)  # type: ignore[arg-type]
        if not isinstance(made, Refused):
            again = Deputy(self.market, made.address, leader.address)  # type: ignore[union-attr]
            self.vaults[self.vaults.index(gone)] = again
            self.traders = [again if one is gone else one for one in self.traders]

    def fairly(self, trader: Trader, action: VaultTransfer) -> None:
        """Deposits or withdraws, and proves that no share of anybody lost any worth by it."""
        state, address = self.market.ex.state, action.vault_address
        vault = state.vaults[address]
        value, count = value_of(state, address), vault.shares
        response = trader.act(action)
        self.count("deposit" if action.is_deposit else "withdraw", response)
        if count and vault.shares and value > 0:
            assert value_of(state, address) * count >= value * vault.shares

    def household(self, sub: Deputy) -> None:
        """One deed of a master with a sub-account, or of somebody who has none."""
        rng = self.rng
        master = Trader(self.market, sub.signer)
        if rng.random() < 0.1:
            master = rng.choice(self.people)
        text = f"{rng.randrange(1, 900)}.{rng.randrange(100):02d}"
        both = rng.choice((("", "spot"), ("spot", ""), ("", ""), ("spot", "spot")))
        to = rng.choice(self.people).address
        deeds: Any = (
            SubAccountTransfer(sub.address, rng.random() < 0.6, self.amount(900 * 10**6)),  # type: ignore[arg-type]
            SubAccountSpotTransfer(sub.address, rng.random() < 0.6, rng.choice((PURR, USDC)), text),
            UsdClassTransfer(f"{text} subaccount:{sub.address}", rng.random() < 0.5, ANY),
            SendAsset(to, *both, USDC, text, sub.address, ANY),  # type: ignore[arg-type]
        )
        self.count("sub-account", master.act(rng.choice(deeds)))

    def count(self, what: str, response: Response) -> None:
        if not isinstance(response, Refused):
            self.done[what] = self.done.get(what, 0) + 1

    def check(self) -> None:
        state = self.market.ex.state
        check_money(state)
        check_positions(state)
        check_orders(state)
        check_shares(state)


@pytest.mark.parametrize("seed", [0, 1, 3, 5])
def test_money_shares_and_books_add_up_after_anything(seed: int) -> None:
    """Documented nowhere, true everywhere: shares of a vault, money of the house."""
    crowd = Household(seed)
    for _ in range(30):
        crowd.run(25)
        crowd.check()
    assert crowd.done["deposit"] > 5
    assert crowd.done["withdraw"] > 5
    assert crowd.done["sub-account"] > 5


@pytest.mark.parametrize("seed", [21, 22])
def test_snapshot_then_restore_is_the_identity(seed: int) -> None:
    restored(Household, seed, check_orders, before=250, after=150).check()
