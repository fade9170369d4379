"""Vaults: what they are, who leads them and who has shares."""

from __future__ import annotations

from ...sim.fixed import Address
from ...sim.view import View
from ..shapes import vaults as shapes
from ..shapes.text import usd_text
from .ledgers import portfolio
from .registry import Json, info

YOUNG_MS = 2 * 3_600_000
"""Documented: the summaries are those of vaults younger than two hours (info 8)."""


@info("vaultDetails", source="info 8")
def vault_details(view: View, vault_address: Address, user: Address | None = None) -> Json:
    """Null when there is no such vault."""
    vault = view.state.vaults.get(vault_address)
    return None if vault is None else shapes.details(view, vault, user, portfolio)


@info("userVaultEquities", source="info 8")
def user_vault_equities(view: View, user: Address) -> Json:
    return [
        {
            "vaultAddress": vault.address,
            "equity": usd_text(shapes.equity(view, vault, user)),
            "lockedUntilTimestamp": stake.locked_until_ms,
        }
        for vault, stake in shapes.joined(view, user)
    ]


@info("leadingVaults", source="info 8")
def leading_vaults(view: View, user: Address) -> Json:
    return shapes.leading(view, user)


@info("vaultSummaries", source="info 8")
def vault_summaries(view: View) -> Json:
    """Oldest first (Assumed)."""
    rows = []
    for vault in reversed(view.state.vaults.values()):
        if view.time_ms - vault.created_ms >= YOUNG_MS:
            break
        rows.append(shapes.summary(view, vault))
    return rows[::-1]
