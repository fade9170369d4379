"""Every refusal and its exact text.

Three enums by level, members in the order in which their checks run. A member is `(code, text)`;
the text may hold `{fields}` that `Reject.params` or `ActionError.params` fill. Wire suffixes such
as ` asset=N` are the server's business (`server/encode.py`), by `OrderReject.suffixed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class OrderReject(Enum):
    """Why one order was refused.

    STATIC members judge the payload alone: one of them answers for the whole batch, and nothing
    is placed, recorded or numbered (exchange 5.1). The others stand in an order's own status, end
    in ` asset=N` on the wire, take an oid and leave the history status `code + "Rejected"`.
    """

    # static: one error for the batch, no suffix
    EMPTY = "empty", "Orders are empty."
    ZERO_SZ = "zeroSz", "Order has zero size."
    INVALID_SZ = "invalidSz", "Order has invalid size."
    ZERO_PX = "zeroPx", "Order has zero price."
    INVALID_PX = "invalidPx", "Order has invalid price."
    SPOT_REDUCE_ONLY = "spotReduceOnly", "Reduce-only is invalid for spot trading."
    SPOT_SUPPLY = "spotSupply", "Order size cannot be larger than half of total supply."
    MAIN_TRIGGER = "mainTrigger", "Main order cannot be trigger order."
    # Assumed: also the text for a TP/SL that is not reduce-only or on the wrong side.
    TRIGGER_COUNT = "triggerCount", "Unexpected number of trigger orders"
    # per order, at execution
    HALTED = "halted", "Trading is halted."
    BUILDER_FEE = "builderFee", "Builder fee has not been approved."
    POST_ONLY_WINDOW = (
        "postOnlyWindow",
        "Only post-only orders allowed immediately after network upgrade",
    )
    SPOT_TRIGGER = "spotTrigger", "Placing trigger orders is not enabled on spot trading yet."
    # Assumed: no recording exists, so no more than a text of its own (contested 42).
    DUPLICATE_CLOID = "duplicateCloid", "Duplicate cloid."
    TICK = "tick", "Price must be divisible by tick size."
    PRICE_BAND = (
        "priceBand",
        "Order price cannot be more than {percent}% away from the reference price",
    )
    # Assumed: the status is known, its text was never recorded.
    TOO_MANY_OPEN = "tooManyOpenOrders", "Too many open orders."
    VALUE_TOO_LARGE = "orderValue", "Order value too large. Max is ${max_ntl}."
    IOC_CANCEL = "iocCancel", "Order could not immediately match against any resting orders."
    NO_LIQUIDITY = "marketOrderNoLiquidity", "No liquidity available for market order."
    MIN_TRADE_NTL = "minTradeNtl", "Order must have minimum value of $10."
    MIN_TRADE_SPOT_NTL = "minTradeNtl", "Order must have minimum value of 10 {quote}."
    REDUCE_ONLY = "reduceOnly", "Reduce only order would increase position."
    CAP_INCREASE = (
        "positionIncreaseAtOpenInterestCap",
        "Cannot increase position when open interest is at cap.",
    )
    CAP_INCREASE_DOCS = (
        "positionIncreaseAtOpenInterestCap",
        "Order would increase open interest while open interest is capped",
    )
    CAP_FLIP = (
        "positionFlipAtOpenInterestCap",
        "Order would increase open interest while open interest is capped",
    )
    CAP_AGGRESSIVE = (
        "tooAggressiveAtOpenInterestCap",
        "Order rejected due to price more aggressive than oracle while at open interest cap",
    )
    INTEREST_TOO_QUICK = "openInterestIncrease", "Order would increase open interest too quickly"
    BAD_ALO_PX = "badAloPx", "Post only order would have immediately matched, bbo was {bbo}."
    SPOT_BALANCE = "insufficientSpotBalance", "Insufficient spot balance"
    MAX_POSITION = (
        "perpMaxPosition",
        "Order would cause position to exceed margin tier limit at current leverage",
    )
    MARGIN = "perpMargin", "Insufficient margin to place order."
    BAD_TRIGGER_PX = "badTriggerPx", "Invalid TP/SL price."

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text

    def __new__(cls, *args: str) -> OrderReject:
        # Some members share a code, as minTradeNtl; the serial number keeps them apart.
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        return member

    __hash__ = object.__hash__

    @property
    def recorded(self) -> bool:
        """True when the refused order takes an oid and a row in the history."""
        return self not in _STATIC and self not in _UNRECORDED

    @property
    def suffixed(self) -> bool:
        """True when the wire text ends in ` asset=N`."""
        return self.recorded

    @property
    def status(self) -> str:
        """The status that the history shows. Documented: error type + "Rejected" (info 6.3)."""
        return f"{self.code}Rejected"


_STATIC = frozenset(
    {
        OrderReject.EMPTY,
        OrderReject.ZERO_SZ,
        OrderReject.INVALID_SZ,
        OrderReject.ZERO_PX,
        OrderReject.INVALID_PX,
        OrderReject.SPOT_REDUCE_ONLY,
        OrderReject.SPOT_SUPPLY,
        OrderReject.MAIN_TRIGGER,
        OrderReject.TRIGGER_COUNT,
        OrderReject.PRICE_BAND,
        OrderReject.VALUE_TOO_LARGE,
    }
)
_UNRECORDED = frozenset(
    {
        OrderReject.HALTED,
        OrderReject.BUILDER_FEE,
        OrderReject.POST_ONLY_WINDOW,
        OrderReject.SPOT_TRIGGER,
        OrderReject.DUPLICATE_CLOID,
    }
)


class CancelReject(Enum):
    """Why one cancel or modify of a batch failed."""

    NOT_OPEN = "Order was never placed, already canceled, or filled."


class TwapReject(Enum):
    """Why a TWAP was not placed or not cancelled; never with a suffix (exchange 7.3)."""

    DURATION = "Invalid TWAP duration: {minutes} min(s)"
    VALUE = "TWAP order value too small. Min is ${least}."
    VALUE_PER_MINUTE = "TWAP order value too small. Min is ${least}, which is $10 per minute."
    REDUCE_ONLY = "Reduce-only TWAP order would increase position."
    # Assumed: whether the exchange limits TWAPs is unknown, so is its text.
    TOO_MANY = "Too many open TWAP orders."
    NOT_RUNNING = "TWAP was never placed, already canceled, or filled."


class ActionReject(Enum):
    """Why a whole action was refused: `{"status":"err","response":text}`, HTTP 200.

    The first block stands in the order of the checks of exchange 1.3.
    """

    CHAIN = "Mainnet and testnet require different signature."
    NONCE_MISMATCH = "Nonce mismatch."
    UNRECOVERABLE = "Unable to recover signer."
    VAULT_ON_USER_SIGNED = "Vault may not perform this action."
    EXPIRES_ON_USER_SIGNED = "Action does not support expires_after"
    VAULT_UNKNOWN = "Vault not registered: {address}"
    UNKNOWN_SIGNER = "User or API Wallet {address} does not exist."
    MUST_DEPOSIT = "Must deposit before performing actions. User: {address}"
    OVER_WEIGHT = "Signed action over weight limit of 200."
    REQUESTS = (
        "Too many cumulative requests sent ({used} > {most}) for cumulative volume traded "
        "${volume}. Place taker orders to free up 1 request per USDC traded."
    )
    # Assumed: documented as a limit, its wording was never recorded; clients know the beginning.
    REQUESTS_DAY = (
        "Too many cumulative requests sent ({used} > {most}) in one day for an account with "
        "unified balances."
    )
    NONCE_DUPLICATE = "Invalid nonce: duplicate nonce {nonce}"
    NONCE_LOW = "Invalid nonce: nonce too low {nonce} < {bound}"
    NONCE_HIGH = "Invalid nonce: nonce too high {nonce} > {bound}"
    EXPIRED = "Action already expired"

    # orders
    PRIORITY_BALANCE = "Insufficient delegatable balance for priority order"
    INVALID_SPOT = "Invalid spot"
    # Assumed: no recording exists of an unknown perps asset; nearest documented wording.
    INVALID_PERP = "Invalid perp"
    MODIFY_NOT_OPEN = "Cannot modify canceled or filled order"
    MODIFY_INVALID = "Attempted to modify to invalid new order"
    MODIFY_PLACING = "Error placing new order during modify: {reason}"
    SCHEDULE_TOO_EARLY = "Scheduled cancel time too early, must be at least 5 seconds from now."
    SCHEDULE_VOLUME = (
        "Cannot set scheduled cancel time until enough volume traded. "
        "Required: $1000000. Traded: {traded}."
    )
    # Assumed: the text of the eleventh trigger of a day was never recorded.
    SCHEDULE_TRIGGERS = "Cannot set scheduled cancel time: max 10 triggers per day."

    # leverage and margin
    INVALID_LEVERAGE = "Invalid leverage value"
    LEVERAGE_SWITCH = "Cannot switch leverage type with open position."
    LEVERAGE_MARGIN = (
        "Isolated position does not have sufficient margin available to decrease leverage. "
        "To decrease leverage, add margin to the position."
    )
    CROSS_NOT_ALLOWED = "Cross margin is not allowed for this asset."
    NOT_ISOLATED = "Position does not use isolated margin."
    ISOLATED_ZERO = "Update to isolated margin cannot be zero."
    ISOLATED_EMPTY = "Cannot update margin for empty position."
    ISOLATED_INCREASE = "Account does not have sufficient margin available for increase."
    ISOLATED_REDUCE = "Position does not have sufficient margin for reduction."
    NOT_STRICT = "Asset not strict isolated"

    # transfers
    AMOUNT_INVALID = "Invalid decimal number"
    AMOUNT_ZERO = "Send amount cannot be zero"
    AMOUNT_DECIMALS = "Invalid number of decimals"
    WITHDRAW_BALANCE = "Insufficient balance for withdrawal."
    WITHDRAW_FEE = "Withdrawal is smaller than fee."
    WITHDRAW_ZERO = "Withdrawal amount cannot be zero"
    USD_SEND_FEE = "Usd transfer is smaller than fee."
    SELF_TRANSFER = "Cannot self-transfer."
    INVALID_SEND = "Invalid send"
    TOKEN_BALANCE = "Insufficient balance for token transfer"
    TRANSFER_GAS = "Insufficient quote token (e.g., 1 USDC or USDT) balance for token transfer gas."
    TRANSFER_GAS_QUOTE = "Insufficient {quote} balance for token transfer gas."
    UNKNOWN_TOKEN = "Unknown token {token}"
    INVALID_DEX = "Invalid perp DEX"
    SUB_ACCOUNT_FOREIGN = "Sub-account {sub} is not registered to {address}"

    # agents, builders, referrals
    AGENT_NAME = "Extra agent name must be between 1 and 16 characters long."
    AGENT_VALID_UNTIL = "Agent valid_until already expired."
    AGENT_USED = "Extra agent already used."
    AGENT_PENDING_REMOVAL = "User has pending agent removal"
    AGENT_TOO_MANY = "Too many extra agents for cumulative volume traded. Current limit is {limit}"
    BUILDER_BALANCE = "Builder has insufficient balance to be approved."
    # Assumed: wording of a fee rate above the maximum was never recorded.
    BUILDER_RATE = "Invalid builder fee rate"
    # Assumed: wording of an eleventh builder was never recorded.
    BUILDER_TOO_MANY = "Too many approved builders. Current limit is 10"
    REFERRAL_UNKNOWN = "Referral code not registered"
    REFERRAL_SET = "Referrer already set"
    REFERRAL_SELF = "Cannot self-refer"
    # Observed up to "traded". Assumed: it goes on like the text of scheduled cancels.
    REFERRAL_VOLUME = (
        "Cannot generate referral code until enough volume traded. "
        "Required: $10000. Traded: {traded}."
    )
    REFERRAL_TAKEN = "Referral code already registered"
    # Assumed: no recording of a code that is too long; worded like an agent's name.
    REFERRAL_CODE = "Referral code must be between 1 and 20 characters long."
    REWARDS_NONE = "No rewards to claim"
    REWARDS_FEW = "Must have at least 1 USDC in rewards to claim"

    # staking
    VALIDATOR_UNKNOWN = "Unknown validator"
    VALIDATOR_CLOSED = "Validator has delegations disabled"
    DELEGATION_LOCKED = "Cannot undelegate during lockup period after delegating or voting."
    # Assumed: as the refusal of a priority order that the same balance would pay for.
    DELEGATABLE = "Insufficient delegatable balance"
    # Observed of deployers. Assumed: nearest documented wording, for more than is delegated.
    STAKE_SHORT = "Insufficient stake"
    # Assumed: the text of a sixth withdrawal was never recorded; worded like that of sub-accounts.
    UNSTAKING_TOO_MANY = "Too many pending withdrawals."

    # sub-accounts
    SUB_VOLUME = (
        "Cannot create sub-accounts until enough volume traded. "
        "Required: $100000. Traded: {traded}."
    )
    SUB_TOO_MANY = "Too many sub-accounts."
    SUB_TRANSFER = "Invalid sub-account transfer from {source} to {destination}"
    # Assumed: a name of the wrong length was never recorded; worded as that of an agent.
    SUB_NAME = "Sub-account name must be between 1 and 16 characters long."

    # vaults
    # Assumed: names and descriptions of the wrong length were never recorded; as for agents.
    VAULT_NAME = "Vault name must be between 3 and 50 characters long."
    VAULT_DESCRIPTION = "Vault description must be between 10 and 250 characters long."
    VAULT_INITIAL = "Initial deposit in vault is less than $100"
    VAULT_CREATE_BALANCE = "Insufficient balance to create vault"
    VAULT_NO_DEPOSITS = "This vault does not accept deposits"
    VAULT_DEPOSIT_SMALL = "Vault deposits must be at least $5."
    VAULT_DEPOSIT_BALANCE = "Insufficient funds available to deposit."
    VAULT_LEADER_SHARE = "vault_transfer: Deposit causes leader share to drop below 5%."
    VAULT_ZERO_BALANCE = "Cannot withdraw with zero balance in vault"
    VAULT_LOCKED = "Cannot withdraw during lockup period after depositing."
    VAULT_EQUITY = "Insufficient vault equity for withdrawal"
    VAULT_LEADER_ONLY = "Only leader can perform this vault action"
    VAULT_DISTRIBUTE_SMALL = "Must distribute at least $10"
    # Assumed: documented as a condition, its wording was never recorded.
    VAULT_POSITIONS = "All positions must be closed before the vault can close."

    # multi-sig: who acts, in the order of the checks, then the conversion
    MULTI_SIG_REQUIRED = "Multi-sig required"
    MULTI_SIG_OUTER = "Invalid multi-sig outer signer"
    MULTI_SIG_USER = "Invalid multi-sig user"
    MULTI_SIG_LEADER = "Multi-sig outer signer must be an L1 user."
    MULTI_SIG_INNER = "Invalid multi-sig inner signer"
    MULTI_SIG_UNMET = "Multi-sig threshold not met"
    UNEXPECTED = "Unexpected error (code={code})"
    MULTI_SIG_SELF = "Cannot register self as multi-sig authorized user"
    MULTI_SIG_STRANGER = "Multi-sig authorized user must exist on L1"
    MULTI_SIG_TOO_MANY = "Too many multi-sig signers"
    MULTI_SIG_THRESHOLD = "Invalid multi-sig threshold"

    # account modes
    ABSTRACTION = "Abstraction transition not allowed"
    PORTFOLIO_MARGIN = (
        "Portfolio margin requires account value of $10000 or total volume of $5000000."
    )
    UNIFIED_DISABLED = "Action disabled when unified account is active"
    UNIFIED_SPOT_ONLY = "Unified account only supports sending assets through spot"

    # small account actions
    AGENT_SEND = "Agent can only send asset to same user or their sub-accounts."
    # Assumed: wording of a display name that is too long was never recorded.
    DISPLAY_NAME = "Display name must be at most 20 characters long."
    DUSTING_OUT = "Already opted out of spot dusting"
    # What a world without an EVM, validators, auctions and deployers answers.
    CHAIN_DISABLED = "Action disabled on this chain"
    GOSSIP_GAS = "Insufficient gas at current auction price."
    SIGNER_INACTIVE = "Signer invalid or inactive for current epoch"

    # spot deployment; Assumed but for GENESIS_DONE: of the others only beginnings are known
    DEPLOY_GAS = "Deploy gas auction error: Insufficient gas at current auction price."
    DEPLOY_GAS_BALANCE = "Deploy gas auction error: Insufficient balance for token transfer"
    DEPLOY_TOO_MANY = "Error deploying spot: Too many tokens or pairs"
    DEPLOY_SPEC = "Error deploying spot: Invalid token spec"
    DEPLOY_FOREIGN = "Error deploying spot: not a spot deployer"
    DEPLOY_TOKENS = "Error deploying spot: Invalid tokens"
    DEPLOY_SHARE = "Error deploying spot: Invalid deployer trading fee share"
    DEPLOY_NO_GENESIS = "Error deploying spot: Genesis missing"
    DEPLOY_SPOT = "Error deploying spot: Invalid spot"
    DEPLOY_HYPERLIQUIDITY = "Error deploying spot: Invalid hyperliquidity"
    GENESIS_DONE = "Genesis error: genesis already happened"
    GENESIS_BALANCE = "Genesis error: Invalid balance"
    GENESIS_SUPPLY = "Genesis error: Invalid max supply"

    # outcomes; Observed: the first word
    INVALID_OUTCOME = "Invalid outcome"
    INVALID_QUESTION = "Invalid question"


@dataclass(frozen=True, slots=True)
class Reject:
    """One order's or cancel's refusal: which, on what asset, with what numbers.

    An entry of a batchModify may be refused with an `ActionReject`, whose text takes no suffix.
    """

    why: OrderReject | CancelReject | ActionReject | TwapReject
    asset_id: int = -1
    params: dict[str, Any] = field(default_factory=dict)


class ActionError(Exception):
    """A whole action is refused. Raised in `sim`, caught in `Exchange.apply` only.

    `params` fill the text; `reason` is a `Reject` that the server puts into words first. A modify
    whose new order is statically wrong is refused with that `OrderReject`.
    """

    def __init__(self, why: ActionReject | OrderReject, **params: Any) -> None:
        super().__init__(why.name)
        self.why = why
        self.params = params
