"""Field lists of the frames of `/ws`, by subscription (ws 3), of acks, posts and the explorer."""

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
    Where,
    matching,
    null_or,
    words,
)
from fields_info import OUTCOME, QUESTION, WEB_DATA_2, shape_of
from fields_ledger import LEDGER_ROW
from fields_markets import MIDS
from fields_money import HOUSES
from fields_nouns import (
    ACTIVE_ASSET_DATA,
    ADDRESS,
    CLEARINGHOUSE_STATE,
    COIN,
    DEX,
    DEX_STATES,
    DOUBLE,
    FILL,
    FUNDING_EVENT,
    HASH,
    MERGED_FILL,
    OPEN_ORDERS,
    ORDER_UPDATE,
    PX,
    SIGNED_DOUBLE,
    SLICE_FILL,
    SPOT_STATE,
    STATUS_ROW,
    TOKEN_NAME,
    TRADE,
    TWAP_ROW,
    TWAP_STATE,
    time_of,
)
from fields_quotes import ASSET_CTX, CANDLE, LEVEL, SPOT_CTX, px_of, sides
from fields_replies import reply_of

Json = Any

BOOK = {"coin": COIN, "time": TIME}
BBO = Where(
    Fields("bbo", coin=COIN, time=TIME, bbo=Pair(null_or(LEVEL), null_or(LEVEL))),
    "the bid comes first",
    lambda row: None in row["bbo"] or px_of(row["bbo"][0]) < px_of(row["bbo"][1]),
)
TRADES = Rows(TRADE, rising=time_of)
"""In a block in the order of execution (ws 3.4)."""


def of_user(name: str, key: str, first: Shape, later: Shape) -> tuple[Shape, Shape]:
    """(first frame, later frames): only the first one says `isSnapshot` (contested 34)."""
    return (
        Fields(f"{name} snapshot", isSnapshot=TRUE, user=ADDRESS, **{key: first}),
        Fields(name, user=ADDRESS, **{key: later}),
    )


CANCELS = Rows(Fields("engine's cancel", coin=COIN, oid=COUNT))
LIQUIDATION = Fields(
    "liquidation event",
    lid=COUNT,
    liquidator=ADDRESS,
    liquidated_user=ADDRESS,
    liquidated_ntl_pos=DOUBLE,
    liquidated_account_value=SIGNED_DOUBLE,
)
USER_EVENT = OneOf(
    Fields("fills event", fills=Rows(FILL)),
    Fields("funding event", funding=FUNDING_EVENT),
    Fields("liquidation", liquidation=LIQUIDATION),
    Fields("cancels event", nonUserCancel=CANCELS),
    Fields("twap history event", twapHistory=Rows(TWAP_ROW)),
    Fields("twap slices event", twapSliceFills=Rows(SLICE_FILL)),
)
OUTCOME_CHANGE = OneOf(
    Fields(
        "outcome listed",
        outcomeCreated=Fields(
            "new outcome",
            outcome=COUNT,
            name=TEXT,
            description=TEXT,
            sideSpecs=OUTCOME.fields["sideSpecs"],
            quoteToken=TOKEN_NAME,
            venue=TEXT,
            deployerFeeScale=DOUBLE,
        ),
    ),
    Fields("outcome over", outcomeSettled=COUNT),
    Fields(
        "question changed",
        questionUpdated=QUESTION,
    ),
    Fields("question over", questionSettled=COUNT),
)
FAST_CTX = Fields("fast context", markPx=Maybe(PX), midPx=Maybe(null_or(PX)))
FAST_CTXS = Table(COIN, Where(FAST_CTX, "what is told did change", len))
WEB_DATA_3 = Fields(
    "web data 3",
    userState=Fields(
        "user state",
        agentAddress=null_or(ADDRESS),
        agentValidUntil=null_or(TIME),
        cumLedger=SIGNED_DOUBLE,
        serverTime=TIME,
        isVault=BOOL,
        user=ADDRESS,
        optOutOfSpotDusting=Maybe(TRUE),
        dexAbstractionEnabled=Maybe(BOOL),
        abstraction=Maybe(words("unifiedAccount", "portfolioMargin", "disabled", "dexAbstraction")),
    ),
    perpDexStates=Rows(
        Fields(
            "dex state",
            totalVaultEquity=DOUBLE,
            perpsAtOpenInterestCap=Maybe(Rows(COIN)),
            leadingVaults=Maybe(HOUSES["leadingVaults"]),
        )
    ),
)
ASSET_CTX_FRAME = Fields("asset context frame", coin=COIN, ctx=ASSET_CTX)
SPOT_CTX_FRAME = Fields("spot context frame", coin=COIN, ctx=SPOT_CTX)
MID_FRAME = Fields("mids", mids=MIDS)
MID_FRAME_OF_DEX = Fields("mids of a dex", dex=DEX, mids=MIDS)
"""The first dex is not named."""

NOTE = matching(
    "a note on a fill",
    r"Resting order filled: (Bought|Sold) \d+([.]\d*[1-9])? \S+ at [$]\d+([.]\d*[1-9])?",
)

EXPLORER_BLOCK = Fields(
    "block", blockTime=TIME, hash=HASH, height=COUNT, numTxs=COUNT, proposer=ADDRESS
)


class AnyAction(Shape):
    """What was signed: an object with a type, first."""

    def check(self, value: Json, path: str, seen: set[str]) -> None:
        words(True).check(type(value) is dict and next(iter(value)) == "type", path, seen)


EXPLORER_TX = Fields(
    "transaction",
    action=AnyAction(),
    block=COUNT,
    error=null_or(TEXT),
    hash=HASH,
    time=TIME,
    user=ADDRESS,
)

# -- by subscription: (channel, first frame, later frames) -----------------------------------------

Frames = tuple[str, Shape | None, Shape]
"""No first frame where there is none."""


def both(channel: str, shape: Shape) -> Frames:
    return channel, shape, shape


USER_FILLS = of_user("user fills", "fills", Rows(FILL, falling=time_of, most=2000), Rows(FILL))
MERGED = of_user("user fills", "fills", Rows(MERGED_FILL, falling=time_of), Rows(MERGED_FILL))
FUNDINGS = of_user(
    "user fundings", "fundings", Rows(FUNDING_EVENT, rising=time_of), Rows(FUNDING_EVENT)
)
LEDGER = of_user("user ledger", "nonFundingLedgerUpdates", Rows(LEDGER_ROW), Rows(LEDGER_ROW))
SLICES = of_user("user slices", "twapSliceFills", Rows(SLICE_FILL), Rows(SLICE_FILL))
TWAPS = of_user("user twaps", "history", Rows(TWAP_ROW), Rows(TWAP_ROW))
PAST_ORDERS = of_user("user orders", "orderHistory", Rows(STATUS_ROW, most=2000), Rows(STATUS_ROW))

FRAMES: dict[str, Frames] = {
    "allMids": both("allMids", MID_FRAME),
    "l2Book": both("l2Book", Fields("book frame", **BOOK, levels=sides(20))),
    "bbo": both("bbo", BBO),
    "trades": both("trades", TRADES),
    "candle": ("candle", None, CANDLE),
    "activeAssetCtx": both("activeAssetCtx", ASSET_CTX_FRAME),
    "activeAssetData": both("activeAssetData", ACTIVE_ASSET_DATA),
    "allDexsAssetCtxs": both(
        "allDexsAssetCtxs", Fields("contexts of all", ctxs=Rows(Pair(DEX, Rows(ASSET_CTX))))
    ),
    "assetCtxs": both("assetCtxs", Fields("contexts", dex=DEX, ctxs=Rows(ASSET_CTX))),
    "spotAssetCtxs": both("spotAssetCtxs", Rows(SPOT_CTX)),
    "fastAssetCtxs": both("fastAssetCtxs", FAST_CTXS),
    "outcomeMetaUpdates": ("outcomeMetaUpdates", None, Rows(OUTCOME_CHANGE)),
    "notification": ("notification", None, Fields("notification", notification=NOTE)),
    "webData2": both("webData2", WEB_DATA_2),
    "webData3": both("webData3", WEB_DATA_3),
    "orderUpdates": ("orderUpdates", None, Rows(ORDER_UPDATE)),
    "userEvents": ("user", None, USER_EVENT),
    "userFills": ("userFills", *USER_FILLS),
    "userFundings": ("userFundings", *FUNDINGS),
    "userNonFundingLedgerUpdates": ("userNonFundingLedgerUpdates", *LEDGER),
    "userTwapSliceFills": ("userTwapSliceFills", *SLICES),
    "userTwapHistory": ("userTwapHistory", *TWAPS),
    "userHistoricalOrders": ("userHistoricalOrders", *PAST_ORDERS),
    "openOrders": both(
        "openOrders", Fields("open orders", dex=DEX, user=ADDRESS, orders=OPEN_ORDERS)
    ),
    "clearinghouseState": both(
        "clearinghouseState",
        Fields("state frame", dex=DEX, user=ADDRESS, clearinghouseState=CLEARINGHOUSE_STATE),
    ),
    "allDexsClearinghouseState": both(
        "allDexsClearinghouseState",
        Fields("states of all", user=ADDRESS, clearinghouseStates=DEX_STATES),
    ),
    "spotState": both("spotState", Fields("spot frame", user=ADDRESS, spotState=SPOT_STATE)),
    "twapStates": both(
        "twapStates",
        Fields("twaps frame", dex=DEX, user=ADDRESS, states=Rows(Pair(COUNT, TWAP_STATE))),
    ),
    "explorerBlock": ("", Rows(EXPLORER_BLOCK), Rows(EXPLORER_BLOCK)),
    "explorerTxs": ("", Rows(EXPLORER_TX), Rows(EXPLORER_TX)),
}
"""By type. The channel is "" where frames are the data alone. A registered subscription that is not
here fails the tests.
"""


def frames_of(asked: dict[str, Any]) -> Frames:
    """The lists for the frames of one subscription."""
    kind = asked["type"]
    if kind == "l2Book" and (asked.get("nSigFigs") or asked.get("fast")):
        more: dict[str, Any] = {"spread": PX} if asked.get("nSigFigs") else {}
        more |= {"fast": TRUE} if asked.get("fast") else {}
        depth = 5 if asked.get("fast") else 20
        return both("l2Book", Fields("book frame", **BOOK, levels=sides(depth), **more))
    if kind == "activeAssetCtx" and (asked["coin"].startswith("@") or "/" in asked["coin"]):
        return both("activeSpotAssetCtx", SPOT_CTX_FRAME)
    if kind == "userFills" and asked.get("aggregateByTime"):
        return ("userFills", *MERGED)
    if kind == "allMids" and asked.get("dex"):
        return both("allMids", MID_FRAME_OF_DEX)
    return FRAMES[kind]


OF_A_DEX = ("openOrders", "clearinghouseState", "twapStates", "assetCtxs")
ECHO: dict[str, dict[str, Json]] = {
    "l2Book": {"nSigFigs": None, "mantissa": None, "fast": False},
    "userFills": {"aggregateByTime": False},
    **{name: {"dex": ""} for name in OF_A_DEX},
    "spotState": {"ignorePortfolioMargin": False},
}
"""What acks add to a subscription that left it out (ws 2.1)."""


def echo_of(asked: dict[str, Json]) -> dict[str, Json]:
    """What an ack repeats. Observed: of a candle the interval first (contested 36)."""
    more = ECHO.get(asked["type"], {})
    echo = {key: one for key, one in asked.items() if key not in more}
    echo |= {key: asked.get(key, one) for key, one in more.items()}
    if asked["type"] == "candle":
        echo["coin"] = echo.pop("coin")
    return echo


# -- posts: ws 5 -----------------------------------------------------------------------------------


def post_of(kind: str, payload: Shape) -> Shape:
    """The frame that answers a post, with what HTTP would have answered in it."""
    response = Fields(f"{kind} response", type=words(kind), payload=payload)
    data = Fields(f"{kind} post", id=COUNT, response=response)
    return Fields(f"{kind} frame", channel=words("post"), data=data)


def post_shape(asked: dict[str, Json], *, is_answerable: bool) -> Shape:
    """The list for the answer to `request` of a post. Info has one layer more than HTTP."""
    payload = asked["payload"]
    if not is_answerable:
        return post_of("error", words("500 Internal Server Error"))
    if asked["type"] == "action":
        return post_of("action", reply_of(payload["action"]["type"]))
    told = Fields("info payload", type=words(payload["type"]), data=shape_of(payload))
    return post_of("info", told)


# -- explorer: ws 3.23, 7 --------------------------------------------------------------------------

EXPLORER: dict[str, Shape] = {
    "blockDetails": Fields(
        "block details",
        type=words("blockDetails"),
        blockDetails=Fields(
            "block and transactions",
            blockTime=TIME,
            hash=HASH,
            height=COUNT,
            numTxs=COUNT,
            proposer=ADDRESS,
            txs=Rows(EXPLORER_TX),
        ),
    ),
    "txDetails": Fields("tx details", type=words("txDetails"), tx=EXPLORER_TX),
    "userDetails": Fields("user details", type=words("userDetails"), txs=Rows(EXPLORER_TX)),
}
EXPLORER_ERROR = Fields("explorer error", type=words("error"), message=TEXT)
