"""Builders of accounts that somebody else signs for: sub-accounts and vaults."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from stories import Story, Trader, market, usd

from hlsim.sim import ledger
from hlsim.sim.actions.sub_accounts import CreateSubAccount, SubAccountTransfer
from hlsim.sim.actions.vaults import CreateVault, VaultDistribute, VaultTransfer
from hlsim.sim.errors import ActionReject
from hlsim.sim.fixed import Address
from hlsim.sim.operations import DepositUsd
from hlsim.sim.replies import Created, Done, Refused, Response
from hlsim.sim.rules import Rules
from hlsim.sim.shares import Stake, Vault
from hlsim.sim.vaults import value_of

DAY_MS = 86_400_000
DESCRIPTION = "A vault for a test."


@dataclass
class Deputy(Trader):
    """An account without a key: `signer` acts for it through vaultAddress."""

    signer: Address

    def act(self, action: Any, **call: Any) -> Response:
        return self.market.act(self.signer, action, vault=self.address, **call)


def text_of(response: Response) -> str:
    """The text with which a whole action was refused."""
    assert isinstance(response, Refused), response
    assert isinstance(response.error.why, ActionReject)
    return response.error.why.value.format(**response.error.params)


def traded(trader: Trader, dollars: int = 100_000) -> Trader:
    """The trader, who traded so much before the story begins."""
    trader.account.volume.total_usd = dollars * 10**8
    return trader


def sub_account(master: Trader, name: str = "desk", *, dollars: str = "0") -> Deputy:
    """A sub-account with `dollars` from its master, who has traded enough."""
    if master.account.volume.total_usd < 100_000 * 10**8:
        traded(master)
    made = master.act(CreateSubAccount(name))
    assert isinstance(made, Created)
    if usd(dollars):
        fund: Any = SubAccountTransfer(made.address, True, usd(dollars))  # type: ignore[arg-type]
        assert master.act(fund) == Done()
    return Deputy(master.market, made.address, master.address)


def create_vault(
    leader: Trader,
    dollars: str = "1000",
    *,
    name: str = "Vault",
    description: str = DESCRIPTION,
) -> Response:
    nonce: Any = next(leader.market.nonces)
    return leader.act(CreateVault(name, description, usd(dollars), nonce), nonce=nonce)  # type: ignore[arg-type]


def vault_of(leader: Trader, dollars: str = "1000", **terms: str) -> Deputy:
    """A vault with `dollars` of its leader's in it."""
    made = create_vault(leader, dollars, **terms)
    assert isinstance(made, Created), made
    return Deputy(leader.market, made.address, leader.address)


def deposits(trader: Trader, vault: Deputy, dollars: str) -> Response:
    return trader.act(VaultTransfer(vault.address, True, usd(dollars)))  # type: ignore[arg-type]


def withdraws(trader: Trader, vault: Deputy, dollars: str) -> Response:
    return trader.act(VaultTransfer(vault.address, False, usd(dollars)))  # type: ignore[arg-type]


def later(story: Story, *, ms: int = 0) -> None:
    """Moves a day on, or `ms`, and the traders' own clocks with it."""
    story.advance(ms=ms or DAY_MS)
    story.nonces = count(max(next(story.nonces), story.ex.state.time_ms))


def register(vault: Deputy) -> Vault:
    return vault.market.ex.state.vaults[vault.address]


def stake(vault: Deputy, trader: Trader) -> Stake:
    return register(vault).stakes[trader.address]


def value(vault: Deputy) -> int:
    return value_of(vault.market.ex.state, vault.address)


# -- stories of vaults -----------------------------------------------------------------------------


def house(*, rules: Rules | None = None) -> tuple[Trader, Trader, Deputy]:
    """A leader with $1000 in a vault, and a stranger."""
    m = market(rules)
    alice, bob = m.account("alice"), m.account("bob")
    return alice, bob, vault_of(alice)


def grown(profit: str = "0") -> tuple[Trader, Trader, Deputy]:
    """The same, where bob deposited another $1000 and a day and a `profit` came."""
    alice, bob, vault = house()
    assert deposits(bob, vault, "1000") == Done()
    if usd(profit):
        gift(vault, profit)
    later(vault.market)
    return alice, bob, vault


def gift(vault: Deputy, dollars: str) -> None:
    """Profit from nowhere: whatever is on the vault's account belongs to its shares."""
    vault.market.ex.operate(DepositUsd(vault.address, usd(dollars)))


def loss(vault: Deputy, dollars: str) -> None:
    vault.account.raw_usd = vault.account.raw_usd - usd(dollars)  # type: ignore[assignment]


def refusal(trader: Trader, action: Any) -> str:
    """The text of a refusal that changed nothing but the nonce and the count of requests."""
    trader.market.events()
    text = text_of(trader.act(action))
    assert trader.market.events() == []
    return text


def into(vault: Deputy, amount: str) -> Any:
    return VaultTransfer(vault.address, True, usd(amount))  # type: ignore[arg-type]


def out_of(vault: Deputy, amount: str) -> Any:
    return VaultTransfer(vault.address, False, usd(amount))  # type: ignore[arg-type]


def spread(vault: Deputy, amount: str) -> Any:
    return VaultDistribute(vault.address, usd(amount))  # type: ignore[arg-type]


def deltas(trader: Trader, kind: type[ledger.LedgerChange]) -> list[Any]:
    return [row.delta for row in trader.account.ledger if isinstance(row.delta, kind)]
