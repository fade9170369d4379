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
}
"""As `VALUES` of the signing tests."""

ACCOUNT_CALLS: dict[str, Callable[[Any], Any]] = {
    "convertToMultiSigUser": lambda pen: pen.convert_to_multi_sig_user([SOMEBODY], 1),
    "userSetAbstraction": lambda pen: pen.user_set_abstraction(SOMEBODY, "unifiedAccount"),
    "agentSetAbstraction": lambda pen: pen.agent_set_abstraction("u"),
    "userDexAbstraction": lambda pen: pen.user_dex_abstraction(SOMEBODY, True),
    "agentEnableDexAbstraction": lambda pen: pen.agent_enable_dex_abstraction(),
    "evmUserModify": lambda pen: pen.use_big_blocks(True),
    "gossipPriorityBid": lambda pen: pen.gossip_priority_bid(1, "1.2.3.4", 10**8),
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
    "userPortfolioMargin",
    "setDisplayName",
    "agentSendAsset",
    "spotUser",
    "reserveRequestWeight",
    "validatorL1Stream",
    "authorizeAqav2Role",
}
"""Account actions without a call of their own in the SDK."""
