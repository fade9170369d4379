"""A vault and its shares, as their own info types and those of its depositors show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ...sim import margin, shares
from ...sim.fixed import Address, Usd, div_down, div_trunc
from ...sim.shares import Stake, Vault
from ...sim.vaults import value_of
from ...sim.view import View
from .text import decimal_text, usd_text

LEADER = "Leader"
"""What stands for the leader's address in the list of followers (info 8)."""
FOLLOWERS_SHOWN = 100
"""Assumed: the list names the largest only."""
NORMAL: dict[str, str] = {"type": "normal"}
"""No vault has children here."""
DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
_RATIO_DECIMALS = 10


def number(value: int, decimals: int) -> msgspec.Raw:
    """`value / 10**decimals` as a JSON number, exact."""
    return msgspec.Raw(decimal_text(value, decimals).encode())


def equity(view: View, vault: Vault, user: Address) -> Usd:
    """What the shares of `user` are worth."""
    stake = vault.stakes.get(user)
    if stake is None:
        return Usd(0)
    return shares.worth(vault, stake.shares, value_of(view.state, vault.address))


def joined(view: View, user: Address) -> list[tuple[Vault, Stake]]:
    """The vaults in which `user` has shares, first joined first."""
    vaults = (view.state.vaults[address] for address in view.account(user).vaults_joined)
    return [(vault, vault.stakes[user]) for vault in vaults]


def total_equity(view: View, user: Address) -> Usd:
    """`totalVaultEquity`: what all shares of `user` are worth."""
    return Usd(sum(equity(view, vault, user) for vault, _ in joined(view, user)))


def leading(view: View, user: Address) -> list[dict[str, str]]:
    """The open vaults that `user` leads."""
    vaults = (view.state.vaults[address] for address in view.account(user).vaults_led)
    return [
        {"address": vault.address, "name": vault.name} for vault in vaults if not vault.is_closed
    ]


def _follower(vault: Vault, user: Address, *, value: int, time_ms: int) -> dict[str, Any]:
    """One depositor, when the vault is worth `value`. Inferred: `pnl` is that of the shares still
    held, `allTimePnl` adds what came back before.
    """
    stake = vault.stakes[user]
    worth = shares.worth(vault, stake.shares, value)
    return {
        "user": user,
        "vaultEquity": usd_text(worth),
        "pnl": usd_text(worth - stake.basis),
        "allTimePnl": usd_text(worth - stake.basis + stake.realized),
        "daysFollowing": div_down(time_ms - stake.entry_ms, DAY_MS),
        "vaultEntryTime": stake.entry_ms,
        "lockupUntil": stake.locked_until_ms,
    }


def details(
    view: View, vault: Vault, user: Address | None, portfolio: Callable[[View, Address], Any]
) -> dict[str, Any]:
    """`vaultDetails` (info 8). `portfolio` is that info type's function.

    Assumed: `maxDistributable` is what the vault's positions and orders do not need,
    `maxWithdrawable` what of it the leader may take.
    """
    now = view.time_ms
    value, idle = value_of(view.state, vault.address), _idle(view, vault)
    largest = sorted(vault.stakes, key=lambda one: -vault.stakes[one].shares)[:FOLLOWERS_SHOWN]
    followers = [_follower(vault, one, value=value, time_ms=now) for one in largest]
    for row in followers:
        if row["user"] == vault.leader:
            row["user"] = LEADER
    mine = None
    if user is not None and user in vault.stakes:
        mine = _follower(vault, user, value=value, time_ms=now)
    return {
        "name": vault.name,
        "vaultAddress": vault.address,
        "leader": vault.leader,
        "description": vault.description,
        "portfolio": portfolio(view, vault.address),
        "apr": number(_apr(view, vault, value), _RATIO_DECIMALS),
        "followerState": mine,
        "leaderFraction": number(_leader_fraction(vault), _RATIO_DECIMALS),
        "leaderCommission": number(shares.COMMISSION, _RATIO_DECIMALS),
        "followers": followers,
        "maxDistributable": number(idle, 6),
        "maxWithdrawable": number(min(idle, _leader_may_take(vault, value, now)), 6),
        "isClosed": vault.is_closed,
        "relationship": NORMAL,
        "allowDeposits": vault.allow_deposits,
        "alwaysCloseOnWithdraw": vault.always_close,
    }


def _idle(view: View, vault: Vault) -> Usd:
    """What no position or order of the vault needs."""
    return margin.withdrawable(view.state, view.account(vault.address))


def _leader_fraction(vault: Vault) -> int:
    stake = vault.stakes.get(vault.leader)
    if stake is None or vault.shares == 0:
        return 0
    return div_down(stake.shares * 10**_RATIO_DECIMALS, vault.shares)


def _leader_may_take(vault: Vault, value: int, time_ms: int) -> Usd:
    """What would leave the leader 5 % of the rest; nothing during the lock-up."""
    stake = vault.stakes.get(vault.leader)
    if stake is None or time_ms < stake.locked_until_ms:
        return Usd(0)
    others = vault.shares - stake.shares
    kept = -div_down(-others, shares.LEADER_PARTS - 1)
    return shares.worth(vault, max(0, stake.shares - kept), value)


def _apr(view: View, vault: Vault, value: int) -> int:
    """Assumed: what the vault gained since it began, on what is deposited, as if for a year."""
    deposited = view.account(vault.address).net_deposits
    if deposited <= 0:
        return 0
    gained = value - deposited
    age_ms = max(DAY_MS, view.time_ms - vault.created_ms)
    return div_trunc(gained * 10**_RATIO_DECIMALS * YEAR_MS, deposited * age_ms)


def summary(view: View, vault: Vault) -> dict[str, Any]:
    """A row of `vaultSummaries`."""
    return {
        "name": vault.name,
        "vaultAddress": vault.address,
        "leader": vault.leader,
        "tvl": usd_text(value_of(view.state, vault.address)),
        "isClosed": vault.is_closed,
        "relationship": NORMAL,
        "createTimeMillis": vault.created_ms,
    }
