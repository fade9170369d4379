"""Every name the exchange is known to answer to, built here or not, and where that is written.

The registries say what is built; this says what there is. `hlsim coverage` prints the difference.
"""

from __future__ import annotations

_TRADING = """
order cancel cancelByCloid modify batchModify scheduleCancel updateLeverage updateIsolatedMargin
topUpIsolatedOnlyMargin twapOrder twapCancel noop reserveRequestWeight agentEnableDexAbstraction
agentSetAbstraction agentSendAsset borrowLend spotUser evmUserModify gossipPriorityBid userOutcome
"""

_ACCOUNTS = """
createSubAccount subAccountModify subAccountTransfer subAccountSpotTransfer createVault
vaultTransfer vaultModify vaultDistribute setReferrer registerReferrer setDisplayName claimRewards
hip3LiquidatorTransfer authorizeAqav2Role finalizeEvmContract validatorL1Stream CSignerAction
CValidatorAction activateOutcomeDeployer outcomeDeploy perpDeploy spotDeploy
"""

_USER_SIGNED = """
usdSend spotSend withdraw3 usdClassTransfer sendAsset sendToEvmWithData approveAgent
approveBuilderFee tokenDelegate cDeposit cWithdraw linkStakingUser stakingLinkDisableTradingUser
convertToMultiSigUser userDexAbstraction userSetAbstraction userPortfolioMargin multiSig
"""

_INFO = """
activeAssetData allBorrowLendReserveStates allMids allPerpMetas approvedBuilders
borrowLendReserveState borrowLendUserState candleSnapshot clearinghouseState delegations
delegatorHistory delegatorRewards delegatorSummary exchangeStatus extraAgents frontendOpenOrders
fundingHistory gossipPriorityAuctionStatus gossipRootIps historicalOrders isVip l2Book leadingVaults
legalCheck liquidatable marginTable maxBuilderFee maxMarketOrderNtls meta metaAndAssetCtxs
openOrders orderStatus outcomeMeta outcomeTemplates perpAnnotation perpCategories
perpConciseAnnotations perpDeployAuctionStatus perpDexLimits perpDexStatus perpDexs
perpsAtOpenInterestCap portfolio preTransferCheck predictedFundings recentTrades referral
settledOutcome spotClearinghouseState spotDeployState spotMeta spotMetaAndAssetCtxs
spotPairDeployAuctionStatus subAccounts subAccounts2 tokenDetails twapHistory usdcRouting
userAbstraction userBorrowLendInterest userDexAbstraction userFees userFills userFillsByTime
userFunding userNonFundingLedgerUpdates userRateLimit userRole userToMultiSigSigners
userTwapSliceFills userTwapSliceFillsByTime userVaultEquities validatorL1Votes validatorSummaries
vaultDetails vaultSummaries webData2
"""

_INFO_REFUSED = """
alignedQuoteTokenInfo webData3 blockDetails txDetails userDetails fileSnapshot
"""

_EXPLORER = """
blockDetails txDetails userDetails
"""

_EXPLORER_UNSPECIFIED = """
blockList
"""

_SUBSCRIPTIONS = """
allMids l2Book bbo trades candle activeAssetCtx activeAssetData allDexsAssetCtxs assetCtxs
spotAssetCtxs fastAssetCtxs outcomeMetaUpdates notification webData3 webData2 orderUpdates
userEvents userFills userFundings userNonFundingLedgerUpdates userTwapSliceFills userTwapHistory
userHistoricalOrders openOrders clearinghouseState allDexsClearinghouseState spotState twapStates
explorerBlock explorerTxs
"""


def _sourced(**sections: str) -> dict[str, str]:
    """Names of each block of text, mapped to the section that names them."""
    return {
        name: section.replace("_", " ", 1).replace("_", ".")
        for section, names in sections.items()
        for name in names.split()
    }


ACTIONS: dict[str, str] = _sourced(
    exchange_5_1=_TRADING, exchange_5_2=_ACCOUNTS, exchange_5_3=_USER_SIGNED
)
"""Actions of `/exchange` and their section."""

INFO_TYPES: dict[str, str] = _sourced(info_12_1=_INFO)
"""Types of `/info` that are answered."""

INFO_REFUSED: dict[str, str] = _sourced(info_12_1=_INFO_REFUSED)
"""Types that clients may send and the exchange refuses with 422."""

EXPLORER_TYPES: dict[str, str] = _sourced(info_10=_EXPLORER)
"""Types of `/explorer`."""

EXPLORER_UNSPECIFIED: dict[str, str] = _sourced(ws_8_1=_EXPLORER_UNSPECIFIED)
"""Types that the documentation names, in its table of weights, and whose request and reply nobody
has written down: no client has them, so any shape would be an invention."""

SUBSCRIPTIONS: dict[str, str] = _sourced(ws_3=_SUBSCRIPTIONS)
"""Subscriptions of `/ws`."""
