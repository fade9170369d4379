"""What a living market takes up while it runs: which markets, and how to save them.

An actor needs little of an asset, and must know the same of it after a restore, when the exchange
may list something else by then. So it is given a copy made of plain data.
"""

from __future__ import annotations

from typing import Any

from ..sim.assets import (
    Asset,
    MarginMode,
    MarginTable,
    OutcomeSide,
    Perp,
    SpotPair,
    Token,
    Universe,
    dex_of,
)
from ..sim.fixed import Px

MOST_NEWCOMERS = 500
"""Markets that are taken up while one living market runs, those that ended since included; each
costs two accounts and as much time as any other market."""


def listed_later(universe: Universe) -> list[Asset]:
    """Everything that may be quoted, in the order of the ids: of an outcome its first side, whose
    orders show in the book of the other one. What users deploy is theirs to quote, perps and
    pairs: an actor would buy with real money what somebody made of nothing.
    """
    return [
        asset
        for asset in universe.by_id.values()
        if not asset.is_delisted
        and dex_of(asset.id) == 0
        and (not isinstance(asset, SpotPair) or asset.base.deployer is None)
        and not (isinstance(asset, OutcomeSide) and asset.dual_id < asset.id)
    ]


def row_of(asset: Asset) -> list[Any]:
    """What the actors need to know of an asset, as plain data for `asset_of`."""
    if isinstance(asset, Perp):
        table = asset.margin_table.id
        mode = asset.margin_mode.value
        return ["perp", asset.id, asset.coin, asset.start_px, asset.sz_decimals, asset.max_leverage,
                table, mode]  # fmt: skip
    tokens = [_token_row(asset.base), _token_row(asset.quote)]
    return ["outcome", asset.index, asset.coin, asset.start_px, *tokens]


def asset_of(universe: Universe, row: list[Any]) -> Asset:
    """An asset like the one of `row_of`; `universe` is what the exchange opened with."""
    kind, number, coin, start_px, *rest = row
    if kind == "perp":
        sz_decimals, max_leverage, table_id, mode = rest
        table = universe.margin_tables.get(table_id) or MarginTable.implicit(table_id)
        return Perp(
            number, coin, sz_decimals, max_leverage, table, MarginMode(mode), start_px=Px(start_px)
        )
    base, quote = (_token_of(one) for one in rest)
    return OutcomeSide(number, coin, base, quote, start_px=Px(start_px))


def _token_row(token: Token) -> list[Any]:
    supply = token.total_supply
    return [token.index, token.name, token.sz_decimals, token.wei_decimals, supply]


def _token_of(row: list[Any]) -> Token:
    index, name, sz_decimals, wei_decimals, supply = row
    return Token(index, name, sz_decimals, wei_decimals, "", total_supply=supply)
