"""World files: what an exchange lists and where its prices start. JSON in, `Universe` out.

A world file is made to be edited: one market a line, keys named like the wire, money as decimal
strings. Its lists:

    marginTables  id (50 and up), description, marginTiers of lowerBound (USD) and maxLeverage
    perps         name, szDecimals, maxLeverage, oraclePx; marginTableId (left out: one tier of
                  maxLeverage), marginMode, isDelisted, impactNtl. The place in the list is the id.
    tokens        index, name, szDecimals, weiDecimals; tokenId, isCanonical, fullName,
                  totalSupply, circulatingSupply
    spot          index, name, tokens ([base, quote] indices), markPx; isCanonical, isDelisted
    dexes         name, fullName, deployer, perps as above with names such as "xyz:TSLA", whose ids
                  begin at 110000; collateralToken (an index, 0), feeRecipient, oracleUpdater,
                  marginTables; a perp's fundingMultiplier. The first is dex 1.

Clients want `tokens[i].index == i` (info 4.6). A world may leave tokens out: every gap is filled
with a placeholder that nothing trades.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..sim.assets import (
    MAX_PX,
    Asset,
    Deployed,
    Dex,
    MarginMode,
    MarginTable,
    MarginTier,
    Perp,
    SpotPair,
    Token,
    Universe,
    has_legal_decimals,
    on_tick,
)
from ..sim.fixed import RATE_SCALE, Address, Px, Rate, Usd, parse_decimal
from ..sim.ids import ZERO_ADDRESS
from ..sim.perp_deploy import LEAST_WEI_DECIMALS, MOST_PERPS

WORLDS = ("mainnet", "testnet")
"""The worlds that are shipped."""
MAX_TOKEN_INDEX = 100_000
"""Bounds the placeholders that one line of a world file can cause."""

_REQUIRED: Any = object()
_MARGIN_MODES = frozenset(mode.value for mode in MarginMode)


def load_world(name_or_path: str | Path = "mainnet") -> Universe:
    """The universe of a shipped world or of a world file.

    Raises ValueError that names file, place and fault.
    """
    return parse_world(world_text(name_or_path), str(name_or_path))


def world_path(name_or_path: str | Path) -> Path:
    """The file of a world, which may not be there. Raises ValueError for what names none."""
    path = Path(name_or_path)
    if str(name_or_path) in WORLDS:
        return Path(__file__).parent / "data" / f"{name_or_path}.json"
    if path.suffix != ".json":
        known = ", ".join(WORLDS)
        raise ValueError(f"unknown world {str(name_or_path)!r}: {known}, or a path to a .json file")
    return path


def world_text(name_or_path: str | Path) -> str:
    """What the file of a world says. Raises ValueError for one that cannot be read."""
    path = world_path(name_or_path)
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read world {path}: {error}") from error


def parse_world(text: str, source: str = "world") -> Universe:
    """The universe that the text of a world file describes; `source` is named in errors."""
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{source}:{error.lineno}:{error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        # Integers without end, deep nesting.
        raise ValueError(f"{source}: {error}") from error
    top = _Row(parsed, source)
    name = top.text("name", default="")
    tables = _tables(top.rows("marginTables"))
    perps = [_perp(place, row, tables) for place, row in enumerate(top.rows("perps"))]
    for perp in perps:
        if ":" in perp.coin:
            raise ValueError(f"{source}: perps: {perp.coin!r} belongs to one of the dexes")
    tokens = _tokens(top.rows("tokens"))
    pairs = [_pair(row, tokens) for row in top.rows("spot")]
    dexes: list[Dex] = []
    for row in top.rows("dexes"):
        dexes.append(_dex(row, dexes, tokens))
    top.finish()
    assets: list[Asset] = [*perps, *(perp for dex in dexes for perp in dex.perps), *pairs]
    for what, names in (
        ("perps and spot: name", [asset.coin for asset in assets]),
        ("dexes: name", [dex.name for dex in dexes]),
        ("spot: index", [str(pair.index) for pair in pairs]),
    ):
        entry, count = Counter(names).most_common(1)[0] if names else ("", 1)
        if count > 1:
            raise ValueError(f"{source}: {what} {entry!r} stands twice")
    if not assets:
        raise ValueError(f"{source}: lists no market")
    return Universe(perps, pairs, tokens, tables, name, dexes=dexes)


class _Row:
    """One object of a world file: every key is asked for once, what is left over is an error."""

    def __init__(self, parsed: Any, place: str) -> None:
        if not isinstance(parsed, dict):
            raise ValueError(f"{place}: an object is expected")
        label = parsed.get("name")
        self.parsed: dict[str, Any] = parsed
        self.place = f"{place} ({label})" if isinstance(label, str) and "[" in place else place
        self.asked: list[str] = []

    def error(self, key: str, fault: str) -> ValueError:
        return ValueError(f"{self.place}: {key}: {fault}")

    def take(self, key: str, kind: type, what: str, default: Any = _REQUIRED) -> Any:
        self.asked.append(key)
        found = self.parsed.get(key, default)
        if found is _REQUIRED:
            raise self.error(key, "missing")
        if found is not default and type(found) is not kind:
            raise self.error(key, f"{what} is expected, not {json.dumps(found)}")
        return found

    def text(self, key: str, default: Any = _REQUIRED) -> Any:
        found = self.take(key, str, "a string", default)
        if found and not found.isprintable():
            raise self.error(key, f"{json.dumps(found)} cannot be shown")
        return found

    def flag(self, key: str) -> bool:
        found: bool = self.take(key, bool, "true or false", False)
        return found

    def whole(self, key: str, low: int, high: int, default: Any = _REQUIRED) -> int:
        found: int = self.take(key, int, "a whole number", default)
        if not low <= found <= high:
            raise self.error(key, f"must be {low} to {high}, not {found}")
        return found

    def decimal(self, key: str, decimals: int, default: Any = _REQUIRED) -> int:
        found: str = self.take(key, str, "a decimal in quotes", default)
        try:
            value = parse_decimal(found, decimals)
        except ValueError as error:
            raise self.error(key, str(error)) from error
        if value < 0:
            raise self.error(key, f"must not be negative: {found}")
        return value

    def address(self, key: str, default: Any = None) -> Any:
        """In lower case; the zero address for "", None where it may be left out."""
        found = self.text(key, default)
        if found is None:
            return None
        if found and not re.fullmatch("0x[0-9a-fA-F]{40}", found):
            raise self.error(key, f"an address is expected, not {found!r}")
        return Address(found.lower() or ZERO_ADDRESS)

    def rows(self, key: str) -> list[_Row]:
        found: list[Any] = self.take(key, list, "a list", [])
        return [_Row(entry, f"{self.place}: {key}[{place}]") for place, entry in enumerate(found)]

    def finish(self) -> None:
        """Raises ValueError for a key that nobody asked for."""
        for key in self.parsed:
            if key not in self.asked:
                near = get_close_matches(key, self.asked, n=1)
                hint = f", do you mean {near[0]!r}?" if near else ""
                raise ValueError(f"{self.place}: unknown key {key!r}{hint}")


def _tables(rows: list[_Row]) -> dict[int, MarginTable]:
    tables: dict[int, MarginTable] = {}
    for row in rows:
        table_id = row.whole("id", 50, 10**6)
        tiers = []
        for tier in row.rows("marginTiers"):
            bound = Usd(tier.decimal("lowerBound", 6))
            tiers.append(MarginTier(bound, tier.whole("maxLeverage", 1, 1000)))
            tier.finish()
        bounds = [tier.lower_bound for tier in tiers]
        if not bounds or bounds[0] != 0 or bounds != sorted(bounds):
            raise row.error("marginTiers", "tiers must start at 0 and ascend")
        if table_id in tables:
            raise row.error("id", f"{table_id} stands twice")
        tables[table_id] = MarginTable(table_id, row.text("description", ""), tuple(tiers))
        row.finish()
    return tables


def _perp(place: int, row: _Row, tables: dict[int, MarginTable]) -> Perp:
    max_leverage = row.whole("maxLeverage", 1, 1000)
    table_id = row.whole("marginTableId", 1, 10**6, max_leverage)
    table = MarginTable.implicit(table_id) if table_id < 50 else tables.get(table_id)
    if table is None:
        raise row.error("marginTableId", f"{table_id} is not among the marginTables")
    if table.tiers[0].max_leverage != max_leverage:
        first = table.tiers[0].max_leverage
        raise row.error(
            "maxLeverage", f"is {max_leverage}, but margin table {table_id} has {first}"
        )
    mode = row.text("marginMode", "")
    if mode not in _MARGIN_MODES:
        raise row.error("marginMode", f"noCross or strictIsolated is expected, not {mode!r}")
    perp = Perp(
        place,
        row.text("name"),
        row.whole("szDecimals", 0, 6),
        max_leverage,
        table,
        MarginMode(mode),
        row.flag("isDelisted"),
        Usd(row.decimal("impactNtl", 6, "6000")),
        Px(row.decimal("oraclePx", 8)),
    )
    _check_px(row, "oraclePx", perp)
    row.finish()
    return perp


def _dex(row: _Row, others: list[Dex], tokens: list[Token]) -> Dex:
    """A dex and its perps, each in the pool of the first dex with the same collateral."""
    name, index = row.text("name"), len(others) + 1
    if not re.fullmatch("[a-z]{2,4}", name) or name == "spot":
        raise row.error("name", f"2 to 4 lower-case letters are expected, not {name!r}")
    collateral = row.whole("collateralToken", 0, MAX_TOKEN_INDEX, 0)
    if collateral and collateral >= len(tokens):
        raise row.error("collateralToken", f"{collateral} is not listed")
    if tokens and tokens[collateral].wei_decimals < LEAST_WEI_DECIMALS:
        raise row.error("collateralToken", f"{LEAST_WEI_DECIMALS} weiDecimals are the least")
    pool = next((one.index for one in others if one.collateral == collateral), index)
    tables = _tables(row.rows("marginTables"))
    dex = Dex(
        index,
        name,
        row.text("fullName", name),
        row.address("deployer", ""),
        collateral,
        row.address("oracleUpdater"),
        row.address("feeRecipient"),
        margin_tables=tables,
    )
    perps = []
    rows = row.rows("perps")
    if not 0 < len(rows) <= MOST_PERPS:
        raise row.error("perps", f"1 to {MOST_PERPS} are expected, not {len(rows)}")
    for place, entry in enumerate(rows):
        multiplier = Rate(entry.decimal("fundingMultiplier", 10, "1"))
        perp = _perp(place, entry, tables)
        if not re.fullmatch(f"{name}:[0-9A-Za-z]+", perp.coin):
            raise entry.error("name", f"{name}:COIN is expected, not {perp.coin!r}")
        perps.append(
            replace(
                perp,
                id=dex.first_id + place,
                dex=index,
                pool=pool if collateral else 0,
                collateral=collateral,
                fee_token=tokens[collateral].name if tokens else "USDC",
                deployed=Deployed(multiplier, is_scaled=multiplier != RATE_SCALE),
            )
        )
    row.finish()
    return replace(dex, perps=tuple(perps))


def _tokens(rows: list[_Row]) -> list[Token]:
    found: dict[int, Token] = {}
    for row in rows:
        index = row.whole("index", 0, MAX_TOKEN_INDEX)
        if index in found:
            raise row.error("index", f"{index} stands twice")
        wei_decimals = row.whole("weiDecimals", 0, 18)
        found[index] = Token(
            index,
            row.text("name"),
            row.whole("szDecimals", 0, 8),
            wei_decimals,
            row.text("tokenId", "") or _token_id(index),
            row.flag("isCanonical"),
            row.text("fullName", None),
            row.decimal("totalSupply", wei_decimals, "0"),
            row.decimal("circulatingSupply", wei_decimals, "0"),
        )
        row.finish()
    return [found.get(index) or _placeholder(index) for index in range(max(found, default=-1) + 1)]


def _placeholder(index: int) -> Token:
    return Token(index, f"TOKEN{index}", 0, 5, _token_id(index))


def _token_id(index: int) -> str:
    """16 bytes in hex, as the exchange's own are."""
    seed = index.to_bytes(8, "big")
    return "0x" + blake2b(seed, digest_size=16, person=b"hlsim token").hexdigest()


def _pair(row: _Row, tokens: list[Token]) -> SpotPair:
    index = row.whole("index", 0, 89_999)
    name = row.text("name")
    canonical = row.flag("isCanonical")
    if name != f"@{index}" and not canonical:
        raise row.error("name", f"only a canonical pair has a name of its own, this is @{index}")
    ids = row.take("tokens", list, "[base, quote]")
    if len(ids) != 2 or any(type(entry) is not int for entry in ids) or ids[0] == ids[1]:
        raise row.error("tokens", f"[base, quote] is expected, not {json.dumps(ids)}")
    if not all(0 <= entry < len(tokens) for entry in ids):
        raise row.error("tokens", f"{json.dumps(ids)} are not all listed")
    base, quote = tokens[ids[0]], tokens[ids[1]]
    if base.sz_decimals + 5 > base.wei_decimals:
        # Documented: szDecimals + 5 <= weiDecimals (mechanics 12); lots must be whole wei.
        raise row.error("tokens", f"{base.name} needs weiDecimals of szDecimals + 5 or more")
    pair = SpotPair(
        index,
        name,
        base,
        quote,
        canonical,
        row.flag("isDelisted"),
        Px(row.decimal("markPx", 8)),
    )
    _check_px(row, "markPx", pair)
    row.finish()
    return pair


def _check_px(row: _Row, key: str, asset: Asset) -> None:
    px = asset.start_px
    if px > MAX_PX:
        raise row.error(key, f"must be at most {MAX_PX // 10**8}, not {row.parsed[key]}")
    if px == 0 or not has_legal_decimals(asset, px) or not on_tick(px):
        raise row.error(key, f"{row.parsed[key]} is no legal price of this market (mechanics 1.1)")
