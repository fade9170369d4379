"""perpDeploy and hip3LiquidatorTransfer: perps dexes that users bring to the exchange."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import backstops, dex_settings, perp_deploy
from ..assets import Annotation, MarginMode
from ..fixed import Address
from ..replies import Done, Response
from .deploys import variant_of
from .orders import U32, U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange

# Decimals are signed as they are written, since the SDK writes "10.0".
Texts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """What a new dex is."""

    full_name: str
    collateral_token: U32
    oracle_updater: Address | None = None


@dataclass(frozen=True, slots=True)
class AssetRequest:
    coin: str
    sz_decimals: U32
    oracle_px: str
    margin_table_id: U32
    only_isolated: bool


@dataclass(frozen=True, slots=True)
class AssetRequest2:
    coin: str
    sz_decimals: U32
    oracle_px: str
    margin_table_id: U32
    margin_mode: str = field(metadata={"choices": ("normal", "noCross", "strictIsolated")})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAsset:
    max_gas: U64 | None = None
    asset_request: AssetRequest
    dex: str
    schema: Schema | None = None

    def run(self, ex: Exchange, acting: Acting) -> None:
        """Inferred: strictly isolated, or without cross margin (mechanics 6.4, 14)."""
        strict = self.asset_request.only_isolated
        mode = MarginMode.STRICT_ISOLATED if strict else MarginMode.NO_CROSS
        _register(ex, acting, self, mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAsset2:
    max_gas: U64 | None = None
    asset_request: AssetRequest2
    dex: str
    schema: Schema | None = None

    def run(self, ex: Exchange, acting: Acting) -> None:
        _register(ex, acting, self, dex_settings.margin_mode(self.asset_request.margin_mode))


def _register(
    ex: Exchange, acting: Acting, asked: RegisterAsset | RegisterAsset2, mode: MarginMode
) -> None:
    request, schema = asked.asset_request, asked.schema
    perp_deploy.register(
        ex,
        acting,
        dex_name=asked.dex,
        max_gas=asked.max_gas,
        coin=request.coin,
        sz_decimals=request.sz_decimals,
        oracle_px=request.oracle_px,
        margin_table=request.margin_table_id,
        margin_mode=mode,
        schema=None
        if schema is None
        else (schema.full_name, schema.collateral_token, schema.oracle_updater),
    )


@dataclass(frozen=True, slots=True)
class SetOracle:
    dex: str
    oracle_pxs: Texts
    mark_pxs: tuple[Texts, ...]
    external_perp_pxs: Texts

    def run(self, ex: Exchange, acting: Acting) -> None:
        perp_deploy.set_oracle(
            ex,
            acting,
            dex_name=self.dex,
            oracle_pxs=self.oracle_pxs,
            mark_pxs=self.mark_pxs,
            external_pxs=self.external_perp_pxs,
        )


@dataclass(frozen=True, slots=True)
class HaltTrading:
    coin: str
    is_halted: bool

    def run(self, ex: Exchange, acting: Acting) -> None:
        perp_deploy.halt(ex, acting, self.coin, is_halted=self.is_halted)


@dataclass(frozen=True, slots=True)
class RawMarginTier:
    """Assumed: `lowerBound` in µUSD, as open-interest caps are."""

    lower_bound: U64
    max_leverage: U32


@dataclass(frozen=True, slots=True)
class RawMarginTable:
    description: str
    margin_tiers: tuple[RawMarginTier, ...]


@dataclass(frozen=True, slots=True)
class InsertMarginTable:
    dex: str
    margin_table: RawMarginTable

    def run(self, ex: Exchange, acting: Acting) -> None:
        table = self.margin_table
        tiers = [(tier.lower_bound, tier.max_leverage) for tier in table.margin_tiers]
        dex_settings.insert_table(ex, acting, self.dex, table.description, tiers)


@dataclass(frozen=True, slots=True)
class SetFeeRecipient:
    dex: str
    fee_recipient: Address

    def run(self, ex: Exchange, acting: Acting) -> None:
        dex_settings.set_fee_recipient(ex, acting, self.dex, self.fee_recipient)


@dataclass(frozen=True, slots=True)
class SubDeployer:
    variant: str
    user: Address
    allowed: bool


@dataclass(frozen=True, slots=True)
class SetSubDeployers:
    dex: str
    sub_deployers: tuple[SubDeployer, ...]

    def run(self, ex: Exchange, acting: Acting) -> None:
        rows = [(one.variant, one.user, one.allowed) for one in self.sub_deployers]
        dex_settings.set_helpers(ex, acting, self.dex, rows)


@dataclass(frozen=True, slots=True)
class SetFeeScale:
    dex: str
    scale: str

    def run(self, ex: Exchange, acting: Acting) -> None:
        dex_settings.set_fee_scale(ex, acting, self.dex, self.scale)


@dataclass(frozen=True, slots=True)
class SetPerpAnnotation:
    coin: str
    category: str
    description: str
    display_name: str | None = field(default=None, metadata={"omit": True})
    keywords: tuple[str, ...] | None = field(default=None, metadata={"omit": True})

    def run(self, ex: Exchange, acting: Acting) -> None:
        words = (self.category, self.description, self.display_name, self.keywords or ())
        dex_settings.annotate(ex, acting, self.coin, Annotation(*words))


_VARIANT = {"variant": True, "omit": True}


@action("perpDeploy")
@dataclass(frozen=True, slots=True, kw_only=True)
class PerpDeploy:
    """A tagged union: exactly one of the fields is there."""

    register_asset2: RegisterAsset2 | None = field(default=None, metadata=_VARIANT)
    register_asset: RegisterAsset | None = field(default=None, metadata=_VARIANT)
    set_oracle: SetOracle | None = field(default=None, metadata=_VARIANT)
    set_funding_multipliers: Texts | None = field(default=None, metadata=_VARIANT)
    set_funding_interest_rates: Texts | None = field(default=None, metadata=_VARIANT)
    halt_trading: HaltTrading | None = field(default=None, metadata=_VARIANT)
    set_margin_table_ids: tuple[tuple[str, U32], ...] | None = field(
        default=None, metadata=_VARIANT
    )
    insert_margin_table: InsertMarginTable | None = field(default=None, metadata=_VARIANT)
    set_fee_recipient: SetFeeRecipient | None = field(default=None, metadata=_VARIANT)
    set_open_interest_caps: tuple[tuple[str, U64], ...] | None = field(
        default=None, metadata=_VARIANT
    )
    set_sub_deployers: SetSubDeployers | None = field(default=None, metadata=_VARIANT)
    set_margin_modes: Texts | None = field(default=None, metadata=_VARIANT)
    set_fee_scale: SetFeeScale | None = field(default=None, metadata=_VARIANT)
    set_growth_modes: tuple[tuple[str, bool], ...] | None = field(default=None, metadata=_VARIANT)
    set_perp_annotation: SetPerpAnnotation | None = field(default=None, metadata=_VARIANT)
    disable_dex: str | None = field(default=None, metadata=_VARIANT)

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        if self.set_funding_multipliers is not None:
            dex_settings.set_multipliers(ex, acting, self.set_funding_multipliers)
        elif self.set_funding_interest_rates is not None:
            dex_settings.set_interest(ex, acting, self.set_funding_interest_rates)
        elif self.set_margin_table_ids is not None:
            dex_settings.set_tables(ex, acting, self.set_margin_table_ids)
        elif self.set_open_interest_caps is not None:
            dex_settings.set_caps(ex, acting, self.set_open_interest_caps)
        elif self.set_margin_modes is not None:
            dex_settings.set_modes(ex, acting, self.set_margin_modes)
        elif self.set_growth_modes is not None:
            dex_settings.set_growth(ex, acting, self.set_growth_modes)
        elif self.disable_dex is not None:
            perp_deploy.disable(ex, acting, self.disable_dex)
        else:
            variant_of(self).run(ex, acting)
        return Done()


@action("hip3LiquidatorTransfer")
@dataclass(frozen=True, slots=True)
class Hip3LiquidatorTransfer:
    dex: str
    ntl: U64
    is_deposit: bool

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        backstops.move(ex, acting, self.dex, self.ntl, is_deposit=self.is_deposit)
        return Done()
