"""TWAPs: what is refused, and what can be cancelled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories import Trader, address
from twaps import asked, cancel_twap, last, opened, rows, slices, twap

from hlsim.server.encode import response_json
from hlsim.sim.actions import ACTIONS, BlockClass
from hlsim.sim.actions.twap import TwapCancel, TwapOrder
from hlsim.sim.errors import ActionReject, OrderReject, Reject, TwapReject
from hlsim.sim.operations import SetHalt
from hlsim.sim.replies import Refused
from hlsim.sim.rules import Rules

MINUTE_MS = 60_000


def why(reply: int | Reject) -> Any:
    """The refusal, or None."""
    return reply.why if isinstance(reply, Reject) else None


def words(response: Any) -> Any:
    """`data.status` of the reply on the wire."""
    return response_json(response)["response"]["data"]["status"]


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "options", "error"),
    [
        ("buy 0 BTC", {}, "Order has zero size."),
        ("buy 0.000001 BTC", {}, "Order has invalid size."),
        ("buy 0.2 BTC", {"minutes": 1}, "Invalid TWAP duration: 1 min(s)"),
        ("buy 0.2 BTC", {"minutes": 4}, "Invalid TWAP duration: 4 min(s)"),
        ("buy 0.2 BTC", {"minutes": 10_081}, "Invalid TWAP duration: 10081 min(s)"),
        ("buy 0.2 BTC", {"above": "0"}, "Order has zero price."),
        ("buy 0.2 BTC", {"below": "49000.05"}, "Order has invalid price."),
        ("buy 0.2 BTC", {"stop": "48000.5"}, "Price must be divisible by tick size."),
        (
            "sell 1 @107",
            {"reduce_only": True},
            "Reduce-only is invalid for spot trading.",
        ),
        ("buy 100 GONE", {}, "Trading is halted."),
        ("buy 0.00199 BTC", {}, "TWAP order value too small. Min is $100."),
        (
            "sell 0.2 BTC",
            {"reduce_only": True},
            "Reduce-only TWAP order would increase position.",
        ),
    ],
)
def test_what_is_wrong_is_told_inside_the_status(
    terms: str, options: dict[str, Any], error: str
) -> None:
    """Documented: texts and level of exchange 7.3. Assumed: lot, tick, spot and halt."""
    m, _, alice = opened()

    response = alice.act(asked(alice, terms, **options))

    assert words(response) == {"error": error}
    assert (m.ex.state.twaps, m.ex.state.next_twap_id, rows(alice)) == ({}, 1, [])


def test_the_checks_run_in_their_order() -> None:
    """Assumed: each line breaks all rules that come after the one it is refused for."""
    m, _, alice = opened(Rules(max_twaps=1))
    twap(alice, "buy 0.2 BTC")
    m.ex.operate(SetHalt(1, True))
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("sell 0 ETH", {"minutes": 1, "stop": "0", "reduce_only": True}),
        ("sell 0.00001 ETH", {"minutes": 1, "stop": "0", "reduce_only": True}),
        ("sell 0.0001 ETH", {"minutes": 1, "stop": "0", "reduce_only": True}),
        ("sell 0.0001 ETH", {"stop": "0", "reduce_only": True}),
        ("sell 0.0001 ETH", {"above": "0.001", "stop": "0", "reduce_only": True}),
        ("sell 0.0001 ETH", {"above": "2000.05", "reduce_only": True}),
        ("sell 0.0001 ETH", {"reduce_only": True}),
        ("sell 0.0001 SOL", {"reduce_only": True}),
        ("sell 0.01 SOL", {"reduce_only": True}),
        ("sell 10 SOL", {"reduce_only": True}),
        ("sell 10 SOL", {}),
    ]

    assert [why(twap(alice, terms, **options)) for terms, options in wrong] == [
        OrderReject.ZERO_SZ,
        OrderReject.INVALID_SZ,
        TwapReject.DURATION,
        OrderReject.ZERO_PX,
        OrderReject.INVALID_PX,
        OrderReject.TICK,
        OrderReject.HALTED,
        OrderReject.INVALID_SZ,
        TwapReject.VALUE,
        TwapReject.REDUCE_ONLY,
        TwapReject.TOO_MANY,
    ]


def test_a_reduce_only_twap_needs_a_position_on_the_other_side() -> None:
    """Observed: the text, without a position (exchange 7.3)."""
    _, _, alice = opened()
    alice.buys("0.01 BTC @ 50010")

    assert why(twap(alice, "buy 0.01 BTC", reduce_only=True)) is TwapReject.REDUCE_ONLY
    assert twap(alice, "sell 0.02 BTC", reduce_only=True) == 1


@pytest.mark.parametrize(
    ("rules", "minutes", "is_refused"),
    [
        (Rules(), 10_080, False),
        (Rules(), 5, False),
        (Rules(twap_max_minutes=1440), 1440, False),
        (Rules(twap_max_minutes=1440), 1441, True),
    ],
)
def test_the_longest_duration_is_an_option(rules: Rules, minutes: int, is_refused: bool) -> None:
    """Documented: 7 days, older clients know 1440 minutes (contested 7)."""
    _, _, alice = opened(rules)

    refused = why(twap(alice, "buy 1 BTC", minutes=minutes)) is TwapReject.DURATION

    assert refused == is_refused


@pytest.mark.parametrize(
    ("rules", "size", "error"),
    [
        (Rules(), "0.002", None),
        (Rules(twap_minimum="per_minute"), "0.024", None),
        (
            Rules(twap_minimum="per_minute"),
            "0.02399",
            "TWAP order value too small. Min is $1200, which is $10 per minute.",
        ),
    ],
)
def test_the_least_value_is_an_option(rules: Rules, size: str, error: str | None) -> None:
    """Documented: $100; the older text is recorded with these numbers (contested 15)."""
    _, _, alice = opened(rules)

    status = words(alice.act(asked(alice, f"buy {size} BTC", minutes=120)))

    assert status == ({"running": {"twapId": 1}} if error is None else {"error": error})


def test_a_user_has_so_many_twaps_and_no_more() -> None:
    """Assumed: a limit of one's own, of those that run or wait (mechanics 4)."""
    m, _, alice = opened(Rules(max_twaps=3))
    bob = m.account("bob")
    ids = [twap(alice, "buy 0.01 BTC"), twap(alice, "buy 0.01 BTC", above="60000")]
    ids.append(twap(alice, "buy 0.002 BTC", minutes=5))

    assert ids == [1, 2, 3]
    assert words(alice.act(asked(alice, "buy 0.01 BTC"))) == {"error": "Too many open TWAP orders."}
    assert twap(bob, "buy 0.01 BTC") == 4
    cancel_twap(alice, "BTC", 2)
    m.advance(seconds=300)
    assert [twap(alice, "buy 0.01 BTC") for _ in range(2)] == [5, 6]
    assert why(twap(alice, "buy 0.01 BTC")) is TwapReject.TOO_MANY


@pytest.mark.parametrize(
    ("asset", "error"), [(99, ActionReject.INVALID_PERP), (10_999, ActionReject.INVALID_SPOT)]
)
def test_an_unknown_asset_refuses_the_whole_action(asset: int, error: ActionReject) -> None:
    """Assumed: as for an order (contested, unknown points)."""
    _, _, alice = opened()
    action = asked(alice, "buy 1 BTC")

    response = alice.act(TwapOrder(replace(action.twap, asset=asset)))  # type: ignore[arg-type]

    assert isinstance(response, Refused)
    assert response.error.why is error


def test_a_vault_that_does_not_exist_cannot_have_a_twap() -> None:
    """Documented: `vaultAddress` means something here (exchange 5.1)."""
    _, _, alice = opened()

    response = alice.act(asked(alice, "buy 1 BTC"), vault=address("vault"))

    assert response_json(response) == {
        "status": "err",
        "response": f"Vault not registered: {address('vault')}",
    }
    assert [ACTIONS[name].vault for name in ("twapOrder", "twapCancel")] == [True, True]


def test_a_twap_is_sorted_into_its_block_as_an_immediate_order() -> None:
    """Assumed: mechanics 2.1 names orders only."""
    action: Any = None
    classes = [ACTIONS[name].block_class(action) for name in ("twapOrder", "twapCancel")]

    assert classes == [BlockClass.TAKER, BlockClass.CANCEL]


# -- cancelling ------------------------------------------------------------------------------------


def test_a_cancelled_twap_trades_no_more() -> None:
    """Documented: `terminated` is the user's cancel (mechanics 4)."""
    m, _, alice = opened()
    twap(alice, "buy 0.2 BTC")
    m.advance(seconds=60)

    assert words(alice.act(_cancel(alice, "BTC", 1))) == "success"
    m.advance(hours=2)

    assert rows(alice) == [(1, "activated"), (1, "terminated")]
    assert (len(slices(alice)), last(alice).executed_sz) == (3, alice.szi("BTC"))
    assert (m.ex.state.twaps, alice.account.twaps) == ({}, {})


def test_what_is_not_running_cannot_be_cancelled() -> None:
    """Documented: the text, for never placed, ended, of another asset or user (exchange 7.3)."""
    m, _, alice = opened()
    bob = m.account("bob")
    twap(alice, "buy 0.002 BTC", minutes=5)
    missed = {"error": "TWAP was never placed, already canceled, or filled."}

    assert words(alice.act(_cancel(alice, "BTC", 2))) == missed
    assert words(alice.act(_cancel(alice, "ETH", 1))) == missed
    assert words(bob.act(_cancel(bob, "BTC", 1))) == missed
    m.advance(seconds=300)
    assert rows(alice)[-1] == (1, "finished")
    assert words(alice.act(_cancel(alice, "BTC", 1))) == missed


def _cancel(trader: Trader, coin: str, twap_id: int) -> Any:
    return TwapCancel(trader.market.asset_id(coin), twap_id)  # type: ignore[arg-type]
