"""Info types of sub-accounts and vaults: what changes with time, profit and rank."""

from __future__ import annotations

from typing import Any

import pytest
from houses import (
    DAY_MS,
    Deputy,
    deposits,
    gift,
    grown,
    house,
    later,
    loss,
    sub_account,
    vault_of,
    withdraws,
)
from stories import START_MS, Trader, address, market
from test_info import ask

from hlsim.sim.actions.vaults import VaultDistribute, VaultModify
from hlsim.sim.fixed import Usd
from hlsim.sim.replies import Done
from hlsim.sim.shares import Stake

HOUR_MS = 3_600_000


def details(vault: Deputy, user: Trader | None = None) -> Any:
    fields = {} if user is None else {"user": user.address}
    return ask(vault.market, "vaultDetails", vaultAddress=vault.address, **fields)


# -- sub-accounts ----------------------------------------------------------------------------------


def test_the_abstraction_of_a_sub_account_shows_when_it_is_not_the_default() -> None:
    """Evidence: info 5.5."""
    m = market()
    alice = m.account("alice")
    first, second = sub_account(alice, "first"), sub_account(alice, "second")
    second.account.abstraction = "unifiedAccount"

    rows = ask(m, "subAccounts2", user=alice.address)

    assert [list(row) for row in rows] == [
        ["name", "subAccountUser", "master", "dexToClearinghouseState", "spotState"],
        ["name", "subAccountUser", "master", "dexToClearinghouseState", "spotState", "abstraction"],
    ]
    assert rows[1]["abstraction"] == "unifiedAccount"
    state = ask(m, "clearinghouseState", user=first.address)
    assert rows[0]["dexToClearinghouseState"] == [["", state]]


def test_what_a_sub_account_did_is_asked_by_its_own_address() -> None:
    """Documented: sub-accounts are users of their own (mechanics 13)."""
    m = market()
    alice = m.account("alice")
    desk = sub_account(alice, dollars="100")
    asked = ask(m, "userRateLimit", user=alice.address)["nRequestsUsed"]
    desk.buys("0.01 ETH @ 1900")

    assert ask(m, "userRateLimit", user=desk.address)["nRequestsUsed"] == 1
    assert ask(m, "userRateLimit", user=alice.address)["nRequestsUsed"] == asked
    assert [row["coin"] for row in ask(m, "openOrders", user=desk.address)] == ["ETH"]
    assert ask(m, "openOrders", user=alice.address) == []


# -- vaults ----------------------------------------------------------------------------------------


def test_the_details_follow_profit_time_and_what_came_back() -> None:
    """Evidence: info 8. Inferred: `pnl` of the shares held, `allTimePnl` with what came back."""
    _, bob, vault = grown("500")
    withdraws(bob, vault, "500")
    later(vault.market, ms=DAY_MS // 2)

    found = details(vault, bob)

    mine = {
        "user": bob.address,
        "vaultEquity": "750.0",
        "pnl": "150.0",
        "allTimePnl": "240.0",
        "daysFollowing": 1,
        "vaultEntryTime": START_MS,
        "lockupUntil": START_MS + DAY_MS,
    }
    assert found["followerState"] == mine
    leaders = {
        **mine,
        "user": "Leader",
        "vaultEquity": "1250.0",
        "pnl": "250.0",
        "allTimePnl": "250.0",
    }
    assert found["followers"] == [leaders, mine]
    assert found["leaderFraction"] == 0.625
    # 2500 came in and 500 went out; the gift counts as a deposit, as the ledger has it.
    assert found["apr"] == 0.0
    assert found["maxDistributable"] == 2000.0
    # Bob's 750 may be 95 % of what stays.
    assert found["maxWithdrawable"] == pytest.approx(1250 - 750 / 19, abs=1e-6)
    assert details(vault)["followerState"] is None
    assert details(vault, Trader(vault.market, address("carol")))["followerState"] is None
    assert len(found["portfolio"]) == 8


def test_the_apr_is_what_was_gained_on_what_was_deposited() -> None:
    """Assumed: since the vault began, as if for a year; a younger one as if it were a day old."""
    _, _, vault = house()
    loss(vault, "10")
    assert details(vault)["apr"] == -3.65
    later(vault.market, ms=2 * DAY_MS)
    assert details(vault)["apr"] == -1.825
    vault.account.net_deposits = Usd(0)
    assert details(vault)["apr"] == 0.0


def test_the_leader_may_take_nothing_while_locked_nor_more_than_is_idle() -> None:
    """Assumed: what of the idle money the leader may take."""
    alice, bob, vault = house()
    maker = vault.market.account("maker")
    deposits(bob, vault, "1000")
    assert details(vault)["maxWithdrawable"] == 0.0
    later(vault.market)
    assert details(vault)["maxWithdrawable"] == pytest.approx(1000 - 1000 / 19, abs=1e-6)
    maker.sells("0.3 BTC @ 50000")
    vault.buys("0.3 BTC @ 50000")
    idle = ask(vault.market, "clearinghouseState", user=vault.address)["withdrawable"]
    assert float(idle) < 500
    assert details(vault)["maxWithdrawable"] == details(vault)["maxDistributable"] == float(idle)
    assert alice.account.vaults_led.keys() == {vault.address}


def test_only_the_hundred_largest_followers_are_listed() -> None:
    """Assumed: as many as a page of the exchange shows."""
    _, _, vault = house()
    register = vault.market.ex.state.vaults[vault.address]
    for number in range(120):
        stake = Stake(10**12 + number, Usd(10**6), START_MS, START_MS)
        register.stakes[address(f"follower {number}")] = stake
        register.shares += stake.shares

    rows = details(vault)["followers"]

    expected = [address(f"follower {number}") for number in range(119, 20, -1)]
    assert [row["user"] for row in rows] == ["Leader", *expected]


def test_settings_and_the_end_of_a_vault_are_shown() -> None:
    alice, bob, vault = grown()
    alice.act(VaultModify(vault.address, False, True))
    found = details(vault)
    assert (found["allowDeposits"], found["alwaysCloseOnWithdraw"]) == (False, True)

    assert alice.act(VaultDistribute(vault.address, 0)) == Done()  # type: ignore[arg-type]

    found = details(vault, bob)
    assert (found["isClosed"], found["followers"], found["followerState"]) == (True, [], None)
    assert (found["leaderFraction"], found["maxWithdrawable"], found["apr"]) == (0.0, 0.0, 0.0)
    m = vault.market
    assert ask(m, "leadingVaults", user=alice.address) == []
    assert ask(m, "userVaultEquities", user=bob.address) == []
    assert ask(m, "userRole", user=vault.address) == {"role": "vault"}


def test_equities_are_listed_by_when_they_were_joined() -> None:
    """Evidence: info 8."""
    alice, bob, vault = house()
    other = vault_of(alice, "500", name="Other")
    deposits(bob, other, "50")
    deposits(bob, vault, "100")
    gift(vault, "110")
    m = vault.market
    locked = START_MS + DAY_MS
    assert ask(m, "userVaultEquities", user=bob.address) == [
        {"vaultAddress": other.address, "equity": "50.0", "lockedUntilTimestamp": locked},
        {"vaultAddress": vault.address, "equity": "110.0", "lockedUntilTimestamp": locked},
    ]
    assert ask(m, "leadingVaults", user=alice.address) == [
        {"address": vault.address, "name": "Vault"},
        {"address": other.address, "name": "Other"},
    ]
    page = ask(m, "webData2", user=bob.address)
    assert (page["totalVaultEquity"], page["leadingVaults"], page["isVault"]) == (
        "160.0",
        [],
        False,
    )
    page = ask(m, "webData2", user=alice.address)
    assert (page["totalVaultEquity"], len(page["leadingVaults"])) == ("1600.0", 2)
    assert ask(m, "webData2", user=vault.address)["isVault"] is True


def test_summaries_are_those_of_vaults_younger_than_two_hours() -> None:
    """Documented: info 8."""
    alice, _, vault = house()
    m = vault.market
    m.advance(hours=1)
    other = vault_of(alice, "100", name="Other")
    m.advance(ms=HOUR_MS - 1)
    names = [row["name"] for row in ask(m, "vaultSummaries")]
    assert names == ["Vault", "Other"]
    m.advance(ms=1)
    assert ask(m, "vaultSummaries") == [
        {
            "name": "Other",
            "vaultAddress": other.address,
            "leader": alice.address,
            "tvl": "100.0",
            "isClosed": False,
            "relationship": {"type": "normal"},
            "createTimeMillis": START_MS + HOUR_MS,
        }
    ]
    m.advance(hours=1)
    assert ask(m, "vaultSummaries") == []
