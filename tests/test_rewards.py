"""What referrers and builders earn, and how they claim it."""

from __future__ import annotations

from typing import Any

import pytest
from stakers import ask, referred, refusal
from stories import START_MS, Story, Trader, market, parse_decimal, usd
from test_conservation import check_money

from hlsim.sim.actions.agents import ApproveBuilderFee
from hlsim.sim.actions.misc import SetReferrer
from hlsim.sim.actions.orders import BuilderTerms
from hlsim.sim.actions.referrals import ClaimRewards, RegisterReferrer
from hlsim.sim.events import LedgerRow
from hlsim.sim.ledger import RewardsClaim
from hlsim.sim.operations import SetReferralCode
from hlsim.sim.replies import Done
from hlsim.sim.state import Rewards

HYPE, USDC = 2, 0


def wei(text: str) -> Any:
    return parse_decimal(text, 8)


def start(**tokens: str) -> tuple[Story, Trader, Trader, Trader]:
    """Alice, whom `referrer` referred, and Bob to trade with."""
    m = market()
    alice = m.account("alice", spot_usdc="10000", **tokens)
    bob = m.account("bob", spot_usdc="10000", HYPE="100")
    return m, alice, bob, referred(m, alice)


# -- earning ---------------------------------------------------------------------------------------


def test_a_tenth_of_the_discounted_fee_is_the_referrers() -> None:
    """Documented: 10 % (mechanics 11.3). Assumed: truncated fill by fill, as in the documented
    196.838825 that brought 19.683748; of makers' fees too."""
    m, alice, bob, referrer = start()
    bob.sells("0.12345 BTC @ 50000")
    alice.buys("0.12345 BTC @ 50000")
    alice.buys("0.001 BTC @ 49999")
    bob.sells("0.001 BTC @ 49999")

    fees = [fill.fee for fill in alice.account.fills]
    assert fees == [usd("2.66652"), usd("0.007199")]
    assert referrer.account.rewards == {USDC: Rewards(unclaimed=wei("0.267371"))}
    assert m.ex.state.treasury.usd.fees == usd("2.66652") + usd("0.007199") - usd("0.267371") + sum(
        fill.fee for fill in bob.account.fills
    )
    check_money(m.ex.state)


def test_the_referrer_gets_nothing_of_a_builders_part() -> None:
    """Assumed: the fee that is shared is the protocol's."""
    m, alice, bob, referrer = start()
    alice.act(ApproveBuilderFee("0.1%", bob.address, START_MS))  # type: ignore[arg-type]
    bob.sells("0.1 BTC @ 50000")
    order = alice.new_order("0.1 BTC @ 50000", is_buy=True)

    alice.place(order, builder=BuilderTerms(bob.address, 100))  # type: ignore[arg-type]

    assert alice.account.fills[-1].fee == usd("2.16") + usd("5")
    assert referrer.account.rewards == {USDC: Rewards(unclaimed=wei("0.216"))}
    assert bob.account.rewards == {USDC: Rewards(unclaimed=wei("5"), builder=wei("5"))}
    check_money(m.ex.state)


def test_spot_fees_are_shared_in_the_token_that_they_are_paid_in() -> None:
    """Assumed: a buy brings base tokens, a sell quote tokens."""
    m, alice, bob, referrer = start(HYPE="10")
    bob.sells("1 @107 @ 40")
    alice.buys("1 @107 @ 40")
    bob.buys("1 @107 @ 39")
    alice.sells("1 @107 @ 39")

    assert [fill.fee for fill in alice.account.fills] == [wei("0.000672"), wei("0.026208")]
    assert referrer.account.rewards == {
        HYPE: Rewards(unclaimed=wei("0.0000672")),
        USDC: Rewards(unclaimed=wei("0.0026208")),
    }
    check_money(m.ex.state)


def test_a_referrer_earns_until_a_billion_and_longer_than_the_discount() -> None:
    """Documented: 10 % up to $1B, 4 % up to $25M (mechanics 11.3)."""
    _, alice, bob, referrer = start()
    bob.sells("1 BTC @ 50000")
    alice.account.volume.total_usd = parse_decimal("999999999.99", 8)

    alice.buys("0.1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")

    assert [fill.fee for fill in alice.account.fills] == [usd("2.25"), usd("2.25")]
    assert referrer.account.rewards[USDC].unclaimed == wei("0.225")


def test_who_was_not_referred_pays_nobody() -> None:
    m, _, bob, referrer = start()
    carol = m.account("carol")
    bob.sells("0.1 BTC @ 50000")

    carol.buys("0.1 BTC @ 50000")

    assert referrer.account.rewards == {}
    assert carol.account.fills[-1].fee == usd("2.25")


# -- claiming --------------------------------------------------------------------------------------


def test_rewards_are_claimed_onto_spot_from_one_dollar_on() -> None:
    """Observed: both texts (exchange 5.2). Assumed: onto spot, all tokens at once, a row each."""
    m, alice, bob, referrer = start(HYPE="10")
    assert refusal(referrer.act(ClaimRewards())) == "No rewards to claim"
    bob.sells("10 @107 @ 40")
    alice.buys("10 @107 @ 40")
    bob.sells("0.44 BTC @ 50000")
    alice.buys("0.44 BTC @ 50000")
    # 0.000672 HYPE at 40 and 0.9504 USDC
    text = "Must have at least 1 USDC in rewards to claim"
    assert refusal(referrer.act(ClaimRewards())) == text
    assert referrer.spot("USDC") == 0
    bob.sells("0.011 BTC @ 50000")
    alice.buys("0.011 BTC @ 50000")

    m.events()
    assert referrer.act(ClaimRewards()) == Done()

    assert (referrer.spot("USDC"), referrer.spot("HYPE")) == (wei("0.97416"), wei("0.000672"))
    rows = [event.delta for event in m.events() if isinstance(event, LedgerRow)]
    assert rows == [
        RewardsClaim("USDC", wei("0.97416"), 8),
        RewardsClaim("HYPE", wei("0.000672"), 8),
    ]
    assert refusal(referrer.act(ClaimRewards())) == "No rewards to claim"
    check_money(m.ex.state)


@pytest.mark.parametrize(("cents", "ok"), [("0.999999", False), ("1", True)])
def test_one_dollar_is_enough(cents: str, ok: bool) -> None:
    """Documented: "at least 1 USDC" (exchange 5.2)."""
    m = market()
    alice = m.account("alice")
    alice.account.rewards[USDC] = Rewards(unclaimed=wei(cents))

    assert (alice.act(ClaimRewards()) == Done()) is ok


def test_builders_claim_as_referrers_do_and_the_sum_ever_earned_stays() -> None:
    """Evidence: info 7.5, builders' fees are read and claimed there."""
    m, alice, bob, _ = start()
    alice.act(ApproveBuilderFee("0.1%", bob.address, START_MS))  # type: ignore[arg-type]
    bob.sells("0.1 BTC @ 50000")
    order = alice.new_order("0.1 BTC @ 50000", is_buy=True)
    alice.place(order, builder=BuilderTerms(bob.address, 100))  # type: ignore[arg-type]
    before = bob.spot("USDC")

    assert bob.act(ClaimRewards()) == Done()

    assert bob.spot("USDC") - before == wei("5")
    state = ask(m, "referral", user=bob.address)
    assert state["tokenToState"] == [
        [
            0,
            {
                "cumVlm": "5000.0",
                "unclaimedRewards": "0.0",
                "claimedRewards": "5.0",
                "builderRewards": "5.0",
            },
        ]
    ]
    assert state["rewardHistory"] == []
    assert ask(m, "userNonFundingLedgerUpdates", user=bob.address)[-1]["delta"] == {
        "type": "rewardsClaim",
        "amount": "5.0",
        "token": "USDC",
    }
    check_money(m.ex.state)


# -- codes -----------------------------------------------------------------------------------------


def test_a_code_needs_ten_thousand_dollars_of_volume() -> None:
    """Observed: how the text begins (exchange 5.2); its numbers are Assumed."""
    m = market()
    alice = m.account("alice")
    stage = ask(m, "referral", user=alice.address)["referrerState"]
    assert stage == {"stage": "needToTrade", "data": {"required": "10000.0"}}
    alice.account.volume.total_usd = wei("9999.99")
    assert refusal(alice.act(RegisterReferrer("ALICE"))) == (
        "Cannot generate referral code until enough volume traded. "
        "Required: $10000. Traded: $9999.99."
    )
    alice.account.volume.total_usd = wei("10000")
    stage = ask(m, "referral", user=alice.address)["referrerState"]
    assert stage == {"stage": "needToCreateCode"}

    assert alice.act(RegisterReferrer("ALICE")) == Done()

    assert ask(m, "referral", user=alice.address)["referrerState"] == {
        "stage": "ready",
        "data": {"code": "ALICE", "nReferrals": 0, "referralStates": []},
    }


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("", "Referral code must be between 1 and 20 characters long."),
        ("x" * 21, "Referral code must be between 1 and 20 characters long."),
        ("TAKEN", "Referral code already registered"),
        ("x" * 20, None),
        ("taken", None),
    ],
)
def test_a_code_is_short_and_nobody_elses(code: str, text: str | None) -> None:
    """Observed: the text of a taken code (exchange 5.2); the length is Assumed."""
    m = market()
    alice, bob = m.account("alice"), m.account("bob")
    m.ex.operate(SetReferralCode(bob.address, "TAKEN"))
    alice.account.volume.total_usd = wei("10000")

    response = alice.act(RegisterReferrer(code))

    assert response == Done() if text is None else refusal(response) == text
    assert alice.account.referral_code == (code if text is None else None)


def test_nobody_gets_a_second_code() -> None:
    """Assumed: with the text of a taken one."""
    m = market()
    alice = m.account("alice")
    alice.account.volume.total_usd = wei("10000")
    alice.act(RegisterReferrer("ONE"))

    assert refusal(alice.act(RegisterReferrer("TWO"))) == "Referral code already registered"
    assert list(m.ex.state.referral_codes) == ["ONE"]


def test_a_referrer_sees_whom_it_brought_and_what_they_paid() -> None:
    """Documented: the keys and the truncated tenth (info 7.5 and the documented sample)."""
    m, alice, bob, referrer = start()
    carol = m.account("carol")
    m.advance(seconds=7)
    carol.act(SetReferrer("CODE"))
    bob.sells("0.1 BTC @ 50000")
    alice.buys("0.1 BTC @ 50000")

    data = ask(m, "referral", user=referrer.address)["referrerState"]["data"]

    brought = {
        "cumVlm": "5000.0",
        "cumRewardedFeesSinceReferred": "2.16",
        "cumFeesRewardedToReferrer": "0.216",
    }
    nothing = {**dict.fromkeys(brought, "0.0")}
    assert data == {
        "code": "CODE",
        "nReferrals": 2,
        "referralStates": [
            {
                **nothing,
                "timeJoined": START_MS + 7_000,
                "user": carol.address,
                "tokenToState": [[0, nothing]],
            },
            {
                **brought,
                "timeJoined": START_MS,
                "user": alice.address,
                "tokenToState": [[0, brought]],
            },
        ],
    }
    assert ask(m, "referral", user=alice.address)["referredBy"] == {
        "referrer": referrer.address,
        "code": "CODE",
    }


def test_the_list_of_referred_users_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inferred: `nReferrals` counts all, the list shows so many. Assumed: the newest."""
    monkeypatch.setattr("hlsim.server.info.referral.REFERRALS_SHOWN", 1)
    m, _, _, referrer = start()
    carol = m.account("carol")
    carol.act(SetReferrer("CODE"))

    data = ask(m, "referral", user=referrer.address)["referrerState"]["data"]

    assert data["nReferrals"] == 2
    assert [row["user"] for row in data["referralStates"]] == [carol.address]
