"""Journal lines: exact both ways, for every action and operation there is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deeds import Crowd
from replaying import replay
from stories import START_MS, address, market

from hlsim.matching.types import Tif
from hlsim.server.journal import decode, encode
from hlsim.sim import operations
from hlsim.sim.actions import ACTIONS
from hlsim.sim.actions.abstraction import (
    AgentEnableDexAbstraction,
    AgentSetAbstraction,
    UserDexAbstraction,
    UserPortfolioMargin,
    UserSetAbstraction,
)
from hlsim.sim.actions.agents import ApproveAgent, ApproveBuilderFee
from hlsim.sim.actions.cancels import (
    Cancel,
    CancelByCloid,
    CancelCloid,
    CancelOid,
    ScheduleCancel,
)
from hlsim.sim.actions.deploys import SpotDeploy, UserGenesis
from hlsim.sim.actions.lending import BorrowLend
from hlsim.sim.actions.leverage import TopUpIsolatedOnlyMargin, UpdateIsolatedMargin, UpdateLeverage
from hlsim.sim.actions.misc import Noop, SetReferrer
from hlsim.sim.actions.multisig import ConvertToMultiSigUser, SignersText
from hlsim.sim.actions.orders import (
    BatchModify,
    BuilderTerms,
    LimitTerms,
    Modification,
    Modify,
    NewOrder,
    OrderTerms,
    PlaceOrders,
    Priority,
    TriggerTerms,
)
from hlsim.sim.actions.outcomes import (
    ActivateOutcomeDeployer,
    DeployOperation,
    MergeOutcome,
    NegateOutcome,
    OutcomeDeploy,
    Settlement,
    SettleQuestion2,
    UserOutcome,
    Venue,
)
from hlsim.sim.actions.perp_deploys import (
    AssetRequest2,
    Hip3LiquidatorTransfer,
    PerpDeploy,
    RegisterAsset2,
    Schema,
    SetSubDeployers,
    SubDeployer,
)
from hlsim.sim.actions.referrals import ClaimRewards, RegisterReferrer
from hlsim.sim.actions.staking import (
    LinkStakingUser,
    StakingDeposit,
    StakingLinkDisableTradingUser,
    StakingWithdraw,
    TokenDelegate,
)
from hlsim.sim.actions.sub_accounts import (
    CreateSubAccount,
    SubAccountModify,
    SubAccountSpotTransfer,
    SubAccountTransfer,
)
from hlsim.sim.actions.transfers import (
    SendAsset,
    SendToEvmWithData,
    SpotSend,
    UsdClassTransfer,
    UsdSend,
    Withdraw3,
)
from hlsim.sim.actions.twap import TwapAsked, TwapCancel, TwapDetails, TwapOrder, TwapTrigger
from hlsim.sim.actions.validators import (
    CSignerAction,
    CValidatorAction,
    NodeIp,
    Profile,
    ProfileChange,
    Registration,
    ValidatorL1Stream,
)
from hlsim.sim.actions.vaults import CreateVault, VaultDistribute, VaultModify, VaultTransfer
from hlsim.sim.actions.wallets import (
    AgentSendAsset,
    AuthorizeAqav2Role,
    CreateNonce,
    DeployedBy,
    EvmUserModify,
    FinalizeEvmContract,
    GossipPriorityBid,
    ReserveRequestWeight,
    SetDisplayName,
    SpotDusting,
    SpotUser,
)
from hlsim.sim.assets import MarginMode
from hlsim.sim.call import Call, CoSigned
from hlsim.sim.exchange import Advanced, Applied, Exchange, Input, Operated, Sealed
from hlsim.sim.state import SignerSet

USER: Any = address("alice")
CLOID: Any = "0x" + "0f" * 16
BIG: Any = 2**64 - 1


def order(**words: Any) -> NewOrder:
    terms = {
        "asset": 3,
        "is_buy": True,
        "px": 10**8,
        "sz": 5,
        "terms": OrderTerms(LimitTerms(Tif.ALO)),
    }
    return NewOrder(**(terms | words))


WITH_CLOID = order(cloid=CLOID, reduce_only=True, terms=OrderTerms(LimitTerms(Tif.IOC)))
STOP = order(reduce_only=True, terms=OrderTerms(trigger=TriggerTerms(True, BIG, "sl")))

PROFILE = Profile(NodeIp("::1"), "a", "b", True, BIG, USER)

EXAMPLES: list[Any] = [
    PlaceOrders((order(), WITH_CLOID), builder=BuilderTerms(USER, BIG)),
    PlaceOrders((order(), STOP), "normalTpsl"),
    PlaceOrders((order(),), Priority(BIG)),
    PlaceOrders(()),
    Modify(BIG, order()),
    Modify(CLOID, WITH_CLOID, always_place=True),
    BatchModify((Modification(CLOID, order()), Modification(BIG, order()))),
    Cancel((CancelOid(BIG, BIG),), fast=True),
    CancelByCloid((CancelCloid(BIG, CLOID),)),
    ScheduleCancel(),
    ScheduleCancel(BIG),
    UpdateLeverage(BIG, True, BIG),
    UpdateIsolatedMargin(BIG, False, -(2**63)),  # type: ignore[arg-type]
    TopUpIsolatedOnlyMargin(BIG, "2.5"),
    UsdSend(USER, "1e-3", BIG),
    SpotSend(USER, "PURR:0xé\u2028\\\n", "1", BIG),
    Withdraw3(USER, "2", BIG),
    UsdClassTransfer("3", True, BIG),
    SendAsset(USER, "", "spot", "USDC", "4", "", BIG),
    ApproveAgent(agent_address=USER, nonce=BIG),
    ApproveAgent(agent_address=USER, agent_name="", nonce=BIG),
    ApproveBuilderFee("0.001%", USER, BIG),
    Noop(),
    SetReferrer("CODE"),
    TwapOrder(TwapAsked(BIG, True, BIG, False, BIG, True)),
    TwapOrder(
        TwapAsked(BIG, True, BIG, False, BIG, True), TwapDetails(TwapTrigger(BIG, False), BIG)
    ),
    TwapCancel(BIG, BIG),
    RegisterReferrer("CODE"),
    ClaimRewards(),
    TokenDelegate(USER, BIG, True, BIG),
    StakingDeposit(BIG, BIG),
    StakingWithdraw(BIG, BIG),
    LinkStakingUser(USER, True, BIG),
    StakingLinkDisableTradingUser(USER, BIG),
    SendToEvmWithData("USDC", "1", "", USER, "base58", 1, BIG, b"\0\xff", BIG),  # type: ignore[arg-type]
    FinalizeEvmContract(BIG, "customStorageSlot"),
    FinalizeEvmContract(BIG, DeployedBy(CreateNonce(BIG))),
    ActivateOutcomeDeployer(activate=Venue("ab")),
    ActivateOutcomeDeployer(deactivate=True),  # type: ignore[arg-type]
    OutcomeDeploy(
        "ab",
        DeployOperation(
            settle_question2=SettleQuestion2(
                BIG, (Settlement(BIG, "1", "", ("a", ""), ("Yes", "No")),), ("q", "é")
            )
        ),
    ),
    ConvertToMultiSigUser(SignersText('{"é"', SignerSet((USER, USER), 2)), BIG),
    ConvertToMultiSigUser(SignersText("null", None), BIG),
    ConvertToMultiSigUser(SignersText("", None, is_readable=False), BIG),
    UserSetAbstraction(USER, "disabled", BIG),  # type: ignore[arg-type]
    AgentSetAbstraction("unifiedAccount"),  # type: ignore[arg-type]
    BorrowLend("repay", BIG, None),  # type: ignore[arg-type]
    UserDexAbstraction(USER, True, BIG),
    UserPortfolioMargin(USER, False, BIG),
    AgentEnableDexAbstraction(),
    SetDisplayName("me"),
    AgentSendAsset(USER, "", "spot", "USDC", "1", "", BIG),
    ReserveRequestWeight(BIG),
    ReserveRequestWeight(BIG, USER),
    SpotUser(SpotDusting(True)),
    EvmUserModify(True),
    GossipPriorityBid(BIG, "1.2.3.4", BIG),
    AuthorizeAqav2Role(BIG, "treasury"),
    ValidatorL1Stream("0.05"),
    CSignerAction(jail_self=True),  # type: ignore[arg-type]
    CValidatorAction(unregister=True),  # type: ignore[arg-type]
    CValidatorAction(change_profile=ProfileChange(unjailed=True, node_ip=NodeIp("::1"))),
    CValidatorAction(
        register=Registration(Profile(NodeIp("::1"), "a", "b", True, BIG, USER), True, BIG)
    ),
    CreateSubAccount("desk"),
    SubAccountModify(USER, "\U0001f600"),
    SubAccountTransfer(USER, True, BIG),
    SubAccountSpotTransfer(USER, False, "USDC", "1e-3"),
    CreateVault("Vault", "A vault\nof two lines", BIG, BIG),
    VaultTransfer(USER, False, BIG),
    VaultModify(USER, None, True),
    VaultDistribute(USER, BIG),
    UserOutcome(merge_outcome=MergeOutcome(1)),  # type: ignore[arg-type]
    UserOutcome(negate_outcome=NegateOutcome(1, 2, 3)),  # type: ignore[arg-type]
    SpotDeploy(user_genesis=UserGenesis(3, ((USER, "1"),), ((1, "2"),), ((USER, True),))),  # type: ignore[arg-type]
    PerpDeploy(
        register_asset2=RegisterAsset2(
            max_gas=BIG,
            asset_request=AssetRequest2("ab:é", 2, "1.0", 10, "noCross"),
            dex="ab",
            schema=Schema("A\nb", 0, USER),
        )
    ),
    PerpDeploy(set_sub_deployers=SetSubDeployers("ab", (SubDeployer("setOracle", USER, True),))),
    PerpDeploy(set_open_interest_caps=(("ab:A", BIG), ("ab:B", 1))),  # type: ignore[arg-type]
    PerpDeploy(set_growth_modes=(("ab:A", True),)),
    PerpDeploy(disable_dex="ab"),
    Hip3LiquidatorTransfer("ab", BIG, True),  # type: ignore[arg-type]
    operations.DepositUsd(USER, 10**15),  # type: ignore[arg-type]
    operations.MintToken(USER, 1, 10**18),  # type: ignore[arg-type]
    operations.SetOracle(((0, BIG), (1, BIG))),
    operations.SetMark(((0, BIG), (1, BIG))),
    operations.Requote(USER, 3, ((7, 0), (8, BIG)), ((True, BIG, BIG), (False, BIG, 1))),  # type: ignore[arg-type]
    operations.TakeBook(USER, 3, True, BIG, BIG),
    operations.SetReferralCode(USER, "CODE"),
    operations.SetHalt(3, True),
    operations.KeepHistory(USER, 50),
    operations.GrantRequests(USER, BIG),
    operations.ListPerp("NEW", 2, 10, 5 * 10**8, 51, MarginMode.NO_CROSS, 10**9),  # type: ignore[arg-type]
    operations.DelistPerp(3),
    operations.ListOutcome("Rain?", "é|b", ("Yes", "No"), 0, 1),  # type: ignore[arg-type]
    operations.ListQuestion("Who?", (("A", ""), ("B", "b"))),
    operations.SettleOutcome(1, 5, "price:1"),  # type: ignore[arg-type]
    operations.SettleQuestion(1, 2, "price:1"),
    operations.SetOpenInterestCap(3, 10**12),  # type: ignore[arg-type]
    operations.SetOpenInterestCap(3, None),
    operations.UpgradeNetwork(60_000),
]


def as_input(example: Any) -> Input:
    if type(example) in operations.OPERATIONS.values():
        return Operated(example, START_MS)
    return Applied(example, Call(USER, BIG, START_MS, USER, BIG), START_MS)


def test_the_examples_are_all_there_is() -> None:
    """A new action without an example here fails."""
    kinds = {type(example) for example in EXAMPLES}
    assert kinds == {spec.cls for spec in ACTIONS.values()} | set(operations.OPERATIONS.values())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_an_input_survives_its_line(example: Any) -> None:
    item = as_input(example)
    line = encode(item)
    assert b"\n" not in line
    assert decode(line) == item
    assert decode(line.decode()) == item
    assert type(decode(line)) is type(item)


def test_who_signed_inside_survives_the_line() -> None:
    """The recovered signers are inputs: a replay has no signatures."""
    call = Call(USER, BIG, START_MS, multi_sig=CoSigned(address("multi"), (USER, address("bob"))))
    item = Applied(Noop(), call, START_MS)

    assert decode(encode(item)) == item


@pytest.mark.parametrize("item", [Advanced(START_MS), Sealed()])
def test_time_and_block_ends_survive_their_line(item: Input) -> None:
    assert decode(encode(item)) == item


def test_a_line_is_plain_json_with_scaled_integers() -> None:
    item = Applied(PlaceOrders((order(),)), Call(USER, 7, START_MS), START_MS)
    assert json.loads(encode(item)) == {
        "kind": "applied",
        "time_ms": START_MS,
        "name": "order",
        "body": {
            "orders": [
                {
                    "asset": 3,
                    "is_buy": True,
                    "px": 10**8,
                    "sz": 5,
                    "reduce_only": False,
                    "terms": {"limit": {"tif": "Alo"}, "trigger": None},
                    "cloid": None,
                }
            ],
            "grouping": "na",
            "builder": None,
        },
        "call": {
            "signer": USER,
            "nonce": 7,
            "nonce_clock_ms": START_MS,
            "vault": None,
            "expires_after": None,
            "multi_sig": None,
        },
    }


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"kind":"applied"}',
        b'{"kind":"applied","name":"order","body":{}}',
        b'{"kind":"applied","name":"nosuch","body":{}}',
        b'{"kind":"operated","name":"DepositUsd","body":{"user":1,"usd":1}}',
        b'{"kind":"operated","name":"Exchange","body":{}}',
        b'{"kind":"sealed","more":1}',
        b'{"kind":"undone"}',
    ],
)
def test_anything_else_is_no_line(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a journal line"):
        decode(line)


@pytest.mark.parametrize("seed", range(3))
def test_a_replayed_journal_gives_the_same_exchange(seed: int) -> None:
    """Determinism: same start, same inputs, same state and same events."""
    lines: list[bytes] = []
    story = market(journal=lambda item: lines.append(encode(item)))
    crowd = Crowd(seed, story=story)
    for _ in range(150):
        crowd.deed()
        story.ex.seal()

    again = market().ex
    replay(lines, again)

    assert len(lines) > 150
    assert again.state_hash() == story.ex.state_hash()
    # Orders compare by identity; what they say is what counts.
    assert [repr(event) for event in again.drain()] == [repr(event) for event in story.ex.drain()]


def test_a_journal_goes_on_from_a_snapshot() -> None:
    lines: list[bytes] = []
    story = market(journal=lambda item: lines.append(encode(item)))
    crowd = Crowd(4, story=story)
    crowd.run(40)
    snapshot = story.ex.snapshot()
    del lines[:]
    crowd.run(40)

    again = Exchange.restore(snapshot)
    replay(lines, again)

    assert again.state_hash() == story.ex.state_hash()
