"""What deployers set of their perps dexes: margin, funding, fees, caps, helpers, words (HIP-3).

Documented: the steps and their fields (exchange 5.2), their bounds (mechanics 10, 11.3, 17). Each
is the deployer's, or of whom the deployer let do it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from . import danger, listing, open_interest
from .assets import (
    Annotation,
    Deployed,
    Dex,
    MarginMode,
    MarginTable,
    MarginTier,
    Perp,
    Universe,
)
from .errors import ActionError, ActionReject
from .events import PricesChanged
from .fixed import RATE_SCALE, Address, Rate, Usd, div_down, ntl, parse_decimal
from .margin import leverage_of
from .vaults import refuse_tokens

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange
    from .state import State

MOST_TABLES = 100
"""Assumed: margin tables of one dex."""
MOST_TIERS = 3
MOST_LEVERAGE = 50
FIRST_TABLE = 50
"""Documented: ids below mean one tier (info 4.2). Assumed: those of a dex begin here."""
MOST_HELPERS = 100
"""Assumed: sub-deployers of one variant."""
MOST_MULTIPLIER = 10
"""Documented: of funding rates, and of the fee scale (mechanics 10, 11.3)."""
MOST_INTEREST = Rate(100_000_000)
"""Documented: 0.01 in 8 hours, either way (mechanics 10)."""
LEAST_CAP = Usd(1_000_000)
"""Documented for deployers: "1_000_000 (1 usd)", or half of the open interest that there is; the
sheet has a million dollars (mechanics 17).
"""
MOST_TEXT = 1_000
MOST_KEYWORDS = 20
_MODES = {
    "normal": MarginMode.NORMAL,
    "noCross": MarginMode.NO_CROSS,
    "strictIsolated": MarginMode.STRICT_ISOLATED,
}


# -- who may ---------------------------------------------------------------------------------------


def may(dex: Dex, user: Address, variant: str) -> bool:
    """True when the deployer let `user` do it. Documented: by variant of `perpDeploy`."""
    return any(name == variant and user in users for name, users in dex.sub_deployers)


def owned(state: State, acting: Acting, name: str, variant: str) -> Dex:
    """The dex of a name, which the user deployed or may change. Raises ActionError."""
    dex = state.universe.dex(name)
    if dex is None or dex.is_disabled:
        raise ActionError(ActionReject.INVALID_DEX)
    if acting.user != dex.deployer and not may(dex, acting.user, variant):
        raise ActionError(ActionReject.INVALID_PERP_DEPLOYER)
    return dex


def owned_perp(state: State, acting: Acting, coin: str, variant: str) -> tuple[Dex, Perp]:
    """A perp of such a dex. Raises ActionError."""
    perp = state.universe.by_coin.get(coin)
    if not isinstance(perp, Perp) or perp.dex == 0:
        raise ActionError(ActionReject.UNKNOWN_COIN, coin=coin)
    dex = state.universe.dexes[perp.dex - 1]
    return owned(state, acting, dex.name, variant), perp


def replaced(state: State, dex: Dex) -> Universe:
    """The universe with another dex in the place of the same index."""
    return state.universe.with_dex(dex)


def _owned_perps(
    ex: Exchange, acting: Acting, coins: Sequence[str], variant: str
) -> tuple[Dex, list[Perp]]:
    """All of one dex. Assumed: a list without any, or with those of two dexes, is refused."""
    found = [owned_perp(ex.state, acting, coin, variant) for coin in coins]
    if len({dex.index for dex, _ in found}) != 1 or len(set(coins)) != len(coins):
        raise ActionError(ActionReject.PERP_DEPLOY_COIN)
    return found[0][0], [perp for _, perp in found]


def _change(ex: Exchange, dex: Dex, perps: Sequence[Perp]) -> None:
    """Puts changed perps into the place of those with their ids."""
    changed = {perp.id: perp for perp in perps}
    all_perps = tuple(changed.get(perp.id, perp) for perp in dex.perps)
    listing.relist(ex.state, replaced(ex.state, replace(dex, perps=all_perps)), {})
    ex.emit(PricesChanged(tuple(perp.coin for perp in perps)))


def _deployed(perp: Perp) -> Deployed:
    assert perp.deployed is not None
    return perp.deployed


def _decimal(text: str) -> int:
    """A decimal, 1e-10. Raises ActionError."""
    try:
        return parse_decimal(text, 10)
    except ValueError as error:
        raise ActionError(ActionReject.AMOUNT_INVALID) from error


# -- funding ---------------------------------------------------------------------------------------


def set_multipliers(ex: Exchange, acting: Acting, rows: Sequence[tuple[str, str]]) -> None:
    """Documented: 0 to 10."""
    coins, texts = [coin for coin, _ in rows], [text for _, text in rows]
    dex, perps = _owned_perps(ex, acting, coins, "setFundingMultipliers")
    values = [_decimal(text) for text in texts]
    if any(not 0 <= value <= MOST_MULTIPLIER * RATE_SCALE for value in values):
        raise ActionError(ActionReject.PERP_DEPLOY_FUNDING)
    _change(
        ex,
        dex,
        [
            replace(perp, deployed=replace(_deployed(perp), multiplier=Rate(value), is_scaled=True))
            for perp, value in zip(perps, values, strict=True)
        ],
    )


def set_interest(ex: Exchange, acting: Acting, rows: Sequence[tuple[str, str]]) -> None:
    """Interest of 8 hours. Documented: between -0.01 and 0.01."""
    coins, texts = [coin for coin, _ in rows], [text for _, text in rows]
    dex, perps = _owned_perps(ex, acting, coins, "setFundingInterestRates")
    values = [_decimal(text) for text in texts]
    if any(abs(value) > MOST_INTEREST for value in values):
        raise ActionError(ActionReject.PERP_DEPLOY_FUNDING)
    _change(
        ex,
        dex,
        [
            replace(perp, deployed=replace(_deployed(perp), interest=Rate(value)))
            for perp, value in zip(perps, values, strict=True)
        ],
    )


# -- margin ----------------------------------------------------------------------------------------


def insert_table(
    ex: Exchange,
    acting: Acting,
    dex_name: str,
    description: str,
    tiers: Sequence[tuple[int, int]],
) -> None:
    """A margin table more, with the next id: (lower bound in µUSD, maximum leverage) each.

    Assumed: one to three tiers, from 0 upward, with less leverage each; 50x at most.
    """
    dex = owned(ex.state, acting, dex_name, "insertMarginTable")
    bounds, leverages = [bound for bound, _ in tiers], [leverage for _, leverage in tiers]
    is_sound = (
        0 < len(tiers) <= MOST_TIERS
        and bounds[0] == 0
        and all(low < high for low, high in pairwise(bounds))
        and all(more > less for more, less in pairwise(leverages))
        and leverages[0] <= MOST_LEVERAGE
        and leverages[-1] >= 1
        and len(description) <= MOST_TEXT
        and len(dex.margin_tables) < MOST_TABLES
    )
    if not is_sound:
        raise ActionError(ActionReject.PERP_DEPLOY_TABLE)
    table_id = max(dex.margin_tables, default=FIRST_TABLE - 1) + 1
    made = tuple(MarginTier(Usd(bound), leverage) for bound, leverage in tiers)
    table = MarginTable(table_id, description, made)
    tables = dex.margin_tables | {table_id: table}
    listing.relist(ex.state, replaced(ex.state, replace(dex, margin_tables=tables)), {})


def set_tables(ex: Exchange, acting: Acting, rows: Sequence[tuple[str, int]]) -> None:
    """Gives perps other margin tables; open positions are margined by them from now on.

    Assumed: a leverage above the new maximum, set or not, stays until it is set again.
    """
    dex, perps = _owned_perps(ex, acting, [coin for coin, _ in rows], "setMarginTableIds")
    changed = []
    for perp, (_, table_id) in zip(perps, rows, strict=True):
        try:
            table = listing.table_of(dex.margin_tables, table_id)
        except ValueError as error:
            raise ActionError(ActionReject.PERP_DEPLOY_TABLE) from error
        most = table.tiers[0].max_leverage
        changed.append(replace(perp, margin_table=table, max_leverage=most))
    _keep_leverages(ex.state, perps)
    _change(ex, dex, changed)
    _look_again(ex, changed)


def _keep_leverages(state: State, perps: Sequence[Perp]) -> None:
    """Stores what holders have by default, which a new table would change."""
    for account in state.accounts.values():
        for perp in perps:
            clearing = account.of(perp)
            if perp.id in clearing.positions:
                clearing.leverages[perp.id] = leverage_of(clearing, perp)


def set_modes(ex: Exchange, acting: Acting, rows: Sequence[tuple[str, str]]) -> None:
    """Which margin perps allow. Assumed: not while anybody holds what would no longer be legal."""
    dex, perps = _owned_perps(ex, acting, [coin for coin, _ in rows], "setMarginModes")
    changed = []
    for perp, (_, word) in zip(perps, rows, strict=True):
        mode = margin_mode(word)
        if mode is not MarginMode.NORMAL and not perp.only_isolated:
            _check_no_cross(ex.state, perp)
        changed.append(replace(perp, margin_mode=mode))
    _change(ex, dex, changed)


def margin_mode(word: str) -> MarginMode:
    """The mode of a word. Raises ActionError."""
    mode = _MODES.get(word)
    if mode is None:
        raise ActionError(ActionReject.PERP_DEPLOY_MODE)
    return mode


def _check_no_cross(state: State, perp: Perp) -> None:
    for account in state.accounts.values():
        clearing = account.of(perp)
        position, setting = clearing.positions.get(perp.id), clearing.leverages.get(perp.id)
        if position is not None and position.is_cross:
            raise ActionError(ActionReject.PERP_DEPLOY_MODE)
        if setting is not None and setting.is_cross:
            raise ActionError(ActionReject.PERP_DEPLOY_MODE)


def _look_again(ex: Exchange, perps: Sequence[Perp]) -> None:
    """Whoever holds one of them is looked at anew: maintenance may have changed."""
    for account in ex.state.accounts.values():
        if any(perp.id in account.of(perp).positions for perp in perps):
            danger.forget(ex.state, account.address)
            ex.touch(account.address)
    ex.marks_computed()


# -- caps, fees, helpers, words --------------------------------------------------------------------


def set_caps(ex: Exchange, acting: Acting, rows: Sequence[tuple[str, int]]) -> None:
    """Caps of open interest, µUSD. Documented: at least $1, and half of what there is."""
    _, perps = _owned_perps(ex, acting, [coin for coin, _ in rows], "setOpenInterestCaps")
    markets = ex.state.markets
    for perp, (_, cap) in zip(perps, rows, strict=True):
        market = markets[perp.id]
        half = div_down(ntl(market.mark_px, market.open_interest), 2)
        if cap < max(LEAST_CAP, half):
            raise ActionError(ActionReject.PERP_DEPLOY_CAP)
    for perp, (_, cap) in zip(perps, rows, strict=True):
        open_interest.set_cap(ex, perp.id, Usd(cap))


def set_fee_recipient(ex: Exchange, acting: Acting, dex_name: str, user: Address) -> None:
    """Who earns the deployer's part of fees. Assumed: no vault, whose shares would not grow."""
    dex = owned(ex.state, acting, dex_name, "setFeeRecipient")
    refuse_tokens(ex.state, user)
    listing.relist(ex.state, replaced(ex.state, replace(dex, fee_recipient=user)), {})


def set_fee_scale(ex: Exchange, acting: Acting, dex_name: str, text: str) -> None:
    """Documented: 0 to 10 in growth mode (contested 54). Assumed: without it, too."""
    state = ex.state
    dex = owned(state, acting, dex_name, "setFeeScale")
    scale = _decimal(text)
    if not 0 <= scale <= MOST_MULTIPLIER * RATE_SCALE:
        raise ActionError(ActionReject.DEPLOYER_SCALE)
    scaled = replace(dex, fee_scale=Rate(scale), fee_scale_ms=state.time_ms)
    listing.relist(state, replaced(state, scaled), {})


def set_growth(ex: Exchange, acting: Acting, rows: Sequence[tuple[str, bool]]) -> None:
    """Puts perps into growth mode, or takes them out."""
    dex, perps = _owned_perps(ex, acting, [coin for coin, _ in rows], "setGrowthModes")
    now = ex.state.time_ms
    changed = []
    for perp, (_, is_on) in zip(perps, rows, strict=True):
        deployed = _deployed(perp)
        if is_on is not deployed.is_growth:
            deployed = replace(deployed, is_growth=is_on, growth_ms=now)
        changed.append(replace(perp, deployed=deployed))
    _change(ex, dex, changed)


def set_helpers(
    ex: Exchange, acting: Acting, dex_name: str, rows: Sequence[tuple[str, Address, bool]]
) -> None:
    """Lets users act for the deployer, one variant of `perpDeploy` each, or no more.

    Assumed: this itself is the deployer's alone.
    """
    dex = owned(ex.state, acting, dex_name, "")
    helpers = {variant: list(users) for variant, users in dex.sub_deployers}
    for variant, user, allowed in rows:
        if variant not in VARIANTS:
            raise ActionError(ActionReject.PERP_DEPLOY_HELPER)
        users = helpers.setdefault(variant, [])
        if not allowed and user in users:
            users.remove(user)
        elif allowed and user not in users:
            users.append(user)
        if len(users) > MOST_HELPERS:
            raise ActionError(ActionReject.PERP_DEPLOY_HELPER)
    kept = tuple((variant, tuple(users)) for variant, users in helpers.items() if users)
    listing.relist(ex.state, replaced(ex.state, replace(dex, sub_deployers=kept)), {})


def annotate(ex: Exchange, acting: Acting, coin: str, annotation: Annotation) -> None:
    """Describes a perp to people."""
    dex, perp = owned_perp(ex.state, acting, coin, "setPerpAnnotation")
    texts = (
        annotation.category,
        annotation.description,
        annotation.display_name or "",
        *annotation.keywords,
    )
    if len(annotation.keywords) > MOST_KEYWORDS or any(len(text) > MOST_TEXT for text in texts):
        raise ActionError(ActionReject.PERP_DEPLOY_SPEC)
    annotations = dex.annotations | {perp.coin: annotation}
    listing.relist(ex.state, replaced(ex.state, replace(dex, annotations=annotations)), {})


VARIANTS = frozenset(
    {
        "registerAsset",
        "setOracle",
        "setFundingMultipliers",
        "setFundingInterestRates",
        "haltTrading",
        "setMarginTableIds",
        "insertMarginTable",
        "setFeeRecipient",
        "setOpenInterestCaps",
        "setMarginModes",
        "setFeeScale",
        "setGrowthModes",
        "setPerpAnnotation",
        "disableDex",
    }
)
"""What a deployer may let others do."""
