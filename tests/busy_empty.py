"""What may be empty and why: types and keys that a busy exchange does not fill, and what is told of
somebody who was never seen.
"""

from __future__ import annotations

from typing import Any

Json = Any

MAY_BE_EMPTY = {
    "isVip": "nobody is",
    "gossipRootIps": "there is no network of nodes",
    "gossipPriorityAuctionStatus": "nor an auction of places in it",
    "validatorL1Votes": "validators vote on nothing",
    "liquidatable": "whoever is liquidatable is liquidated before anybody can ask",
    "outcomeTemplates": "outcomes are listed by the operator",
}
"""Info types, by what this exchange has none of."""

STARTS_EMPTY = ("explorerBlock", "explorerTxs")
"""Observed: one frame with `[]` (ws 3.23)."""

EMPTY: dict[str, Json] = {
    **{
        name: []
        for name in (
            *("openOrders", "frontendOpenOrders", "userFills", "userFillsByTime"),
            *("historicalOrders", "userFunding", "userNonFundingLedgerUpdates", "twapHistory"),
            *("userTwapSliceFills", "userTwapSliceFillsByTime", "userVaultEquities"),
            *("leadingVaults", "delegations", "delegatorHistory", "delegatorRewards"),
            *("extraAgents", "approvedBuilders"),
        )
    },
    **dict.fromkeys(("subAccounts", "subAccounts2", "userToMultiSigSigners", "vaultDetails")),
    **dict.fromkeys(("userDexAbstraction", "isVip")),
    "spotClearinghouseState": {"balances": []},
    "userRole": {"role": "missing"},
    "userAbstraction": "default",
    "maxBuilderFee": 0,
    "orderStatus": {"status": "unknownOid"},
    "userRateLimit": {
        "cumVlm": "0.0",
        "nRequestsUsed": 0,
        "nRequestsCap": 10_000,
        "nRequestsSurplus": 0,
    },
    "delegatorSummary": {
        "delegated": "0.0",
        "undelegated": "0.0",
        "totalPendingWithdrawal": "0.0",
        "nPendingWithdrawals": 0,
    },
    "legalCheck": {"acceptedTerms": False, "userAllowed": False, "restrictions": "n"},
    "preTransferCheck": {
        "isSanctioned": False,
        "userExists": False,
        "fee": "0.0",
        "userHasSentTx": False,
    },
    "borrowLendUserState": {"tokenToState": [], "health": "healthy", "healthFactor": None},
}
"""What a never-seen user is answered."""

NEVER_SEEN = {
    "there is no EVM": [
        *(
            "escrow.coin",
            "escrow.token",
            "escrow.total",
            "spot state.evmEscrows",
            "portfolio margin state.evmEscrows",
        ),
        *("evm contract.address", "evm contract.evm_extra_wei_decimals", "token.evmContract"),
    ],
    "vaults have no children": ["children.childAddresses", "parent.data", "parent.type"],
    "no mode moves a whole balance to a dex": [
        f"activateDexAbstraction.{key}" for key in ("type", "dex", "token", "amount")
    ],
    "outcomes are listed by the operator, who has no templates": [
        *(f"template.{key}" for key in ("id", "role", "name", "description", "keywords")),
        *("template role.sideNames", "outcome.deployer", "outcome side.token"),
    ],
    "validators vote on nothing, and none is jailed": [
        *(f"vote.{key}" for key in ("expireTime", "action", "votes", "quorumReached")),
        "validator.unjailableAfter",
    ],
    "funding is told by the hour, never by the day": ["funding delta.nSamples", "funding.nSamples"],
    "claims show in the ledger": [
        "referral.rewardHistory",
        *(f"reward row.{key}" for key in ("earned", "vlm", "referralVlm", "time")),
    ],
    "nobody is on trial": [
        *("fill.feeTrialEscrow", "user fees.trial", "user fees.nextTrialAvailableTimestamp"),
    ],
    "no deployer can set a clamp": ["dex.assetToFundingClamp"],
    "auctions have no end": ["gas auction.endGas", "null gas auction.currentGas"],
    "nothing is special": ["exchange status.specialStatuses"],
    "no supply is under a cap": ["portfolio margin state.tokenToPortfolioSupplyRatio"],
    "the town's tokens all circulate": ["token details.nonCirculatingUserBalances"],
    "an agent always has an end": ["null agent.validUntil"],
    "old rows and some clients' types lack what is always told here": [
        "null spotTransfer.nonce",
        *("no dex.assetToFundingClamp", "no fill's liquidation.liquidatedUser"),
        *("no predicted funding.fundingIntervalHours", "no token.fullName"),
        *("no twap row.twapId", "no web data 2.spotState"),
    ],
}
"""Keys of the lists that no deed here fills, or leaves out ("no …"), by the reason."""

SEEN: dict[tuple[str, str], set[Json]] = {
    ("historicalOrders", "status"): {
        *("open", "filled", "canceled", "triggered", "waitingForFill"),
        *("badAloPxRejected", "iocCancelRejected", "selfTradeCanceled", "siblingFilledCanceled"),
        *("reduceOnlyCanceled", "liquidatedCanceled", "delistedCanceled"),
        "outcomeSettledCanceled",
    },
    ("historicalOrders", "orderType"): {
        *("Limit", "Market", "Stop Market", "Take Profit Market"),
        *("Take Profit Limit", "Twap Slice"),
    },
    ("historicalOrders", "tif"): {"Gtc", "Ioc", "Alo", "LiquidationMarket", None},
    ("userFills", "dir"): {
        *("Open Long", "Close Long", "Open Short", "Close Short", "Long > Short", "Buy", "Sell"),
        *("Liquidated Cross Long", "Liquidated Isolated Long", "Auto-Deleveraging"),
        *("Settlement", "Split Outcome"),
    },
    ("userFills", "method"): {"market", "backstop"},
    ("twapHistory", "status"): {
        *("activated", "waitingForTrigger", "terminated", "finished", "stopped", "error"),
    },
    ("userRole", "role"): {"missing", "user", "agent", "vault", "subAccount"},
    ("borrowLendUserState", "health"): {"healthy"},
    ("meta", "marginMode"): {"strictIsolated", "noCross"},
    ("referral", "stage"): {"ready", "needToCreateCode", "needToTrade"},
    ("userFees", "type"): {"tradingUser", "stakingUser"},
    ("delegatorHistory", "phase"): {"initiated"},
    ("userNonFundingLedgerUpdates", "operation"): {"supply", "borrow"},
    ("userNonFundingLedgerUpdates", "leverageType"): {"Cross", "Isolated"},
}
"""Words that must be said, by info type and key."""
