"""Which rates a user pays, and what a fill costs. Truncated part by part, as the exchange does."""

from __future__ import annotations

from . import fee_tiers
from .assets import Asset, OutcomeSide, Perp, SpotPair
from .fee_tiers import Rates, StakingTier, Standing, fee_rates
from .fixed import RATE_SCALE, TEN, Rate, Usd, Wei, div_down, div_trunc, floor_to, mul_trunc
from .stakes import HYPE, LinkRole
from .state import Account, State
from .volume import DAY_MS, TIER_DAYS

TENTH_BP = Rate(div_down(RATE_SCALE, 100_000))
"""A tenth of a basis point, the unit of builder fees: `f` 10 is 1 bp (mechanics 11.3)."""

_CENT = 10**6
"""One cent of traded volume."""


# -- whose rates -----------------------------------------------------------------------------------


def fee_account(state: State, account: Account) -> Account:
    """The account whose volume and stake set the rates of `account`.

    Documented: sub-accounts share their master's tier, vaults have their own (mechanics 11.1).
    """
    return account if account.master is None else state.accounts[account.master]


def rates_of(state: State, account: Account) -> Rates:
    """What the fills of `account` cost now. Asked by every fill: worked out once a day.

    Documented: the discount of a referred user ends at $25M (mechanics 11.3); it is the user's own,
    never that of the account whose tier it shares.
    """
    owner, day = fee_account(state, account), state.time_ms // DAY_MS
    standing = owner.standing
    if standing is None or standing.day != day:
        if state.maker_base[0] != day:
            state.maker_base = (day, maker_base(state, day))
        standing = owner.standing = assess(state, owner)
    if account.referred_by is None:
        return standing.plain
    return standing.referred if has_referral_discount(account) else standing.plain


def has_referral_discount(account: Account) -> bool:
    if account.referred_by is None:
        return False
    return account.volume.total_usd < fee_tiers.REFERRAL_DISCOUNT_USD * fee_tiers.USD


def assess(state: State, account: Account) -> Standing:
    """Where `account` stands today: its tier by volume, its discount by stake, its rebate by share.

    Documented: assessed at the end of a UTC day, so today's fills count from tomorrow on (mechanics
    11.1). A rebate replaces the maker rate and is not scaled by staking (mechanics 11.3). Assumed:
    a stake counts at once; a tier that sub-accounts share counts what they trade, too.
    """
    owner, rules, day = fee_account(state, account), state.rules, state.time_ms // DAY_MS
    family = (owner, *(state.accounts[sub] for sub in owner.sub_accounts))
    volumes = [member.volume.before(day) for member in family]
    taken, made = (sum(column) for column in zip(*volumes, strict=True))
    rates = (rules.taker_rate, rules.maker_rate, rules.spot_taker_rate, rules.spot_maker_rate)
    for tier in fee_tiers.VIP_TIERS:
        if taken + made > tier.volume_usd * fee_tiers.USD:
            rates = (tier.taker, tier.maker, tier.spot_taker, tier.spot_maker)
    discount = staking_tier(state, owner).discount
    taker, maker, spot_taker, spot_maker = (
        Rate(mul_trunc(rate, RATE_SCALE - discount)) for rate in rates
    )
    rebate = _rebate(state, day, made)
    if rebate is not None:
        maker = spot_maker = rebate
    stable = fee_rates(spot_taker, spot_maker, is_stable=True)
    plain = Rates(taker, maker, spot_taker, spot_maker, *stable)
    return Standing(day, discount, plain, plain.referred())


def _rebate(state: State, day: int, made: int) -> Rate | None:
    """The maker rate of an account with a large share of all maker volume, None for the others.

    Assumed: every trade has one maker, so all maker volume is that of the exchange.
    """
    found = None
    if made:
        known, everyone = state.maker_base
        base = everyone if known == day else maker_base(state, day)
        for tier in fee_tiers.MAKER_TIERS:
            if made * RATE_SCALE > tier.share * base:
                found = tier.maker
    return found


def maker_base(state: State, day: int) -> int:
    """Weighted volume of the exchange in the tier days before UTC day `day`, 1e-8 USD."""
    return sum(exchange_volume(state, past) for past in range(day - TIER_DAYS, day))


def exchange_volume(state: State, day: int) -> int:
    """Weighted volume of all markets on one UTC day, each trade once."""
    return sum(sum(market.volume.days.get(day, (0, 0))) for market in state.markets.values())


def staked(state: State, account: Account) -> tuple[Wei, int]:
    """HYPE in wei that counts for the discount of an account, and its decimals.

    Assumed: only what is delegated counts as staked. Documented: a staking link attributes what the
    staking user stakes to the trading user, and the staking user has no discount of its own any
    more (mechanics 11.3). Assumed: beside what the trading user stakes itself.
    """
    token = state.universe.token_by_name.get(HYPE)
    if token is None:
        return Wei(0), 0
    link = account.staking_link
    amount = 0 if account.stake is None else account.stake.delegated
    if link is not None and link.role is LinkRole.STAKING_USER:
        amount = 0
    elif link is not None and link.role is LinkRole.TRADING_USER:
        other = state.accounts[link.other].stake
        amount += 0 if other is None else other.delegated
    return Wei(amount), token.wei_decimals


def staking_tier(state: State, account: Account) -> StakingTier:
    """The tier of what `account` stakes; more than the threshold is needed (mechanics 11.3)."""
    amount, decimals = staked(state, account)
    found = fee_tiers.STAKING_TIERS[0]
    for tier in fee_tiers.STAKING_TIERS[1:]:
        if amount > tier.tokens * TEN[decimals]:
            found = tier
    return found


def is_money(state: State, asset: Asset) -> bool:
    """False for what is paid in a token that some user made: its volume is nobody's.

    Assumed: such a token may be worth nothing, and volume opens what dollars should.
    """
    token = asset.collateral if isinstance(asset, Perp) else asset.quote.index
    return token == 0 or token not in state.deploys


def weighted_volume(state: State, asset: Asset, gross: int) -> int:
    """What a fill of `gross` (1e-8 USD) counts for the tiers.

    Observed: twice a spot fill, after a fifth for two quote assets and truncation to cents
    (mechanics 12). Assumed: of makers and of the exchange alike.
    """
    if isinstance(asset, Perp):
        return gross
    stable = asset.base.index in state.universe.quotes
    return 2 * floor_to(mul_trunc(gross, fee_tiers.STABLE_SCALE) if stable else gross, _CENT)


def perp_rates(state: State, account: Account, perp: Perp) -> tuple[Rate, Rate]:
    """(taker, maker) of one perp: on a deployed dex with its deployer's scale and growth mode.

    Documented: the `feeRates` formula (mechanics 11.3). Assumed: no collateral is aligned.
    """
    rates = rates_of(state, account)
    if perp.deployed is None:
        return rates.taker, rates.maker
    plain = (fee_account(state, account).standing or assess(state, account)).plain
    return fee_rates(
        plain.taker,
        plain.maker,
        is_referred=has_referral_discount(account),
        deployer_scale=state.universe.dexes[perp.dex - 1].fee_scale,
        is_growth=perp.deployed.is_growth,
    )


def pair_rates(
    state: State, account: Account, pair: SpotPair, *, is_buy: bool
) -> tuple[Rate, Rate]:
    """(taker, maker) of one spot pair.

    Documented: a fifth between two quote assets, 0.014 % and 0.008 % (mechanics 11.2, 11.3).
    Observed: nothing on outcomes. The other reading (contested 55): who opens pays nothing, and who
    closes, which is every sale, pays the spot rates; Observed on mainnet, 2026-09, by one client:
    0.0768 % and 0.1344 % of sales where the deployer's scale doubles them and a referral takes 4 %
    off. Here no outcome has a deployer, so nothing doubles them.
    """
    if isinstance(pair, OutcomeSide) and (is_buy or state.rules.outcome_fees == "zero"):
        return Rate(0), Rate(0)
    rates = rates_of(state, account)
    if pair.base.index in state.universe.quotes:
        return rates.stable_taker, rates.stable_maker
    return rates.spot_taker, rates.spot_maker


# -- what a fill costs -----------------------------------------------------------------------------


def perp_fee(notional: int, rate: Rate) -> Usd:
    """Protocol fee of one perps fill in µUSD, truncated toward zero; negative is a rebate.

    Observed: 66653.0 * 0.001 at 0.015 % is 0.009997, -0.0010006152 is -0.001 (mechanics 11.4).
    """
    return Usd(mul_trunc(notional, rate))


def builder_fee(notional: int, tenths: int) -> int:
    """The builder's part, truncated on its own (mechanics 11.4: 4.268017 + 0.221254 = 4.489271)."""
    return mul_trunc(notional, tenths * TENTH_BP)


def spot_buy_fee(gross: Wei, px: int, rate: Rate, base_decimals: int, quote_decimals: int) -> Wei:
    """Fee of a spot buy in base wei: floored in quote wei first, then divided by the price.

    Observed: 1.267 @ 160.32 at 0.07 % is 0.00088689, not size times rate (contested 25).
    """
    quote_fee = mul_trunc(gross, rate)
    return Wei(div_trunc(quote_fee * 10 ** (base_decimals + 8), px * 10**quote_decimals))


def spot_sell_fee(gross: Wei, rate: Rate) -> Wei:
    """Fee of a spot sell in quote wei, truncated."""
    return Wei(mul_trunc(gross, rate))


def settlement_fee(state: State, account: Account, side: OutcomeSide, paid: Wei) -> Wei:
    """What the settlement of an outcome costs, in wei of what it pays. Documented: like closing
    (contested 55). Assumed: as a taker, and nobody has a part of it.
    """
    rate, _ = pair_rates(state, account, side, is_buy=False)
    return spot_sell_fee(paid, rate)
