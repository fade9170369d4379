"""Whole accounts in one topic: webData3, the states of all dexes, the history of orders."""

from __future__ import annotations

from dexing import dexed, sends
from stories import START_MS, address
from streams import Stage

from hlsim.server.topics.activity import UserHistoricalOrders
from hlsim.server.topics.holdings import AllDexsClearinghouseState
from hlsim.server.topics.page import WebData3
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.history import ROWS_KEPT

ALICE, AGENT = address("alice"), address("agent")


def test_whole_accounts_come_every_five_seconds_even_when_idle() -> None:
    """Evidence: ws 3.20, 3.22 (webData3: assumed)."""
    stage = Stage()
    listener = stage.listen(WebData3(ALICE), AllDexsClearinghouseState(ALICE))

    for _ in range(200):
        stage.wait(100)

    found = listener.channels()
    assert {channel: found.count(channel) for channel in found} == {
        "webData3": 4,
        "allDexsClearinghouseState": 4,
    }


def test_every_dex_has_a_state_whatever_the_account_has_there() -> None:
    """Evidence: ws 3.20."""
    stage = Stage(dexed())
    listener = stage.listen(AllDexsClearinghouseState(ALICE))

    sends(stage.alice, "100", "", "test")
    stage.commit()

    ((_, data),) = listener.take()
    assert [dex for dex, _ in data["clearinghouseStates"]] == ["", "test"]
    values = [state["marginSummary"]["accountValue"] for _, state in data["clearinghouseStates"]]
    assert values == ["99900.0", "100.0"]
    nobody = AllDexsClearinghouseState(address("nobody")).first(stage.story.view)
    assert [state["withdrawable"] for _, state in nobody["clearinghouseStates"]] == ["0.0", "0.0"]


def test_an_order_changes_nothing_that_web_data_shows() -> None:
    stage = Stage()
    listener = stage.listen(WebData3(ALICE))

    stage.alice.buys("0.01 BTC @ 49000")
    stage.commit()

    assert listener.channels() == []


def test_web_data_has_a_row_for_each_dex_and_names_the_agent() -> None:
    """Evidence: ws 3.22, info 10: flags and lists are absent while they are the default."""
    stage = Stage(dexed())
    stage.alice.act(ApproveAgent(AGENT, START_MS, ""))
    stage.commit()

    data = WebData3(ALICE).first(stage.story.view)

    assert list(data) == ["userState", "perpDexStates"]
    assert data["userState"] == {
        "agentAddress": AGENT,
        "agentValidUntil": data["userState"]["agentValidUntil"],
        "cumLedger": "100000.0",
        "serverTime": START_MS,
        "isVault": False,
        "user": ALICE,
    }
    assert data["userState"]["agentValidUntil"] > START_MS
    assert data["perpDexStates"] == [{"totalVaultEquity": "0.0"}] * 2


def test_a_market_at_its_cap_stands_with_its_dex() -> None:
    """Evidence: ws 3.22, info 4.13."""
    stage = Stage(dexed())
    stage.story.ex.state.markets[stage.story.asset_id("test:GOLD")].is_at_cap = True

    states = WebData3(ALICE).first(stage.story.view)["perpDexStates"]

    assert states == [
        {"totalVaultEquity": "0.0"},
        {"totalVaultEquity": "0.0", "perpsAtOpenInterestCap": ["test:GOLD"]},
    ]


def test_the_history_of_orders_is_replayed_newest_first_and_bounded() -> None:
    """Evidence: ws 3.18; the order is assumed, the length is that of the info type (info 6.4)."""
    stage = Stage()
    listener = stage.listen(UserHistoricalOrders(ALICE))
    for number in range(ROWS_KEPT // 2 + 1):
        stage.alice.buys("0.01 BTC @ 40000")
        stage.alice.cancel("BTC", number + 1)
    stage.commit()

    snapshot = UserHistoricalOrders(ALICE).first(stage.story.view)
    ((_, update),) = listener.take()

    assert list(snapshot) == ["isSnapshot", "user", "orderHistory"]
    rows = snapshot["orderHistory"]
    assert (len(rows), rows[0]["status"], rows[1]["status"]) == (ROWS_KEPT, "canceled", "open")
    assert rows[-1]["order"]["oid"] == 2
    assert list(update) == ["user", "orderHistory"]
    assert [row["status"] for row in update["orderHistory"][:2]] == ["open", "canceled"]


def test_statuses_of_others_are_not_told() -> None:
    stage = Stage()
    listener = stage.listen(UserHistoricalOrders(ALICE))

    stage.bob.buys("0.01 BTC @ 40000")
    stage.commit()

    assert listener.channels() == []
