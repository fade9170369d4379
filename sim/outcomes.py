"""Outcome markets (HIP-4): listing, splitting and merging tokens, settlement.

What a token may still be worth is locked: one quote token for each pair of both sides, of a
question for all its outcomes together. Whatever happens, that pays everybody to the last unit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..matching.merged import UNIT, MergedBook, Mirror
from ..matching.types import Side
from . import prices, twap
from .abstraction import cover, free
from .assets import FIRST_OUTCOME_ID, OutcomeSide, Token
from .clearinghouse import balance
from .errors import ActionError, ActionReject
from .events import (
    Direction,
    Fill,
    OutcomeCreated,
    OutcomeSettled,
    PricesChanged,
    QuestionSettled,
    QuestionUpdated,
)
from .fees import settlement_fee
from .fixed import Px, Sz, Szi, Wei, bare_text, div_down
from .ids import ZERO_HASH, trade_id
from .orders import Order, OrderStatus
from .outcome_state import Outcome, Question, Settled
from .state import Account, Market, State

if TYPE_CHECKING:
    from .call import Acting
    from .exchange import Exchange

WEI_DECIMALS = 8
"""Of the tokens of sides, and of what they are quoted in. Documented: amounts to split have at most
eight places (exchange 5.1); sizes of orders are whole (mechanics 14)."""
MOST_OUTCOMES = 10_000
MOST_NAMED = 100
"""Assumed: so that no list grows without end."""
EVEN = Px(UNIT // 2)  # not money


# -- listing ---------------------------------------------------------------------------------------


def list_outcome(
    ex: Exchange, name: str, description: str, *, sides: tuple[str, str], quote: int, px: Px
) -> int:
    """Lists an outcome of its own with the next number, which it returns. `px` is where side 0
    stands. Raises ValueError, before anything changed, for what cannot be listed.
    """
    _check_listing(ex.state, [name], sides, quote, px)
    outcome = _add(ex, Outcome(_next(ex.state), name, description, sides, quote), px)
    return outcome.id


def list_question(
    ex: Exchange,
    name: str,
    description: str,
    *,
    named: tuple[tuple[str, str], ...],
    fallback: tuple[str, str],
    sides: tuple[str, str],
    quote: int,
) -> int:
    """Lists a question with its outcomes, name and description each, and returns its number.

    Raises ValueError, before anything changed, for what cannot be listed.
    """
    state = ex.state
    if not 1 <= len(named) <= MOST_NAMED:
        raise ValueError(f"a question has 1 to {MOST_NAMED} named outcomes")
    rows = [*named, fallback]
    _check_listing(state, [name, *(one for one, _ in rows)], sides, quote, EVEN)
    if len(state.outcomes) + len(rows) > MOST_OUTCOMES:
        raise ValueError(f"no more than {MOST_OUTCOMES} outcomes")
    number = len(state.questions) + 1
    first = _next(state)
    ids = list(range(first, first + len(rows)))
    state.questions[number] = Question(number, name, description, ids[-1], ids[:-1])
    for outcome_id, (one, about) in zip(ids, rows, strict=True):
        _add(ex, Outcome(outcome_id, one, about, sides, quote, number), EVEN)
    ex.emit(QuestionUpdated(number))
    return number


def _next(state: State) -> int:
    return len(state.outcomes) + 1


def _check_listing(
    state: State, names: list[str], sides: tuple[str, str], quote: int, px: Px
) -> None:
    if len(state.outcomes) >= MOST_OUTCOMES:
        raise ValueError(f"no more than {MOST_OUTCOMES} outcomes")
    if not all(names) or len(sides) != 2 or not all(sides):
        raise ValueError("an outcome and its two sides have names")
    if not 0 <= quote < len(state.universe.tokens):
        raise ValueError(f"no token has index {quote}")
    if state.universe.tokens[quote].wei_decimals != WEI_DECIMALS:
        raise ValueError(f"what quotes an outcome has {WEI_DECIMALS} wei decimals")
    if not 0 < px < UNIT:
        raise ValueError(f"the price of a side is between 0 and 1: {bare_text(px, 8)}")


def _add(ex: Exchange, outcome: Outcome, px: Px) -> Outcome:
    state = ex.state
    quote = state.universe.tokens[outcome.quote]
    found, sides = [], list[OutcomeSide]()
    for side, book in enumerate(MergedBook.pair()):
        number = 10 * outcome.id + side
        token = Token(FIRST_OUTCOME_ID + number, f"+{number}", 0, WEI_DECIMALS, "")
        start = px if side == 0 else Px(UNIT - px)
        asset = OutcomeSide(number, f"#{number}", token, quote, start_px=start)
        market = prices.open_market(asset, state.time_ms)
        market.book = book
        found.append(market)
        sides.append(asset)
    state.outcomes[outcome.id] = outcome
    universe = state.universe
    state.universe = universe.with_outcomes([*universe.outcomes, *sides])
    state.markets = {**state.markets, **{market.asset.id: market for market in found}}
    ex.emit(OutcomeCreated(outcome.id))
    ex.emit(PricesChanged(tuple(side.coin for side in sides)))
    return outcome


# -- tokens ----------------------------------------------------------------------------------------


def split(ex: Exchange, acting: Acting, outcome_id: int, amount: int) -> None:
    """Turns quote into as many tokens of each side. Raises ActionError."""
    state, account = ex.state, ex.state.accounts[acting.user]
    outcome = _live(state, outcome_id)
    if amount == 0:
        raise ActionError(ActionReject.AMOUNT_ZERO)
    if amount > free(state, account, outcome.quote):
        raise ActionError(ActionReject.TOKEN_BALANCE)
    _pay(ex, account, outcome.quote, -amount)
    make(state, outcome_id, amount)
    for market in _sides(state, outcome_id):
        _move(ex, account, market, amount, Direction.SPLIT_OUTCOME, acting.hash)


def merge(ex: Exchange, acting: Acting, outcome_id: int, amount: int | None) -> None:
    """Turns tokens of both sides back into quote; None: as many as there are.

    Raises ActionError.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    outcome = _live(state, outcome_id)
    markets = _sides(state, outcome_id)
    found = _amount(state, account, markets, amount)
    for market in markets:
        _move(ex, account, market, -found, Direction.MERGE_OUTCOME, acting.hash)
    make(state, outcome_id, -found)
    _pay(ex, account, outcome.quote, found)


def merge_question(ex: Exchange, acting: Acting, question_id: int, amount: int | None) -> None:
    """Turns tokens of side 0 of every live outcome into quote; None: as many as there are.

    Exactly one of them will be worth 1. Raises ActionError.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    question = _live_question(state, question_id)
    markets = [_sides(state, one)[0] for one in question.live]
    found = _amount(state, account, markets, amount)
    for market in markets:
        market.supply = Wei(market.supply - found)
        _move(ex, account, market, -found, Direction.MERGE_QUESTION, acting.hash)
    question.locked = Wei(question.locked - found)
    _pay(ex, account, state.outcomes[question.fallback].quote, found)


def negate(ex: Exchange, acting: Acting, question_id: int, outcome_id: int, amount: int) -> None:
    """Turns side 1 of an outcome into side 0 of every other live one of its question.

    Either is worth 1 unless that outcome happens. Raises ActionError.
    """
    state, account = ex.state, ex.state.accounts[acting.user]
    question = _live_question(state, question_id)
    if outcome_id not in question.live:
        raise ActionError(ActionReject.INVALID_OUTCOME)
    given = _sides(state, outcome_id)[1]
    _amount(state, account, [given], amount)
    given.supply = Wei(given.supply - amount)
    _move(ex, account, given, -amount, Direction.NEGATE_OUTCOME, acting.hash)
    for one in question.live:
        if one != outcome_id:
            market = _sides(state, one)[0]
            market.supply = Wei(market.supply + amount)
            _move(ex, account, market, amount, Direction.NEGATE_OUTCOME, acting.hash)


def make(state: State, outcome_id: int, amount: int) -> None:
    """Brings `amount` tokens of each side into being for as much quote, or takes them back."""
    for market in _sides(state, outcome_id):
        market.supply = Wei(market.supply + amount)
    pool = _pool(state, outcome_id)
    pool.locked = Wei(pool.locked + amount)


def _pool(state: State, outcome_id: int) -> Outcome | Question:
    outcome = state.outcomes[outcome_id]
    return outcome if outcome.question is None else state.questions[outcome.question]


def _sides(state: State, outcome_id: int) -> list[Market]:
    first = FIRST_OUTCOME_ID + 10 * outcome_id
    return [state.markets[first], state.markets[first + 1]]


def _live(state: State, outcome_id: int) -> Outcome:
    outcome = state.outcomes.get(outcome_id)
    if outcome is None or outcome.settled is not None:
        raise ActionError(ActionReject.INVALID_OUTCOME)
    return outcome


def _live_question(state: State, question_id: int) -> Question:
    question = state.questions.get(question_id)
    if question is None or question.is_settled:
        raise ActionError(ActionReject.INVALID_QUESTION)
    return question


def _amount(state: State, account: Account, markets: list[Market], amount: int | None) -> int:
    """How much of all these sides the user gives. Raises ActionError unless it is there."""
    most = min(free(state, account, market.asset.id) for market in markets)
    if amount == 0:
        raise ActionError(ActionReject.AMOUNT_ZERO)
    if most == 0 or (amount or 0) > most:
        raise ActionError(ActionReject.TOKEN_BALANCE)
    return most if amount is None else amount


# -- settlement ------------------------------------------------------------------------------------


def settle(ex: Exchange, outcome_id: int, fraction: Px, details: str) -> None:
    """Ends an outcome: a token of side 0 is paid `fraction`, one of side 1 the rest of 1.

    Raises ValueError, before anything changed, for an outcome that is not live, and for one of a
    question unless it is a named one that did not happen: what did is the question's to say.
    """
    state = ex.state
    outcome = state.outcomes.get(outcome_id)
    if outcome is None or outcome.settled is not None:
        raise ValueError(f"no live outcome {outcome_id}")
    if not 0 <= fraction <= UNIT:
        raise ValueError(f"a fraction is between 0 and 1: {fraction}")
    if outcome.question is not None:
        question = state.questions[outcome.question]
        if fraction or outcome_id == question.fallback:
            raise ValueError(f"outcome {outcome_id} is settled by its question")
        _end(ex, outcome, fraction, details)
        question.settled_named.append(outcome_id)
        ex.emit(QuestionUpdated(question.id))
    else:
        _end(ex, outcome, fraction, details)
        # What rounding left over goes to the exchange.
        fees = state.treasury.token_fees
        fees[outcome.quote] = Wei(fees.get(outcome.quote, 0) + outcome.locked)
        outcome.locked = Wei(0)


def settle_question(ex: Exchange, question_id: int, winner: int, details: str) -> None:
    """Ends a question: `winner` happened, its other outcomes did not.

    Raises ValueError, before anything changed, for a question or a winner that is not live.
    """
    state = ex.state
    question = state.questions.get(question_id)
    if question is None or question.is_settled or winner not in question.live:
        raise ValueError(f"no live question {question_id} with a live outcome {winner}")
    for one in question.live:
        outcome = state.outcomes[one]
        _end(ex, outcome, Px(UNIT if one == winner else 0), details)
    question.settled_named = list(question.named)
    question.is_settled = True
    ex.emit(QuestionSettled(question_id))


def _end(ex: Exchange, outcome: Outcome, fraction: Px, details: str) -> None:
    """Cancels orders, pays holders and halts both sides. Observed: status and dir (mechanics 7.2,
    19). Assumed: the rest as of a delisting; each payment is rounded down.
    """
    state = ex.state
    markets = _sides(state, outcome.id)
    for market in markets:
        for account in state.accounts.values():
            twap.end_all(ex, account, [market.asset.id])
        for way in Side:
            for order in list(market.book.orders(way)):
                if type(order) is not Mirror:
                    assert isinstance(order, Order)
                    ex.desk.cancel_order(order, OrderStatus.OUTCOME_SETTLED_CANCELED)
    pool = _pool(state, outcome.id)
    sides: list[OutcomeSide] = []
    for market, px in zip(markets, (fraction, Px(UNIT - fraction)), strict=True):
        side = market.asset
        assert isinstance(side, OutcomeSide)
        market.mark_px = market.last_px = px
        for account in state.accounts.values():
            held = account.spot.get(side.id)
            if held is not None and held.total:
                paid = Wei(div_down(held.total * px, UNIT))
                fee = settlement_fee(state, account, side, paid)
                _move(ex, account, market, -held.total, Direction.SETTLEMENT, ZERO_HASH, fee)
                _pay(ex, account, outcome.quote, paid - fee)
                collected = state.treasury.token_fees
                collected[outcome.quote] = Wei(collected.get(outcome.quote, 0) + fee)
                pool.locked = Wei(pool.locked - paid)
            account.spot.pop(side.id, None)
        market.supply = Wei(0)
        market.asset = replace(side, is_delisted=True)
        sides.append(market.asset)
    outcome.settled = Settled(fraction, details, state.time_ms)
    ended = {side.id: side for side in sides}
    outcomes = [ended.get(side.id, side) for side in state.universe.outcomes]
    state.universe = state.universe.with_outcomes(outcomes)
    state.markets = dict(state.markets)
    ex.emit(OutcomeSettled(outcome.id))
    ex.emit(PricesChanged(tuple(side.coin for side in sides)))


# -- parts -----------------------------------------------------------------------------------------


def _pay(ex: Exchange, account: Account, token: int, amount: int) -> None:
    cover(ex, account, token, -amount)
    held = balance(account, token)
    if amount < 0 and held.total:
        held.entry_ntl = div_down(held.entry_ntl * (held.total + amount), held.total)
    held.total = Wei(held.total + amount)
    ex.touch(account.address)


def _move(
    ex: Exchange,
    account: Account,
    market: Market,
    amount: int,
    why: Direction,
    hash_: str,
    fee: int = 0,
) -> None:
    """Gives or takes tokens of a side, at its mark, with a fill and nobody on the other side.

    Assumed: such fills have an oid of their own and make no volume; only settling has a fee.
    """
    state, side, px = ex.state, market.asset, market.mark_px
    assert isinstance(side, OutcomeSide)
    held = balance(account, side.id)
    start, worth, pnl = held.total, div_down(px * abs(amount), UNIT), 0
    if amount > 0:
        held.entry_ntl += worth
    else:
        kept = div_down(held.entry_ntl * (held.total + amount), held.total)
        pnl = worth - (held.entry_ntl - kept)
        held.entry_ntl = kept
    held.total = Wei(held.total + amount)
    oid = state.next_oid
    state.next_oid += 1
    fill = Fill(
        account.address,
        side.coin,
        side.id,
        px,
        Sz(abs(amount)),
        Side.BID if amount > 0 else Side.ASK,
        state.time_ms,
        Szi(start),
        why,
        pnl,
        hash_,
        oid,
        True,
        fee,
        side.quote.wei_decimals,
        side.quote.name,
        0,
        trade_id(oid, 0) if amount > 0 else trade_id(0, oid),
        None,
    )
    account.fills.append(fill)
    ex.emit(fill)
    ex.touch(account.address)
