"""Field lists of `/info`: what each type answers, from the sheet alone (info 4 to 10)."""

from __future__ import annotations

from typing import Any

from fields import (
    BOOL,
    COUNT,
    TEXT,
    TIME,
    TRUE,
    Fields,
    Maybe,
    OneOf,
    Pair,
    Rows,
    Shape,
    Table,
    null_or,
    words,
)
from fields_accounts import ACCOUNTS, ORDERS, asked_fills
from fields_markets import AGGREGATED, AUCTION, BOOK, LISTINGS, MARKETS, META
from fields_money import HOUSES, MONEY
from fields_nouns import (
    ADDRESS,
    CLEARINGHOUSE_STATE,
    COIN,
    DOUBLE,
    OPEN_ORDERS,
    RATE_UP,
    SIGNED_DOUBLE,
    SPOT_STATE,
    TOKEN_NAME,
    TWAP_STATE,
    WHOLE,
)
from fields_quotes import ASSET_CTX, SPOT_CTX

# -- outcomes, auctions, network: info 9, 10 -------------------------------------------------------

OUTCOME = Fields(
    "outcome",
    outcome=COUNT,
    name=TEXT,
    description=TEXT,
    sideSpecs=Pair(*(Fields("outcome side", name=TEXT, token=Maybe(COUNT)) for _ in range(2))),
    quoteToken=TOKEN_NAME,
    deployer=Maybe(ADDRESS),
)
QUESTION = Fields(
    "question",
    question=COUNT,
    name=TEXT,
    description=TEXT,
    fallbackOutcome=COUNT,
    namedOutcomes=Rows(COUNT),
    settledNamedOutcomes=Rows(COUNT),
)
DEPLOY = Fields(
    "spot deploy",
    token=COUNT,
    spec=Fields("token spec", name=TEXT, szDecimals=COUNT, weiDecimals=COUNT),
    fullName=null_or(TEXT),
    spots=Rows(COUNT),
    maxSupply=null_or(DOUBLE),
    hyperliquidityGenesisBalance=DOUBLE,
    totalGenesisBalanceWei=WHOLE,
    userGenesisBalances=Rows(Pair(ADDRESS, WHOLE)),
    existingTokenGenesisBalances=Rows(Pair(COUNT, WHOLE)),
    blacklistUsers=Rows(ADDRESS),
)
"""The sheet names no field of a state; these are those of client libraries (assumed)."""
PROFILE_DAY = Fields("uptime", uptimeFraction=RATE_UP, predictedApr=RATE_UP, nSamples=COUNT)
WEB_DATA_2 = Fields(
    "web data 2",
    clearinghouseState=CLEARINGHOUSE_STATE,
    leadingVaults=HOUSES["leadingVaults"],
    totalVaultEquity=DOUBLE,
    openOrders=OPEN_ORDERS,
    agentAddress=null_or(ADDRESS),
    agentValidUntil=null_or(TIME),
    cumLedger=SIGNED_DOUBLE,
    meta=META,
    assetCtxs=Rows(ASSET_CTX),
    serverTime=TIME,
    isVault=BOOL,
    user=ADDRESS,
    twapStates=Rows(Pair(COUNT, TWAP_STATE)),
    spotState=Maybe(SPOT_STATE),
    spotAssetCtxs=Rows(SPOT_CTX),
    optOutOfSpotDusting=Maybe(TRUE),
    perpsAtOpenInterestCap=Maybe(Rows(COIN)),
)

NETWORK: dict[str, Shape] = {
    "outcomeMeta": Fields(
        "outcome meta",
        outcomes=Rows(OUTCOME),
        questions=Rows(QUESTION),
    ),
    "settledOutcome": null_or(
        Fields(
            "settled outcome",
            spec=OUTCOME,
            settleFraction=RATE_UP,
            details=TEXT,
            question=Maybe(
                Fields(
                    "question of a settled one",
                    question=OneOf(Fields("alive", active=COUNT), Fields("over", settled=COUNT)),
                    name=TEXT,
                    description=TEXT,
                )
            ),
        )
    ),
    "outcomeTemplates": Rows(
        Fields(
            "template",
            id=COUNT,
            role=Table(TEXT, Fields("template role", sideNames=Pair(TEXT, TEXT))),
            name=TEXT,
            description=TEXT,
            keywords=Rows(Pair(TEXT, TEXT)),
        )
    ),
    "spotDeployState": Fields("spot deploys", states=Rows(DEPLOY), gasAuction=AUCTION),
    "gossipRootIps": Rows(TEXT),
    "gossipPriorityAuctionStatus": Pair(Rows(null_or(TEXT)), Rows(AUCTION)),
    "validatorL1Votes": Rows(
        Fields(
            "vote",
            expireTime=TIME,
            action=Table(TEXT, TEXT),
            votes=Rows(ADDRESS),
            quorumReached=BOOL,
        )
    ),
    "validatorSummaries": Rows(
        Fields(
            "validator",
            validator=ADDRESS,
            signer=ADDRESS,
            name=TEXT,
            description=TEXT,
            nRecentBlocks=COUNT,
            stake=COUNT,
            isJailed=BOOL,
            unjailableAfter=null_or(TIME),
            isActive=BOOL,
            commission=RATE_UP,
            stats=Pair(*(Pair(words(name), PROFILE_DAY) for name in ("day", "week", "month"))),
        )
    ),
    "webData2": WEB_DATA_2,
}

INFO_FIELDS: dict[str, Shape] = {
    **LISTINGS,
    **MARKETS,
    **ACCOUNTS,
    **ORDERS,
    **MONEY,
    **HOUSES,
    **NETWORK,
}
"""By type. A registered type that is not here fails the tests."""


def shape_of(request: dict[str, Any]) -> Shape:
    """The list for the answer to one request."""
    name, is_merged = request["type"], bool(request.get("aggregateByTime"))
    if name == "userFills":
        return asked_fills(is_merged=is_merged, is_back=True)
    if name == "userFillsByTime":
        return asked_fills(is_merged=is_merged, is_back=bool(request.get("reversed")))
    if name == "l2Book":
        return null_or(AGGREGATED if request.get("nSigFigs") else BOOK)
    return INFO_FIELDS[name]
