"""What one account holds: the clearinghouse state, spot balances, the setting of one coin."""

from __future__ import annotations

from typing import Any

from ...sim import abstraction, margin
from ...sim.assets import Perp
from ...sim.fixed import Address
from ...sim.state import POOLED, Account, Clearing, Leverage, Position, State
from ...sim.view import View
from .text import px_text, rate_text, usd_text


def leverage(setting: Leverage, position: Position | None) -> dict[str, Any]:
    """`{"type","value"}`; isolated adds `rawUsd`, "0.0" while there is no position (info 5.3)."""
    is_cross = setting.is_cross if position is None else position.is_cross
    if is_cross:
        return {"type": "cross", "value": setting.value}
    raw_usd = 0 if position is None else position.raw_usd
    return {"type": "isolated", "value": setting.value, "rawUsd": usd_text(raw_usd)}


def clearinghouse_state(view: View, user: Address, dex: int = 0) -> dict[str, Any]:
    """The perps side of an account on one dex; all zeros for a never-seen user (info 5.1)."""
    state, account = view.state, view.account(user)
    part = abstraction.part_of(state, account, dex)
    total, cross, withdrawable = _perps(state, account, part)
    return {
        "marginSummary": _summary(total),
        "crossMarginSummary": _summary(cross),
        "crossMaintenanceMarginUsed": usd_text(margin.cross_maintenance(state, part)),
        "withdrawable": usd_text(withdrawable),
        "assetPositions": [
            {"type": "oneWay", "position": _position(view, account, asset_id)}
            for asset_id in sorted(part.positions)
        ],
        "time": view.time_ms,
    }


def all_states(view: View, user: Address) -> list[Any]:
    """`[dex, state]` of every dex, whatever the account has there (ws 3.20)."""
    rows: list[Any] = [["", clearinghouse_state(view, user)]]
    for dex in view.universe.dexes:
        rows.append([dex.name, clearinghouse_state(view, user, dex.index)])
    return rows


def used_states(view: View, user: Address) -> list[Any]:
    """`[dex, state]` of the first dex and of those that the account has something on (Assumed)."""
    account = view.account(user)
    rows: list[Any] = [["", clearinghouse_state(view, user)]]
    for dex in view.universe.dexes:
        part = abstraction.part_of(view.state, account, dex.index)
        if part.positions or (part.raw_usd and account.abstraction not in POOLED):
            rows.append([dex.name, clearinghouse_state(view, user, dex.index)])
    return rows


def _perps(
    state: State, account: Account, part: Clearing
) -> tuple[margin.Summary, margin.Summary, int]:
    """(all, cross, withdrawable) of a perps side, which in a unified account is no balance."""
    if account.abstraction in POOLED:
        total, cross = abstraction.shown_perps(state, part)
        return total, cross, max(0, cross.account_value - cross.total_margin_used)
    total, cross = margin.total_summary(state, part), margin.cross_summary(state, part)
    return total, cross, margin.withdrawable(state, account, part)


def _summary(summary: margin.Summary) -> dict[str, str]:
    return {
        "accountValue": usd_text(summary.account_value),
        "totalNtlPos": usd_text(summary.total_ntl_pos),
        "totalRawUsd": usd_text(summary.total_raw_usd),
        "totalMarginUsed": usd_text(summary.total_margin_used),
    }


def _position(view: View, account: Account, asset_id: int) -> dict[str, Any]:
    """`liquidationPx` is null when no positive price liquidates; `cumFunding` positive was paid."""
    state, market = view.state, view.market_of(asset_id)
    perp = margin.perp_of(state, asset_id)
    clearing = account.of(perp)
    position = clearing.positions[asset_id]
    liquidation_px = margin.liquidation_px(state, clearing, asset_id)
    return {
        "coin": perp.coin,
        "szi": px_text(position.szi),
        "leverage": leverage(margin.leverage_of(clearing, perp), position),
        "entryPx": px_text(margin.entry_px(perp, position)),
        "positionValue": usd_text(margin.position_value(market, position)),
        "unrealizedPnl": usd_text(margin.unrealized_pnl(market, position)),
        "returnOnEquity": rate_text(margin.return_on_equity(state, clearing, asset_id)),
        "liquidationPx": None if liquidation_px is None else rate_text(liquidation_px),
        "marginUsed": usd_text(margin.margin_used(state, clearing, asset_id)),
        "maxLeverage": perp.max_leverage,
        "cumFunding": {
            "allTime": usd_text(clearing.funding_all_time.get(asset_id, 0)),
            "sinceOpen": usd_text(position.funding_since_open),
            "sinceChange": usd_text(position.funding_since_change),
        },
    }


def page_agent(view: View, account: Account) -> dict[str, Any]:
    """The agent without a name while it is valid, as the web page's own types show it."""
    agent = account.agents.get("")
    if agent is None or agent.valid_until_ms <= view.time_ms:
        return {"agentAddress": None, "agentValidUntil": None}
    return {"agentAddress": agent.address, "agentValidUntil": agent.stamped_until_ms}


def active_asset_data(view: View, user: Address, perp: Perp) -> dict[str, Any]:
    """Leverage setting and room to trade of one perp. Pairs are [buy, sell] (info 5.3)."""
    state, clearing = view.state, view.account(user).of(perp)
    szs = margin.max_trade_szs(state, clearing, perp.id)
    available = margin.available_to_trade(state, clearing, perp.id)
    setting = margin.leverage_of(clearing, perp)
    return {
        "user": user,
        "coin": perp.coin,
        "leverage": leverage(setting, clearing.positions.get(perp.id)),
        "maxTradeSzs": [px_text(sz) for sz in szs],
        "availableToTrade": [usd_text(usd) for usd in available],
        "markPx": px_text(view.market_of(perp.id).mark_px),
    }
