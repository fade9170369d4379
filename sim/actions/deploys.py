"""spotDeploy: tokens and pairs that users bring to the exchange."""

from __future__ import annotations

from dataclasses import field, fields
from typing import TYPE_CHECKING, Any

from ...matching.dataclass import dataclass
from .. import hyperliquidity, spot_deploy
from ..fixed import Address
from ..replies import Done, Response
from .orders import U32, U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


def variant_of(union: Any) -> Any:
    """The only field of a tagged union that is set."""
    return next(
        value for entry in fields(union) if (value := getattr(union, entry.name)) is not None
    )


@dataclass(frozen=True, slots=True)
class TokenSpec:
    name: str
    sz_decimals: U32
    wei_decimals: U32


@dataclass(frozen=True, slots=True)
class RegisterToken2:
    spec: TokenSpec
    max_gas: U64
    full_name: str | None = field(default=None, metadata={"omit": True})

    def run(self, ex: Exchange, acting: Acting) -> None:
        spot_deploy.register_token(
            ex,
            acting,
            name=self.spec.name,
            sz_decimals=self.spec.sz_decimals,
            wei_decimals=self.spec.wei_decimals,
            max_gas=self.max_gas,
            full_name=self.full_name,
        )


@dataclass(frozen=True, slots=True)
class UserGenesis:
    token: U32
    user_and_wei: tuple[tuple[Address, str], ...]
    existing_token_and_wei: tuple[tuple[U32, str], ...]
    blacklist_users: tuple[tuple[Address, bool], ...] | None = field(
        default=None, metadata={"omit": True}
    )

    def run(self, ex: Exchange, acting: Acting) -> None:
        spot_deploy.user_genesis(
            ex,
            acting,
            token_index=self.token,
            users=self.user_and_wei,
            holders=self.existing_token_and_wei,
            blacklist=self.blacklist_users or (),
        )


@dataclass(frozen=True, slots=True)
class Genesis:
    token: U32
    max_supply: str
    no_hyperliquidity: bool = field(default=False, metadata={"omit": True})

    def run(self, ex: Exchange, acting: Acting) -> None:
        spot_deploy.genesis(
            ex,
            acting,
            token_index=self.token,
            max_supply=self.max_supply,
            no_hyperliquidity=self.no_hyperliquidity,
        )


@dataclass(frozen=True, slots=True)
class RegisterSpot:
    tokens: tuple[U32, U32]

    def run(self, ex: Exchange, acting: Acting) -> None:
        spot_deploy.register_spot(ex, acting, *self.tokens)


@dataclass(frozen=True, slots=True)
class RegisterHyperliquidity:
    """Assumed: decimals are signed as they are written, since the SDK writes "2.0"."""

    spot: U32
    start_px: str
    order_sz: str
    n_orders: U32
    n_seeded_levels: U32 | None = field(default=None, metadata={"omit": True})

    def run(self, ex: Exchange, acting: Acting) -> None:
        hyperliquidity.register(
            ex,
            acting,
            spot=self.spot,
            start_px=self.start_px,
            order_sz=self.order_sz,
            n_orders=self.n_orders,
            seeded_levels=self.n_seeded_levels or 0,
        )


@dataclass(frozen=True, slots=True)
class SetDeployerTradingFeeShare:
    token: U32
    share: str

    def run(self, ex: Exchange, acting: Acting) -> None:
        spot_deploy.set_fee_share(ex, acting, self.token, self.share)


@dataclass(frozen=True, slots=True)
class EnableQuoteToken:
    token: U32

    def run(self, ex: Exchange, acting: Acting) -> None:
        spot_deploy.set_quote_token(ex, acting, self.token, is_quote=True)


@dataclass(frozen=True, slots=True)
class DisableQuoteToken:
    token: U32

    def run(self, ex: Exchange, acting: Acting) -> None:
        spot_deploy.set_quote_token(ex, acting, self.token, is_quote=False)


_VARIANT = {"variant": True, "omit": True}


@action("spotDeploy")
@dataclass(frozen=True, slots=True, kw_only=True)
class SpotDeploy:
    """A tagged union: exactly one of the fields is there. Those that freeze users, link to the EVM
    or deploy outcomes are not built and refused as unknown.
    """

    register_token2: RegisterToken2 | None = field(default=None, metadata=_VARIANT)
    user_genesis: UserGenesis | None = field(default=None, metadata=_VARIANT)
    genesis: Genesis | None = field(default=None, metadata=_VARIANT)
    register_spot: RegisterSpot | None = field(default=None, metadata=_VARIANT)
    register_hyperliquidity: RegisterHyperliquidity | None = field(default=None, metadata=_VARIANT)
    set_deployer_trading_fee_share: SetDeployerTradingFeeShare | None = field(
        default=None, metadata=_VARIANT
    )
    enable_quote_token: EnableQuoteToken | None = field(default=None, metadata=_VARIANT)
    disable_quote_token: DisableQuoteToken | None = field(default=None, metadata=_VARIANT)

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        variant_of(self).run(ex, acting)
        return Done()
