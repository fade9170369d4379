"""Field lists of `/info` about accounts, their orders and their fills (info 5, 6)."""

from __future__ import annotations

from typing import Any

from fields import (
    BOOL,
    COUNT,
    TEXT,
    TIME,
    Fields,
    Maybe,
    OneOf,
    Pair,
    Rows,
    Shape,
    Where,
    null_or,
    words,
)
from fields_nouns import (
    ACTIVE_ASSET_DATA,
    ADDRESS,
    CLEARINGHOUSE_STATE,
    DEX_STATES,
    DOUBLE,
    FILL,
    MERGED_FILL,
    OPEN_ORDERS,
    SHORT_ORDER,
    SIGNED_DOUBLE,
    SLICE_FILL,
    SPOT_STATE,
    STATUS_ROW,
    TWAP_ROW,
    USD_PAID,
    first_of,
    oid_of,
    time_of,
)

# -- accounts: info 5 ------------------------------------------------------------------------------

Json = Any

HISTORY = Rows(Pair(TIME, SIGNED_DOUBLE), rising=first_of)
PERIODS = ("day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime")
PERIOD = Where(
    Fields("period", accountValueHistory=HISTORY, pnlHistory=HISTORY, vlm=DOUBLE),
    "the pnl of a period begins at nothing (info 5.9)",
    lambda period: not period["pnlHistory"] or period["pnlHistory"][0][1] == "0.0",
)


def grows(portfolio: Json) -> bool:
    """What is traded in a day is traded in a week, and what on perps, on all."""
    volumes = [float(period["vlm"]) for _, period in portfolio]
    everything, perps = volumes[:4], volumes[4:]
    pairs = zip(perps, everything, strict=True)
    return (
        everything == sorted(everything)
        and perps == sorted(perps)
        and all(one <= other for one, other in pairs)
    )


PORTFOLIO = Where(Pair(*(Pair(words(name), PERIOD) for name in PERIODS)), "a volume shrinks", grows)
SUB_ACCOUNT = {"name": TEXT, "subAccountUser": ADDRESS, "master": ADDRESS}
MODES = words("default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction")

ACCOUNTS: dict[str, Shape] = {
    "clearinghouseState": CLEARINGHOUSE_STATE,
    "spotClearinghouseState": SPOT_STATE,
    "activeAssetData": ACTIVE_ASSET_DATA,
    "userAbstraction": MODES,
    "userDexAbstraction": null_or(BOOL),
    "subAccounts": null_or(
        Rows(
            Fields(
                "sub-account",
                **SUB_ACCOUNT,
                clearinghouseState=CLEARINGHOUSE_STATE,
                spotState=SPOT_STATE,
            )
        )
    ),
    "subAccounts2": null_or(
        Rows(
            Fields(
                "sub-account on dexes",
                **SUB_ACCOUNT,
                dexToClearinghouseState=DEX_STATES,
                spotState=SPOT_STATE,
                abstraction=Maybe(MODES),
            )
        )
    ),
    "userRole": OneOf(
        Fields("role", role=words("missing", "user", "vault")),
        Fields("agent role", role=words("agent"), data=Fields("agent's", user=ADDRESS)),
        Fields("sub role", role=words("subAccount"), data=Fields("sub's", master=ADDRESS)),
    ),
    "extraAgents": Rows(Fields("agent", name=TEXT, address=ADDRESS, validUntil=null_or(TIME))),
    "userToMultiSigSigners": null_or(
        Fields("signers", authorizedUsers=Rows(ADDRESS), threshold=COUNT)
    ),
    "portfolio": PORTFOLIO,
    "isVip": null_or(BOOL),
    "legalCheck": Fields(
        "legal check",
        acceptedTerms=BOOL,
        userAllowed=BOOL,
        restrictions=words("n", "a", "o", "u"),
    ),
    "preTransferCheck": Fields(
        "transfer check", isSanctioned=BOOL, userExists=BOOL, fee=USD_PAID, userHasSentTx=BOOL
    ),
    "usdcRouting": Fields(
        "routing",
        depositRoute=words("bridge", "cctp"),
        withdrawalRoute=words("bridge", "cctp"),
    ),
    "liquidatable": Rows(ADDRESS),
}

# -- orders and fills: info 6 ----------------------------------------------------------------------

HISTORY_ROWS = Rows(STATUS_ROW, falling=lambda row: row["statusTimestamp"], most=2000)


def asked_fills(*, is_merged: bool, is_back: bool) -> Shape:
    """Merged rows have mean prices; `reversed` is newest first."""
    item = MERGED_FILL if is_merged else FILL
    return Rows(item, **{"falling" if is_back else "rising": time_of}, most=2000)


ORDERS: dict[str, Shape] = {
    "openOrders": Rows(SHORT_ORDER, falling=oid_of, is_strict=True),
    "frontendOpenOrders": OPEN_ORDERS,
    "orderStatus": OneOf(
        Fields("order found", status=words("order"), order=STATUS_ROW),
        Fields("order unknown", status=words("unknownOid")),
    ),
    "historicalOrders": HISTORY_ROWS,
    "userFills": asked_fills(is_merged=False, is_back=True),
    "userFillsByTime": asked_fills(is_merged=False, is_back=False),
    "userTwapSliceFills": Rows(SLICE_FILL, falling=lambda r: r["fill"]["time"], most=2000),
    "userTwapSliceFillsByTime": Rows(SLICE_FILL, rising=lambda r: r["fill"]["time"], most=2000),
    "twapHistory": Rows(TWAP_ROW, falling=time_of),
}
