"""Field lists of what stands in more than one reply: orders, fills, balances, states, contexts."""

from __future__ import annotations

from typing import Any

from fields import (
    BOOL,
    COUNT,
    INT,
    NULL,
    SECONDS,
    TEXT,
    TIME,
    TRUE,
    Fields,
    Later,
    Maybe,
    OneOf,
    Pair,
    Rows,
    Shape,
    Where,
    decimal,
    listed,
    matching,
    null_or,
    words,
)

# -- values: info 2.1, 2.3, 2.4 --------------------------------------------------------------------

PX = decimal(8, least="0")
SZ = decimal(8, least="0")
SIGNED_SZ = decimal(8)
USD = decimal(6)
USD_PAID = decimal(6, least="0")
WEI = decimal(8, least="0")
SIGNED_WEI = decimal(8)
RATE = decimal(10)
RATE_UP = decimal(10, least="0")
DOUBLE = decimal(10, least="0")
SIGNED_DOUBLE = decimal(10)
"""Printed from binary floats: ten places at most (the second class of info 2.3)."""

COIN = matching("a coin", r"([a-z]{2,6}:)?[A-Za-z0-9]+|[A-Za-z0-9]+/USDC|@\d+|#\d+")
TOKEN_NAME = matching("a token's name", r"[A-Za-z0-9]+|\+\d+")
ADDRESS = matching("an address in lower case", "0x[0-9a-f]{40}")
HASH = matching("a hash", "0x[0-9a-f]{64}")
ZERO_HASH = words("0x" + "0" * 64)
CLOID = matching("a cloid", "0x[0-9a-f]{32}")
TOKEN_ID = matching("a token id", "0x[0-9a-f]{32}")
DEX = matching("a dex", "|[a-z]{2,6}")
ISO_TIME = matching("a time without zone", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.]\d{1,9})?")
WHOLE = matching("a whole number as a string", r"0|[1-9]\d*")
SIDE = words("B", "A")


def time_of(row: Any) -> Any:
    return row["time"]


def first_of(row: Any) -> Any:
    return row[0]


def oid_of(row: Any) -> Any:
    return row["oid"]


# -- orders: info 6.1, 6.2; ws 3.12 ----------------------------------------------------------------

STATUSES = listed(
    """
    open filled canceled triggered rejected marginCanceled vaultWithdrawalCanceled
    openInterestCapCanceled selfTradeCanceled reduceOnlyCanceled siblingFilledCanceled
    delistedCanceled liquidatedCanceled outcomeSettledCanceled scheduledCancel internalCancel
    tickRejected minTradeNtlRejected perpMarginRejected reduceOnlyRejected badAloPxRejected
    iocCancelRejected badTriggerPxRejected marketOrderNoLiquidityRejected
    positionIncreaseAtOpenInterestCapRejected positionFlipAtOpenInterestCapRejected
    tooAggressiveAtOpenInterestCapRejected openInterestIncreaseRejected
    insufficientSpotBalanceRejected oracleRejected perpMaxPositionRejected
    tooManyOpenOrdersRejected minTradeSpotNtlRejected waitingForFill
    """
)

SHORT_ORDER = Fields(
    "short order",
    coin=COIN,
    side=SIDE,
    limitPx=PX,
    sz=SZ,
    oid=COUNT,
    timestamp=TIME,
    origSz=SZ,
    cloid=Maybe(CLOID),
    reduceOnly=Maybe(TRUE),
)

CONDITION = matching(
    "a trigger condition", r"N/A|Triggered|Price (above|below) (0|[1-9]\d*)([.]\d*[1-9])?"
)
TIFS = words("Gtc", "Ioc", "Alo", "FrontendMarket", "LiquidationMarket")


def agrees(order: Any) -> bool:
    """A trigger and its words go together; a market order is one by its tif."""
    is_trigger = order["isTrigger"]
    if is_trigger != order["triggerCondition"].startswith("Price"):
        return False
    if is_trigger:
        words_of = ("Stop", "Take Profit")
        return order["tif"] is None and order["orderType"].startswith(words_of)
    return bool(order["triggerPx"] == "0.0" and order["tif"] is not None)


FULL_ORDER = Where(
    Fields(
        "order",
        coin=COIN,
        side=SIDE,
        limitPx=PX,
        sz=SZ,
        oid=COUNT,
        timestamp=TIME,
        triggerCondition=CONDITION,
        isTrigger=BOOL,
        triggerPx=PX,
        children=Rows(Later(lambda: FULL_ORDER)),
        isPositionTpsl=BOOL,
        reduceOnly=BOOL,
        orderType=words(
            *("Limit", "Market", "Stop Market", "Stop Limit", "Take Profit Market"),
            *("Take Profit Limit", "Twap Slice", "Vault Close", "Spot Dust Conversion"),
        ),
        origSz=SZ,
        tif=null_or(TIFS),
        cloid=null_or(CLOID),
    ),
    "a trigger order's words do not agree",
    agrees,
)
OPEN_ORDERS = Rows(FULL_ORDER, falling=oid_of, is_strict=True)
STATUS_ROW = Fields("status row", order=FULL_ORDER, status=STATUSES, statusTimestamp=TIME)
ORDER_UPDATE = Fields("order update", order=SHORT_ORDER, status=STATUSES, statusTimestamp=TIME)

# -- fills and trades: info 6.5, 6.6, 4.10 ---------------------------------------------------------

DIRS = words(
    *("Open Long", "Open Short", "Close Long", "Close Short", "Long > Short", "Short > Long"),
    *("Buy", "Sell", "Liquidated Cross Long", "Liquidated Cross Short"),
    *("Liquidated Isolated Long", "Liquidated Isolated Short", "Auto-Deleveraging", "Settlement"),
    *("Net Child Vaults", "Spot Dust Conversion", "Partial Borrow Liquidation"),
    *("Backstop Borrow Liquidation", "Split Outcome", "Merge Outcome", "Merge Question"),
    "Negate Outcome",
)
FILL_LIQUIDATION = Fields(
    "fill's liquidation",
    liquidatedUser=Maybe(ADDRESS),
    markPx=PX,
    method=words("market", "backstop"),
)


def fill_fields(px: Shape, twap: Shape) -> dict[str, Any]:
    return {
        "coin": COIN,
        "px": px,
        "sz": SZ,
        "side": SIDE,
        "time": TIME,
        "startPosition": SIGNED_SZ,
        "dir": DIRS,
        "closedPnl": SIGNED_WEI,
        "hash": HASH,
        "oid": COUNT,
        "crossed": BOOL,
        "fee": SIGNED_WEI,
        "builderFee": Maybe(WEI),
        "tid": COUNT,
        "cloid": Maybe(CLOID),
        "liquidation": Maybe(FILL_LIQUIDATION),
        "feeToken": TOKEN_NAME,
        "feeTrialEscrow": Maybe(USD),
        "twapId": twap,
    }


def is_sound(fill: Any) -> bool:
    """A tid of 50 bits; tokens of the base for a spot buy, money for anything else."""
    is_dust = fill["dir"] == "Spot Dust Conversion"
    return (0 < fill["tid"] < 2**50 or is_dust) and (fill["dir"] == "Buy") >= (
        fill["feeToken"] not in ("USDC", "USDH")
    )


def fill_of(px: Shape = PX, twap: Shape = NULL) -> Shape:
    return Where(Fields("fill", **fill_fields(px, twap)), "a fill that cannot be", is_sound)


FILL = fill_of()
MERGED_FILL = fill_of(decimal(10, least="0"))
"""With aggregateByTime: the mean price of several, to ten places."""

SLICE_FILL = Where(
    Fields("slice", fill=fill_of(twap=null_or(COUNT)), twapId=COUNT),
    "a slice's fill has no hash, crosses, and names its TWAP",
    lambda row: (
        row["fill"]["twapId"] in (None, row["twapId"])
        and row["fill"]["crossed"]
        and row["fill"]["hash"] == "0x" + "0" * 64
    ),
)

TRADE = Fields(
    "trade",
    coin=COIN,
    side=SIDE,
    px=PX,
    sz=SZ,
    time=TIME,
    hash=HASH,
    tid=COUNT,
    users=Pair(ADDRESS, ADDRESS),
)

TWAP_STATE = Fields(
    "twap",
    coin=COIN,
    user=ADDRESS,
    side=SIDE,
    sz=SZ,
    executedSz=SZ,
    executedNtl=DOUBLE,
    minutes=COUNT,
    reduceOnly=BOOL,
    randomize=BOOL,
    timestamp=TIME,
    trigger=null_or(Fields("twap trigger", px=PX, above=BOOL)),
    stopPx=null_or(PX),
)
TWAP_ENDS = words("finished", "activated", "terminated", "waitingForTrigger", "stopped")
TWAP_STATUS = OneOf(
    Fields("twap status", status=TWAP_ENDS),
    Fields("twap error", status=words("error"), description=TEXT),
)
TWAP_ROW = Fields(
    "twap row", time=SECONDS, state=TWAP_STATE, status=TWAP_STATUS, twapId=Maybe(COUNT)
)

# -- accounts: info 5.1, 5.2 -----------------------------------------------------------------------

MARGIN_SUMMARY = Fields(
    "margin summary", accountValue=USD, totalNtlPos=USD_PAID, totalRawUsd=USD, totalMarginUsed=USD
)
CROSS = Fields("cross leverage", type=words("cross"), value=COUNT)
ISOLATED = Fields("isolated leverage", type=words("isolated"), value=COUNT, rawUsd=USD)
LEVERAGE = OneOf(CROSS, ISOLATED)
POSITION = Fields(
    "position",
    coin=COIN,
    szi=SIGNED_SZ,
    leverage=LEVERAGE,
    entryPx=PX,
    positionValue=USD_PAID,
    unrealizedPnl=USD,
    returnOnEquity=RATE,
    liquidationPx=null_or(RATE_UP),
    marginUsed=USD,
    maxLeverage=COUNT,
    cumFunding=Fields("cumulated funding", allTime=USD, sinceOpen=USD, sinceChange=USD),
)
CLEARINGHOUSE_STATE = Fields(
    "clearinghouse state",
    marginSummary=MARGIN_SUMMARY,
    crossMarginSummary=MARGIN_SUMMARY,
    crossMaintenanceMarginUsed=USD_PAID,
    withdrawable=USD_PAID,
    assetPositions=Rows(Fields("asset position", type=words("oneWay"), position=POSITION)),
    time=TIME,
)
DEX_STATES = Rows(Pair(DEX, CLEARINGHOUSE_STATE), rising=lambda row: row[0] != "")
"""The first dex stands first."""

BALANCE = {"coin": TOKEN_NAME, "token": COUNT, "total": SIGNED_WEI, "hold": WEI, "entryNtl": DOUBLE}
OUTCOME_BALANCE = Fields(
    "outcome balance",
    coin=matching("an outcome's token", r"\+\d+|o\d+"),
    total=WEI,
    hold=WEI,
    entryNtl=DOUBLE,
)
ESCROWS = Rows(Fields("escrow", coin=TOKEN_NAME, token=COUNT, total=WEI))
RATIOS = Rows(Pair(COUNT, RATE_UP), rising=first_of, is_strict=True)
AVAILABLE = Rows(Pair(COUNT, SIGNED_WEI), rising=first_of, is_strict=True)


def balances(one: Shape) -> Shape:
    """By token; those of outcomes have none and stand behind."""
    return Rows(OneOf(one, OUTCOME_BALANCE), rising=lambda row: row.get("token", 10**9))


SPOT_STATE = OneOf(
    Fields(
        "spot state",
        balances=balances(Fields("balance", **BALANCE)),
        tokenToAvailableAfterMaintenance=Maybe(AVAILABLE),
        evmEscrows=Maybe(ESCROWS),
    ),
    Fields(
        "portfolio margin state",
        balances=balances(
            Fields(
                "portfolio balance",
                **BALANCE | {"hold": SIGNED_WEI},
                ltv=Maybe(RATE_UP),
                supplied=Maybe(WEI),
                borrowed=Maybe(WEI),
                spotHold=WEI,
            )
        ),
        portfolioMarginEnabled=TRUE,
        portfolioMarginRatio=RATE_UP,
        tokenToPortfolioBorrowRatio=RATIOS,
        tokenToPortfolioSupplyRatio=RATIOS,
        tokenToAvailableAfterMaintenance=AVAILABLE,
        evmEscrows=Maybe(ESCROWS),
    ),
)
"""Plain, or that of a unified account; with portfolio margin, whose hold is less what may be
borrowed.
"""
ACTIVE_ASSET_DATA = Fields(
    "active asset data",
    user=ADDRESS,
    coin=COIN,
    leverage=LEVERAGE,
    maxTradeSzs=Pair(SZ, SZ),
    availableToTrade=Pair(DOUBLE, DOUBLE),
    markPx=PX,
)

# -- ledgers: info 7.1, 7.2 ------------------------------------------------------------------------

FUNDING = {"coin": COIN, "usdc": USD, "szi": SIGNED_SZ, "fundingRate": RATE}
FUNDING_EVENT = Fields("funding", time=TIME, **FUNDING, nSamples=null_or(INT))
FUNDING_ROW = Fields(
    "funding row",
    time=TIME,
    hash=ZERO_HASH,
    delta=Fields("funding delta", type=words("funding"), **FUNDING, nSamples=null_or(INT)),
)
