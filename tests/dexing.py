"""A dex that somebody deployed, and steps of its deployer, one line each."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from stories import START_MS, Story, Trader, address, px, universe
from test_conservation import check_money, check_orders, check_positions

from hlsim.sim.actions.deploys import (
    EnableQuoteToken,
    Genesis,
    RegisterToken2,
    SpotDeploy,
    TokenSpec,
    UserGenesis,
)
from hlsim.sim.actions.perp_deploys import (
    AssetRequest2,
    InsertMarginTable,
    PerpDeploy,
    RawMarginTable,
    RawMarginTier,
    RegisterAsset2,
    Schema,
    SetFeeScale,
    SetOracle,
    SetPerpAnnotation,
    SetSubDeployers,
    SubDeployer,
)
from hlsim.sim.actions.transfers import SendAsset
from hlsim.sim.assets import SpotPair, Token, Universe
from hlsim.sim.errors import ActionReject
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Address, Usd
from hlsim.sim.replies import Done, Filled, Refused, Response, Resting
from hlsim.sim.rules import Rules

USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
USDH = "USDH:0x54e00a5988577cb0b0c9ab0cb6ef7f4b"
GOLD, IRON = "test:GOLD", "test:IRON"


def listings() -> Universe:
    """As `stories.universe`, and USDH, which HYPE is quoted in as well."""
    usual = universe()
    usdh = Token(3, "USDH", 2, 8, USDH.partition(":")[2])
    pair = SpotPair(108, "@108", usual.tokens[2], usdh, start_px=px("40"))
    dollar = SpotPair(109, "@109", usdh, usual.tokens[0], start_px=px("1"))
    return replace(usual, tokens=[*usual.tokens, usdh], pairs=[*usual.pairs, pair, dollar])


def market(rules: Rules | None = None, *, journal: Any = None) -> Story:
    """An empty exchange that lists them."""
    ex = Exchange.create(listings(), time_ms=START_MS, rules=rules, journal=journal)
    return Story(ex)


def dexed(story: Story | None = None, *, collateral: int = 0, name: str = "test") -> Story:
    """dora deploys a dex: GOLD at 4000 with 20x and cross margin, IRON at 10 with 10x, isolated."""
    m = story or market()
    dora = m.account("dora", usd="1000", HYPE="500")
    schema = Schema(f"The {name} dex", collateral, None)  # type: ignore[arg-type]
    assert step(dora, register_asset2=asset(f"{name}:GOLD", "4000", schema=schema)) is None
    iron = asset(f"{name}:IRON", "10", table=10, mode="strictIsolated")
    assert step(dora, register_asset2=iron) is None
    return m


def asset(
    coin: str,
    oracle: str,
    *,
    decimals: int = 2,
    table: int = 20,
    mode: str = "normal",
    schema: Schema | None = None,
    max_gas: int | None = None,
) -> RegisterAsset2:
    request: Any = AssetRequest2(coin, decimals, oracle, table, mode)  # type: ignore[arg-type]
    return RegisterAsset2(
        max_gas=max_gas,  # type: ignore[arg-type]
        asset_request=request,
        dex=coin.partition(":")[0],
        schema=schema,
    )


def step(trader: Trader, **variant: Any) -> str | None:
    """The refusal of one step, None when it was done."""
    return refusal(trader.act(PerpDeploy(**variant)))


def refusal(response: Response) -> str | None:
    if isinstance(response, Refused):
        why = response.error.why
        assert isinstance(why, ActionReject)
        return why.value.format(**response.error.params)
    assert response == Done()
    return None


def priced(trader: Trader, *marks: dict[str, str], dex: str = "test", **oracles: str) -> str | None:
    """Sets oracles and marks of coins that are named without their dex."""

    def rows(pxs: dict[str, str]) -> tuple[tuple[str, str], ...]:
        return tuple((f"{dex}:{coin}", text) for coin, text in sorted(pxs.items()))

    sent = SetOracle(dex, rows(oracles), tuple(rows(mark) for mark in marks), rows(oracles))
    return step(trader, set_oracle=sent)


def dora_of(m: Story) -> Trader:
    return Trader(m, address("dora"))


def sends(
    trader: Trader, amount: str, source: str, target: str, *, token: str = USDC, to: str = ""
) -> str | None:
    """sendAsset, by default to oneself."""
    destination: Any = to or trader.address
    sent = SendAsset(destination, source, target, token, amount, "", next(trader.market.nonces))  # type: ignore[arg-type]
    return refusal(trader.act(sent, nonce=sent.nonce))


def funded(m: Story, name: str, dollars: str = "10000", *, dex: str = "test") -> Trader:
    """An account with so much on the dex, and as much on the first."""
    trader = m.account(name, usd=str(2 * float(dollars)))
    assert sends(trader, dollars, "", dex) is None
    return trader


@cache
def lived() -> Story:
    """An hour of a dex: everything that is shown of one happened at least once."""
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    note = SetPerpAnnotation("test:GOLD", "metals", "An ounce of gold", "Gold", ("shiny",))
    helper = SubDeployer("setOracle", address("sam"), True)
    tiers = (RawMarginTier(0, 20), RawMarginTier(3_000_000_000_000, 10))  # type: ignore[arg-type]
    table = InsertMarginTable("test", RawMarginTable("tiered 20x", tiers))
    for variant in (
        {"set_perp_annotation": note},
        {"set_sub_deployers": SetSubDeployers("test", (helper,))},
        {"insert_margin_table": table},
        {"set_margin_table_ids": (("test:GOLD", 50),)},
        {"set_growth_modes": (("test:IRON", True),)},
        {"set_funding_multipliers": (("test:GOLD", "0.5"),)},
        {"set_funding_interest_rates": (("test:IRON", "0.0004"),)},
        {"set_open_interest_caps": (("test:GOLD", 25_000_000_000_000),)},
        {"set_fee_scale": SetFeeScale("test", "0.5")},
    ):
        assert step(dora, **variant) is None, variant
    bob.sells("1 test:GOLD @ 4000")
    alice.buys("1 test:GOLD @ 4000")
    bob.sells("3 test:GOLD @ 4010")
    alice.buys("3 test:GOLD @ 3990")
    assert priced(dora, {"GOLD": "4004"}, GOLD="4002") is None
    m.advance(hours=1)
    bob.leverage("test:IRON", 5, cross=False)
    bob.buys("100 test:IRON @ 9.5")
    return m


def made_quote(trader: Trader, holders: list[Address]) -> int:
    """A token that the trader deploys, gives to `holders` and makes a quote token: its index."""
    index = len(trader.market.ex.state.universe.tokens)
    spec = TokenSpec("FAKE", 2, 8)  # type: ignore[arg-type]
    rows = tuple((user, str(10**14)) for user in holders)
    steps: list[dict[str, Any]] = [
        {"register_token2": RegisterToken2(spec, 10**12)},  # type: ignore[arg-type]
        {"user_genesis": UserGenesis(index, rows, ())},  # type: ignore[arg-type]
        {"genesis": Genesis(index, str(len(rows) * 10**14), True)},  # type: ignore[arg-type]
        {"enable_quote_token": EnableQuoteToken(index)},  # type: ignore[arg-type]
    ]
    for each in steps:
        assert refusal(trader.act(SpotDeploy(**each))) is None, each
    return index


# -- what became of it -----------------------------------------------------------------------------


def sound(m: Story) -> None:
    """Nothing was made or lost, and every list tells the same."""
    check_money(m.ex.state)
    check_positions(m.ex.state)
    check_orders(m.ex.state)


def raw_usd(trader: Trader, dex: int = 1) -> Usd:
    return trader.account.at(dex).raw_usd


def met(m: Story, buyer: Trader, seller: Trader, terms: str) -> None:
    """`seller` rests, `buyer` takes all of it."""
    assert isinstance(seller.sells(terms), Resting)
    assert isinstance(buyer.buys(terms), Filled)
