"""Field lists of `/info` about what is listed and how it trades (info 4)."""

from __future__ import annotations

from fields import (
    BOOL,
    COUNT,
    NULL,
    NUMBER,
    SECONDS,
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
    Where,
    decimal,
    null_or,
    words,
)
from fields_nouns import (
    ADDRESS,
    COIN,
    DEX,
    DOUBLE,
    ISO_TIME,
    PX,
    RATE,
    RATE_UP,
    TOKEN_ID,
    TOKEN_NAME,
    TRADE,
    USD_PAID,
    first_of,
    time_of,
)
from fields_quotes import ASSET_CTX, CANDLE, SPOT_CTX, sides

# -- listings: info 4.2 to 4.7, 4.14 to 4.19 -------------------------------------------------------

MARGIN_TABLE = Fields(
    "margin table",
    description=TEXT,
    marginTiers=Rows(
        Fields("margin tier", lowerBound=USD_PAID, maxLeverage=COUNT),
        rising=lambda tier: float(tier["lowerBound"]),
        is_strict=True,
    ),
)
META = Fields(
    "meta",
    universe=Rows(
        Fields(
            "perp",
            szDecimals=COUNT,
            name=COIN,
            maxLeverage=COUNT,
            marginTableId=COUNT,
            onlyIsolated=Maybe(TRUE),
            isDelisted=Maybe(TRUE),
            marginMode=Maybe(words("strictIsolated", "noCross")),
            growthMode=Maybe(words("enabled")),
            lastGrowthModeChangeTime=Maybe(ISO_TIME),
        )
    ),
    marginTables=Rows(
        Where(Pair(COUNT, MARGIN_TABLE), "only ids from 50 on are listed", lambda r: r[0] >= 50),
        rising=first_of,
        is_strict=True,
    ),
    collateralToken=COUNT,
)
META_AND_CTXS = Where(
    Pair(META, Rows(ASSET_CTX)),
    "a context for each perp",
    lambda both: len(both[0]["universe"]) == len(both[1]),
)
BY_COIN = Rows(Pair(COIN, DOUBLE))
PERP_DEX = Fields(
    "dex",
    name=DEX,
    fullName=TEXT,
    deployer=ADDRESS,
    oracleUpdater=null_or(ADDRESS),
    feeRecipient=null_or(ADDRESS),
    assetToStreamingOiCap=BY_COIN,
    subDeployers=Rows(Pair(TEXT, Rows(ADDRESS))),
    deployerFeeScale=DOUBLE,
    lastDeployerFeeScaleChangeTime=ISO_TIME,
    assetToFundingMultiplier=BY_COIN,
    assetToFundingInterestRate=Rows(Pair(COIN, RATE)),
    assetToFundingClamp=Maybe(Rows(Pair(COIN, RATE))),
)
TOKEN = Fields(
    "token",
    name=TOKEN_NAME,
    szDecimals=COUNT,
    weiDecimals=COUNT,
    index=COUNT,
    tokenId=TOKEN_ID,
    isCanonical=BOOL,
    evmContract=null_or(
        Fields("evm contract", address=ADDRESS, evm_extra_wei_decimals=NUMBER),
    ),
    fullName=Maybe(null_or(TEXT)),
    deployerTradingFeeShare=RATE_UP,
)
PAIR = Fields("pair", tokens=Pair(COUNT, COUNT), name=COIN, index=COUNT, isCanonical=BOOL)
SPOT_META = Where(
    Fields("spot meta", universe=Rows(PAIR, rising=lambda pair: pair["index"]), tokens=Rows(TOKEN)),
    "a token stands at its index, and the tokens of a pair exist (info 1)",
    lambda meta: (
        [token["index"] for token in meta["tokens"]] == list(range(len(meta["tokens"])))
        and all(index < len(meta["tokens"]) for p in meta["universe"] for index in p["tokens"])
    ),
)
SPOT_META_AND_CTXS = Where(
    Pair(SPOT_META, Rows(SPOT_CTX)),
    "the context of a pair stands at its index, those of outcomes at the end (info 4.7)",
    lambda both: (
        all(both[1][p["index"]]["coin"] == p["name"] for p in both[0]["universe"])
        and (signs := [ctx["coin"][0] == "#" for ctx in both[1]]) == sorted(signs)
    ),
)
TOKEN_DETAILS = Fields(
    "token details",
    name=TOKEN_NAME,
    maxSupply=DOUBLE,
    totalSupply=DOUBLE,
    circulatingSupply=DOUBLE,
    szDecimals=COUNT,
    weiDecimals=COUNT,
    midPx=PX,
    markPx=PX,
    prevDayPx=PX,
    genesis=null_or(
        Fields(
            "genesis",
            userBalances=Rows(Pair(ADDRESS, DOUBLE)),
            existingTokenBalances=Rows(Pair(COUNT, DOUBLE)),
            blacklistUsers=Rows(ADDRESS),
        )
    ),
    deployer=null_or(ADDRESS),
    deployGas=null_or(DOUBLE),
    deployTime=null_or(ISO_TIME),
    seededUsdc=DOUBLE,
    nonCirculatingUserBalances=Rows(Pair(ADDRESS, DOUBLE)),
    futureEmissions=DOUBLE,
)
ANNOTATION = {"displayName": Maybe(TEXT), "keywords": Maybe(Rows(TEXT))}
VENUE = Fields(
    "predicted funding",
    fundingRate=RATE,
    nextFundingTime=TIME,
    fundingIntervalHours=Maybe(COUNT),
)
AUCTION = Fields(
    "gas auction",
    startTimeSeconds=SECONDS,
    durationSeconds=COUNT,
    startGas=DOUBLE,
    currentGas=null_or(DOUBLE),
    endGas=null_or(DOUBLE),
)

LISTINGS: dict[str, Shape] = {
    "meta": META,
    "allPerpMetas": Rows(META),
    "metaAndAssetCtxs": META_AND_CTXS,
    "perpDexs": Where(
        Rows(null_or(PERP_DEX)),
        "the first dex, and no other, is null",
        lambda dexes: [dex is None for dex in dexes] == [True] + [False] * (len(dexes) - 1),
    ),
    "spotMeta": SPOT_META,
    "spotMetaAndAssetCtxs": SPOT_META_AND_CTXS,
    "marginTable": MARGIN_TABLE,
    "maxMarketOrderNtls": Rows(Pair(COUNT, DOUBLE)),
    "perpsAtOpenInterestCap": Rows(COIN),
    "perpDexLimits": null_or(
        Fields(
            "dex limits",
            totalOiCap=DOUBLE,
            oiSzCapPerPerp=DOUBLE,
            maxTransferNtl=DOUBLE,
            coinToOiCap=BY_COIN,
        )
    ),
    "perpDexStatus": Fields("dex status", totalNetDeposit=DOUBLE),
    "perpAnnotation": null_or(
        Fields("annotation", category=TEXT, description=TEXT, **ANNOTATION),
    ),
    "perpCategories": Rows(Pair(COIN, TEXT)),
    "perpConciseAnnotations": Rows(
        Pair(COIN, Fields("concise annotation", category=TEXT, **ANNOTATION))
    ),
    "tokenDetails": TOKEN_DETAILS,
    "perpDeployAuctionStatus": AUCTION,
    "spotPairDeployAuctionStatus": AUCTION,
}

# -- markets: info 4.1, 4.8 to 4.13, 4.17 ----------------------------------------------------------

MIDS = Table(COIN, decimal(9, least="0"), is_sorted=True)
BOOK = Fields("book", coin=COIN, time=TIME, levels=sides(20))
AGGREGATED = Fields("aggregated book", coin=COIN, time=TIME, levels=sides(20), spread=PX)

MARKETS: dict[str, Shape] = {
    "allMids": MIDS,
    "l2Book": OneOf(NULL, BOOK, AGGREGATED),
    "candleSnapshot": Rows(CANDLE, rising=lambda bar: bar["t"], is_strict=True, most=5000),
    "recentTrades": Rows(TRADE, falling=time_of, most=10),
    "fundingHistory": Rows(
        Fields("funding rate", coin=COIN, fundingRate=RATE, premium=RATE, time=TIME),
        rising=time_of,
        is_strict=True,
        most=500,
    ),
    "predictedFundings": Rows(
        Pair(
            COIN,
            Pair(*(Pair(words(v), null_or(VENUE)) for v in ("BinPerp", "HlPerp", "BybitPerp"))),
        ),
        rising=first_of,
        is_strict=True,
    ),
    "exchangeStatus": Fields("exchange status", specialStatuses=NULL, time=TIME),
}
