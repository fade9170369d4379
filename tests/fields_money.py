"""Field lists of `/info` about ledgers, fees, vaults, stakes and loans (info 7, 8)."""

from __future__ import annotations

from fields import (
    BOOL,
    COUNT,
    NULL,
    NUMBER,
    TEXT,
    TIME,
    Fields,
    Key,
    OneOf,
    Pair,
    Rows,
    Shape,
    matching,
    null_or,
    words,
)
from fields_accounts import PORTFOLIO
from fields_ledger import LEDGER_ROW
from fields_nouns import (
    ADDRESS,
    DOUBLE,
    FUNDING_ROW,
    HASH,
    PX,
    RATE,
    RATE_UP,
    SIGNED_DOUBLE,
    TOKEN_NAME,
    USD,
    WEI,
    first_of,
    time_of,
)

# -- ledgers, fees: info 7 -------------------------------------------------------------------------

DATE = matching("a day", r"\d{4}-\d\d-\d\d")
DISCOUNT = Fields("staking discount", bpsOfMaxSupply=DOUBLE, discount=RATE_UP)
BOTH_RATES = {"cross": RATE_UP, "add": RATE_UP, "spotCross": RATE_UP, "spotAdd": RATE_UP}


def cutoff(key: str) -> Key:
    """Orders tiers by where they begin."""
    return lambda tier: float(tier[key])


SCHEDULE = Fields(
    "fee schedule",
    **BOTH_RATES,
    tiers=Fields(
        "tiers",
        vip=Rows(Fields("vip tier", ntlCutoff=DOUBLE, **BOTH_RATES), rising=cutoff("ntlCutoff")),
        mm=Rows(
            Fields("maker tier", makerFractionCutoff=DOUBLE, add=RATE),
            rising=cutoff("makerFractionCutoff"),
        ),
    ),
    referralDiscount=RATE_UP,
    stakingDiscountTiers=Rows(DISCOUNT, rising=cutoff("bpsOfMaxSupply")),
)
STAKING_LINK = OneOf(
    Fields("trader's link", type=words("requested", "tradingUser"), stakingUser=ADDRESS),
    Fields("staker's link", type=words("stakingUser"), tradingUser=ADDRESS),
)
USER_FEES = Fields(
    "user fees",
    dailyUserVlm=Rows(
        Fields("day", date=DATE, userCross=DOUBLE, userAdd=DOUBLE, exchange=DOUBLE),
        rising=lambda day: day["date"],
        is_strict=True,
    ),
    feeSchedule=SCHEDULE,
    userCrossRate=RATE_UP,
    userAddRate=RATE,
    userSpotCrossRate=RATE_UP,
    userSpotAddRate=RATE,
    activeReferralDiscount=RATE_UP,
    trial=NULL,
    feeTrialEscrow=USD,
    nextTrialAvailableTimestamp=null_or(TIME),
    stakingLink=null_or(STAKING_LINK),
    activeStakingDiscount=DISCOUNT,
)
REWARDS = {
    "cumVlm": DOUBLE,
    "unclaimedRewards": DOUBLE,
    "claimedRewards": DOUBLE,
    "builderRewards": DOUBLE,
}
REFERRED = Fields(
    "referral state",
    cumVlm=DOUBLE,
    cumRewardedFeesSinceReferred=DOUBLE,
    cumFeesRewardedToReferrer=DOUBLE,
    timeJoined=TIME,
    user=ADDRESS,
    tokenToState=Rows(
        Pair(
            COUNT,
            Fields(
                "referral state of a token",
                cumVlm=DOUBLE,
                cumRewardedFeesSinceReferred=DOUBLE,
                cumFeesRewardedToReferrer=DOUBLE,
            ),
        )
    ),
)
REFERRAL = Fields(
    "referral",
    referredBy=null_or(Fields("referrer", referrer=ADDRESS, code=TEXT)),
    **REWARDS,
    tokenToState=Rows(Pair(COUNT, Fields("rewards of a token", **REWARDS)), rising=first_of),
    referrerState=OneOf(
        Fields(
            "ready",
            stage=words("ready"),
            data=Fields("code", code=TEXT, nReferrals=COUNT, referralStates=Rows(REFERRED)),
        ),
        Fields("no code yet", stage=words("needToCreateCode")),
        Fields("no volume yet", stage=words("needToTrade"), data=Fields("volume", required=DOUBLE)),
    ),
    rewardHistory=Rows(
        Fields("reward row", earned=DOUBLE, vlm=DOUBLE, referralVlm=DOUBLE, time=TIME)
    ),
)

MONEY: dict[str, Shape] = {
    "userFunding": Rows(FUNDING_ROW, rising=time_of, most=500),
    "userNonFundingLedgerUpdates": Rows(LEDGER_ROW, rising=time_of, most=500),
    "userFees": USER_FEES,
    "userRateLimit": Fields(
        "rate limit",
        cumVlm=DOUBLE,
        nRequestsUsed=COUNT,
        nRequestsCap=COUNT,
        nRequestsSurplus=COUNT,
    ),
    "referral": REFERRAL,
    "maxBuilderFee": COUNT,
    "approvedBuilders": Rows(ADDRESS, most=10),
}

# -- vaults, staking, lending: info 8 --------------------------------------------------------------

SHARE = {
    "vaultEquity": DOUBLE,
    "pnl": SIGNED_DOUBLE,
    "allTimePnl": SIGNED_DOUBLE,
    "daysFollowing": COUNT,
    "vaultEntryTime": TIME,
    "lockupUntil": TIME,
}
RELATIONSHIP = OneOf(
    Fields("relationship", type=words("normal", "child")),
    Fields("parent", type=words("parent"), data=Fields("children", childAddresses=Rows(ADDRESS))),
)
VAULT = Fields(
    "vault",
    name=TEXT,
    vaultAddress=ADDRESS,
    leader=ADDRESS,
    description=TEXT,
    portfolio=PORTFOLIO,
    apr=NUMBER,
    followerState=null_or(Fields("own share", user=ADDRESS, **SHARE)),
    leaderFraction=NUMBER,
    leaderCommission=NUMBER,
    followers=Rows(Fields("follower", user=OneOf(ADDRESS, words("Leader")), **SHARE)),
    maxDistributable=NUMBER,
    maxWithdrawable=NUMBER,
    isClosed=BOOL,
    relationship=RELATIONSHIP,
    allowDeposits=BOOL,
    alwaysCloseOnWithdraw=BOOL,
)
STAKE_CHANGE = OneOf(
    Fields(
        "delegated",
        delegate=Fields("delegation change", validator=ADDRESS, amount=WEI, isUndelegate=BOOL),
    ),
    Fields("staked", cDeposit=Fields("staking deposit", amount=WEI)),
    Fields(
        "unstaked",
        withdrawal=Fields("staking withdrawal", amount=WEI, phase=words("initiated", "finalized")),
    ),
)
LOAN = Fields("loan", basis=WEI, value=WEI)
RESERVE = Fields(
    "reserve",
    borrowYearlyRate=RATE_UP,
    supplyYearlyRate=RATE_UP,
    balance=DOUBLE,
    utilization=RATE_UP,
    oraclePx=PX,
    ltv=RATE_UP,
    totalSupplied=DOUBLE,
    totalBorrowed=DOUBLE,
)

HOUSES: dict[str, Shape] = {
    "vaultDetails": null_or(VAULT),
    "userVaultEquities": Rows(
        Fields("equity", vaultAddress=ADDRESS, equity=DOUBLE, lockedUntilTimestamp=TIME)
    ),
    "leadingVaults": Rows(Fields("led vault", address=ADDRESS, name=TEXT)),
    "vaultSummaries": Rows(
        Fields(
            "young vault",
            name=TEXT,
            vaultAddress=ADDRESS,
            leader=ADDRESS,
            tvl=DOUBLE,
            isClosed=BOOL,
            relationship=RELATIONSHIP,
            createTimeMillis=TIME,
        )
    ),
    "delegations": Rows(
        Fields("delegation", validator=ADDRESS, amount=WEI, lockedUntilTimestamp=TIME)
    ),
    "delegatorSummary": Fields(
        "delegator",
        delegated=WEI,
        undelegated=WEI,
        totalPendingWithdrawal=WEI,
        nPendingWithdrawals=COUNT,
    ),
    "delegatorHistory": Rows(
        Fields("staking row", time=TIME, hash=HASH, delta=STAKE_CHANGE), falling=time_of
    ),
    "delegatorRewards": Rows(
        Fields(
            "staking reward",
            time=TIME,
            source=words("delegation", "commission"),
            totalAmount=WEI,
        )
    ),
    "borrowLendUserState": Fields(
        "lending",
        tokenToState=Rows(Pair(COUNT, Fields("lent", borrow=LOAN, supply=LOAN)), rising=first_of),
        health=words("healthy", "atRisk", "marketLiquidatable", "backstopLiquidatable"),
        healthFactor=null_or(DOUBLE),
    ),
    "borrowLendReserveState": RESERVE,
    "allBorrowLendReserveStates": Rows(Pair(COUNT, RESERVE), rising=first_of, is_strict=True),
    "userBorrowLendInterest": Rows(
        Fields("interest", time=TIME, token=TOKEN_NAME, borrow=DOUBLE, supply=DOUBLE),
        rising=time_of,
    ),
}
