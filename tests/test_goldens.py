"""Every info type once and for all: requests to one busy exchange, and the exact replies.

The replies were made by `HLSIM_WRITE_GOLDENS=1 pytest tests/test_goldens.py` and then checked by
hand against the shapes of the info sheet; a change of one is a change of the protocol.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import dexing
import lenders
import msgspec
import portfolios
import pytest
import twaps
from houses import deposits, sub_account, vault_of
from stories import START_MS, Story, Trader, address, px, universe

from hlsim.matching.types import Tif
from hlsim.server.info import INFO, Unanswerable, answer
from hlsim.sim.actions.abstraction import AgentEnableDexAbstraction, AgentSetAbstraction
from hlsim.sim.actions.agents import ApproveAgent, ApproveBuilderFee
from hlsim.sim.actions.leverage import UpdateIsolatedMargin
from hlsim.sim.actions.misc import SetReferrer
from hlsim.sim.actions.multisig import ConvertToMultiSigUser, SignersText
from hlsim.sim.actions.orders import BuilderTerms
from hlsim.sim.actions.staking import (
    LinkStakingUser,
    StakingDeposit,
    StakingWithdraw,
    TokenDelegate,
)
from hlsim.sim.actions.sub_accounts import SubAccountSpotTransfer
from hlsim.sim.actions.transfers import (
    SendAsset,
    SpotSend,
    UsdClassTransfer,
    UsdSend,
    Withdraw3,
)
from hlsim.sim.assets import Universe
from hlsim.sim.exchange import Exchange
from hlsim.sim.fixed import Address
from hlsim.sim.ids import derived_address
from hlsim.sim.operations import ListOutcome, ListQuestion, SetReferralCode, SettleOutcome
from hlsim.sim.state import SignerSet

FOLDER = Path(__file__).parent / "golden" / "info"
WRITES = os.environ.get("HLSIM_WRITE_GOLDENS") == "1"

ALICE, BOB, CAROL = address("alice"), address("bob"), address("carol")
ERIN, FRANK = address("erin"), address("frank")
DESK, VAULT = derived_address("sub-account", ERIN, 0), derived_address("vault", ERIN, 0)
AGENT, BOT = address("agent"), address("bot")
NOBODY = address("nobody")
VALIDATOR = Address("0x5ac99df645f3414876c816caa18b2d234024b487")
UNA, DEXTER, PAM = address("una"), address("dexter"), address("pam")
CLOID = "0x000000000000000000000000000000a1"
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
PURR = "PURR:0xc1fb593aeffbeb02f85e0308e9956a90"
HOUR_MS = 3_600_000


# -- the exchange ----------------------------------------------------------------------------------


def listings() -> Universe:
    """As `stories.universe`, HYPE's pair at index 2: one gap before it is enough."""
    usual = universe()
    purr, hype = usual.pairs
    return replace(usual, pairs=[purr, replace(hype, index=2, coin="@2")])


@cache
def busy() -> Story:
    """Three users, an hour and a half: everything that a reply can show happened at least once."""
    m = Story(Exchange.create(listings(), time_ms=START_MS, seed=7))
    alice = m.account("alice", usd="100000", spot_usdc="10000", PURR="1000")
    bob = m.account("bob", usd="100000", spot_usdc="10000", HYPE="50")
    carol = m.account("carol", usd="5000")
    permissions(m, alice, bob)
    m.ex.seal()
    perps(m, alice, bob, carol)
    spot(alice, bob)
    transfers(alice, bob)
    m.advance(hours=1)
    later(m, alice, bob)
    houses(m)
    m.advance(seconds=90)
    modes(m)
    links(alice, bob)

    bets(m)
    portfolios.joins(m)
    return m


def houses(m: Story) -> None:
    """Sub-accounts of erin, her vault, and frank's shares in it."""
    erin = m.account("erin", usd="2000", spot_usdc="500")
    frank = m.account("frank", usd="1000")
    sub = sub_account(erin, "desk", dollars="300")
    sub_account(erin, "spare")
    erin.act(SubAccountSpotTransfer(sub.address, True, "USDC", "50"))
    vault = vault_of(erin, "500", name="Erin's vault")
    deposits(frank, vault, "400")
    vault.buys("0.1 SOL @ 90")
    sub.sells("0.1 SOL @ 110")


def modes(m: Story) -> None:
    """A multi-sig user, and one with a single balance and a position."""
    owners: Any = SignerSet((ALICE, BOB), 2)
    multi = m.account("multi", usd="10")
    multi.act(ConvertToMultiSigUser(SignersText("{}", owners), START_MS))  # type: ignore[arg-type]
    una = m.account("una", usd="5000")
    una.act(AgentSetAbstraction("unifiedAccount"))  # type: ignore[arg-type]
    una.leverage("ETH", 10)
    una.buys("1 ETH @ 1900")
    m.account("dexter", usd="10").act(AgentEnableDexAbstraction())


def links(alice: Trader, bob: Trader) -> None:
    """What bob stakes lowers alice's fees from now on."""
    at: Any = START_MS
    alice.act(LinkStakingUser(bob.address, False, at))
    bob.act(LinkStakingUser(alice.address, True, at))


def permissions(m: Story, alice: Trader, bob: Trader) -> None:
    m.ex.operate(SetReferralCode(bob.address, "BOBSCODE"))
    alice.act(ApproveAgent(AGENT, START_MS, None))  # type: ignore[arg-type]
    alice.act(ApproveAgent(BOT, START_MS + 1, "bot"))  # type: ignore[arg-type]
    alice.act(ApproveBuilderFee("0.01%", bob.address, START_MS + 2))  # type: ignore[arg-type]


def perps(m: Story, alice: Trader, bob: Trader, carol: Trader) -> None:
    """Resting, crossing, refused and cancelled orders; a cross and an isolated position."""
    for step in range(3):
        bob.buys(f"0.5 BTC @ {49_990 - 10 * step}")
        bob.sells(f"0.5 BTC @ {50_010 + 10 * step}")
        bob.buys(f"10 ETH @ {1_999 - step}")
        bob.sells(f"10 ETH @ {2_001 + step}")
    m.advance(ms=70)
    alice.buys("0.7 BTC @ 50020", cloid=CLOID)
    m.advance(ms=70)
    alice.leverage("ETH", 10, cross=False)
    fee = BuilderTerms(bob.address, 10)  # type: ignore[arg-type]
    alice.place(alice.new_order("2 ETH @ 1999", is_buy=False, tif=Tif.IOC), builder=fee)
    alice.act(UpdateIsolatedMargin(1, True, 25_000_000))  # type: ignore[arg-type]
    m.advance(ms=70)
    alice.buys("0.1 BTC @ 49000", tif=Tif.ALO)
    alice.sells("0.2 BTC @ 51000", reduce_only=True, cloid=CLOID.replace("a1", "a2"))
    alice.buys("0.1 BTC @ 50030", tif=Tif.ALO)
    alice.buys("0.1 BTC @ 45000", tif=Tif.IOC)
    alice.buys("1 SOL @ 90")
    alice.cancel("SOL", next(reversed(alice.account.orders)))
    carol.sells("0.05 BTC @ 49980", tif=Tif.FRONTEND_MARKET)


def spot(alice: Trader, bob: Trader) -> None:
    bob.sells("10 @2 @ 40.5")
    bob.buys("5 @2 @ 39.5")
    alice.buys("1.27 @2 @ 40.5")
    fee = BuilderTerms(bob.address, 5)  # type: ignore[arg-type]
    alice.place(alice.new_order("0.5 @2 @ 39.5", is_buy=False), builder=fee)
    alice.buys("100 PURR/USDC @ 0.19")


def transfers(alice: Trader, bob: Trader) -> None:
    at: Any = START_MS + 3
    alice.act(UsdSend(bob.address, "12.5", at))  # type: ignore[arg-type]
    alice.act(SpotSend(address("dave"), PURR, "100", at))  # type: ignore[arg-type]
    alice.act(UsdClassTransfer("250", False, at))
    alice.act(SendAsset(bob.address, "spot", "", USDC, "40", "", at))  # type: ignore[arg-type]
    alice.act(Withdraw3(ALICE, "20", at))  # type: ignore[arg-type]


def later(m: Story, alice: Trader, bob: Trader) -> None:
    """After the hour: the price moves, and half a position is closed."""
    m.oracle("BTC", "50100")
    bob.buys("0.5 BTC @ 50090")
    alice.sells("0.3 BTC @ 50000", tif=Tif.IOC)
    alice.act(SetReferrer("BOBSCODE"))
    stakes(bob)
    m.ex.seal()


def stakes(bob: Trader) -> None:
    """HYPE at a validator, some of it idle, some on its way back."""
    at: Any = START_MS
    bob.act(StakingDeposit(20 * 10**8, at))  # type: ignore[arg-type]
    bob.act(TokenDelegate(VALIDATOR, 12 * 10**8, False, at))  # type: ignore[arg-type]
    bob.act(StakingWithdraw(3 * 10**8, at))  # type: ignore[arg-type]


def bets(m: Story) -> None:
    """An outcome that lives, one that is settled, and a question of which one is."""
    about = "class:priceBinary|underlying:BTC|expiry:20260503-0600|targetPrice:78213|period:1d"
    m.ex.operate(ListOutcome("Recurring", about, px=px("0.515")))
    m.ex.operate(ListOutcome("Gone", sides=("Up", "Down")))
    m.ex.operate(ListQuestion("Who?", (("A", ""), ("B", "the other"))))
    m.ex.operate(SettleOutcome(2, px("0.25"), "price:76876.9"))
    m.ex.operate(SettleOutcome(4, px("0")))


# -- the requests ----------------------------------------------------------------------------------

CASES: dict[str, list[dict[str, Any]]] = {
    "activeAssetData": [
        {"user": ALICE, "coin": "BTC"},
        {"user": ALICE, "coin": "ETH"},
        {"user": NOBODY, "coin": "ISO"},
        {"user": ALICE, "coin": "NOPE"},
        {"user": ALICE, "coin": "test:GOLD"},
    ],
    "allMids": [{}, {"dex": ""}, {"dex": "test"}, {"dex": "nope"}],
    **lenders.CASES,
    "candleSnapshot": [
        {"req": {"coin": coin, "interval": interval, "startTime": START_MS}}
        for coin, interval in (("BTC", "1h"), ("@2", "30m"), ("GONE", "1h"), ("NOPE", "1h"))
    ],
    **{
        name: [{"user": user} for user in (BOB, NOBODY)]
        for name in ("delegations", "delegatorSummary", "delegatorHistory", "delegatorRewards")
    },
    "clearinghouseState": [
        *({"user": user} for user in (ALICE, CAROL, NOBODY, UNA)),
        {"user": ALICE, "dex": "test"},
        {"user": NOBODY, "dex": "nope"},
    ],
    **{
        name: [{"user": ALICE}, {"user": NOBODY}, {"user": BOB, "dex": "test"}]
        for name in ("openOrders", "frontendOpenOrders")
    },
    "perpsAtOpenInterestCap": [{}, {"dex": "test"}],
    "extraAgents": [{"user": ALICE}, {"user": AGENT}],
    "fundingHistory": [
        {"coin": coin, "startTime": START_MS} for coin in ("BTC", "@2", "test:GOLD")
    ],
    "l2Book": [
        {"coin": "BTC"},
        {"coin": "BTC", "nSigFigs": 3},
        {"coin": "BTC", "nSigFigs": 5, "mantissa": 5},
        {"coin": "BTC", "nSigFigs": 5, "mantissa": 1},
        {"coin": "GONE"},
        {"coin": "NOPE"},
    ],
    "marginTable": [{"id": 56}, {"id": 3}, {"id": 99}, {"id": 50, "dex": "test"}],
    "maxBuilderFee": [{"user": ALICE, "builder": BOB}, {"user": BOB, "builder": ALICE}],
    "meta": [{"dex": ""}, {"dex": "test"}, {"dex": "nope"}],
    "metaAndAssetCtxs": [{}, {"dex": "test"}, {"dex": "nope"}],
    "orderStatus": [
        {"user": ALICE, "oid": CLOID},
        {"user": ALICE, "oid": CLOID.replace("a1", "a2")},
        {"user": BOB, "oid": 1},
        {"user": ALICE, "oid": 1},
    ],
    "perpAnnotation": [{"coin": "BTC"}, {"coin": "test:GOLD"}],
    "perpDexLimits": [{"dex": ""}, {"dex": "test"}, {"dex": "nope"}],
    "perpDexStatus": [{"dex": ""}, {"dex": "test"}],
    "recentTrades": [{"coin": "BTC"}, {"coin": "GONE"}],
    "referral": [{"user": user} for user in (ALICE, BOB, NOBODY)],
    "spotClearinghouseState": [{"user": user} for user in (ALICE, NOBODY, UNA, PAM)],
    "settledOutcome": [{"outcome": number} for number in (1, 2, 4, 9)],
    "tokenDetails": [{"tokenId": token.token_id} for token in universe().tokens],
    "userFees": [{"user": user} for user in (ALICE, BOB, NOBODY)],
    "userAbstraction": [{"user": user} for user in (ALICE, UNA, PAM, DEXTER, NOBODY)],
    "userDexAbstraction": [{"user": user} for user in (ALICE, DEXTER, NOBODY)],
    "userFills": [
        {"user": ALICE},
        {"user": ALICE, "aggregateByTime": True},
        {"user": BOB, "aggregateByTime": False},
    ],
    "userFillsByTime": [
        {"user": ALICE, "startTime": START_MS, "endTime": START_MS + HOUR_MS - 1},
        {"user": ALICE, "startTime": START_MS + HOUR_MS, "endTime": None},
        {"user": ALICE, "startTime": START_MS, "aggregateByTime": True},
    ],
    "userFunding": [{"user": ALICE, "startTime": START_MS}, {"user": CAROL}],
    "userTwapSliceFillsByTime": [
        {"user": ALICE, "startTime": START_MS + 300_000, "endTime": START_MS + 330_000},
        {"user": NOBODY, "startTime": START_MS},
    ],
    "userNonFundingLedgerUpdates": [{"user": user} for user in (ALICE, BOB, ERIN, VAULT)],
    "userRole": [{"user": user} for user in (ALICE, AGENT, BOT, NOBODY, DESK, VAULT)],
    "subAccounts": [{"user": user} for user in (ERIN, DESK)],
    "subAccounts2": [{"user": user} for user in (ERIN, NOBODY)],
    "vaultDetails": [
        {"vaultAddress": VAULT, "user": FRANK},
        {"vaultAddress": VAULT},
        {"vaultAddress": ERIN, "user": None},
    ],
    "userVaultEquities": [{"user": user} for user in (ERIN, FRANK, NOBODY)],
    "leadingVaults": [{"user": user} for user in (ERIN, FRANK)],
    "userToMultiSigSigners": [{"user": user} for user in (ALICE, address("multi"), NOBODY)],
}
"""Request fields by type; a type that is not here is asked about alice, or about nobody at all."""


STAGES: dict[str, Callable[[], Story]] = {
    **dict.fromkeys(("twapHistory", "userTwapSliceFills", "userTwapSliceFillsByTime"), twaps.lived),
    **dict.fromkeys(lenders.CASES, lenders.lived),
    **dict.fromkeys(
        (
            "allPerpMetas",
            "perpAnnotation",
            "perpCategories",
            "perpConciseAnnotations",
            "perpDexLimits",
            "perpDexs",
            "perpDexStatus",
        ),
        dexing.lived,
    ),
}
"""What the busy exchange has none of is shown by another; what names the dex `test`, by its own."""


def stage_of(request: dict[str, Any]) -> Story:
    return (dexing.lived if "test" in str(request) else STAGES.get(request["type"], busy))()


def requests(name: str) -> list[dict[str, Any]]:
    usual: list[dict[str, Any]] = [{}]
    if any(field.wire == "user" for field in INFO[name].fields):
        usual = [{"user": ALICE}, {"user": NOBODY}]
    return [{"type": name, **fields} for fields in CASES.get(name, usual)]


def outcome(request: dict[str, Any]) -> dict[str, Any]:
    """`{"request", "reply"}`, or the status instead of the reply."""
    try:
        view = stage_of(request).view
        body = answer(view, msgspec.json.encode(request))
    except Unanswerable:
        return {"request": request, "status": 500}
    return {"request": request, "reply": json.loads(body)}


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.json"


def write(name: str) -> None:
    golden = {"source": INFO[name].source, "cases": [outcome(one) for one in requests(name)]}
    path_of(name).parent.mkdir(parents=True, exist_ok=True)
    path_of(name).write_text(json.dumps(golden, indent=1) + "\n", "utf-8")


@pytest.mark.parametrize("name", list(INFO))
def test_a_registered_type_answers_as_its_golden_says(name: str) -> None:
    """Evidence: the `source` in the golden. A type without a golden fails here."""
    if WRITES:
        write(name)
    assert path_of(name).exists(), f"{name} is registered and has no golden"
    golden = json.loads(path_of(name).read_text("utf-8"))

    assert golden["source"] == INFO[name].source
    assert [case["request"] for case in golden["cases"]] == requests(name)
    for case in golden["cases"]:
        # Compared as text, so that the order of the keys counts.
        assert json.dumps(outcome(case["request"])) == json.dumps(case)


def test_no_golden_is_left_of_a_type_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(INFO)


def test_the_busy_exchange_refuses_nothing_by_accident() -> None:
    """The goldens show an account with everything; this says that it was really made."""
    alice = busy().ex.state.accounts[ALICE]
    statuses = {row.status for row in alice.history.rows}

    assert statuses == {
        "open",
        "filled",
        "canceled",
        "badAloPxRejected",
        "iocCancelRejected",
    }
    assert [alice.positions[asset].is_cross for asset in (0, 1)] == [True, False]
    assert {row.delta.kind for row in alice.ledger} == {
        "deposit",
        "spotGenesis",
        "internalTransfer",
        "spotTransfer",
        "accountClassTransfer",
        "send",
        "withdraw",
    }
    assert len(alice.fundings) == 2
