"""What is being deployed: spot tokens, and the auctions of their places."""

from __future__ import annotations

from typing import Any

from ...sim import spot_deploy
from ...sim.fixed import Address
from ...sim.spot_deploy_state import TokenDeploy
from ...sim.view import View
from ..shapes.text import decimal_text
from .registry import Json, info

ROUND_S = 111_600
"""Observed: an auction lasts 31 hours (info 9)."""


def auction(view: View) -> dict[str, Any]:
    """The auction of the next place. Assumed: the price does not move, and rounds follow each other
    without end.
    """
    round_ms = ROUND_S * 1000
    gas = decimal_text(view.state.rules.spot_deploy_gas, 8)
    return {
        "startTimeSeconds": view.time_ms // round_ms * ROUND_S,
        "durationSeconds": ROUND_S,
        "startGas": gas,
        "currentGas": gas,
        "endGas": None,
    }


@info("spotDeployState", source="info 9")
def spot_deploy_state(view: View, user: Address) -> Json:
    """The unfinished deployments of `user`, oldest first.

    Assumed: the fields of a state, after client libraries; the sheet shows none.
    """
    deploys = view.state.deploys.values()
    mine = [one for one in deploys if one.deployer == user and not one.is_done]
    return {"states": [_state(view, one) for one in mine], "gasAuction": auction(view)}


def _state(view: View, deploy: TokenDeploy) -> dict[str, Any]:
    token = view.universe.tokens[deploy.token]
    decimals, supply = token.wei_decimals, deploy.max_supply
    pooled = deploy.users.get(spot_deploy.HYPERLIQUIDITY, 0)
    return {
        "token": deploy.token,
        "spec": {
            "name": token.name,
            "szDecimals": token.sz_decimals,
            "weiDecimals": decimals,
        },
        "fullName": token.full_name,
        "spots": spot_deploy.spots_of(view.universe, deploy.token),
        "maxSupply": None if supply is None else decimal_text(supply, decimals),
        "hyperliquidityGenesisBalance": decimal_text(pooled, decimals),
        "totalGenesisBalanceWei": str(deploy.total),
        "userGenesisBalances": [[user, str(wei)] for user, wei in deploy.users.items()],
        "existingTokenGenesisBalances": [[one, str(wei)] for one, wei in deploy.holders.items()],
        "blacklistUsers": list(deploy.blacklist),
    }


@info("spotPairDeployAuctionStatus", source="info 9")
def spot_pair_deploy_auction_status(view: View) -> Json:
    """Assumed: as the tokens' auction. Registering a pair costs nothing more."""
    return auction(view)
