"""One balance for spot and perps: what a unified account may use, shows and sends."""

from __future__ import annotations

from typing import Any

import pytest
from stories import START_MS, Story, Trader, address, market, px, sz, usd

from hlsim.matching.types import Tif
from hlsim.server.encode import error_text
from hlsim.server.shapes.accounts import clearinghouse_state
from hlsim.server.shapes.spot import spot_state
from hlsim.sim import abstraction, exchange, margin
from hlsim.sim.actions.abstraction import (
    AgentSetAbstraction,
)
from hlsim.sim.actions.agents import ApproveBuilderFee
from hlsim.sim.actions.cancels import ScheduleCancel
from hlsim.sim.actions.transfers import (
    SendAsset,
    SpotSend,
    UsdClassTransfer,
    UsdSend,
    Withdraw3,
)
from hlsim.sim.errors import OrderReject, Reject
from hlsim.sim.events import AccountChanged
from hlsim.sim.replies import Done, Filled, Refused, Resting

NOW: Any = START_MS
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
NOT_ALLOWED = "Abstraction transition not allowed"
PORTFOLIO = "Portfolio margin requires account value of $10000 or total volume of $5000000."
DISABLED = "Action disabled when unified account is active"
SPOT_ONLY = "Unified account only supports sending assets through spot"


def answer(reply: Any) -> str:
    return error_text(reply.error) if isinstance(reply, Refused) else "ok"


# -- one balance -----------------------------------------------------------------------------------


def unified(usd: str = "1000", spot_usdc: str = "500", **options: Any) -> tuple[Story, Trader]:
    """alice with one balance, and bob who makes a market of ETH, HYPE and PURR."""
    m = market()
    alice = m.account("alice", usd=usd, spot_usdc=spot_usdc, **options)
    assert alice.act(AgentSetAbstraction("unifiedAccount")) == Done()  # type: ignore[arg-type]
    bob = m.account("bob", usd="1000000", spot_usdc="100000", HYPE="1000", PURR="100000")
    bob.sells("10 ETH @ 2000")
    bob.buys("10 ETH @ 1999")
    bob.sells("100 @107 @ 40")
    bob.buys("100 @107 @ 39.9")
    return m, alice


def balances(m: Story, trader: Trader) -> dict[str, tuple[str, str]]:
    rows = spot_state(m.view, trader.address)["balances"]
    return {row["coin"]: (row["total"], row["hold"]) for row in rows}


def check(m: Story, trader: Trader) -> None:
    """All cash that no spot order holds lies where margin looks for it."""
    total, hold = abstraction.on_spot(trader.account, 0)
    assert 0 <= total - hold < 100
    assert m.ex.state.unified == {trader.address: None}


def test_switching_makes_one_balance_of_two() -> None:
    """Documented: one balance per collateral token, told by the spot state (mechanics 6.5)."""
    m, alice = unified(spot_usdc="500.00000012")

    assert balances(m, alice) == {"USDC": ("1500.00000012", "0.0")}
    state = clearinghouse_state(m.view, alice.address)
    assert state["marginSummary"]["accountValue"] == "0.0"
    assert state["withdrawable"] == "0.0"
    assert margin.withdrawable(m.ex.state, alice.account) == usd("1500")
    check(m, alice)


def test_spot_usdc_pays_for_perps() -> None:
    """Documented: spot and perps share collateral. Observed: the perps state shows the margin of
    positions, which is on hold on spot (info 5.1)."""
    m, alice = unified(usd="10", spot_usdc="990")
    alice.leverage("ETH", 10)

    assert alice.buys("4 ETH @ 2000") == Filled(
        alice.account.fills[0].oid, sz("4"), px("2000"), None
    )

    # The fee is 8000 * 0.045 %; the mark still is 2000.
    assert balances(m, alice) == {"USDC": ("996.4", "800.0")}
    state = clearinghouse_state(m.view, alice.address)
    assert state["crossMarginSummary"] == state["marginSummary"]
    assert state["marginSummary"] == {
        "accountValue": "800.0",
        "totalNtlPos": "8000.0",
        "totalRawUsd": "-7200.0",
        "totalMarginUsed": "800.0",
    }
    check(m, alice)


def test_an_isolated_position_carries_its_margin_and_the_rest_is_free() -> None:
    """Documented: isolated margin is set apart (mechanics 6.5)."""
    m, alice = unified()
    alice.leverage("ETH", 10, cross=False)
    alice.buys("4 ETH @ 2000")

    # 800 of margin less the fee of 3.6, which the position pays.
    assert balances(m, alice) == {"USDC": ("1496.4", "796.4")}
    state = clearinghouse_state(m.view, alice.address)
    assert state["marginSummary"]["accountValue"] == "796.4"
    assert state["crossMarginSummary"]["accountValue"] == "0.0"
    assert margin.withdrawable(m.ex.state, alice.account) == usd("700")
    check(m, alice)


def test_profit_shows_in_the_perps_state_and_is_no_cash_until_it_is_realised() -> None:
    """Inferred: from one account whose perps value was its margin and what it could withdraw
    (info 5.1). Assumed: only cash can be spent."""
    m, alice = unified()
    alice.leverage("ETH", 10)
    alice.buys("4 ETH @ 2000")
    bob = Trader(m, address("bob"))
    bob.buys("10 ETH @ 2010")  # his asks at 2000 give way
    bob.sells("10 ETH @ 2011")
    m.oracle("ETH", "2010")
    m.advance(seconds=10)
    pnl = margin.cross_pnl(m.ex.state, alice.account)
    assert pnl > 0

    state = clearinghouse_state(m.view, alice.address)
    used = margin.cross_margin_used(m.ex.state, alice.account)
    assert usd(state["marginSummary"]["accountValue"]) == used + pnl
    assert usd(state["withdrawable"]) == pnl
    total, hold = balances(m, alice)["USDC"]
    assert (total, usd(hold)) == ("1496.4", used)
    assert margin.withdrawable(m.ex.state, alice.account) == usd("1496.4") - used


def test_perps_orders_show_as_hold() -> None:
    """Observed: in unified mode perps order margin is on hold on spot (mechanics 6.5)."""
    m, alice = unified()
    alice.leverage("ETH", 10)
    alice.buys("1 ETH @ 1900")
    alice.buys("2 @107 @ 30")

    assert balances(m, alice) == {"USDC": ("1500.0", "250.0")}
    check(m, alice)


def test_spot_takes_no_more_than_perps_leave() -> None:
    """One balance pays both; each side's orders reduce what the other may use."""
    m, alice = unified()
    alice.leverage("ETH", 10)
    alice.buys("4 ETH @ 1900")  # 760 of 1500

    refused = alice.buys("18.51 @107 @ 40")
    assert refused == Reject(OrderReject.SPOT_BALANCE, 10_107)
    assert isinstance(alice.buys("18.5 @107 @ 39.5"), Resting)  # 730.75 of 740
    short = alice.buys("0.05 ETH @ 1900")  # 9.5 of the 9.25 that are left
    assert short == Reject(OrderReject.MARGIN, 1)
    assert isinstance(alice.buys("0.0486 ETH @ 1900"), Resting)
    check(m, alice)


def test_a_spot_buy_is_paid_from_the_one_balance_and_a_sale_pays_into_it() -> None:
    """The cash lay with perps before and lies there again."""
    m, alice = unified(usd="1500", spot_usdc="")

    assert isinstance(alice.buys("30 @107 @ 40"), Filled)
    assert balances(m, alice)["USDC"] == ("300.0", "0.0")
    check(m, alice)
    assert isinstance(alice.sells("10 @107 @ 39.9"), Filled)
    assert balances(m, alice)["USDC"] == ("698.7207", "0.0")
    assert alice.account.raw_usd == usd("698.7207")
    check(m, alice)


def test_what_one_order_of_a_batch_sells_pays_for_the_next() -> None:
    m, alice = unified(usd="100", spot_usdc="", HYPE="100")
    alice.leverage("ETH", 25)
    orders = (
        alice.new_order("50 @107 @ 39.9", is_buy=False),
        alice.new_order("10 ETH @ 2000", is_buy=True),
    )

    statuses = alice.place(*orders)

    assert [type(status) for status in statuses] == [Filled, Filled]
    check(m, alice)


def test_a_cancelled_spot_bid_is_collateral_again() -> None:
    m, alice = unified()
    alice.leverage("ETH", 10)
    oid = alice.buys("37 @107 @ 39.5").oid
    assert alice.buys("1 ETH @ 1900") == Reject(OrderReject.MARGIN, 1)

    alice.cancel("@107", oid)

    assert isinstance(alice.buys("1 ETH @ 1900"), Resting)
    check(m, alice)


# -- sending ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (UsdSend(address("bob"), "1", NOW), DISABLED),  # type: ignore[arg-type]
        (UsdClassTransfer("1", True, NOW), DISABLED),
        (UsdClassTransfer("1", False, NOW), DISABLED),
        (SpotSend(address("bob"), USDC, "1", NOW), DISABLED),  # type: ignore[arg-type]
        (SendAsset(address("bob"), "", "", USDC, "1", "", NOW), SPOT_ONLY),  # type: ignore[arg-type]
        (SendAsset(address("bob"), "", "spot", USDC, "1", "", NOW), SPOT_ONLY),  # type: ignore[arg-type]
        (SendAsset(address("bob"), "spot", "", USDC, "1", "", NOW), SPOT_ONLY),  # type: ignore[arg-type]
        (SendAsset(address("bob"), "spot", "dex", USDC, "1", "", NOW), "Invalid perp DEX"),  # type: ignore[arg-type]
        (SendAsset(address("alice"), "spot", "spot", USDC, "1", "", NOW), "Invalid send"),  # type: ignore[arg-type]
    ],
)
def test_what_a_unified_account_may_not_send(action: Any, text: str) -> None:
    """Observed by clients: both texts (exchange 7.5). Assumed: spotSend is like usdSend."""
    m, alice = unified()
    before = balances(m, alice)

    assert answer(alice.act(action)) == text
    assert balances(m, alice) == before


def test_sends_and_withdrawals_leave_from_the_one_balance() -> None:
    """Documented: assets go through spot (exchange 5.3). Assumed: withdraw3 works as ever."""
    m, alice = unified(usd="1000", spot_usdc="500")
    alice.leverage("ETH", 10)
    alice.buys("1 ETH @ 1900")  # 190 are needed
    send: Any = SendAsset(address("bob"), "spot", "spot", USDC, "1310.00000001", "", NOW)  # type: ignore[arg-type]
    assert answer(alice.act(send)) == "Insufficient balance for token transfer"

    send = SendAsset(address("bob"), "spot", "spot", USDC, "1200.00000001", "", NOW)  # type: ignore[arg-type]
    assert alice.act(send) == Done()
    assert balances(m, alice)["USDC"] == ("299.99999999", "190.0")
    assert answer(alice.act(Withdraw3(alice.address, "110", NOW))) == (  # type: ignore[arg-type]
        "Insufficient balance for withdrawal."
    )
    assert alice.act(Withdraw3(alice.address, "109", NOW)) == Done()  # type: ignore[arg-type]
    assert balances(m, alice)["USDC"] == ("190.99999999", "190.0")
    check(m, alice)


def test_what_arrives_on_either_side_joins_the_one_balance() -> None:
    m, alice = unified()
    bob = Trader(m, address("bob"))

    bob.act(UsdSend(alice.address, "10", NOW))  # type: ignore[arg-type]
    bob.act(SpotSend(alice.address, USDC, "7", NOW))  # type: ignore[arg-type]
    bob.act(SpotSend(alice.address, PURR, "7", NOW))  # type: ignore[arg-type]

    assert balances(m, alice) == {"USDC": ("1517.0", "0.0"), "PURR": ("7.0", "0.0")}
    assert alice.account.raw_usd == usd("1517")
    check(m, alice)


def test_a_unified_account_cannot_be_a_builder() -> None:
    """Documented: builders must be standard (mechanics 6.5). Assumed: the text."""
    m, alice = unified(usd="1000")
    bob = Trader(m, address("bob"))

    reply = bob.act(ApproveBuilderFee("0.01%", alice.address, NOW))

    assert answer(reply) == "Builder has insufficient balance to be approved."


def test_setting_a_mode_tells_the_streams() -> None:
    m, alice = unified()
    m.events()
    carol = m.account("carol")
    m.events()

    carol.act(AgentSetAbstraction("disabled"))  # type: ignore[arg-type]

    assert AccountChanged(carol.address) in m.events()
    assert abstraction.on_spot(alice.account, 0) == (0, 0)


def test_a_fully_used_market_order_pays_less_than_its_limit() -> None:
    """What the limit would have cost more than the match goes back."""
    m, alice = unified(usd="1500", spot_usdc="")

    reply = alice.buys("37 @107 @ 60", tif=Tif.FRONTEND_MARKET)

    assert isinstance(reply, Filled)
    assert balances(m, alice)["USDC"] == ("20.0", "0.0")
    check(m, alice)


def test_what_marks_cause_finds_all_cash_where_margin_looks(monkeypatch: Any) -> None:
    """A cancel on the clock frees a spot bid; whoever judges margin at the next marks sees it."""
    m, alice = unified()
    alice.buys("37 @107 @ 39.5")
    alice.account.volume.total_usd = 10**14
    alice.act(ScheduleCancel(START_MS + 5_000))  # type: ignore[arg-type]
    seen: list[int] = []
    probe = (lambda ex, moved: seen.append(alice.account.raw_usd),)
    monkeypatch.setattr(exchange, "REACTIONS", probe)
    m.advance(seconds=4)
    Trader(m, address("bob")).buys("1 ETH @ 1999.5")  # the mark will move

    m.advance(seconds=3)

    assert seen[-1] == usd("1500")
