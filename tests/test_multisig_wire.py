"""Multi-sig requests as clients post them: digests, canonical form, shapes and order of checks.

The witnesses are nktkas' published vector and the official SDK's own helpers.
"""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from bodies import NOT_SHAPED, refusal
from eth_account import Account as Wallets
from hyperliquid.utils import signing as sdk
from mutants import mutate
from test_vectors import K2, NONCE, ORDER, V2, signature

from hlsim.server.decode import BadRequest
from hlsim.server.encode import error_text
from hlsim.server.envelope import Envelope, read_envelope, read_envelope_value
from hlsim.server.multisig import recover_multi_sig
from hlsim.server.strict_json import read_json
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.call import CoSigned
from hlsim.sim.errors import ActionError
from hlsim.sim.ids import ZERO_ADDRESS

LEADER, OWNER, OTHER = (Wallets.from_key("0x" + digits * 32) for digits in ("41", "42", "43"))
MULTI = "0x" + "aB" * 20
NOW = 1_767_225_600_000
UNRECOVERABLE = "Unable to recover signer."
OUTER = "Invalid multi-sig outer signer"

CHAIN = {"signatureChainId": "0x66eee", "hyperliquidChain": "Testnet"}
USER_SIGNED: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "usdSend": (
        sdk.USD_SEND_SIGN_TYPES,
        "UsdSend",
        {"destination": MULTI, "amount": "1.50", "time": NOW},
    ),
    "convertToMultiSigUser": (
        sdk.CONVERT_TO_MULTI_SIG_USER_SIGN_TYPES,
        "ConvertToMultiSigUser",
        {"signers": "null", "nonce": NOW},
    ),
    "userSetAbstraction": (
        sdk.USER_SET_ABSTRACTION_SIGN_TYPES,
        "UserSetAbstraction",
        {"user": MULTI.lower(), "abstraction": "disabled", "nonce": NOW},
    ),
}


def numbers(signed: dict[str, Any]) -> dict[str, Any]:
    return {"r": signed["r"], "s": signed["s"], "v": signed["v"]}


def body(action: dict[str, Any], inner: list[Any], **envelope: Any) -> dict[str, Any]:
    """What the SDK's `multi_sig` posts, signed by LEADER."""
    wrapped = {
        "type": "multiSig",
        "signatureChainId": "0x66eee",
        "signatures": inner,
        "payload": {
            "multiSigUser": MULTI.lower(),
            "outerSigner": LEADER.address.lower(),
            "action": copy.deepcopy(action),
        },
    }
    nonce = envelope.get("nonce", NOW)
    vault, expires = envelope.get("vaultAddress"), envelope.get("expiresAfter")
    outer = sdk.sign_multi_sig_action(LEADER, wrapped, False, vault, nonce, expires)
    return {"action": wrapped, "nonce": nonce, "signature": outer, **envelope}


def l1(action: dict[str, Any] = ORDER, *wallets: Any, **envelope: Any) -> dict[str, Any]:
    """An L1 action that OWNER and OTHER signed inside, by the SDK's helper."""
    inner = [
        sdk.sign_multi_sig_l1_action_payload(
            wallet,
            action,
            False,
            envelope.get("vaultAddress"),
            envelope.get("nonce", NOW),
            envelope.get("expiresAfter"),
            MULTI,
            LEADER.address,
        )
        for wallet in wallets or (OWNER, OTHER)
    ]
    return body(action, inner, **envelope)


def user_signed(name: str, **envelope: Any) -> dict[str, Any]:
    types, primary_type, fields = USER_SIGNED[name]
    action = {"type": name, **CHAIN, **fields}
    inner = [
        sdk.sign_multi_sig_user_signed_action_payload(
            wallet,
            action,
            False,
            types,
            f"HyperliquidTransaction:{primary_type}",
            MULTI,
            LEADER.address,
        )
        for wallet in (OWNER, OTHER)
    ]
    if name == "userSetAbstraction":
        action = {**action, "abstraction": "i"}
    return body(action, inner, **envelope)


def read(value: dict[str, Any]) -> Envelope:
    return read_envelope(json.dumps(value).encode())


def found(value: dict[str, Any], chain: Any = "testnet") -> tuple[str, CoSigned]:
    posted = read(value)
    assert posted.multi_sig is not None
    return recover_multi_sig(posted, posted.multi_sig, chain=chain)


def text_of(value: dict[str, Any], chain: Any = "testnet") -> str:
    with pytest.raises(ActionError) as refused:
        found(value, chain)
    return error_text(refused.value)


def addresses(*wallets: Any) -> tuple[Any, ...]:
    return tuple(wallet.address.lower() for wallet in wallets)


BOTH = (LEADER.address.lower(), CoSigned(MULTI.lower(), addresses(OWNER, OTHER)))  # type: ignore[arg-type]


# -- digests ---------------------------------------------------------------------------------------


def test_the_published_request_recovers_both_signatures() -> None:
    """Documented: nktkas' vector, one key outside and inside (exchange 10)."""
    inner = signature(
        "0x12a4e2b7cfc2b5fc3d1e7847573de88bf1172731392be62fa6a9f2de3772b5ba "
        "0x565f4ad818ae04b26624e548ed3d2a9d5a41a8b6460cfc1555a0fe07d6a56121 27"
    )
    outer = signature(
        "0x6ce5dcb0b71db89f2b94f1427533013457e93d9b3f2b3d2b84bf8a0cb0ec008f "
        "0x04e8981a177b328bebaae28598827f0aeee8be5b6f62756d81f6e71830c2103d 28"
    )
    wrapped = {
        "type": "multiSig",
        "signatureChainId": "0x66eee",
        "signatures": [inner],
        "payload": {"multiSigUser": V2, "outerSigner": K2, "action": ORDER},
    }
    posted = {"action": wrapped, "nonce": NONCE, "signature": outer}

    assert found(posted, "mainnet") == (K2, CoSigned(V2, (K2,)))  # type: ignore[arg-type]
    assert found(posted, "any") == (K2, CoSigned(V2, (K2,)))  # type: ignore[arg-type]
    assert text_of(posted) == OUTER


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        {"vaultAddress": V2},
        {"expiresAfter": NOW + 1},
        {"vaultAddress": V2, "expiresAfter": NOW + 1, "nonce": 7},
    ],
    ids=str,
)
def test_l1_actions_signed_by_the_sdk_recover_everybody(envelope: dict[str, Any]) -> None:
    """Documented: the SDK's helpers; vault and expiry are bound outside and inside (exchange 8)."""
    posted = l1(**envelope)

    assert found(posted) == BOTH
    assert found(posted, "any") == BOTH
    for key in envelope:
        changed = {**posted, key: None if key != "nonce" else 8}
        assert text_of(changed) == OUTER


@pytest.mark.parametrize("name", USER_SIGNED)
def test_user_signed_actions_signed_by_the_sdk_recover_everybody(name: str) -> None:
    """Documented: the SDK's helpers; both addresses stand behind `hyperliquidChain` (exchange 8).

    The mode is hashed as one letter in the wrapper and signed inside as a word (exchange 2.2).
    """
    posted = user_signed(name)

    assert found(posted) == BOTH
    assert found(posted, "any") == BOTH


def test_an_unnamed_agent_is_null_in_the_wrapper_and_empty_inside() -> None:
    """Observed: `agentName: null` belongs into the payload (exchange 2.2, 6)."""
    types = [
        {"name": "hyperliquidChain", "type": "string"},
        {"name": "agentAddress", "type": "address"},
        {"name": "agentName", "type": "string"},
        {"name": "nonce", "type": "uint64"},
    ]
    fields = {"agentAddress": MULTI.lower(), "agentName": "", "nonce": NOW}
    action = {"type": "approveAgent", **CHAIN, **fields}
    sign = sdk.sign_multi_sig_user_signed_action_payload
    primary_type = "HyperliquidTransaction:ApproveAgent"
    inner = [
        sign(wallet, action, False, types, primary_type, MULTI, LEADER.address)
        for wallet in (OWNER, OTHER)
    ]
    posted = body({**action, "agentName": None}, inner)

    assert found(posted) == BOTH
    assert read(posted).action == ApproveAgent(MULTI.lower(), NOW, None)  # type: ignore[arg-type]
    left_out = copy.deepcopy(posted)
    del left_out["action"]["payload"]["action"]["agentName"]
    assert found(left_out) == BOTH


def test_an_inner_signature_of_anything_else_is_a_strangers() -> None:
    """Observed: any divergence inside recovers another address (exchange 8)."""
    other = l1({**ORDER, "grouping": "na", "orders": []})
    posted = body(ORDER, other["action"]["signatures"])

    leader, co_signed = found(posted)

    assert leader == BOTH[0]
    assert len(co_signed.signers) == 2
    assert {*co_signed.signers}.isdisjoint(BOTH[1].signers)


def test_an_inner_signature_that_nobody_can_have_made_is_nobodys() -> None:
    """Assumed: it is a stranger's, not an error of its own."""
    posted = body(ORDER, [{"r": "0x0", "s": "0x0", "v": 27}])

    assert found(posted)[1].signers == (ZERO_ADDRESS,)


@pytest.mark.parametrize(("count", "legal"), [(100, True), (101, False)])
def test_nobody_makes_the_server_recover_for_ever(count: int, legal: bool) -> None:
    """Assumed: a hundred signatures at most."""
    (inner,) = l1(ORDER, OWNER)["action"]["signatures"]
    posted = body(ORDER, [inner] * count)

    if legal:
        assert found(posted)[1].signers == addresses(OWNER) * count
    else:
        assert text_of(posted) == "Invalid multi-sig inner signer"


# -- canonical form --------------------------------------------------------------------------------


def short_signature() -> tuple[int, dict[str, Any]]:
    """A nonce whose inner signature begins with a zero, and that signature."""
    for nonce in range(NOW, NOW + 400):
        posted = l1(ORDER, OWNER, nonce=nonce)
        (inner,) = posted["action"]["signatures"]
        if len(inner["r"]) < 66:
            return nonce, inner
    raise AssertionError("no signature with a leading zero")


def test_inner_signatures_are_hashed_without_leading_zeros() -> None:
    """Observed: padded 0 of 2, trimmed 30 of 30 (exchange 2.2, 8)."""
    nonce, inner = short_signature()
    padded = {**inner, "r": "0x" + inner["r"][2:].zfill(64)}

    assert found(body(ORDER, [inner], nonce=nonce))[1].signers == addresses(OWNER)
    assert text_of(body(ORDER, [padded], nonce=nonce)) == OUTER
    # What counts is what was signed: posted with zeros, it is the same canonical form.
    posted = body(ORDER, [inner], nonce=nonce)
    posted["action"]["signatures"] = [padded]
    assert found(posted)[1].signers == addresses(OWNER)


def test_the_outer_signature_may_be_padded() -> None:
    """Observed: exchange 8."""
    posted = l1()
    for key in ("r", "s"):
        posted["signature"][key] = "0x" + posted["signature"][key][2:].zfill(64)

    assert found(posted) == BOTH


def test_the_wrapper_is_hashed_in_canonical_form_whatever_was_posted() -> None:
    """Inferred: as every action (exchange 2.2); addresses in lower case (exchange 3)."""
    posted = l1()
    wrapped = posted["action"]
    payload = wrapped["payload"]
    payload["multiSigUser"] = MULTI
    payload["outerSigner"] = LEADER.address
    payload["action"] = dict(reversed({**ORDER, "builder": None}.items()))
    payload["unknown"] = {"deep": 1}
    wrapped["payload"] = dict(reversed(payload.items()))
    posted["action"] = dict(reversed(wrapped.items()))

    assert found(posted) == BOTH


# -- order of checks -------------------------------------------------------------------------------


def test_a_multi_sig_request_is_judged_in_the_documented_order() -> None:
    """Observed: exchange 1.3; the nested nonce must be the envelope's (exchange 8). Assumed: the
    outer signer is recovered where a signer is."""
    posted = user_signed("usdSend")
    inner = posted["action"]["payload"]["action"]
    faults: list[tuple[str, dict[str, Any]]] = [
        ("Mainnet and testnet require different signature.", {"hyperliquidChain": "Mainnet"}),
        ("Nonce mismatch.", {"time": NOW + 1}),
    ]
    for text, change in faults:
        broken = copy.deepcopy(posted)
        broken["action"]["payload"]["action"] = {**inner, **change, "amount": "9"}
        broken.update(vaultAddress=V2, expiresAfter=1)
        assert text_of(broken) == text
    nobody = {**posted["signature"], "r": "0x0"}
    assert text_of({**posted, "signature": nobody, "vaultAddress": V2}) == UNRECOVERABLE
    assert text_of({**posted, "vaultAddress": V2, "expiresAfter": 1}) == OUTER
    with_vault = user_signed("usdSend", vaultAddress=V2, expiresAfter=1)
    assert text_of(with_vault) == "Vault may not perform this action."
    late = user_signed("usdSend", expiresAfter=1)
    assert text_of(late) == "Action does not support expires_after"


def test_the_network_of_the_outer_signature_is_the_servers() -> None:
    """The wrapper names no network: made for the other one it recovers somebody else."""
    assert text_of(l1(), "mainnet") == OUTER


# -- shapes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda action: action.update(unknown=1),
        lambda action: action.update(hyperliquidChain="Testnet"),
        lambda action: action.pop("signatures"),
        lambda action: action.pop("signatureChainId"),
        lambda action: action.update(signatureChainId="421614"),
        lambda action: action.update(signatures={}),
        lambda action: action["signatures"].append({"r": "0x1", "s": "0x2"}),
        lambda action: action["signatures"].append({"r": "0xg", "s": "0x2", "v": 27}),
        lambda action: action["signatures"].append({"r": "0x1", "s": "0x2", "v": 256}),
        lambda action: action["payload"].pop("multiSigUser"),
        lambda action: action["payload"].update(outerSigner="0x1"),
        lambda action: action["payload"].update(action={"type": "dummy"}),
        lambda action: action["payload"]["action"].update(unknown=1),
        lambda action: action["payload"].update(action=copy.deepcopy(action)),
    ],
)
def test_a_wrapper_of_the_wrong_shape_is_refused(spoil: Any) -> None:
    """Observed: 422 (exchange 1.1). Assumed: a multi-sig inside a multi-sig is none."""
    posted = l1()
    spoil(posted["action"])

    assert refusal(json.dumps(posted).encode()) == NOT_SHAPED


@pytest.mark.parametrize(
    ("once", "twice"),
    [
        (b'"signatureChainId":', b'"signatureChainId": "0x1", "signatureChainId":'),
        (b'"outerSigner":', b'"outerSigner": "0x1", "outerSigner":'),
        (b'"v":', b'"v": 27, "v":'),
        (b'"grouping": "na"', b'"grouping": "na", "grouping": "na"'),
        (b'"tif": "Gtc"', b'"tif": "Gtc", "tif": "Gtc"'),
    ],
    ids=["wrapper", "payload", "inner signature", "inner action", "inner order"],
)
def test_a_field_that_comes_twice_is_refused(once: bytes, twice: bytes) -> None:
    """Observed: duplicates of known fields are a 422 (exchange 1)."""
    raw = json.dumps(l1()).encode()
    assert once in raw
    assert refusal(raw) is None
    assert refusal(raw.replace(once, twice, 1)) == NOT_SHAPED


def test_both_ways_to_read_agree_on_broken_wrappers() -> None:
    """The quick and the strict reading of 4,000 broken requests, and no other exception."""
    rng = random.Random("multi-sig")
    good = [l1(), user_signed("usdSend"), user_signed("convertToMultiSigUser")]
    seen = set()
    for number in range(4_000):
        raw = mutate(rng, copy.deepcopy(good[number % 3]))
        answers = []
        for way in (read_envelope, lambda raw: read_envelope_value(read_json(raw))):
            try:
                answers.append(way(raw))
            except BadRequest as error:
                answers.append(error.status)  # type: ignore[arg-type]
        assert answers[0] == answers[1], raw
        seen.add(answers[0] if isinstance(answers[0], int) else 200)
    assert seen == {200, 400, 422}
