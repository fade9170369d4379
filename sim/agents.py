"""Who may act for whom: API wallets, masters and leaders, approved builders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import margin
from .errors import ActionError, ActionReject
from .fixed import Address, parse_decimal
from .ids import ZERO_ADDRESS
from .state import POOLED, Account, Agent, State
from .timers import Timer

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

DAY_MS = 86_400_000
LAZY_MS = 900_000
"""Observed: an agent signed at least 15 minutes beyond its end. Assumed: no longer (contested
45)."""
DEFAULT_VALID_MS = 90 * DAY_MS
LONGEST_VALID_MS = 180 * DAY_MS
"""Observed: about 90 days unless said otherwise, at most 180 (exchange 6)."""
REMOVAL_MS = 5_000
"""Observed: for 4 to 5 s a removal is pending (exchange 6). Assumed: a retired agent's actions are
told apart from a stranger's for as long."""
NAME_CHARS = 16
NAMED_AGENTS = 3
MORE_AGENTS_USD = 100_000
"""Observed: a fourth named agent was accepted at $101k of volume. Assumed: one more from $100k on
and no further ones (exchange 6)."""
AGENTS_A_SUB_ACCOUNT = 2
"""Documented: two more named agents for each sub-account (mechanics 13)."""

BUILDERS = 10
BUILDER_VALUE = 100_000_000
"""Documented: ten approvals, and a builder holds 100 USDC of perps value (mechanics 11.3)."""
BUILDER_TENTHS = 1_000
"""Documented: at most 1 %, the maximum on spot, in tenths of a basis point."""

USED_KEPT = 100_000
"""Addresses remembered as used; the oldest are forgotten."""

_EXPIRING = re.compile(r"(.*) valid_until ([0-9]{1,15})", re.DOTALL)


def resolve_signer(state: State, signer: Address, *, is_l1: bool) -> tuple[Address, bool]:
    """Whom `signer` acts as, and whether as an agent.

    Raises ActionError. Observed: agents sign L1 actions only; on a user-signed one they are
    strangers. An agent that was just replaced is refused with its master's address, later as
    unknown (exchange 2.4, 6). A user's own address comes first; that of a sub-account or a vault
    has no key, so it signs nothing (exchange 3).
    """
    account = state.accounts.get(signer)
    if account is not None and account.master is None and signer not in state.vaults:
        if account.multi_sig is not None:
            # Observed: every action of the key alone, user-signed or not (exchange 8).
            raise ActionError(ActionReject.MULTI_SIG_REQUIRED)
        check_enabled(account)
        return signer, False
    if not is_l1:
        raise ActionError(ActionReject.MUST_DEPOSIT, address=signer)
    master = live_master(state, signer)
    if master is not None:
        check_enabled(state.accounts[master])
        return master, True
    master = state.retired_agents.get(signer)
    if master is not None:
        raise ActionError(ActionReject.MUST_DEPOSIT, address=master)
    raise ActionError(ActionReject.UNKNOWN_SIGNER, address=signer)


def check_enabled(account: Account) -> None:
    """Raises ActionError for a trading user whom its staking user disabled.

    Documented: it is unusable (mechanics 11.3). Assumed: the text, and that nonces are spared.
    """
    if account.is_disabled:
        raise ActionError(ActionReject.LINK_DISABLED)


# -- acting through vaultAddress -------------------------------------------------------------------


def check_vault(state: State, vault: Address, *, accepted: bool) -> None:
    """Raises ActionError unless `vault` is somebody's sub-account or open vault.

    Observed: the text, also for a user's own address (exchange 5.1), and its place before the
    signer is looked up (exchange 1.3). Assumed: an action that knows no vault (`accepted` False)
    is refused as a user-signed one is.
    """
    account, led = state.accounts.get(vault), state.vaults.get(vault)
    is_sub_account = account is not None and account.master is not None
    if not is_sub_account and (led is None or led.is_closed):
        raise ActionError(ActionReject.VAULT_UNKNOWN, address=vault)
    if not accepted:
        raise ActionError(ActionReject.VAULT_ON_USER_SIGNED)


def act_through(state: State, user: Address, vault: Address) -> Address:
    """`vault`, when `user` is its master or leader. Raises ActionError.

    Assumed: somebody else's is refused as one that is not registered (contested 43).
    """
    led = state.vaults.get(vault)
    owner = state.accounts[vault].master if led is None else led.leader
    if owner != user:
        raise ActionError(ActionReject.VAULT_UNKNOWN, address=vault)
    return vault


def live_master(state: State, address: Address) -> Address | None:
    """The user whose agent `address` is."""
    agent = state.agents.get(address)
    return None if agent is None or end_ms(state, agent) <= state.time_ms else agent.master


def end_ms(state: State, agent: Agent) -> int:
    """When an agent signs for the last time. Documented: at `valid_until` (contested 45)."""
    return agent.valid_until_ms + (LAZY_MS if state.rules.agent_expiry == "lazy" else 0)


# -- API wallets -----------------------------------------------------------------------------------


def approve(ex: Exchange, acting: Acting, agent_address: Address, name_text: str) -> None:
    """Approves, replaces or (address zero) revokes the agent of a name; "" is the unnamed one.

    `name_text` may end in ` valid_until <ms>`, which clients stamp with the clock that they stamp
    nonces with, so it counts from that one. Raises ActionError; the texts are Observed (exchange
    6). Assumed: the order of the checks; revoking a name that has no agent does nothing; an address
    that is or was anybody's agent, or has an account, counts as used.
    """
    state = ex.state
    user = acting.user
    account, now = state.accounts[user], state.time_ms
    removed_ms = account.agent_removed_ms
    if removed_ms is not None and now < removed_ms + REMOVAL_MS:
        raise ActionError(ActionReject.AGENT_PENDING_REMOVAL)
    name, stamped_ms = _terms(name_text, acting.clock_ms)
    ahead_ms = stamped_ms - acting.clock_ms
    if name_text and not 1 <= len(name) <= NAME_CHARS:
        raise ActionError(ActionReject.AGENT_NAME)
    old = account.agents.get(name)
    if agent_address == ZERO_ADDRESS:
        if old is not None:
            _retire(state, account, old)
            account.agent_removed_ms = now
        return
    if not 0 < ahead_ms <= LONGEST_VALID_MS:
        raise ActionError(ActionReject.AGENT_VALID_UNTIL)
    if agent_address in state.used_agents or agent_address in state.accounts:
        raise ActionError(ActionReject.AGENT_USED)
    limit = _named_limit(account)
    if name and old is None and sum(map(bool, account.agents)) >= limit:
        raise ActionError(ActionReject.AGENT_TOO_MANY, limit=limit)
    if old is not None:
        _retire(state, account, old)
    agent = Agent(agent_address, user, name, now + ahead_ms, stamped_ms)
    state.agents[agent_address] = account.agents[name] = agent
    state.used_agents[agent_address] = None
    if len(state.used_agents) > USED_KEPT:
        del state.used_agents[next(iter(state.used_agents))]
    state.timers.push(end_ms(state, agent), Timer.AGENT_EXPIRY, agent_address)
    ex.touch(user)


def expire_agent(state: State, address: Address) -> None:
    """Removes an agent whose time is over, or forgets whose a retired one was.

    Documented: its nonces are pruned with it (exchange 4).
    """
    agent = state.agents.get(address)
    if agent is not None and end_ms(state, agent) <= state.time_ms:
        _remove(state, state.accounts[agent.master], agent)
    elif agent is None:
        state.retired_agents.pop(address, None)


def _terms(name_text: str, clock_ms: int) -> tuple[str, int]:
    """The name and the end of its validity."""
    match = _EXPIRING.fullmatch(name_text)
    if match is None:
        return name_text, clock_ms + DEFAULT_VALID_MS
    return match[1], int(match[2])


def _named_limit(account: Account) -> int:
    traded = account.volume.total_usd >= MORE_AGENTS_USD * 10**8
    more = AGENTS_A_SUB_ACCOUNT * len(account.sub_accounts)
    return NAMED_AGENTS + more + traded


def _retire(state: State, account: Account, agent: Agent) -> None:
    """Ends an agent before its time: its master is named for a while."""
    _remove(state, account, agent)
    state.timers.cancel(end_ms(state, agent), Timer.AGENT_EXPIRY, agent.address)
    state.retired_agents[agent.address] = account.address
    state.timers.push(state.time_ms + REMOVAL_MS, Timer.AGENT_EXPIRY, agent.address)


def _remove(state: State, account: Account, agent: Agent) -> None:
    del state.agents[agent.address]
    del account.agents[agent.name]
    state.nonces.pop(agent.address, None)


# -- builders --------------------------------------------------------------------------------------


def approve_builder(ex: Exchange, user: Address, builder: Address, max_fee_rate: str) -> None:
    """Lets `builder` take up to `max_fee_rate`, a percentage such as "0.001%"; "0%" ends that.

    Raises ActionError. Observed: the text about the builder's balance (exchange 5.3). Assumed: a
    rate that is no percentage of at most three decimals or above 1 % is invalid.
    """
    account = ex.state.accounts[user]
    tenths = _tenths(max_fee_rate)
    if tenths == 0:
        account.builder_limits.pop(builder, None)
        return
    owner = ex.state.accounts.get(builder)
    # Documented: builders are standard accounts (mechanics 6.5). Assumed: the words for others, and
    # that a vault, which can claim nothing, is none.
    if owner is None or owner.abstraction in POOLED or builder in ex.state.vaults:
        raise ActionError(ActionReject.BUILDER_BALANCE)
    if margin.total_summary(ex.state, owner).account_value < BUILDER_VALUE:
        raise ActionError(ActionReject.BUILDER_BALANCE)
    if builder not in account.builder_limits and len(account.builder_limits) >= BUILDERS:
        raise ActionError(ActionReject.BUILDER_TOO_MANY)
    account.builder_limits[builder] = tenths


def _tenths(text: str) -> int:
    """A percentage in tenths of a basis point: "0.001%" is 1."""
    try:
        tenths = parse_decimal(text.removesuffix("%"), 3) if text.endswith("%") else -1
    except ValueError:
        tenths = -1
    if not 0 <= tenths <= BUILDER_TENTHS:
        raise ActionError(ActionReject.BUILDER_RATE)
    return tenths
