"""Published and recorded signatures, positive and negative, as they were published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgpack
import pytest

from hlsim.server.envelope import Envelope, read_envelope
from hlsim.server.signing import (
    action_hash,
    l1_digest,
    recover,
    recover_address,
    user_signed_digest,
)
from hlsim.sim.actions import ACTIONS
from hlsim.sim.fixed import Address

K1 = "0x14791697260e4c9a71f18484c9f997b308e59325"
K2 = "0xe5ca49fb3bd9a581f0d1ef9cb5d7177da08bf901"
V2 = Address("0x1234567890123456789012345678901234567890")

GOLDEN = Path(__file__).parent / "golden"


def signature(text: str) -> dict[str, Any]:
    """`r s v` as the signature object of an envelope."""
    r, s, v = text.split()
    return {"r": r, "s": s, "v": int(v)}


def signer_of(digest: bytes, posted: dict[str, Any]) -> str | None:
    """Who made the `posted` signature of `digest`."""
    return recover_address(digest, int(posted["r"], 16), int(posted["s"], 16), posted["v"] - 27)


def envelope(
    action: dict[str, Any], posted: dict[str, Any], *, nonce: int, **fields: Any
) -> Envelope:
    body = {"action": action, "nonce": nonce, "signature": posted, **fields}
    return read_envelope(json.dumps(body).encode())


def one_order(**changes: Any) -> dict[str, Any]:
    order = {
        "a": 1,
        "b": True,
        "p": "100",
        "s": "100",
        "r": False,
        "t": {"limit": {"tif": "Gtc"}},
    }
    return {"type": "order", "orders": [{**order, **changes}], "grouping": "na"}


L1_VECTORS = json.loads((GOLDEN / "signatures.json").read_text())
BUILT = [v for v in L1_VECTORS if v["action"]["type"] in ACTIONS]


def named(vectors: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


@named(L1_VECTORS)
def test_published_l1_signatures_recover_their_key(vector: dict[str, Any]) -> None:
    """Documented: the official SDK's own signing tests (exchange 10)."""
    connection_id = action_hash(vector["action"], 0, vector["vaultAddress"], None)
    mainnet = l1_digest(connection_id, is_mainnet=True)
    testnet = l1_digest(connection_id, is_mainnet=False)

    assert signer_of(mainnet, vector["mainnet"]) == K1
    assert signer_of(testnet, vector["testnet"]) == K1
    assert signer_of(mainnet, vector["testnet"]) != K1


@named(BUILT)
def test_published_l1_requests_are_read_and_recover_their_key(vector: dict[str, Any]) -> None:
    """The same vectors through the body of `/exchange` (exchange 10)."""
    assert len(BUILT) >= 5
    for chain in ("mainnet", "testnet"):
        assert recover(envelope(vector["action"], vector[chain], nonce=0), chain=chain) == K1


SEND_FIELDS = {
    "signatureChainId": "0x66eee",
    "destination": "0x5e9ee1089755c3435139848e47e6635505d5a13a",
    "amount": "1",
    "time": 1687816341423,
}


@pytest.mark.parametrize(
    ("action", "chain", "signed", "signer"),
    [
        (
            {"type": "usdSend", "hyperliquidChain": "Testnet", **SEND_FIELDS},
            "testnet",
            "0x637b37dd731507cdd24f46532ca8ba6eec616952c56218baeff04144e4a77073 "
            "0x11a6a24900e6e314136d2592e2f8d502cd89b7c15b198e1bee043c9589f9fad7 27",
            K1,
        ),
        (
            {"type": "withdraw3", "hyperliquidChain": "Testnet", **SEND_FIELDS},
            "testnet",
            "0x8363524c799e90ce9bc41022f7c39b4e9bdba786e5f9c72b20e43e1462c37cf9 "
            "0x58b1411a775938b83e29182e8ef74975f9054c8e97ebf5ec2dc8d51bfc893881 28",
            K1,
        ),
        (
            {
                "type": "usdSend",
                "hyperliquidChain": "Mainnet",
                "signatureChainId": "0x66eee",
                "destination": V2,
                "amount": "1000",
                "time": 1234567890,
            },
            "mainnet",
            "0xf777c38efe7c24cc71209526ae608f4e384d0586edf578f0e97b4b9f7c7adcc6 "
            "0x104a4a97c48ae77bf5bd777bdd45fe72d8f5ff29116b5ff64fd8cfe4ea610786 28",
            K2,
        ),
    ],
    ids=["usdSend testnet", "withdraw3 testnet", "usdSend mainnet"],
)
def test_published_user_signed_requests_recover_their_key(
    action: dict[str, Any], chain: Any, signed: str, signer: str
) -> None:
    """Documented: the official SDK's and nktkas' vectors (exchange 10)."""
    assert recover(envelope(action, signature(signed), nonce=action["time"]), chain=chain) == signer


# -- the second key: hashes, and what must not verify ----------------------------------------------

NONCE = 1234567890
ORDER = one_order(a=0, p="30000", s="0.1")
ORDER_MAINNET = (
    "0x61078d8ffa3cb591de045438a1ae2ed299b271891d1943a33901e7cfb3a31ed8 "
    "0x0e91df4f9841641d3322dad8d932874b74d7e082cdb5b533f804964a6963aef9 28"
)
ORDER_TESTNET = (
    "0x6b0283a894d87b996ad0182b86251cc80d27d61ef307449a2ed249a508ded1f7 "
    "0x6f884e79f4a0a10af62db831af6f8e03b3f11d899eb49b352f836746ee9226da 27"
)


def test_the_packed_order_is_the_published_one() -> None:
    """Documented: nktkas' bytes of the order (exchange 10)."""
    packed = envelope(ORDER, signature(ORDER_MAINNET), nonce=NONCE).packed.hex()

    assert packed == (
        "83a474797065a56f72646572a66f72646572739186a16100a162c3a170a53330303030a173a3302e31a172c2"
        "a17481a56c696d697481a3746966a3477463a867726f7570696e67a26e61"
    )
    assert packed == msgpack.packb(ORDER).hex()


@pytest.mark.parametrize(
    ("action", "nonce", "vault", "expires_after", "connection_id"),
    [
        (
            ORDER,
            NONCE,
            None,
            None,
            "25367e0dba84351148288c2233cd6130ed6cec5967ded0c0b7334f36f957cc90",
        ),
        (
            ORDER,
            NONCE,
            V2,
            None,
            "214e2ea3270981b6fd18174216691e69f56872663139d396b10ded319cb4bb1e",
        ),
        (
            ORDER,
            NONCE,
            None,
            NONCE,
            "c30b002ba3775e4c31c43c1dfd3291dfc85c6ae06c6b9f393991de86cad5fac7",
        ),
        (
            ORDER,
            NONCE,
            V2,
            NONCE,
            "2d62412aa0fc57441b5189841d81554a6a9680bf07204e1454983a9ca44f0744",
        ),
        (
            one_order(a=4, p="1670.1", s="0.0147", t={"limit": {"tif": "Ioc"}}),
            1677777606040,
            None,
            None,
            "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908",
        ),
        (
            {"type": "noop"},
            NONCE,
            None,
            None,
            "2f31f6b11b0f2ab0773f7e37aa1f8901f771a9107b2fc99574476551e2bb8557",
        ),
        (
            {"type": "cancel", "cancels": [{"a": 110000, "o": 62014444172}]},
            NONCE,
            None,
            None,
            "40ac87c169b9bddde8373338c9fee68f23e9e0c156ca6611161a430e3b604f63",
        ),
        (
            {**ORDER, "grouping": {"p": 12345}},
            NONCE,
            None,
            None,
            "54d92d82d2def9d4b4542455f1fee316fee3f88e4a90dda5476f3b6c97697b68",
        ),
    ],
    ids=["plain", "vault", "expires", "both", "production", "noop", "cancel", "priority grouping"],
)
def test_published_connection_ids(
    action: dict[str, Any],
    nonce: int,
    vault: Address | None,
    expires_after: int | None,
    connection_id: str,
) -> None:
    """Documented: exchange 10. The mark before expiresAfter is 0, vault or not (exchange 2.1)."""
    assert action_hash(action, nonce, vault, expires_after).hex() == connection_id


def with_order(**changes: Any) -> dict[str, Any]:
    """ORDER with its one order changed; None takes a key away."""
    order = {**ORDER["orders"][0], **changes}
    return {**ORDER, "orders": [{key: value for key, value in order.items() if value is not ...}]}


@pytest.mark.parametrize(
    "posted",
    [
        ORDER,
        {key: ORDER[key] for key in ("grouping", "orders", "type")},
        {**ORDER, "orders": [dict(reversed(ORDER["orders"][0].items()))]},
        with_order(p="30000.000000000"),
        with_order(p="030000."),
        with_order(s=".10"),
        with_order(c=None),
        with_order(r=...),
        with_order(unknown=[{"deep": None}], t={"limit": {"tif": "Gtc", "unknown": 1}}),
        {key: ORDER[key] for key in ("type", "orders")},
        {**ORDER, "builder": None},
    ],
    ids=[
        "as signed",
        "action keys reordered",
        "order keys reordered",
        "padded price",
        "leading zero and bare point",
        "bare fraction",
        "null cloid",
        "no r",
        "unknown nested fields",
        "no grouping",
        "null builder",
    ],
)
@pytest.mark.parametrize(
    ("chain", "signed"), [("mainnet", ORDER_MAINNET), ("testnet", ORDER_TESTNET)]
)
def test_a_canonical_signature_holds_however_the_action_is_posted(
    posted: dict[str, Any], chain: Any, signed: str
) -> None:
    """Observed: the exchange hashes its own re-serialisation of what it parsed (exchange 2.2)."""
    assert recover(envelope(posted, signature(signed), nonce=NONCE), chain=chain) == K2


@pytest.mark.parametrize(
    ("posted", "signed", "stranger"),
    [
        (
            with_order(p="30000.0"),
            "0xf91ebb790aad20de2a7a07f59ae11f7c1920a95c45371cf1956ff2e01020dc4a "
            "0x46de7344408d839aa233c1e4122509966d7bb320251c7a8fb86ffc8765d3735 28",
            "0x6cb5078dae214c826bbcd569e7d65f057a07c6a2",
        ),
        (
            with_order(s="0.10"),
            "0xfc7e2e0305a37e977227a514d0f9fe0665e70c20abb5d47d87cd58a0620be001 "
            "0x367eccfff221fb36515a3f18098f7c23d10354c5e57b175d7011c39e402f408 28",
            "0xbd9e15960b398d8512171a2169624e2c62c3d84e",
        ),
        (
            {key: ORDER[key] for key in ("grouping", "orders", "type")},
            "0xfe29a45f197c70d13d57a858de8d5513ed8f0bfe571897e389cc745ded8aff9c "
            "0x57ec0846245b0e52041c700d12601cf1331cb15d4ba6f49270739c0ae9e5336e 28",
            "0xb69739434e3bc8eb0d7dfe1be620bf90e902063e",
        ),
        (
            with_order(c=None),
            "0xba8ccae3c6cb0151a6f5e853bdcef5a79bee56d14976f3e801f35cd5939d3ea3 "
            "0x426de509408e818378d0078e0563791f4a3816b0c8f36f175fe58b586b31028c 28",
            "0x36f0dee89d897263af6a7babd437918a8a616a59",
        ),
    ],
    ids=["p 30000.0", "s 0.10", "key order", "c null"],
)
def test_a_signature_of_the_raw_form_recovers_a_stranger(
    posted: dict[str, Any], signed: str, stranger: str
) -> None:
    """Inferred: computed for a server that canonicalises (exchange 10, negative vectors)."""
    assert recover(envelope(posted, signature(signed), nonce=NONCE), chain="mainnet") == stranger


@pytest.mark.parametrize(
    ("fields", "chain", "stranger"),
    [
        ({}, "testnet", "0x8f9d95ad532bfe3b814fb117f03b15de4d9c1805"),
        ({"vaultAddress": V2}, "mainnet", "0x95d23794d2c5db23690c26f9641a5e65fb3729f6"),
        ({"expiresAfter": NONCE}, "mainnet", "0xcb96a69828e1a6027a74259ca5e1ff424bffe7fe"),
    ],
    ids=["other network", "vault added", "expiry added"],
)
def test_an_envelope_changed_after_signing_recovers_a_stranger(
    fields: dict[str, Any], chain: Any, stranger: str
) -> None:
    """Inferred: exchange 10, negative vectors."""
    changed = envelope(ORDER, signature(ORDER_MAINNET), nonce=NONCE, **fields)

    assert recover(changed, chain=chain) == stranger


# -- recorded transactions, and actions that are not built -----------------------------------------


def test_a_recorded_cancel_for_a_vault_recovers_its_signer() -> None:
    """Observed: a transaction in the official SDK's recovery example (exchange 10)."""
    cancel = envelope(
        {"type": "cancel", "cancels": [{"a": 87, "o": 28800768235}]},
        signature(
            "0xd088ceb979ab7616f21fd7dabee04342235bd3af6d82a6d153b503c34c73bc93 "
            "0x425d8467a69f4d0ff6d9ddfb360ef6152c8165cdd20329e03b0a8f19890d73e 27"
        ),
        nonce=1745532560074,
        vaultAddress="0xc64cc00b46101bd40aa1c3121195e85c0b0918d8",
        isFrontend=True,
    )

    assert recover(cancel, chain="testnet") == "0x2a069e831d74622fcf42ce44e09f2fedaa38ac5c"
    assert recover(cancel, chain="mainnet") == "0x046b451f80b5476d4e2d8c69b3cbb281abe6320c"


def test_a_recorded_token_delegation_recovers_its_signer() -> None:
    """Observed: the same example's user-signed transaction (exchange 10)."""
    digest = user_signed_digest(
        "TokenDelegate",
        ("address validator", "uint64 wei", "bool isUndelegate", "uint64 nonce"),
        ("0x5ac99df645f3414876c816caa18b2d234024b487", 100163871320, True, 1744932112279),
        chain="Mainnet",
        chain_id=0xA4B1,
    )
    signed = (
        "0xa00406eb38821b8918743fab856c103132261e8d990852a8ee25e6f2e88891b "
        "0x34cf47cfbf09173bcb851bcfdce3ad83dd64ed791ab32bfe9606d25e7c608859 27"
    )

    assert signer_of(digest, signature(signed)) == "0x5fc1ea951402add65613e0437ce59d8b23442e2a"


def test_published_multi_sig_signatures_recover_their_key() -> None:
    """Documented: nktkas' vector; the inner signers sign an array, the outer one the wrapper's hash
    (exchange 8, 10)."""
    inner = (
        "0x12a4e2b7cfc2b5fc3d1e7847573de88bf1172731392be62fa6a9f2de3772b5ba "
        "0x565f4ad818ae04b26624e548ed3d2a9d5a41a8b6460cfc1555a0fe07d6a56121 27"
    )
    outer = (
        "0x6ce5dcb0b71db89f2b94f1427533013457e93d9b3f2b3d2b84bf8a0cb0ec008f "
        "0x04e8981a177b328bebaae28598827f0aeee8be5b6f62756d81f6e71830c2103d 28"
    )
    wrapper = {
        "signatureChainId": "0x66eee",
        "signatures": [signature(inner)],
        "payload": {"multiSigUser": V2, "outerSigner": K2, "action": ORDER},
    }

    inner_digest = l1_digest(action_hash([V2, K2, ORDER], NONCE, None, None), is_mainnet=True)
    outer_digest = user_signed_digest(
        "SendMultiSig",
        ("bytes32 multiSigActionHash", "uint64 nonce"),
        (action_hash(wrapper, NONCE, None, None), NONCE),
        chain="Mainnet",
        chain_id=0x66EEE,
    )

    assert signer_of(inner_digest, signature(inner)) == K2
    assert signer_of(outer_digest, signature(outer)) == K2
