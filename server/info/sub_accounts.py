"""The sub-accounts of a master, with all that they hold."""

from __future__ import annotations

from ...sim.fixed import Address
from ...sim.view import View
from ..shapes.accounts import clearinghouse_state, used_states
from ..shapes.spot import spot_state
from .registry import Json, info


@info("subAccounts", source="info 5.5")
def sub_accounts(view: View, user: Address) -> Json:
    """Null when there are none; else oldest first (Assumed)."""
    rows = [
        {
            "name": name,
            "subAccountUser": sub,
            "master": user,
            "clearinghouseState": clearinghouse_state(view, sub),
            "spotState": spot_state(view, sub),
        }
        for sub, name in view.account(user).sub_accounts.items()
    ]
    return rows or None


@info("subAccounts2", source="info 5.5")
def sub_accounts_2(view: View, user: Address) -> Json:
    """The same by dex; `abstraction` is absent while it is the default."""
    rows = []
    for sub, name in view.account(user).sub_accounts.items():
        row = {
            "name": name,
            "subAccountUser": sub,
            "master": user,
            "dexToClearinghouseState": used_states(view, sub),
            "spotState": spot_state(view, sub),
        }
        abstraction = view.account(sub).abstraction
        if abstraction != "default":
            row["abstraction"] = abstraction
        rows.append(row)
    return rows or None
