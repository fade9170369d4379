"""The exchange: `apply` one signed action, `advance` the time, `drain` what happened."""

from __future__ import annotations

from collections.abc import Callable

from ..matching.dataclass import dataclass
from . import (
    abstraction,
    dead_man,
    dust,
    funding,
    hyperliquidity,
    lending,
    multisig,
    prices,
    request_budget,
    snapshot,
    staking,
    staking_links,
    trading,
    twap,
)
from .actions import Action, ActionSpec, spec_of
from .agents import act_through, check_vault, expire_agent, resolve_signer
from .assets import Universe
from .call import Acting, Call
from .desk import Desk
from .errors import ActionError, ActionReject, Reject
from .events import (
    AccountChanged,
    BlockEnded,
    BookChanged,
    Event,
    RequestTolerated,
    Transaction,
)
from .fixed import Address
from .ids import tx_hash
from .nonces import NonceSet
from .operations import Operation
from .reactions import REACTIONS
from .replies import Refused, Response
from .rules import Rules
from .state import Account, Market, State
from .timers import Timer

STALE_WEIGHT = 5
"""Documented: an expired action counts five times against the address limit (mechanics 5)."""


@dataclass(frozen=True, slots=True)
class Applied:
    """Journal input: one action that reached the exchange."""

    action: Action
    call: Call
    time_ms: int


@dataclass(frozen=True, slots=True)
class Operated:
    """Journal input: one operation."""

    operation: Operation
    time_ms: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """Journal input: time moved."""

    time_ms: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """Journal input: a block ended."""


Input = Applied | Operated | Advanced | Sealed

_SAMPLED = (Timer.PRICES, Timer.PREMIUM_SAMPLE)
"""Timers that may find that there is nothing to do."""


class Exchange:
    """One exchange. Everything that lasts is in `state`; the rest is rebuilt from it."""

    def __init__(self, state: State, *, journal: Callable[[Input], None] | None = None) -> None:
        self.state = state
        self.journal = journal
        self.desk = Desk(self)
        self._outbox: list[Event] = []
        self._drained = 0
        state.calm.end(state)  # events are counted anew
        self._touched: dict[Address, None] = {}
        self._books: dict[str, None] = {}
        self._moved: dict[int, None] = {}
        self._computed = False
        self._due_twaps: list[int] = []

    @classmethod
    def create(
        cls,
        universe: Universe,
        *,
        time_ms: int,
        seed: int = 0,
        is_mainnet: bool = False,
        rules: Rules | None = None,
        journal: Callable[[Input], None] | None = None,
    ) -> Exchange:
        """A fresh exchange that lists `universe`, with empty books and no accounts."""
        state = State(universe, rules or Rules(), is_mainnet, seed, time_ms)
        for asset in universe.by_id.values():
            state.markets[asset.id] = prices.open_market(asset, time_ms)
        prices.start_timers(state)
        funding.start_timers(state)
        staking.open_validators(state)
        dust.start_timers(state)
        lending.open_reserves(state)
        return cls(state, journal=journal)

    # -- inputs ------------------------------------------------------------------------------------

    def apply(self, action: Action, call: Call) -> Response:
        """Executes one action now, at `state.time_ms`. Never raises for what a client may send.

        Order of the checks: exchange 1.3, from the vault on (the server judged the signature). What
        is refused before its nonce is used leaves no trace, neither in the state nor in the
        journal.
        """
        spec = spec_of(action)
        weight = spec.weight(action)
        state = self.state
        try:
            acting = self._acting(call, spec)
            over = self._over_limit(acting.user, spec, weight)
            if over is not None and state.rules.refusal_burns_nonce == "no":
                raise over
            nonces = state.nonces.get(call.signer) or NonceSet()
            nonces.check(call.nonce, call.nonce_clock_ms)
        except ActionError as error:
            return Refused(error)
        if self.journal is not None:
            self.journal(Applied(action, call, state.time_ms))
        state.calm.end(state)
        state.nonces.setdefault(call.signer, nonces).use(call.nonce)
        account = state.accounts[acting.user]
        refusal: Reject | None = None
        try:
            if over is not None:
                raise over
            if call.expires_after is not None and call.expires_after < call.nonce_clock_ms:
                request_budget.count(state, account, STALE_WEIGHT * weight)
                raise ActionError(ActionReject.EXPIRED)
            if state.rules.address_limits == "warn":
                self._tell_tolerated(account, spec)
            # Assumed: a refusal by the action's own rules counts, one before them does not
            # (exchange 9).
            request_budget.count(state, account, weight)
            return action.apply(self, acting)
        except ActionError as error:
            refusal = Reject(error.why, params=error.params)
            return Refused(error)
        finally:
            here = (acting.hash, state.height, state.time_ms)
            self._outbox.append(Transaction(action, acting.user, *here, refusal))
            self._react()  # to a price that something was set to wait for behind its back
            state.action_index += 1
            self._flush()

    def _acting(self, call: Call, spec: ActionSpec) -> Acting:
        """Who acts. Raises ActionError for who may not."""
        state, vault = self.state, call.vault
        if vault is not None:
            check_vault(state, vault, accepted=spec.vault)
        if call.multi_sig is None:
            user, is_agent = resolve_signer(state, call.signer, is_l1=spec.is_l1)
        else:
            user, is_agent = multisig.authorise(state, call.signer, call.multi_sig), False
        if vault is not None:
            user = act_through(state, user, vault)
        hash_ = tx_hash(state.height, state.action_index)
        return Acting(user, call.signer, call.nonce, is_agent, hash_, call.nonce_clock_ms)

    def _over_limit(self, user: Address, spec: ActionSpec, weight: int) -> ActionError | None:
        """What refuses the action whatever it asks for, None when nothing does."""
        state = self.state
        if weight > state.rules.max_batch:
            return ActionError(ActionReject.OVER_WEIGHT)
        if state.rules.address_limits != "strict":
            return None
        return request_budget.refusal(state, state.accounts[user], spec.name)

    def _tell_tolerated(self, account: Account, spec: ActionSpec) -> None:
        over = request_budget.refusal(self.state, account, spec.name)
        if over is not None:
            told = over.params
            self.emit(RequestTolerated(told["user"], told["used"], told["most"], told["limit"]))

    def operate(self, operation: Operation) -> None:
        """Carries out one operation now. Raises ValueError when it makes no sense."""
        self.state.calm.end(self.state)
        operation.apply(self)
        if self.journal is not None:
            self.journal(Operated(operation, self.state.time_ms))
        self.state.action_index += 1
        self._react()
        self._flush()

    def advance(self, time_ms: int) -> None:
        """Moves time and does what falls due on the way, each at its own time, in order."""
        state = self.state
        if time_ms <= state.time_ms:
            return
        if self.journal is not None:
            self.journal(Advanced(time_ms))
        while (due := state.timers.pop(time_ms)) is not None:
            state.time_ms = max(state.time_ms, due[0])
            self._wake(due[1], due[2])
            next_ms = state.timers.next_due_ms()
            if next_ms is None or next_ms > state.time_ms:
                self._react()
        state.time_ms = time_ms
        self._flush()

    def _wake(self, kind: Timer, key: str) -> None:
        if kind not in _SAMPLED:
            self.state.calm.end(self.state)
        match kind:
            case Timer.PRICES:
                prices.on_timer(self)
            case Timer.PREMIUM_SAMPLE:
                funding.on_sample(self)
            case Timer.FUNDING:
                funding.on_hour(self)
                lending.on_hour(self)
            case Timer.SCHEDULED_CANCEL:
                dead_man.on_timer(self, Address(key))
            case Timer.POST_ONLY_END:
                trading.on_post_only_end(self)
            case Timer.HYPERLIQUIDITY:
                hyperliquidity.on_timer(self, int(key))
            case Timer.AGENT_EXPIRY:
                expire_agent(self.state, Address(key))
            case Timer.TWAP:
                self._due_twaps.append(int(key))
            case Timer.UNSTAKING:
                staking.on_unstaked(self, Address(key))
            case Timer.STAKING_REWARDS:
                staking.on_rewards(self)
            case Timer.STAKING_LINK:
                staking_links.on_released(self, Address(key))
            case Timer.SPOT_DUST:
                dust.on_timer(self)

    def _react(self) -> None:
        """Does what new marks cause, once everything else of that moment is done."""
        if self._moved and self.state.unified:
            abstraction.gather_all(self, self._touched)
        while self._moved or self._computed:
            moved, self._moved, self._computed = self._moved, {}, False
            for react in REACTIONS:
                react(self, moved)
        due, self._due_twaps = self._due_twaps, []
        for twap_id in due:
            twap.on_due(self, twap_id)

    def seal(self) -> None:
        """Ends the block: the next action gets the next height. Does nothing to an empty block."""
        if self.state.action_index == 0:
            return
        if self.journal is not None:
            self.journal(Sealed())
        self.emit(BlockEnded(self.state.height, self.state.time_ms))
        self.state.height += 1
        self.state.action_index = 0

    def feed(self, item: Input) -> Response | None:
        """Repeats one journal input."""
        match item:
            case Applied():
                self.advance(item.time_ms)
                return self.apply(item.action, item.call)
            case Operated():
                self.advance(item.time_ms)
                self.operate(item.operation)
            case Advanced():
                self.advance(item.time_ms)
            case Sealed():
                self.seal()
        return None

    def drain(self) -> list[Event]:
        """What happened since the last drain, in order."""
        events, self._outbox = self._outbox, []
        self._drained += len(events)
        return events

    # -- snapshots ---------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """The whole state as bytes, for the same version only."""
        return snapshot.dump(self.state)

    @classmethod
    def restore(cls, data: bytes, *, journal: Callable[[Input], None] | None = None) -> Exchange:
        """The exchange of which `data` is the snapshot. Raises ValueError for another version's."""
        return cls(snapshot.load(data), journal=journal)

    def state_hash(self) -> str:
        """64 hex digits over a canonical walk of the state: equal states, equal hashes."""
        return snapshot.state_hash(self.state)

    # -- for the rules -----------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Puts `event` into the outbox."""
        self._outbox.append(event)

    @property
    def told(self) -> int:
        """How many events there were: more than before, if anything happened."""
        return self._drained + len(self._outbox)

    def touch(self, user: Address) -> None:
        """Notes that balances, positions, leverage or orders of `user` changed."""
        self._touched[user] = None
        self.state.watch.stale[user] = None

    def touch_safely(self, user: Address) -> None:
        """As `touch`, of a user whose bands are known to hold."""
        self._touched[user] = None

    def mark_moved(self, asset_id: int) -> None:
        """Notes that the mark of an asset was computed anew and differs."""
        self._moved[asset_id] = None

    def marks_computed(self) -> None:
        """Notes that marks were computed anew, whether or not any of them moved."""
        self._computed = True

    def touch_book(self, coin: str) -> None:
        """Notes that the book of `coin` changed, and with a side of an outcome the other one's."""
        self._books[coin] = None
        if coin[0] == "#":
            self._books[f"#{int(coin[1:]) ^ 1}"] = None

    def _flush(self) -> None:
        if self._books:
            self._outbox.extend(BookChanged(coin) for coin in self._books)
            self._books.clear()
        if self._touched:
            if self.state.unified:
                abstraction.gather_all(self, self._touched)
            self._outbox.extend(AccountChanged(user) for user in self._touched)
            self._touched.clear()

    def account(self, user: Address) -> Account | None:
        """The account of `user`, or None when it never received anything."""
        return self.state.accounts.get(user)

    def open_account(self, user: Address) -> Account:
        """The account of `user`, made on its first inbound transfer."""
        account = self.state.accounts.get(user)
        if account is None:
            account = self.state.accounts[user] = Account(user)
            abstraction.start_mode(self.state, account)
        return account

    def market(self, asset_id: int) -> Market | None:
        """The market of an asset id, or None when nothing is listed there."""
        return self.state.markets.get(asset_id)
