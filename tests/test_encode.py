"""Replies of `/exchange`: exact bytes and texts, and one golden request per action."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgpack
import pytest
from stories import START_MS, Story, market, usd

from hlsim.server.encode import error_text, plain_text, reject_text, response_bytes, response_json
from hlsim.server.envelope import read_envelope, read_envelope_value
from hlsim.server.signing import action_hash, envelope_digest, recover
from hlsim.sim.actions import ACTIONS
from hlsim.sim.call import Call
from hlsim.sim.errors import (
    ActionError,
    ActionReject,
    CancelReject,
    OrderReject,
    Reject,
    TwapReject,
)
from hlsim.sim.fixed import Address, Cloid, Px, Sz, Wei
from hlsim.sim.operations import DepositUsd, MintToken
from hlsim.sim.replies import (
    CancelReplies,
    Done,
    Filled,
    OrderReplies,
    Refused,
    Response,
    Resting,
    TwapCanceled,
    TwapPlaced,
    Waiting,
)

GOLDENS = Path(__file__).parent / "golden" / "exchange"
CLOID = Cloid("0x" + "ab" * 16)


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (Done(), '{"status":"ok","response":{"type":"default"}}'),
        (
            OrderReplies((Resting(77738308, None), Resting(5, CLOID))),
            '{"status":"ok","response":{"type":"order","data":{"statuses":['
            '{"resting":{"oid":77738308}},{"resting":{"oid":5,"cloid":"' + CLOID + '"}}]}}}',
        ),
        (
            OrderReplies(
                (
                    Filled(77747314, Sz(2_000_000), Px(189_140_000_000), None),
                    Filled(8, Sz(13_600_000_000), Px(50_000_000_000_001), CLOID),
                )
            ),
            '{"status":"ok","response":{"type":"order","data":{"statuses":['
            '{"filled":{"totalSz":"0.02","avgPx":"1891.4","oid":77747314}},'
            '{"filled":{"totalSz":"136.0","avgPx":"500000.00000001","oid":8,'
            '"cloid":"' + CLOID + '"}}]}}}',
        ),
        (
            OrderReplies((Resting(5, None), Reject(OrderReject.TICK, 7))),
            '{"status":"ok","response":{"type":"order","data":{"statuses":['
            '{"resting":{"oid":5}},'
            '{"error":"Price must be divisible by tick size. asset=7"}]}}}',
        ),
        (
            OrderReplies((Resting(5, None), Waiting.FOR_FILL, Waiting.FOR_TRIGGER)),
            '{"status":"ok","response":{"type":"order","data":{"statuses":['
            '{"resting":{"oid":5}},"waitingForFill","waitingForTrigger"]}}}',
        ),
        (
            OrderReplies((Reject(OrderReject.EMPTY),)),
            '{"status":"ok","response":{"type":"order","data":{"statuses":['
            '{"error":"Orders are empty."}]}}}',
        ),
        (
            CancelReplies((None, Reject(CancelReject.NOT_OPEN, 10107))),
            '{"status":"ok","response":{"type":"cancel","data":{"statuses":["success",'
            '{"error":"Order was never placed, already canceled, or filled. asset=10107"}]}}}',
        ),
        (
            TwapPlaced(77738308),
            '{"status":"ok","response":{"type":"twapOrder","data":'
            '{"status":{"running":{"twapId":77738308}}}}}',
        ),
        (
            TwapPlaced(Reject(TwapReject.DURATION, 1, {"minutes": 1})),
            '{"status":"ok","response":{"type":"twapOrder","data":'
            '{"status":{"error":"Invalid TWAP duration: 1 min(s)"}}}}',
        ),
        (
            TwapCanceled(None),
            '{"status":"ok","response":{"type":"twapCancel","data":{"status":"success"}}}',
        ),
        (
            TwapCanceled(Reject(TwapReject.NOT_RUNNING, 1)),
            '{"status":"ok","response":{"type":"twapCancel","data":{"status":{"error":'
            '"TWAP was never placed, already canceled, or filled."}}}}',
        ),
        (
            Refused(ActionError(ActionReject.UNKNOWN_SIGNER, address="0x" + "ab" * 20)),
            '{"status":"err","response":"User or API Wallet 0x' + "ab" * 20 + ' does not exist."}',
        ),
    ],
    ids=[
        "default",
        "resting",
        "filled",
        "mixed",
        "bracket",
        "static",
        "cancel",
        "twap",
        "no twap",
        "twap cancel",
        "no twap cancel",
        "refused",
    ],
)
def test_replies_are_the_bytes_of_the_exchange(response: Response, body: str) -> None:
    """Observed: key order and number formats of recorded replies (exchange 1.1, 5.1)."""
    assert response_bytes(response) == body.encode()
    assert response_json(response) == json.loads(body)


@pytest.mark.parametrize(
    ("reject", "text"),
    [
        (
            Reject(OrderReject.BAD_ALO_PX, 0, {"bbo": (4442900000000, 4443050000000)}),
            "Post only order would have immediately matched, bbo was 44429@44430.5. asset=0",
        ),
        (
            Reject(OrderReject.BAD_ALO_PX, 0, {"bbo": (None, 50000)}),
            "Post only order would have immediately matched, bbo was 0@0.0005. asset=0",
        ),
        (
            Reject(OrderReject.MIN_TRADE_NTL, 173),
            "Order must have minimum value of $10. asset=173",
        ),
        (
            Reject(OrderReject.MIN_TRADE_SPOT_NTL, 10000, {"quote": "USDC"}),
            "Order must have minimum value of 10 USDC. asset=10000",
        ),
        (Reject(OrderReject.SPOT_BALANCE, 10000), "Insufficient spot balance asset=10000"),
        (Reject(OrderReject.MARGIN, 135), "Insufficient margin to place order. asset=135"),
        (
            Reject(OrderReject.REDUCE_ONLY, 2),
            "Reduce only order would increase position. asset=2",
        ),
        (
            Reject(OrderReject.IOC_CANCEL, 3),
            "Order could not immediately match against any resting orders. asset=3",
        ),
        (
            Reject(OrderReject.PRICE_BAND, 3, {"percent": 95}),
            "Order price cannot be more than 95% away from the reference price",
        ),
        (
            Reject(OrderReject.VALUE_TOO_LARGE, 3, {"max_ntl": 5_000_000}),
            "Order value too large. Max is $5000000.",
        ),
        (Reject(OrderReject.INVALID_SZ, 3), "Order has invalid size."),
        (Reject(OrderReject.BAD_TRIGGER_PX, 0), "Invalid TP/SL price. asset=0"),
        (Reject(OrderReject.NO_LIQUIDITY, 3), "No liquidity available for market order. asset=3"),
        (Reject(OrderReject.MAIN_TRIGGER, 3), "Main order cannot be trigger order."),
        (Reject(OrderReject.TRIGGER_COUNT, 3), "Unexpected number of trigger orders"),
        (
            Reject(OrderReject.SPOT_TRIGGER, 10107),
            "Placing trigger orders is not enabled on spot trading yet.",
        ),
        (Reject(OrderReject.HALTED, 3), "Trading is halted."),
        (Reject(OrderReject.BUILDER_FEE, 3), "Builder fee has not been approved."),
        (Reject(ActionReject.MODIFY_NOT_OPEN, 3), "Cannot modify canceled or filled order"),
        (
            Reject(ActionReject.MODIFY_PLACING, 3, {"reason": Reject(OrderReject.TICK, 3)}),
            "Error placing new order during modify: Price must be divisible by tick size. asset=3",
        ),
    ],
    ids=lambda value: "" if isinstance(value, Reject) else None,
)
def test_the_text_of_one_refusal(reject: Reject, text: str) -> None:
    """Observed: ` asset=N` behind what is judged at execution, and only there (exchange 7)."""
    assert reject_text(reject) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            ActionError(ActionReject.NONCE_LOW, nonce=1791140676851, bound=1791227196699),
            "Invalid nonce: nonce too low 1791140676851 < 1791227196699",
        ),
        (
            ActionError(ActionReject.SCHEDULE_VOLUME, traded="$12066.75"),
            "Cannot set scheduled cancel time until enough volume traded. "
            "Required: $1000000. Traded: $12066.75.",
        ),
        (
            ActionError(ActionReject.MODIFY_PLACING, reason=Reject(OrderReject.MARGIN, 3)),
            "Error placing new order during modify: Insufficient margin to place order. asset=3",
        ),
        (
            ActionError(OrderReject.PRICE_BAND, percent=80),
            "Order price cannot be more than 80% away from the reference price",
        ),
        (ActionError(ActionReject.EXPIRED), "Action already expired"),
        (ActionError(ActionReject.UNKNOWN_TOKEN, token="{odd}"), "Unknown token {odd}"),
    ],
    ids=["nonce", "volume", "modify", "static modify", "plain", "braces"],
)
def test_the_text_that_refuses_a_whole_action(error: ActionError, text: str) -> None:
    """Observed: bare strings without a suffix of their own (exchange 7.1 to 7.5)."""
    assert error_text(error) == text


def test_every_text_can_be_written() -> None:
    """No member holds a field that `words` does not fill, and none stays in braces."""
    words = {
        "bbo": (1, 2), "percent": 1, "max_ntl": 1, "quote": "Q", "reason": Reject(OrderReject.TICK),
        "address": "A", "nonce": 1, "bound": 1, "traded": "$0", "token": "T", "sub": "S",
        "limit": 3, "minutes": 1, "least": 1, "source": "A", "destination": "B",
        "code": 148, "coin": "C", "used": 2, "most": 1, "volume": 0,
    }  # fmt: skip
    texts = [reject_text(Reject(why, 1, words)) for why in (*OrderReject, *CancelReject)]
    texts += [error_text(ActionError(why, **words)) for why in ActionReject]
    texts += [plain_text(Reject(why, 1, words)) for why in TwapReject]

    assert not [text for text in texts if "{" in text or "}" in text]


# -- goldens ---------------------------------------------------------------------------------------


def story_of(signer: Address) -> Story:
    """A small exchange on which `signer` has perps collateral, USDC, PURR and HYPE."""
    story = market()
    story.ex.operate(DepositUsd(signer, usd("100000")))
    for name in ("USDC", "PURR", "HYPE"):
        token = story.ex.state.universe.token_by_name[name]
        amount = Wei(10_000 * 10**token.wei_decimals)
        story.ex.operate(MintToken(signer, token.index, amount))
    return story


def apply_unsigned(story: Story, signer: Address, action: dict[str, Any], nonce: int) -> None:
    """Carries out an action of a golden's `before`, for which nobody asks a signature."""
    posted = {"action": action, "nonce": nonce, "signature": {"r": "1", "s": "1", "v": 27}}
    story.ex.apply(read_envelope_value(posted).action, Call(signer, nonce, START_MS))


@pytest.mark.parametrize("name", ACTIONS)
def test_golden(name: str) -> None:
    """Every action has a request whose bytes, hash, signer and reply are pinned.

    `signed` is what the client packed and signed, `hash` the connection id of an L1 action or the
    EIP-712 digest of a user-signed one, `before` what the signer did earlier, after having `traded`
    so many dollars.
    """
    path = GOLDENS / f"{name}.json"
    assert path.is_file(), f"the action {name} needs {path}"
    golden = json.loads(path.read_text())

    posted = read_envelope(json.dumps(golden["request"]).encode())
    if posted.spec.is_l1:
        hashed = action_hash(golden["signed"], posted.nonce, posted.vault, posted.expires_after)
    else:
        hashed = envelope_digest(posted)
    signer = recover(posted, chain=golden["chain"])

    assert posted.spec.name == name
    assert posted.packed.hex() == golden["packed"] == msgpack.packb(golden["signed"]).hex()
    assert "0x" + hashed.hex() == golden["hash"]
    assert signer == golden["signer"]

    story = story_of(signer)
    story.ex.state.accounts[signer].volume.total_usd = golden.get("traded", 0) * 10**8
    for offset, action in enumerate(golden["before"]):
        apply_unsigned(story, signer, action, START_MS - 1000 + offset)
    call = Call(signer, posted.nonce, START_MS, posted.vault, posted.expires_after)
    assert response_json(story.ex.apply(posted.action, call)) == golden["reply"]


@pytest.mark.parametrize("destination", ["AB" * 20, "0x" + "aB" * 20])
def test_a_destination_is_the_same_account_however_it_is_written(destination: str) -> None:
    """Observed: `0x` optional, any case (exchange 2.2)."""
    signer = Address("0x" + "11" * 20)
    story = story_of(signer)
    chain = {"signatureChainId": "0x1", "hyperliquidChain": "Testnet"}
    send = {"type": "usdSend", **chain, "destination": destination, "amount": "5", "time": 1}

    apply_unsigned(story, signer, send, START_MS)

    found = story.ex.account(Address("0x" + "ab" * 20))
    assert found is not None
    assert found.raw_usd > 0


def test_there_is_no_golden_without_an_action() -> None:
    assert {path.stem for path in GOLDENS.glob("*.json")} == set(ACTIONS)
