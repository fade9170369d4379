"""A hand that signs with the official SDK's functions and posts what it likes: `Pen`.

Where a test must say exactly what goes over the wire, wrong things included.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import eth_account
from hyperliquid.utils import signing

from hlsim.library import RunningExchange

GTC, ALO, IOC = ({"limit": {"tif": tif}} for tif in ("Gtc", "Alo", "Ioc"))


def _sign_types(*fields: str) -> list[dict[str, str]]:
    """What the SDK has no list of: the fields behind `hyperliquidChain`, "type name" each."""
    names = ("string hyperliquidChain", *fields)
    return [dict(zip(("type", "name"), field.split(), strict=True)) for field in names]


USER_SIGNED: dict[str, tuple[str, list[dict[str, str]]]] = {
    "usdSend": ("UsdSend", signing.USD_SEND_SIGN_TYPES),
    "spotSend": ("SpotSend", signing.SPOT_TRANSFER_SIGN_TYPES),
    "withdraw3": ("Withdraw", signing.WITHDRAW_SIGN_TYPES),
    "usdClassTransfer": ("UsdClassTransfer", signing.USD_CLASS_TRANSFER_SIGN_TYPES),
    "sendAsset": ("SendAsset", signing.SEND_ASSET_SIGN_TYPES),
    "tokenDelegate": ("TokenDelegate", signing.TOKEN_DELEGATE_TYPES),
    "userSetAbstraction": ("UserSetAbstraction", signing.USER_SET_ABSTRACTION_SIGN_TYPES),
    "userDexAbstraction": ("UserDexAbstraction", signing.USER_DEX_ABSTRACTION_SIGN_TYPES),
    "convertToMultiSigUser": (
        "ConvertToMultiSigUser",
        signing.CONVERT_TO_MULTI_SIG_USER_SIGN_TYPES,
    ),
    "cDeposit": ("CDeposit", _sign_types("uint64 wei", "uint64 nonce")),
    "cWithdraw": ("CWithdraw", _sign_types("uint64 wei", "uint64 nonce")),
    "linkStakingUser": (
        "LinkStakingUser",
        _sign_types("address user", "bool isFinalize", "uint64 nonce"),
    ),
    "stakingLinkDisableTradingUser": (
        "StakingLinkDisableTradingUser",
        _sign_types("address tradingUser", "uint64 nonce"),
    ),
    "userPortfolioMargin": (
        "UserPortfolioMargin",
        _sign_types("address user", "bool enabled", "uint64 nonce"),
    ),
    "sendToEvmWithData": (
        "SendToEvmWithData",
        _sign_types(
            "string token",
            "string amount",
            "string sourceDex",
            "string destinationRecipient",
            "string addressEncoding",
            "uint32 destinationChainId",
            "uint64 gasLimit",
            "bytes data",
            "uint64 nonce",
        ),
    ),
    "approveAgent": (
        "ApproveAgent",
        _sign_types("address agentAddress", "string agentName", "uint64 nonce"),
    ),
    "approveBuilderFee": (
        "ApproveBuilderFee",
        _sign_types("string maxFeeRate", "address builder", "uint64 nonce"),
    ),
}
"""Primary type and fields of what a user signs, by action."""

NONCE_FIELD = {"usdSend": "time", "spotSend": "time", "withdraw3": "time"}
"""Of the others it is `nonce`."""

nonces: Iterator[int] = count(signing.get_timestamp_ms())


class Pen:
    """One key and one running exchange."""

    def __init__(self, server: RunningExchange, key: str) -> None:
        self.server = server
        self.wallet = eth_account.Account.from_key(key)
        self.address: str = self.wallet.address.lower()

    # -- sending -----------------------------------------------------------------------------------

    def post(self, envelope: Any, path: str = "/exchange") -> Any:
        """The answer to a body, which must come with HTTP 200."""
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=10)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(envelope), headers)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, (response.status, body)
            return json.loads(body)
        finally:
            connection.close()

    def info(self, kind: str, **fields: Any) -> Any:
        return self.post({"type": kind, **fields}, "/info")

    def l1(self, action: Any, **envelope: Any) -> Any:
        """Signs an L1 action as it stands, and posts it. Keywords: nonce, vault, expires."""
        nonce = envelope.get("nonce") or next(nonces)
        vault, expires = envelope.get("vault"), envelope.get("expires")
        signature = signing.sign_l1_action(self.wallet, action, vault, nonce, expires, False)
        body = {"action": action, "nonce": nonce, "signature": signature}
        return self.post(body | {"vaultAddress": vault, "expiresAfter": expires})

    def user(
        self, kind: str, envelope: Any = None, *, is_mainnet: bool = False, **fields: Any
    ) -> Any:
        """Signs a user-signed action and posts it; `envelope` overrides parts of the body.

        The SDK itself writes `signatureChainId` and `hyperliquidChain` into it.
        """
        primary, types = USER_SIGNED[kind]
        nonce = next(nonces)
        action = {"type": kind, **fields}
        action.setdefault(NONCE_FIELD.get(kind, "nonce"), nonce)
        signature = signing.sign_user_signed_action(
            self.wallet, action, types, f"HyperliquidTransaction:{primary}", is_mainnet
        )
        body = {"action": action, "nonce": nonce, "signature": signature}
        return self.post(body | (envelope or {}))

    def multi_sig(self, user: str, action: Any, *owners: Pen) -> Any:
        """Leads an L1 action of a multi-sig user, which `owners` sign inside, and posts it."""
        nonce, leader = next(nonces), self.address
        inner = [
            signing.sign_multi_sig_l1_action_payload(
                owner.wallet, action, False, None, nonce, None, user, leader
            )
            for owner in owners
        ]
        wrapped = {
            "type": "multiSig",
            "signatureChainId": "0x66eee",
            "signatures": inner,
            "payload": {"multiSigUser": user, "outerSigner": leader, "action": action},
        }
        outer = signing.sign_multi_sig_action(self.wallet, wrapped, False, None, nonce, None)
        return self.post({"action": wrapped, "nonce": nonce, "signature": outer})

    # -- what is sent most -------------------------------------------------------------------------

    def orders(self, *orders: Any, **more: Any) -> Any:
        return self.l1({"type": "order", "orders": list(orders), "grouping": "na", **more})

    def buys(self, asset: int, sz: str, px: str, terms: Any = GTC, **more: Any) -> Any:
        return self.orders(order(asset, sz, px, terms), **more)

    def sells(self, asset: int, sz: str, px: str, terms: Any = GTC, **more: Any) -> Any:
        return self.orders(order(asset, sz, px, terms, is_buy=False), **more)


def order(
    asset: int,
    sz: str,
    px: str,
    terms: Any = GTC,
    *,
    is_buy: bool = True,
    reduce_only: bool = False,
    cloid: str | None = None,
) -> dict[str, Any]:
    """One order as it is signed."""
    found = {"a": asset, "b": is_buy, "p": px, "s": sz, "r": reduce_only, "t": terms}
    return found if cloid is None else found | {"c": cloid}


def oid_of(reply: Any) -> int:
    """The oid of the first order of a reply."""
    (status, *_) = reply["response"]["data"]["statuses"]
    return next(iter(status.values()))["oid"]


def level_of(reply: Any) -> str:
    """Where a reply refuses, in the letters of exchange 7: the whole action (W), entries of its own
    (P), a TWAP (T).
    """
    if reply["status"] == "err":
        return "W"
    return "P" if "statuses" in reply["response"]["data"] else "T"


def refusal_of(reply: Any) -> str:
    """The one text with which a reply refuses, of the action or of its last entry."""
    level = level_of(reply)
    if level == "W":
        return str(reply["response"])
    data = reply["response"]["data"]
    last = data["statuses"][-1] if level == "P" else data["status"]
    return str(last["error"])
