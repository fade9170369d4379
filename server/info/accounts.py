"""What an address is and holds."""

from __future__ import annotations

from ...sim.assets import Perp
from ...sim.fixed import Address
from ...sim.view import View
from ..shapes import cached, vaults
from ..shapes.accounts import active_asset_data as active_asset_data_shape
from ..shapes.accounts import clearinghouse_state as clearinghouse_shape
from ..shapes.accounts import page_agent
from ..shapes.orders import full_order, listed
from ..shapes.spot import spot_state
from ..shapes.text import usd_text
from ..shapes.twaps import twap_states
from .listings import dex_index, perps_at_open_interest_cap
from .registry import Json, Unanswerable, info
from .request import Unnamed


@info("clearinghouseState", weight=2, source="info 5.1")
def clearinghouse_state(view: View, user: Address, dex: str = "") -> Json:
    return clearinghouse_shape(view, user, dex_index(view, dex))


@info("spotClearinghouseState", weight=2, source="info 5.2")
def spot_clearinghouse_state(view: View, user: Address) -> Json:
    return spot_state(view, user)


@info("activeAssetData", source="info 5.3")
def active_asset_data(view: View, user: Address, coin: str) -> Json:
    """Perps only. Assumed: any other coin is a 500 (info 13, 3)."""
    asset = view.universe.by_coin.get(coin)
    if not isinstance(asset, Perp):
        raise Unanswerable(f"no perp {coin!r:.80}")
    return active_asset_data_shape(view, user, asset)


@info("userAbstraction", source="info 5.4")
def user_abstraction(view: View, user: Address) -> Json:
    return view.account(user).abstraction


@info("userDexAbstraction", source="info 5.4")
def user_dex_abstraction(view: View, user: Address) -> Json:
    """Null means never set; the mode was discontinued."""
    return view.account(user).dex_abstraction


@info("userToMultiSigSigners", source="info 5.8")
def user_to_multi_sig_signers(view: View, user: Address) -> Json:
    owners = view.account(user).multi_sig
    if owners is None:
        return None
    return {"authorizedUsers": list(owners.users), "threshold": owners.threshold}


@info("userRole", weight=60, source="info 5.6", is_positional=True)
def user_role(view: View, user: Address) -> Json:
    """An account comes before an agent of the same address, as for signers.

    Missing means that the address never received anything and is nobody's live agent.
    """
    if user in view.state.vaults:
        return {"role": "vault"}
    if view.knows(user):
        master = view.account(user).master
        if master is not None:
            return {"role": "subAccount", "data": {"master": master}}
        return {"role": "user"}
    agent = view.state.agents.get(user)
    if agent is not None and agent.valid_until_ms > view.time_ms:
        return {"role": "agent", "data": {"user": agent.master}}
    return {"role": "missing"}


@info("extraAgents", source="info 5.7")
def extra_agents(view: View, user: Address) -> Json:
    """Named agents only, as long as they are valid."""
    return [
        {"name": agent.name, "address": agent.address, "validUntil": agent.stamped_until_ms}
        for agent in view.account(user).agents.values()
        if agent.name and agent.valid_until_ms > view.time_ms
    ]


@info("liquidatable", status="empty", source="info 12.1")
def liquidatable(view: View) -> Json:
    """Assumed: for the operator of a node only; what a row looks like was never published."""
    return []


@info("isVip", status="empty", source="info 5.10")
def is_vip(view: View, user: Address) -> Json:
    return None


@info("legalCheck", status="static", source="info 5.10")
def legal_check(view: View, user: Address) -> Json:
    """Everybody is allowed. Observed: an unknown user has accepted nothing."""
    known = view.knows(user)
    return {"acceptedTerms": known, "userAllowed": known, "restrictions": "n"}


@info("preTransferCheck", source="info 5.10", is_positional=True)
def pre_transfer_check(view: View, user: Address, source: Unnamed | None = None) -> Json:
    """What a transfer to `user` would meet.

    Observed: the fee of a new recipient shows in the positional form with a source only; the object
    form ignores `source` and says 0.0 (contested 68).
    """
    account, is_known = view.account(user), view.knows(user)
    fee = 0 if is_known or source is None else view.state.rules.activation_fee
    return {
        "isSanctioned": False,
        "userExists": is_known,
        "fee": usd_text(fee),
        "userHasSentTx": account.requests_used > 0,
    }


@info("webData2", source="info 10")
def web_data_2(view: View, user: Address) -> Json:
    """Everything that the web page shows of one user, composed of the other types.

    Documented: the last two are absent when there is nothing to tell (info 10).
    """
    account = view.account(user)
    at_cap = perps_at_open_interest_cap(view)
    return {
        "clearinghouseState": clearinghouse_shape(view, user),
        "leadingVaults": vaults.leading(view, user),
        "totalVaultEquity": usd_text(vaults.total_equity(view, user)),
        "openOrders": [
            full_order(order, children=children) for order, children in listed(view, user)
        ],
        **page_agent(view, account),
        "cumLedger": usd_text(account.net_deposits),
        "meta": cached.meta_json(view),
        "assetCtxs": cached.perp_ctxs_json(view),
        "serverTime": view.time_ms,
        "isVault": user in view.state.vaults,
        "user": user,
        "twapStates": twap_states(account),
        "spotState": spot_state(view, user),
        "spotAssetCtxs": cached.spot_ctxs_json(view),
        **({"optOutOfSpotDusting": True} if account.is_dusting_off else {}),
        **({"perpsAtOpenInterestCap": at_cap} if at_cap else {}),
    }
