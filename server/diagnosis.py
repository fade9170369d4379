"""Why a request was refused, in words for a person: the rule behind a text, and what to do.

The table is by the names of the refusals; a text finds its name by the template it was made from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from ..matching.dataclass import dataclass
from ..sim.errors import ActionReject, CancelReject, OrderReject, TwapReject


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One refusal, explained."""

    rule: str
    """Its name, in lower case; "" for a text that is in no table."""
    why: str
    remedy: str


ADVICE: dict[str, tuple[str, str]] = {
    # orders
    "EMPTY": ("The action holds no order.", "Send at least one order."),
    "ZERO_SZ": ("The size is 0.", "Send a size above 0, or cancel instead."),
    "INVALID_SZ": (
        "The size is no multiple of the lot, which is 10 to the minus szDecimals of the asset.",
        "Round sizes down to szDecimals, which meta and spotMeta tell.",
    ),
    "ZERO_PX": (
        "The price is 0.",
        "Market orders have a limit price as well: one far enough away.",
    ),
    "INVALID_PX": (
        "The price has too many digits: five significant figures, and 6 - szDecimals decimals for "
        "perps, 8 - szDecimals for spot; whole numbers are always fine.",
        "Round to five significant figures first, then to those decimals.",
    ),
    "TICK": (
        "The price is on no tick: five significant figures, and 6 - szDecimals decimals for perps, "
        "8 - szDecimals for spot; whole numbers are always fine.",
        "Round to five significant figures first, then to those decimals.",
    ),
    "SPOT_REDUCE_ONLY": ("Spot has no positions to reduce.", "Leave reduceOnly false for spot."),
    "SPOT_SUPPLY": ("The size is more than half of all tokens.", "Send a smaller order."),
    "MAIN_TRIGGER": (
        "In the grouping normalTpsl the first order is the one to protect.",
        "Put a plain order first, its TP/SL behind it.",
    ),
    "TRIGGER_COUNT": (
        "TP/SL orders of a group are one of each at most, reduce-only, on the closing side.",
        "Check reduceOnly, the side and the number of trigger orders in the group.",
    ),
    "HALTED": (
        "The market is halted, or delisted for good.",
        "Wait, or POST /hlsim/market/resume. See whether meta has isDelisted for it.",
    ),
    "BUILDER_FEE": (
        "The user has not approved this builder, or less than this fee.",
        "Sign approveBuilderFee with the master account first.",
    ),
    "POST_ONLY_WINDOW": (
        "After an upgrade of the network only Alo orders are taken for a while.",
        "Send Alo, or try again in some seconds.",
    ),
    "SPOT_TRIGGER": ("Spot has no trigger orders.", "Watch the price and send a plain order."),
    "DUPLICATE_CLOID": (
        "An open order has this cloid already.",
        "Make cloids unique; after a timeout ask orderStatus by cloid before sending again.",
    ),
    "PRICE_BAND": (
        "The price is too far from the reference price.",
        "Derive limit prices from a fresh mid; check that it is not a price of another asset.",
    ),
    "TOO_MANY_OPEN": (
        "The account has as many open orders as it may: 1000, and more with volume.",
        "Cancel some, or modify instead of placing.",
    ),
    "VALUE_TOO_LARGE": ("One order may not be worth so much.", "Split it."),
    "IOC_CANCEL": (
        "Nothing rested at the limit price or better when the Ioc order came.",
        "Allow more slippage, or send Gtc.",
    ),
    "NO_LIQUIDITY": (
        "The other side of the book was empty.",
        "Wait for quotes, or give the book some: POST /hlsim/market/book.",
    ),
    "MIN_TRADE_NTL": (
        "Orders are worth 10 USD at least, but for those that close a position whole.",
        "Make the order larger, or close with reduceOnly and the whole size.",
    ),
    "MIN_TRADE_SPOT_NTL": (
        "Spot orders are worth 10 of the quote token at least.",
        "Make the order larger.",
    ),
    "REDUCE_ONLY": (
        "The order is reduce-only and there is no position on the other side, or no more of it.",
        "Read the position again: it may be closed, or other reduce-only orders stand for it.",
    ),
    "CAP_INCREASE": ("Open interest is at its cap.", "Only orders that reduce are taken."),
    "CAP_INCREASE_DOCS": ("Open interest is at its cap.", "Only orders that reduce are taken."),
    "CAP_FLIP": ("Open interest is at its cap.", "Close first: no order may flip a position."),
    "CAP_AGGRESSIVE": (
        "At the cap of open interest no order may be more aggressive than the oracle.",
        "Price it at the oracle or behind.",
    ),
    "INTEREST_TOO_QUICK": ("Open interest grew too quickly.", "Try again in a minute, or smaller."),
    "BAD_ALO_PX": (
        "An Alo order would have traded at once, so it was dropped.",
        "Price it behind the best price of the other side, which the text tells as bbo.",
    ),
    "SPOT_BALANCE": (
        "The spot account has less of the token than the order needs, with what others hold.",
        "Look at total less hold in spotClearinghouseState; move USDC from perps to spot.",
    ),
    "MAX_POSITION": (
        "The position would be too large for its leverage by the margin table of the asset.",
        "Lower the leverage first (updateLeverage), or send less.",
    ),
    "MARGIN": (
        "The order needs more margin than is free.",
        "Look at withdrawable and marginUsed; cancel orders, raise leverage, or deposit.",
    ),
    "BAD_TRIGGER_PX": (
        "The trigger price is on the wrong side: it would fire at once.",
        "Take profits lie beyond the mark, stops before it, seen from the position.",
    ),
    # cancels and TWAPs
    "NOT_OPEN": (
        "The order is not open: filled, cancelled, never accepted, or of another asset or account.",
        "Ask orderStatus. Often the order filled while the cancel was on its way.",
    ),
    "DURATION": ("A TWAP takes from 5 minutes to a day.", "Choose minutes between 5 and 1440."),
    "VALUE": ("The whole TWAP is worth too little.", "Make it larger."),
    "VALUE_PER_MINUTE": (
        "A TWAP is worth 10 USD for each of its minutes at least.",
        "Make it larger or shorter.",
    ),
    "TOO_MANY": ("The account runs as many TWAPs as it may.", "Cancel one first."),
    "NOT_RUNNING": ("The TWAP is not running.", "Ask twapHistory: it may have finished."),
    # who acts
    "CHAIN": (
        "The action was signed for the other chain.",
        "Sign for the chain of the server: --chain testnet or mainnet, `any` takes both.",
    ),
    "UNRECOVERABLE": (
        "No signer can be recovered from the signature.",
        "Check r, s and v: 32 bytes each in hex, v 27 or 28.",
    ),
    "VAULT_UNKNOWN": (
        "vaultAddress is no vault or sub-account.",
        "Leave vaultAddress out when you trade for yourself.",
    ),
    "UNKNOWN_SIGNER": (
        "The signature gives an address that nobody knows. When it is that of your key, this is an "
        "agent whose validUntil has passed. Else what was signed is not what was sent, or it was "
        "signed for the other chain.",
        "Read in extraAgents how long the agent lives, and approve a new one. Else compare the "
        "chain, the order of the keys, numbers as text without trailing zeros, lower-case "
        "addresses, nonce, vaultAddress and expiresAfter with what was hashed.",
    ),
    "MUST_DEPOSIT": (
        "The signer is known to nobody: no account and no API wallet has this address.",
        "Fund it (POST /hlsim/fund), or approve it as an agent. If the address is not yours, what "
        "was signed is not what was sent, or it was signed for the other chain.",
    ),
    "OVER_WEIGHT": ("The batch is too large.", "Send fewer orders in one action."),
    "REQUESTS": (
        "The address has used up its requests: 10,000 and one for each USDC traded.",
        "Trade, buy some with reserveRequestWeight, or send one in 10 s. Cancels have more room.",
    ),
    "REQUESTS_DAY": (
        "An account with unified balances has so many actions a day.",
        "Wait for the next UTC day.",
    ),
    "NONCE_DUPLICATE": (
        "The signer used this nonce before.",
        "Count up in one place for each signer; give each process an agent of its own.",
    ),
    "NONCE_LOW": (
        "The nonce is older than two days, or below the hundred highest of the signer.",
        "Nonces are milliseconds of the present; check the unit and the clock of the machine.",
    ),
    "NONCE_HIGH": (
        "The nonce is more than a day ahead.",
        "Nonces are milliseconds of the present; check the unit and the clock of the machine.",
    ),
    "EXPIRED": (
        "expiresAfter had passed when the action came. It counts five times against the budget.",
        "Allow more time, and check the clock of the machine.",
    ),
    "INVALID_PERP": ("No perp has this asset id.", "Take ids from meta, after every listing anew."),
    "INVALID_SPOT": ("No pair has this id.", "Spot ids are 10000 and the index in spotMeta."),
    "MODIFY_NOT_OPEN": (
        "The order to modify is not open any more.",
        "Ask orderStatus; place a new one if it was cancelled.",
    ),
    "SCHEDULE_TOO_EARLY": (
        "A scheduled cancel lies 5 seconds ahead at least, by the clock that stamps nonces.",
        "Send a later time, in milliseconds.",
    ),
    "INVALID_LEVERAGE": (
        "The leverage is 0 or above the most of the asset.",
        "Read maxLeverage in meta.",
    ),
    "LEVERAGE_SWITCH": (
        "Cross and isolated cannot be switched while a position is open.",
        "Close it first.",
    ),
    "WITHDRAW_BALANCE": (
        "There is less to withdraw than that.",
        "Look at withdrawable: margin of positions and orders is not in it.",
    ),
}
"""By the name of the refusal: what it means, and what to do."""

ENDED_AGENT = Diagnosis(
    "must_deposit",
    "The key is that of an agent which was replaced or removed; the address is its master's.",
    "Read in extraAgents which agents there are, and approve a new key with the master.",
)
"""Behind a text that asks a master for a deposit who may have plenty."""

STATUSES: dict[int, tuple[str, str, str]] = {
    400: ("notJson", "The body is not JSON.", "Send valid JSON in UTF-8."),
    413: ("tooLarge", "The body is too large.", "Send smaller batches."),
    415: ("contentType", "The request does not say that it is JSON.", "Set Content-Type."),
    422: (
        "notShaped",
        "The JSON is no request that the server knows: an unknown type, a missing or surplus key, "
        "or a value of the wrong type or form.",
        "Compare key by key with the documentation: prices and sizes are text of at most 8 "
        "decimals, a cloid is 0x and 32 hex digits, an address 0x and 40.",
    ),
    429: (
        "ipWeight",
        "The IP address asked for more than it may in a minute.",
        "Ask less often or subscribe over /ws; the log of the server names the limit.",
    ),
    500: (
        "unanswerable",
        "The request was understood and cannot be answered, as for an unknown coin.",
        "Check coin, oid and user. A traceback in the log of the server means a bug of hlsim.",
    ),
}
"""By HTTP status: rule, what it means, what to do."""

_ENUMS = (OrderReject, CancelReject, TwapReject, ActionReject)
_SUFFIX = re.compile(r" asset=\d+$")


def refusals_in(status: int, answered: Any) -> list[str]:
    """The texts with which an answer refuses, of the request or of entries of a batch."""
    if status != 200:
        return [answered if isinstance(answered, str) else f"HTTP {status}"]
    if not isinstance(answered, dict) or "status" not in answered:
        return []
    response = answered.get("response")
    if answered["status"] == "err":
        return [str(response)]
    held = response.get("data") if isinstance(response, dict) else None
    if not isinstance(held, dict):
        return []
    entries = held.get("statuses", [held.get("status")])
    return [str(one["error"]) for one in entries if isinstance(one, dict) and "error" in one]


def diagnose(status: int, text: str) -> Diagnosis:
    """What is behind one text of `refusals_in`."""
    if status != 200:
        rule, why, remedy = STATUSES.get(status, ("", f"The server answered {status}.", ""))
        return Diagnosis(rule, why, remedy)
    bare = _SUFFIX.sub("", text)
    for name, pattern in _templates():
        if pattern.fullmatch(bare):
            why, remedy = ADVICE.get(name, ("The exchange refuses the action in these words.", ""))
            return Diagnosis(name.lower(), why, remedy)
    return Diagnosis("", "The exchange refuses it in these words.", "")


def lost(plan: str, *, acts: bool, is_heard: bool) -> Diagnosis:
    """Of a request whose answer a fault kept from its client."""
    heard = "the exchange has done it" if is_heard else "the exchange never heard of it"
    remedy = (
        "The client cannot tell which: ask orderStatus by cloid before sending again, and stop "
        "waiting after some seconds."
    )
    why = f"The fault {plan} struck: {heard if acts or not is_heard else 'it was answered'}."
    return Diagnosis("fault", why, remedy if acts else "Ask again, and stop waiting in time.")


@cache
def _templates() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # One text may begin like another that goes on: the longer ones first.
    longest_first = sorted(_texts(), key=lambda entry: -len(entry[1]))
    return tuple((name, _pattern(text)) for name, text in longest_first)


def _texts() -> Iterator[tuple[str, str]]:
    for refusals in _ENUMS:
        for one in refusals:
            yield one.name, one.text if isinstance(one, OrderReject) else one.value


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", template)
    return re.compile("(.*)".join(map(re.escape, parts)), re.DOTALL)
