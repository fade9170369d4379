"""Values in a posted action: what is read, what is signed instead, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest
from bodies import ADDRESS, CLOID, ORDER, USER_SIGNED, is_read, order, place, read, request

from hlsim.matching.types import Tif
from hlsim.server import decode
from hlsim.server.canonical import wire_form
from hlsim.server.decode import read_decimal
from hlsim.sim.actions.agents import ApproveAgent
from hlsim.sim.actions.orders import (
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

STOP = {"isMarket": True, "triggerPx": "103", "tpsl": "sl"}


def only_order(value: Any) -> NewOrder:
    action = read(value).action
    assert isinstance(action, PlaceOrders)
    return action.orders[0]


# -- values ----------------------------------------------------------------------------------------


def test_an_order_is_read_field_by_field() -> None:
    posted = order()
    posted["action"]["builder"] = {"b": "0x" + "AB" * 20, "f": 10}

    found = read({**posted, "vaultAddress": ADDRESS.upper()[2:], "expiresAfter": 0})

    assert found.action == PlaceOrders(
        orders=(
            NewOrder(
                asset=3,  # type: ignore[arg-type]
                is_buy=True,
                px=189140000000,  # type: ignore[arg-type]
                sz=2000000,  # type: ignore[arg-type]
                reduce_only=False,
                terms=OrderTerms(LimitTerms(Tif.GTC)),
                cloid=CLOID,  # type: ignore[arg-type]
            ),
        ),
        grouping="na",
        builder=BuilderTerms("0x" + "ab" * 20, 10),  # type: ignore[arg-type]
    )
    assert (found.nonce, found.vault, found.expires_after) == (7, ADDRESS, 0)
    assert (found.signature.r, found.signature.s, found.signature.v) == (1, 2, 27)
    assert (found.chain, found.signature_chain_id) == (None, None)


@pytest.mark.parametrize(
    ("text", "units", "canonical"),
    [
        ("67250", 6725000000000, "67250"),
        ("67250.0", 6725000000000, "67250"),
        ("0.10", 10000000, "0.1"),
        ("00012.34", 1234000000, "12.34"),
        (".5", 50000000, "0.5"),
        ("5.", 500000000, "5"),
        ("0", 0, "0"),
        ("0.0", 0, "0"),
        ("0.00000001", 1, "0.00000001"),
        ("1.123456780", 112345678, "1.12345678"),
        ("30000.000000000000000000000000000", 3000000000000, "30000"),
        ("184467440737.09551615", 2**64 - 1, "184467440737.09551615"),
        ("0" * 5000 + "1", 100000000, "1"),
    ],
)
def test_decimals_are_trimmed(text: str, units: int, canonical: str) -> None:
    """Observed: what is hashed is the trimmed decimal (exchange 2.2)."""
    found = read(order(p=text, s=text))

    assert only_order(order(p=text, s=text)).px == units
    packed_order = msgpack.unpackb(found.packed)["orders"][0]
    assert (packed_order["p"], packed_order["s"]) == (canonical, canonical)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "1 ",
        " 1",
        "-1",
        "-0",
        "+1",
        "1e3",
        "1E3",
        "NaN",
        "inf",
        "1_0",
        "1,0",
        "1.2.3",
        "0x1",
        "\u0661",
        "\u00b2",
        "\uff11",
        "1.123456789",
        "0.000000001",
        "184467440737.09551616",
        "9" * 400,
        "1\u0000",
        1,
        1.5,
        None,
        True,
        ["1"],
    ],
)
def test_what_is_no_plain_decimal_is_refused(text: Any) -> None:
    """Observed: a string of digits with at most one point, 8 decimals, 64 bits (exchange 2.2)."""
    assert not is_read(order(p=text))
    assert not is_read(order(s=text))


def test_the_memo_of_decimals_stays_small() -> None:
    """A client must not be able to fill the memory with prices."""
    for number in range(70_000):
        read_decimal(f"{number}.5")
    read_decimal("0" * 100_000 + "7")

    assert len(decode._decimals) <= decode._MEMO_SIZE
    assert max(map(len, decode._decimals)) <= decode._MEMO_TEXT


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("a", -1),
        ("a", 2**32),
        ("a", "0"),
        ("a", 0.0),
        ("a", None),
        ("a", True),
        ("b", 1),
        ("b", "true"),
        ("b", None),
        ("r", None),
        ("r", 0),
        ("t", {}),
        ("t", None),
        ("t", "limit"),
        ("t", ["Gtc"]),
        ("t", {"limit": {}}),
        ("t", {"limit": {"tif": "gtc"}}),
        ("t", {"limit": {"tif": "Fok"}}),
        ("t", {"limit": {"tif": None}}),
        ("t", {"limit": None}),
        ("t", {"limit": {"tif": "Gtc"}, "trigger": None}),
        ("t", {"limit": {"tif": "Gtc"}, "trigger": STOP}),
        ("t", {"trigger": None}),
        ("t", {"trigger": {}}),
        ("t", {"trigger": "sl"}),
        ("t", {"trigger": STOP, "other": 1}),
        ("t", {"trigger": STOP | {"tpsl": "SL"}}),
        ("t", {"trigger": STOP | {"tpsl": None}}),
        ("t", {"trigger": STOP | {"isMarket": 1}}),
        ("t", {"trigger": STOP | {"triggerPx": 103}}),
        ("t", {"trigger": STOP | {"triggerPx": "-103"}}),
        ("t", {"trigger": STOP | {"triggerPx": "1e2"}}),
        ("t", {"trigger": STOP | {"triggerPx": "0.000000001"}}),
        ("t", {"trigger": {"isMarket": True, "tpsl": "sl"}}),
        ("t", {"limit": {"tif": "Gtc"}, "other": 1}),
        ("c", "0X" + "ab" * 16),
        ("c", "ab" * 16),
        ("c", "0x" + "ab" * 15),
        ("c", "0x" + "ab" * 17),
        ("c", "0x" + "ag" * 16),
        ("c", "0x" + "ab" * 15 + "\u0661\u0661"),
        ("c", ""),
        ("c", 7),
    ],
)
def test_a_field_of_an_order_with_the_wrong_value_is_refused(key: str, value: Any) -> None:
    """Observed: strict types, exact words, one of `limit` and `trigger`, and a cloid of `0x` and 32
    hex digits (exchange 2.2)."""
    assert not is_read(order(**{key: value}))


@pytest.mark.parametrize("key", ["a", "b", "p", "s", "t"])
def test_an_order_without_a_required_field_is_refused(key: str) -> None:
    assert not is_read(order(**{key: ...}))


@pytest.mark.parametrize("tif", Tif)
def test_every_time_in_force_of_the_wire_is_read(tif: Tif) -> None:
    assert only_order(order(t={"limit": {"tif": tif.value}})).terms.limit.tif is tif


@pytest.mark.parametrize("tpsl", ["tp", "sl"])
def test_trigger_terms_are_read_and_signed_in_their_own_order(tpsl: str) -> None:
    """Observed: isMarket, triggerPx, tpsl, the price without its zeros, what is unknown left out
    (exchange 2.2, 5.1)."""
    posted = {"tpsl": tpsl, "other": 1, "triggerPx": "0103.50", "isMarket": True}

    action = read(order(t={"trigger": posted}))

    terms = TriggerTerms(True, 10_350_000_000, tpsl)  # type: ignore[arg-type]
    assert only_order(order(t={"trigger": posted})).terms == OrderTerms(trigger=terms)
    signed = msgpack.unpackb(action.packed)["orders"][0]["t"]
    assert json.dumps(signed) == json.dumps(
        {"trigger": {"isMarket": True, "triggerPx": "103.5", "tpsl": tpsl}}
    )
    assert wire_form(action.action)["orders"][0]["t"] == signed


@pytest.mark.parametrize("grouping", ["na", "normalTpsl", "positionTpsl"])
def test_a_grouping_is_read_and_signed(grouping: str) -> None:
    posted = order()
    posted["action"]["grouping"] = grouping

    action: Any = read(posted)

    assert action.action.grouping == grouping
    assert msgpack.unpackb(action.packed)["grouping"] == grouping


def test_a_priority_is_read_and_signed_in_place_of_a_grouping() -> None:
    """Documented: exchange 5.1."""
    posted = order()
    posted["action"]["grouping"] = {"p": 12345}

    action: Any = read(posted)

    assert action.action.grouping == Priority(12345)  # type: ignore[arg-type]
    assert msgpack.unpackb(action.packed)["grouping"] == {"p": 12345}
    assert wire_form(action.action)["grouping"] == {"p": 12345}


def test_orders_share_the_terms_that_are_equal() -> None:
    """A batch would else build the same two objects forty times."""
    gtc, ioc = order(), order(t={"limit": {"tif": "Ioc"}})

    assert only_order(gtc).terms is only_order(gtc).terms
    assert only_order(gtc).terms != only_order(ioc).terms


def test_the_biggest_asset_id_is_read() -> None:
    assert only_order(order(a=2**32 - 1)).asset == 2**32 - 1


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS[2:], ADDRESS.upper().replace("0X", "0x")])
def test_an_address_is_lower_cased_and_gets_its_prefix(address: str) -> None:
    """Observed: `0x` optional, any case (exchange 2.2)."""
    posted = order()
    posted["action"]["builder"] = {"b": address, "f": 1}

    action = read({**posted, "vaultAddress": address})

    assert action.vault == ADDRESS
    assert msgpack.unpackb(action.packed)["builder"] == {"b": ADDRESS, "f": 1}


@pytest.mark.parametrize(
    "address", ["", "0x", "0X" + "cd" * 20, ADDRESS + "0", ADDRESS[:-1], "0x" + "cg" * 20, 7]
)
def test_what_is_no_address_is_refused(address: Any) -> None:
    """Observed: exactly 40 hex digits, `0X` refused (exchange 2.2)."""
    posted = order()
    posted["action"]["builder"] = {"b": address, "f": 1}
    usd_send = {"type": "usdSend", **USER_SIGNED, "destination": address, "amount": "1", "time": 7}

    assert not is_read(posted)
    assert not is_read(order() | {"vaultAddress": address})
    assert not is_read(request(usd_send))


def test_texts_that_are_signed_stay_as_they_are() -> None:
    """Observed: strings are hashed verbatim, case and zeros included (exchange 3)."""
    wire = {
        "type": "usdSend",
        **USER_SIGNED,
        "destination": "0x" + "aB" * 20,
        "amount": "01.50",
        "time": 7,
    }

    assert wire_form(read(request(wire)).action) == {
        key: value for key, value in wire.items() if key not in USER_SIGNED
    }


def test_an_oid_or_a_cloid_names_the_order_to_modify() -> None:
    terms = {key: value for key, value in ORDER.items() if key != "c"}
    new = only_order(place(terms))

    def modified(oid: Any) -> Any:
        return read(request({"type": "modify", "oid": oid, "order": terms})).action

    assert modified(2**64 - 1) == Modify(2**64 - 1, new)  # type: ignore[arg-type]
    assert modified(CLOID.upper().replace("0X", "0x")) == Modify(CLOID, new)  # type: ignore[arg-type]
    batch = {"type": "batchModify", "modifies": [{"oid": 7, "order": terms}], "a": True}
    found: Any = read(request(batch)).action
    assert found.modifies == (Modification(7, new),)  # type: ignore[arg-type]
    assert found.always_place is True


@pytest.mark.parametrize("oid", [-1, 2**64, "7", "0x7", 1.0, None, True])
def test_what_is_neither_oid_nor_cloid_is_refused(oid: Any) -> None:
    assert not is_read(request({"type": "modify", "oid": oid, "order": ORDER}))


def test_isolated_margin_is_signed_64_bits() -> None:
    def update(ntli: Any) -> dict[str, Any]:
        action = {"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": ntli}
        return request(action)

    assert [is_read(update(n)) for n in (-(2**63), 2**63 - 1)] == [True, True]
    assert [is_read(update(n)) for n in (-(2**63) - 1, 2**63, 1.0)] == [False, False, False]


# -- what is signed although it was not posted so --------------------------------------------------


@pytest.mark.parametrize(
    ("posted", "signed"),
    [
        ({"type": "scheduleCancel", "time": None}, {"type": "scheduleCancel"}),
        (
            {"f": False, "cancels": [{"o": 5, "a": 1}], "type": "cancel"},
            {"type": "cancel", "cancels": [{"a": 1, "o": 5}]},
        ),
        (
            {"type": "cancel", "cancels": [], "f": True},
            {"type": "cancel", "cancels": [], "f": True},
        ),
        (
            {"type": "batchModify", "modifies": [], "a": False},
            {"type": "batchModify", "modifies": []},
        ),
        (
            {"type": "cancelByCloid", "cancels": [{"cloid": "0x" + "AB" * 16, "asset": 1}]},
            {"type": "cancelByCloid", "cancels": [{"asset": 1, "cloid": CLOID}]},
        ),
        (
            {"builder": None, "orders": [], "type": "order"},
            {"type": "order", "orders": [], "grouping": "na"},
        ),
    ],
    ids=["time null", "f false", "f true", "a false", "cloid in capitals", "order defaults"],
)
def test_the_signed_form_follows_the_table(posted: dict[str, Any], signed: dict[str, Any]) -> None:
    """Observed and documented: the consequences of re-serialising (exchange 2.2)."""
    found = read(request(posted))

    assert found.packed == msgpack.packb(signed)
    assert wire_form(found.action) == signed
    assert list(wire_form(found.action)) == list(signed)


def test_an_unnamed_agent_is_null_in_the_packed_form() -> None:
    """Observed: a multi-sig payload holds `agentName: null` (exchange 2.2, 6)."""
    wire = {"type": "approveAgent", **USER_SIGNED, "agentAddress": ADDRESS, "nonce": 7}

    for posted in (wire, {**wire, "agentName": None}):
        found = read(request(posted))
        assert found.action == ApproveAgent(ADDRESS, 7)  # type: ignore[arg-type]
        assert msgpack.unpackb(found.packed)["agentName"] is None
        assert (found.chain, found.signature_chain_id) == ("Testnet", 0x66EEE)
