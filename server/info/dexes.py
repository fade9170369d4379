"""Perps dexes that somebody deployed: what they are, what their deployers set."""

from __future__ import annotations

from typing import Any

from ...sim.assets import Annotation, Dex
from ...sim.open_interest import SIZE_CAP
from ...sim.view import View
from ..shapes.text import iso_text, px_text, rate_text, usd_text
from .deploys import auction
from .listings import dex_index
from .registry import Json, info


@info("perpDexs", source="info 4.5")
def perp_dexs(view: View) -> Json:
    """The first dex is null."""
    return [None, *(_dex(view, dex) for dex in view.universe.dexes)]


def _dex(view: View, dex: Dex) -> dict[str, Any]:
    """Assumed: multipliers and interest are listed where they were set, ordered as the perps."""
    deployed = [(perp.coin, perp.deployed) for perp in dex.perps if perp.deployed is not None]
    return {
        "name": dex.name,
        "fullName": dex.full_name,
        "deployer": dex.deployer,
        "oracleUpdater": dex.oracle_updater,
        "feeRecipient": dex.fee_recipient,
        "assetToStreamingOiCap": _caps(view, dex),
        "subDeployers": [[variant, list(users)] for variant, users in dex.sub_deployers],
        "deployerFeeScale": rate_text(dex.fee_scale),
        "lastDeployerFeeScaleChangeTime": iso_text(dex.fee_scale_ms),
        "assetToFundingMultiplier": [
            [coin, rate_text(one.multiplier)] for coin, one in deployed if one.is_scaled
        ],
        "assetToFundingInterestRate": [
            [coin, rate_text(one.interest)] for coin, one in deployed if one.interest is not None
        ],
        "assetToFundingClamp": [],
    }


def _caps(view: View, dex: Dex) -> list[Json]:
    markets = [view.market_of(perp.id) for perp in dex.perps]
    return [
        [market.asset.coin, usd_text(market.open_interest_cap)]
        for market in markets
        if market.open_interest_cap is not None
    ]


@info("perpDexLimits", source="info 4.16")
def perp_dex_limits(view: View, dex: str) -> Json:
    """Observed: null for the first dex. What may be moved to a dex is shown and not enforced."""
    index, rules = dex_index(view, dex), view.state.rules
    if index == 0:
        return None
    return {
        "totalOiCap": usd_text(rules.dex_open_interest_cap),
        "oiSzCapPerPerp": px_text(SIZE_CAP),
        "maxTransferNtl": usd_text(rules.dex_transfer_cap),
        "coinToOiCap": _caps(view, view.universe.dexes[index - 1]),
    }


@info("perpDexStatus", source="info 4.16")
def perp_dex_status(view: View, dex: str) -> Json:
    """What the perps ledgers were given from outside, from spot and from other dexes, net."""
    index, state = dex_index(view, dex), view.state
    treasury, universe = state.treasury, state.universe
    net: int = treasury.dex_deposits.get(index, 0)
    if index == 0:
        net = treasury.usd_deposited - treasury.usd_withdrawn - treasury.usd.to_spot
        net -= sum(
            treasury.dex_deposits.get(one.index, 0) for one in universe.dexes if one.collateral == 0
        )
    return {"totalNetDeposit": usd_text(net)}


@info("perpDeployAuctionStatus", source="info 9")
def perp_deploy_auction_status(view: View) -> Json:
    """Assumed: as the auction of spot tokens, whose price a registration costs."""
    return auction(view)


# -- annotations -----------------------------------------------------------------------------------


@info("perpAnnotation", source="info 4.18")
def perp_annotation(view: View, coin: str) -> Json:
    """Null for a perp that nobody described."""
    found = next(
        (dex.annotations[coin] for dex in view.universe.dexes if coin in dex.annotations), None
    )
    if found is None:
        return None
    return {"category": found.category, "description": found.description, **_extras(found)}


@info("perpCategories", source="info 4.18")
def perp_categories(view: View) -> Json:
    return [[coin, one.category] for coin, one in _annotations(view)]


@info("perpConciseAnnotations", source="info 4.18")
def perp_concise_annotations(view: View) -> Json:
    return [[coin, {"category": one.category, **_extras(one)}] for coin, one in _annotations(view)]


def _annotations(view: View) -> list[tuple[str, Annotation]]:
    """By dex, then in the order in which they were made (Assumed)."""
    return [row for dex in view.universe.dexes for row in dex.annotations.items()]


def _extras(annotation: Annotation) -> dict[str, Any]:
    """Both are absent unless set."""
    extras: dict[str, Any] = {}
    if annotation.display_name is not None:
        extras["displayName"] = annotation.display_name
    if annotation.keywords:
        extras["keywords"] = list(annotation.keywords)
    return extras
