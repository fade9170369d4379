"""Why a whole action is refused, and the exact text: see `errors.py`."""

from __future__ import annotations

from enum import Enum


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
    # Assumed: documented are the conditions, the refusals of what does not meet them are not.
    PRIORITY_RATE = "Priority rate cannot be greater than 100%."
    PRIORITY_ORDERS = (
        "Priority grouping is only supported when every order is IOC, or every order is a "
        "non-reduce-only ALO, on a non-outcome asset."
    )
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
    # Observed of USDC, whatever the balance. Assumed: how it goes on for other tokens.
    EVM_USDC = "Error transferring to EVM. Use Arbitrum bridge instead."
    EVM_UNLINKED = "Error transferring to EVM. Token is not linked to an EVM contract."
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
    # Observed: the first three words. Assumed: what follows them.
    LINK_USER = "Staking link error: invalid user"
    LINK_TAKEN = "Staking link error: user is already linked"
    LINK_UNASKED = "Staking link error: user has not requested a link"
    LINK_MISSING = "Staking link error: user is not a linked trading user"
    LINK_DISABLED = "Staking link error: trading user is disabled"

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
    DEPOSIT_BALANCE = "Insufficient funds available to deposit."
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

    # spot deployment; Assumed but for DEPLOY_EVM and GENESIS_DONE: of the others only beginnings
    # are known
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
    # perp deployment; Assumed but for the beginning; the last three are Observed (exchange 7.6)
    PERP_DEPLOY_TOO_MANY = "Error deploying perp: Too many dexs or assets"
    PERP_DEPLOY_DEX = "Error deploying perp: Invalid dex"
    PERP_DEPLOY_COLLATERAL = "Error deploying perp: Invalid collateral token"
    PERP_DEPLOY_COIN = "Error deploying perp: Invalid coin"
    PERP_DEPLOY_SPEC = "Error deploying perp: Invalid asset spec"
    PERP_DEPLOY_TABLE = "Error deploying perp: Invalid margin table"
    PERP_DEPLOY_MODE = "Error deploying perp: Invalid margin mode"
    PERP_DEPLOY_ORACLE = "Error deploying perp: Invalid oracle price"
    PERP_DEPLOY_ORACLE_SOON = "Error deploying perp: Oracle price update too soon"
    PERP_DEPLOY_FUNDING = "Error deploying perp: Invalid funding parameter"
    PERP_DEPLOY_CAP = "Error deploying perp: Open interest cap too small"
    PERP_DEPLOY_HELPER = "Error deploying perp: Invalid sub-deployer"
    PERP_DEPLOY_LIVE = "Error deploying perp: Trading is not halted"
    INVALID_PERP_DEPLOYER = "Invalid perp deployer"
    INVALID_ORACLE_UPDATER = "Invalid oracle updater"
    UNKNOWN_COIN = "Unknown coin {coin}"
    DEPLOY_EVM = "Error deploying spot: Pending EVM contract missing"
    GENESIS_DONE = "Genesis error: genesis already happened"
    GENESIS_BALANCE = "Genesis error: Invalid balance"
    GENESIS_SUPPLY = "Genesis error: Invalid max supply"

    # outcomes; Observed: the first word
    INVALID_OUTCOME = "Invalid outcome"
    INVALID_QUESTION = "Invalid question"
    DEPLOYER_SCALE = "Deployer fee scale cannot be negative or greater than 10."
    NOT_OUTCOME_DEPLOYER = "Error deploying outcome: not an outcome deployer"
