"""Requests of the official SDK for account actions, and values of the types that they hold."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hlsim.server.words import SHORT_WORDS, read_signers
from hlsim.sim.actions.abstraction import AbstractionWord
from hlsim.sim.actions.multisig import SignersText
from hlsim.sim.actions.validators import Given

SOMEBODY = "0x5e9ee1089755c3435139848e47e6635505d5a13a"

SIGNERS = ("null", "{", '{"authorizedUsers": ["0x%s"], "threshold": 1}' % ("aB" * 20))

LONG_WORDS = {short: long for long, short in SHORT_WORDS.items()}

ACCOUNT_VALUES: dict[Any, Callable[[Random], Any]] = {
    AbstractionWord: lambda rng: rng.choice(list(SHORT_WORDS)),
    SignersText: lambda rng: read_signers(rng.choice(SIGNERS))[0],
    Given: lambda rng: True,
    bytes: lambda rng: rng.randbytes(rng.randrange(40)),
}
"""As `VALUES` of the signing tests."""

SCHEMA: Any = {"fullName": "Test", "collateralToken": 0, "oracleUpdater": "0x" + "aB" * 20}

ACCOUNT_CALLS: dict[str, Callable[[Any], Any]] = {
    "updateLeverage": lambda pen: pen.update_leverage(20, "ETH", is_cross=False),
    "updateIsolatedMargin": lambda pen: pen.update_isolated_margin(-12.5, "BTC"),
    "setReferrer": lambda pen: pen.set_referrer("CODE"),
    "noop": lambda pen: pen.noop(1_767_225_600_000),
    "tokenDelegate": lambda pen: pen.token_delegate(SOMEBODY, 100163871320, is_undelegate=True),
    "createSubAccount": lambda pen: pen.create_sub_account("example"),
    "subAccountTransfer": lambda pen: pen.sub_account_transfer(SOMEBODY, True, 10),
    "subAccountSpotTransfer": lambda pen: pen.sub_account_spot_transfer(
        SOMEBODY, True, "USDC", 2.5
    ),
    "vaultTransfer": lambda pen: pen.vault_usd_transfer(SOMEBODY, False, 5_000_000),
    "convertToMultiSigUser": lambda pen: pen.convert_to_multi_sig_user([SOMEBODY], 1),
    "userSetAbstraction": lambda pen: pen.user_set_abstraction(SOMEBODY, "unifiedAccount"),
    "agentSetAbstraction": lambda pen: pen.agent_set_abstraction("u"),
    "userDexAbstraction": lambda pen: pen.user_dex_abstraction(SOMEBODY, True),
    "agentEnableDexAbstraction": lambda pen: pen.agent_enable_dex_abstraction(),
    "evmUserModify": lambda pen: pen.use_big_blocks(True),
    "gossipPriorityBid": lambda pen: pen.gossip_priority_bid(1, "1.2.3.4", 10**8),
    "perpDeploy": lambda pen: pen.perp_deploy_register_asset(
        "test", None, "test:GOLD", 2, "4000.0", 20, False, SCHEMA
    ),
    "perpDeploy setOracle": lambda pen: pen.perp_deploy_set_oracle(
        "test", {"test:GOLD": "4000.0"}, [{"test:GOLD": "4001.0"}], {"test:GOLD": "1"}
    ),
    "CSignerAction": lambda pen: pen.c_signer_jail_self(),
    "CSignerAction unjail": lambda pen: pen.c_signer_unjail_self(),
    "CValidatorAction": lambda pen: pen.c_validator_unregister(),
    "CValidatorAction change": lambda pen: pen.c_validator_change_profile(
        None, "name", None, True, None, 5, None
    ),
    "CValidatorAction register": lambda pen: pen.c_validator_register(
        "1.2.3.4", "name", "what", False, 5, SOMEBODY, True, 10**12
    ),
}
"""As `SDK_CALLS` of the signing tests."""

UNCALLED = {
    "modify",
    "userOutcome",
    "twapOrder",
    "twapCancel",
    "topUpIsolatedOnlyMargin",
    "registerReferrer",
    "claimRewards",
    "cDeposit",
    "cWithdraw",
    "subAccountModify",
    "createVault",
    "vaultModify",
    "vaultDistribute",
    "userPortfolioMargin",
    "setDisplayName",
    "agentSendAsset",
    "spotUser",
    "borrowLend",
    "reserveRequestWeight",
    "validatorL1Stream",
    "authorizeAqav2Role",
    "hip3LiquidatorTransfer",
    "finalizeEvmContract",
    "sendToEvmWithData",
    "linkStakingUser",
    "stakingLinkDisableTradingUser",
    "activateOutcomeDeployer",
    "outcomeDeploy",
}
"""Actions without a call of their own in the SDK."""
