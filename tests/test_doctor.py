"""Of a signature that gives nobody's address: who signed what, with the official SDK's signing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asking import ask, get
from eth_account import Account
from hyperliquid.exchange import Exchange
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action

import hlsim
from hlsim.library import RunningExchange

Json = Any
GTC = {"limit": {"tif": "Gtc"}}
STRANGER = "0x" + "99" * 32


@pytest.fixture
def running() -> Iterator[RunningExchange]:
    with hlsim.start(market="static") as exchange:
        yield exchange


def bot(exchange: RunningExchange, place: int = 0) -> Exchange:
    return Exchange(Account.from_key(exchange.accounts[place].key), exchange.url)


def test_who_signed_for_the_other_chain_is_told_so(running: RunningExchange) -> None:
    with hlsim.start(market="static", chain="mainnet") as mainnet:
        Exchange(Account.from_key(mainnet.accounts[0].key), mainnet.url).order(
            "ETH", True, 1, 1500, GTC
        )
        (row,) = get(mainnet, "diagnoses")
        assert row["why"] == (
            f"{mainnet.accounts[0].address} signed for testnet, and this server is --chain mainnet."
        )
    Exchange(Account.from_key(STRANGER), running.url).order("ETH", True, 1, 1500, GTC)
    (row,) = get(running, "diagnoses")
    assert row["rule"] in ("unknown_signer", "must_deposit")
    assert "signed for testnet" not in row["why"]


def why_of(
    exchange: RunningExchange, signed: Json, sent: Json, *, is_mainnet: bool = False, **more: Json
) -> str:
    """Why an action is refused when that was signed, and sent with `more` in its envelope."""
    wallet, nonce = Account.from_key(exchange.accounts[0].key), get_timestamp_ms()
    signature = sign_l1_action(wallet, signed, None, nonce, None, is_mainnet)
    envelope = {"action": sent, "nonce": nonce, "signature": signature, **more}
    assert ask(exchange, "POST", "/exchange", json.dumps(envelope).encode()).status == 200
    found: Json = get(exchange, "diagnoses")[-1]
    assert found["rule"] == "unknown_signer"
    return str(found["why"]).removeprefix(exchange.accounts[0].address).strip()


def action(**changed: Json) -> Json:
    """An order in the form of the exchange, unless something is changed."""
    wire = {"a": 1, "b": True, "p": "1500", "s": "1", "r": False, "t": {"limit": {"tif": "Gtc"}}}
    return {"type": "order", "orders": [{**wire, **changed}], "grouping": "na"}


def alphabetical(value: Json) -> Json:
    """The same with all keys in that order."""
    return json.loads(json.dumps(value, sort_keys=True))


AS_SENT = "signed the action as it was sent, which the exchange hashes in a form of its own: "
MISREAD: list[tuple[Json, str]] = [
    (action(p="1500.0"), 'action.orders[0].p is "1500" in it.'),
    (action(s="01.0"), 'action.orders[0].s is "1" in it.'),
    (action(c=None), "action.orders[0].c is not in it."),
    (action(c="0x" + "AB" * 16), f'action.orders[0].c is "0x{"ab" * 16}" in it.'),
    (dict(reversed(action().items())), "the keys of action are type, orders, grouping."),
    ({"type": "order", "orders": action()["orders"]}, 'action.grouping is "na" in it.'),
]


@pytest.mark.parametrize(("sent", "text"), MISREAD, ids=[text[:25] for _, text in MISREAD])
def test_who_signed_the_form_that_he_sent_is_told_where_it_differs(
    sent: Json, text: str, running: RunningExchange
) -> None:
    assert why_of(running, sent, sent) == AS_SENT + text


def test_who_signed_less_than_he_sent_or_in_another_order_is_told_so(
    running: RunningExchange,
) -> None:
    one, whole = bot(running), action()
    for is_buy in (True, False):
        one.market_open("BTC", is_buy, 1)
    sub = one.create_sub_account("second")["response"]["data"]

    assert why_of(running, whole, whole, vaultAddress=sub) == (
        "signed without the vaultAddress that came with it."
    )
    assert why_of(running, whole, whole, expiresAfter=2**42) == (
        "signed without the expiresAfter that came with it."
    )
    assert why_of(running, alphabetical(whole), whole) == (
        "signed its keys in alphabetical order, which is another one."
    )
    padded = action(p="1500.0")
    assert why_of(running, padded, padded, is_mainnet=True) == (
        "signed for mainnet, and this server is --chain testnet; the action as it was sent, which "
        'the exchange hashes in a form of its own: action.orders[0].p is "1500" in it.'
    )


def test_what_nobody_can_have_signed_is_explained_like_any_strange_signer(
    running: RunningExchange,
) -> None:
    """Fields that the exchange ignores may hold what msgpack cannot."""
    why = why_of(running, action(p="1501"), action(x=2**70))

    assert why.startswith("The signature gives an address that nobody knows.")
