"""Recovery of signers: agreement with eth-account and the official SDK, encodings, checks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest
from account_calls import ACCOUNT_CALLS, ACCOUNT_VALUES, LONG_WORDS, UNCALLED
from eth_account import Account as Wallets
from eth_account.messages import encode_typed_data
from hyperliquid.exchange import Exchange as SdkExchange
from hyperliquid.utils import signing as sdk
from hyperliquid.utils.signing import Cloid as SdkCloid

from hlsim.matching.types import Px, Sz, Tif
from hlsim.server.canonical import wire_form
from hlsim.server.decode import CODECS
from hlsim.server.encode import error_text
from hlsim.server.envelope import Envelope, read_envelope
from hlsim.server.keccak import keccak256, keccak256_portable
from hlsim.server.signing import recover, recover_address, recover_portable
from hlsim.sim.actions import ACTIONS, ActionSpec
from hlsim.sim.actions.leverage import I64
from hlsim.sim.actions.orders import U32, U64
from hlsim.sim.actions.transfers import AddressText
from hlsim.sim.actions.validators import Given
from hlsim.sim.errors import ActionError
from hlsim.sim.fixed import Address, Cloid

NONCE = 1_767_225_600_000
WALLET = Wallets.from_key("0x" + "42" * 32)
SIGNER = WALLET.address.lower()
VAULT = Address("0x1234567890123456789012345678901234567890")


def test_keccak_is_the_one_before_the_standard() -> None:
    """Documented: the digests of the empty text and of "abc"."""
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    abc = "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"

    for digest in (keccak256, keccak256_portable):
        assert [digest(b"").hex(), digest(b"abc").hex()] == [empty, abc]


def test_both_keccaks_agree_on_every_length() -> None:
    rng = random.Random(1)
    for length in range(600):
        message = rng.randbytes(length)
        assert keccak256(message) == keccak256_portable(message)


# -- generated actions -----------------------------------------------------------------------------


def hex_of(rng: random.Random, digits: int) -> str:
    return f"0x{rng.getrandbits(4 * digits):0{digits}x}"


def checksummed(rng: random.Random) -> AddressText:
    return AddressText("0x" + "".join(rng.choice("0123456789abcdefABCDEF") for _ in range(40)))


VALUES: dict[Any, Callable[[random.Random], Any]] = {
    U32: lambda rng: rng.getrandbits(rng.choice((4, 8, 16, 32))),
    U64: lambda rng: rng.getrandbits(rng.choice((4, 8, 16, 32, 33, 64))),
    I64: lambda rng: rng.choice((-1, 1)) * rng.getrandbits(rng.choice((4, 8, 16, 32, 63))),
    Px: lambda rng: rng.getrandbits(rng.choice((1, 20, 40, 64))),
    Sz: lambda rng: rng.randrange(1, 10**6) * 10 ** rng.randrange(0, 10),
    Cloid: lambda rng: hex_of(rng, 32),
    Address: lambda rng: hex_of(rng, 40),
    AddressText: checksummed,
    Tif: lambda rng: rng.choice(list(Tif)),
    str: lambda rng: rng.choice(("", "1", "10.50", "USDC:0x6d1e", "name é ☃ 😀", '"quoted"\\')),
    bool: lambda rng: rng.random() < 0.5,
    **ACCOUNT_VALUES,
}
"""A value of each type that a field of an action may have."""


def generated(rng: random.Random, hint: Any, choices: tuple[str, ...] = ()) -> Any:
    """A value for an annotation: every alternative of a union, every length of a tuple."""
    if choices:
        return rng.choice(choices)
    if hint in VALUES:
        return VALUES[hint](rng)
    alternatives = get_args(hint)
    if hint is type(None):
        return None
    if getattr(hint, "__origin__", None) is tuple and alternatives[-1] is not Ellipsis:
        return tuple(generated(rng, one) for one in alternatives)
    if getattr(hint, "__origin__", None) is tuple:
        return tuple(generated(rng, alternatives[0]) for _ in range(rng.randrange(4)))
    if alternatives:
        return generated(rng, rng.choice(alternatives))
    hints = get_type_hints(hint)
    entries = list(fields(hint))
    if len(union := [entry for entry in entries if entry.metadata.get("variant")]) > 1:
        chosen = rng.choice(union)
        value = None
        while value is None:
            value = generated(rng, hints[chosen.name])
        return hint(**{chosen.name: value})
    values = {
        entry.name: generated(rng, hints[entry.name], entry.metadata.get("choices", ()))
        for entry in entries
    }
    return hint(**values)


def test_the_generator_knows_every_type_that_an_action_may_hold() -> None:
    assert VALUES.keys() == CODECS.keys() | {Given}


def typed_data(spec: ActionSpec, wire: dict[str, Any]) -> Any:
    """The typed data of a user-signed action, as the SDK puts it together for eth-account."""
    assert spec.signs is not None
    names = ("string hyperliquidChain", *spec.signs)
    types = [dict(zip(("type", "name"), name.split(), strict=True)) for name in names]
    message = {**wire, "agentName": wire.get("agentName") or ""}
    if "abstraction" in wire:
        message["abstraction"] = LONG_WORDS[wire["abstraction"]]
    primary_type = f"HyperliquidTransaction:{spec.primary_type}"
    return sdk.user_signed_payload(primary_type, types, message)


def signed_body(rng: random.Random, spec: ActionSpec, *, is_mainnet: bool) -> dict[str, Any]:
    """A request for a generated action, signed by eth-account as the SDK would have it."""
    action = generated(rng, spec.cls)
    if spec.is_l1:
        vault = rng.choice((None, VAULT))
        expires_after = rng.choice((None, 0, NONCE))
        nonce = rng.getrandbits(rng.choice((8, 41, 64)))
        wire = wire_form(action)
        hashed = sdk.action_hash(wire, vault, nonce, expires_after)
        payload = sdk.l1_payload(sdk.construct_phantom_agent(hashed, is_mainnet))
        envelope = {"nonce": nonce, "vaultAddress": vault, "expiresAfter": expires_after}
    else:
        chain = "Mainnet" if is_mainnet else "Testnet"
        chain_id = rng.choice((1, 1337, 0x66EEE, 0xA4B1, 2**64))
        wire = wire_form(action, chain=chain, signature_chain_id=chain_id)
        payload = typed_data(spec, wire)
        envelope = {"nonce": getattr(action, spec.nonce_field or "")}
    signed = WALLET.sign_message(encode_typed_data(full_message=payload))
    signature = {"r": hex(signed.r), "s": hex(signed.s), "v": signed.v}
    return {"action": wire, "signature": signature, **envelope}


@pytest.mark.parametrize("chain", ["testnet", "mainnet"])
def test_generated_actions_agree_with_eth_account(chain: Any) -> None:
    """1,000 requests of every kind: what eth-account signed is recovered (exchange 2, 3)."""
    rng = random.Random(f"signing/{chain}")
    for number in range(500):
        spec = list(ACTIONS.values())[number % len(ACTIONS)]
        body = signed_body(rng, spec, is_mainnet=chain == "mainnet")

        posted = read_envelope(json.dumps(body, ensure_ascii=number % 2 == 0).encode())

        assert (
            wire_form(
                posted.action, chain=posted.chain, signature_chain_id=posted.signature_chain_id
            )
            == body["action"]
        )
        assert recover(posted, chain=chain) == SIGNER, body
        assert recover(posted, chain="any", knows=SIGNER.__eq__) == SIGNER


# -- the official SDK ------------------------------------------------------------------------------


class Pen(SdkExchange):  # type: ignore[misc]
    """The official client without a network: requests end up in `bodies`."""

    def __init__(self, **options: Any) -> None:
        meta: Any = {
            "universe": [{"name": "BTC", "szDecimals": 5}, {"name": "ETH", "szDecimals": 4}]
        }
        spot_meta: Any = {"universe": [], "tokens": []}
        super().__init__(WALLET, "http://localhost:3001", meta, spot_meta=spot_meta, **options)
        self.bodies: list[bytes] = []

    def post(self, url_path: str, payload: Any = None) -> Any:
        assert url_path == "/exchange"
        self.bodies.append(json.dumps(payload).encode())
        return {"status": "ok"}


ALO: Any = {"limit": {"tif": "Alo"}}
CLOID = SdkCloid.from_int(7)
SOMEBODY = "0x5E9ee1089755c3435139848e47e6635505d5a13A"

SDK_CALLS: dict[str, Callable[[Pen], Any]] = {
    "order": lambda pen: pen.order("BTC", True, 0.01, 50000.5, ALO, cloid=CLOID),
    "order with builder": lambda pen: pen.order(
        "ETH", False, 1.5, 2000.0, ALO, True, builder={"b": SOMEBODY, "f": 10}
    ),
    "cancel": lambda pen: pen.cancel("ETH", 62014444172),
    "cancelByCloid": lambda pen: pen.cancel_by_cloid("BTC", CLOID),
    "batchModify": lambda pen: pen.modify_order(77, "BTC", True, 0.01, 50000, ALO),
    "batchModify by cloid": lambda pen: pen.modify_order(CLOID, "BTC", True, 0.01, 50000, ALO),
    "scheduleCancel": lambda pen: pen.schedule_cancel(NONCE),
    "scheduleCancel off": lambda pen: pen.schedule_cancel(None),
    "spotDeploy": lambda pen: pen.spot_deploy_register_token("DEMO", 2, 8, 10**12, "Demo token"),
    "usdSend": lambda pen: pen.usd_transfer(1.25, SOMEBODY),
    "spotSend": lambda pen: pen.spot_transfer(3.5, SOMEBODY, "PURR:0xc1fb593aeffbeb02f85e0308e9"),
    "withdraw3": lambda pen: pen.withdraw_from_bridge(100, SOMEBODY),
    "usdClassTransfer": lambda pen: pen.usd_class_transfer(10, to_perp=True),
    "sendAsset": lambda pen: pen.send_asset(SOMEBODY, "", "spot", "USDC", 2.5),
    "approveAgent": lambda pen: pen.approve_agent("bot"),
    "approveAgent unnamed": lambda pen: pen.approve_agent(),
    "approveBuilderFee": lambda pen: pen.approve_builder_fee(SOMEBODY, "0.001%"),
    **ACCOUNT_CALLS,
}


@pytest.mark.parametrize("call", SDK_CALLS)
def test_every_request_of_the_official_sdk_recovers_its_wallet(call: str) -> None:
    """The SDK signs as testnet for every local URL (exchange 2.1)."""
    pen = Pen()

    SDK_CALLS[call](pen)

    posted = read_envelope(pen.bodies[0])
    assert posted.spec.name == call.split()[0]
    assert recover(posted, chain="testnet") == SIGNER


def test_the_sdk_calls_leave_out_no_action_that_the_sdk_can_send() -> None:
    """Those without a call of their own in the SDK."""
    assert {call.split()[0] for call in SDK_CALLS} == ACTIONS.keys() - UNCALLED


def test_the_sdk_for_a_vault_and_with_an_expiry_recovers_its_wallet() -> None:
    """The hash covers both (exchange 2.1)."""
    pen = Pen(vault_address=VAULT.upper().replace("0X", "0x"))
    pen.set_expires_after(NONCE)

    pen.order("BTC", True, 0.01, 50000, ALO)

    posted = read_envelope(pen.bodies[0])
    assert (posted.vault, posted.expires_after) == (VAULT, NONCE)
    # The SDK hashes 20 bytes of the vault, so its case is harmless (exchange 2.2).
    assert recover(posted, chain="testnet") == SIGNER


# -- encodings of a signature ----------------------------------------------------------------------


def signed_noop(**signature: Any) -> Envelope:
    """A noop that WALLET signed for testnet, with parts of the signature replaced."""
    made = sdk.sign_l1_action(WALLET, {"type": "noop"}, None, NONCE, None, False)
    body = {"action": {"type": "noop"}, "nonce": NONCE, "signature": {**made, **signature}}
    return read_envelope(json.dumps(body).encode())


NOOP = sdk.sign_l1_action(WALLET, {"type": "noop"}, None, NONCE, None, False)
R, S, V = int(NOOP["r"], 16), int(NOOP["s"], 16), NOOP["v"]
ORDER_OF_CURVE = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.mark.parametrize(
    "signature",
    [
        {"v": V - 27},
        {"r": f"{R:x}", "s": f"{S:x}"},
        {"r": f"0x{R:064x}", "s": f"0x{S:064x}"},
        {"r": f"0x{R:X}", "s": f"{S:064X}"},
        {"s": hex(ORDER_OF_CURVE - S), "v": 55 - V},
        {"unknown": 1},
    ],
    ids=["v 0 or 1", "no 0x", "padded", "upper case", "high s", "unknown key"],
)
def test_every_spelling_of_a_signature_recovers_the_signer(signature: dict[str, Any]) -> None:
    """Observed: v of either kind, `0x` optional, padded or minimal, high s (exchange 2.3)."""
    assert recover(signed_noop(**signature), chain="testnet") == SIGNER


def test_an_odd_number_of_digits_is_a_number_like_any_other() -> None:
    """Observed: the SDK leaves leading zeros out, so lengths may be odd (exchange 2.3)."""
    small = signed_noop(r="0x1", s="0xabc")

    assert (small.signature.r, small.signature.s) == (1, 0xABC)
    assert recover(small, chain="testnet") == recover(
        signed_noop(r="0x" + "1".zfill(64), s="abc".zfill(64)), chain="testnet"
    )


@pytest.mark.parametrize(
    "signature",
    [
        {"r": "0x0"},
        {"s": "0"},
        {"r": "0x0", "s": "0x0"},
        {"r": "0x" + "f" * 64},
        {"s": hex(ORDER_OF_CURVE)},
        {"r": "0x5"},  # no point of the curve has this x
        {"v": 2},
        {"v": 26},
        {"v": 29},
        {"v": 255},
    ],
    ids=str,
)
def test_an_impossible_signature_cannot_be_recovered(signature: dict[str, Any]) -> None:
    """Observed: HTTP 200 and this text for unrecoverable r, s or v (exchange 2.3)."""
    with pytest.raises(ActionError) as refused:
        recover(signed_noop(**signature), chain="testnet")

    assert error_text(refused.value) == "Unable to recover signer."


def test_both_ways_to_recover_agree() -> None:
    """The low-level calls and coincurve's public interface, also on what nobody can have signed."""
    rng = random.Random(2)
    nobody = 0
    for _ in range(200):
        digest = rng.randbytes(32)
        r, s = rng.getrandbits(256), rng.getrandbits(256)
        parity = rng.getrandbits(1)
        found = recover_address(digest, r, s, parity)
        nobody += found is None
        assert found == recover_portable(digest, r, s, parity)
    assert 50 < nobody < 150


def test_threads_may_recover_at_the_same_time() -> None:
    """The C library runs without the interpreter's lock, on buffers of its own for each call."""
    rng = random.Random(3)
    bodies = [signed_body(rng, ACTIONS["order"], is_mainnet=False) for _ in range(20)]
    posted = [read_envelope(json.dumps(body).encode()) for body in bodies]

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda one: recover(one, chain="testnet"), posted * 25))

    assert found == {SIGNER}


# -- order of checks -------------------------------------------------------------------------------


def usd_send(**changes: Any) -> Envelope:
    """A signed usdSend; `changes` are made to the envelope afterwards."""
    pen = Pen()
    pen.usd_transfer(1, SOMEBODY)
    return replace(read_envelope(pen.bodies[0]), **changes)


def test_a_user_signed_action_is_judged_in_the_documented_order() -> None:
    """Observed: chain, nonce, recovery, vault, expiry; each fault hides the later ones
    (exchange 1.3)."""
    sound = usd_send()
    faults: dict[str, dict[str, Any]] = {
        "Mainnet and testnet require different signature.": {"chain": "Mainnet"},
        "Nonce mismatch.": {"nonce": sound.nonce + 1},
        "Unable to recover signer.": {"signature": replace(sound.signature, r=0)},
        "Vault may not perform this action.": {"vault": VAULT},
        "Action does not support expires_after": {"expires_after": NONCE},
    }
    texts = list(faults)

    for first, text in enumerate(texts):
        changes = {key: value for late in texts[first:] for key, value in faults[late].items()}
        with pytest.raises(ActionError) as refused:
            recover(replace(sound, **changes), chain="testnet")
        assert error_text(refused.value) == text

    assert recover(sound, chain="testnet") == SIGNER


def test_any_chain_takes_a_user_signed_action_of_either_network() -> None:
    """The word is signed, so the network it names is the one to verify for (exchange 3)."""
    pen = Pen()
    pen.usd_transfer(1, SOMEBODY)
    pen.base_url = "https://api.hyperliquid.xyz"
    pen.usd_transfer(1, SOMEBODY)

    testnet, mainnet = (read_envelope(body) for body in pen.bodies)

    assert (testnet.chain, mainnet.chain) == ("Testnet", "Mainnet")
    assert recover(testnet, chain="any") == recover(mainnet, chain="any") == SIGNER
    with pytest.raises(ActionError):
        recover(testnet, chain="mainnet")


def test_any_chain_asks_who_is_known() -> None:
    """Testnet before mainnet; nobody known: testnet's address goes into the error."""
    made = sdk.sign_l1_action(WALLET, {"type": "noop"}, None, NONCE, None, True)
    mainnet = signed_noop(**made)

    stranger = recover(mainnet, chain="testnet")

    assert recover(mainnet, chain="any", knows=SIGNER.__eq__) == SIGNER
    assert recover(mainnet, chain="any", knows={SIGNER, stranger}.__contains__) == stranger
    assert recover(mainnet, chain="any") == stranger != SIGNER
