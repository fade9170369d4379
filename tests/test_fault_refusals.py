"""Refusals that the exchange never made: what clients see of them, and that nothing is done."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import eth_account
import pytest
from asking import ask
from bots import ALO, GTC, one, statuses
from hyperliquid.exchange import Exchange
from hyperliquid.utils.error import ClientError
from scenario_bots import said
from struck import CLOID, Struck, until
from test_recorded import replayed
from wire import Pen

import hlsim
from hlsim.scenario import read, run
from hlsim.scenario.report import lines
from hlsim.scenarios.faults import parse_fault
from hlsim.server.diagnosis import diagnose
from hlsim.server.faults import check_name
from hlsim.server.refusals import ENTRIES, rules_of, text_of
from hlsim.sim.errors import ActionReject, CancelReject, OrderReject, TwapReject

BTC = 0
MARGIN = "Insufficient margin to place order. asset=1"
SPENT = (
    "Too many cumulative requests sent (10000 > 9999) for cumulative volume traded $0. Place taker "
    "orders to free up 1 request per USDC traded."
)
WHYS: list[Any] = [*OrderReject, *CancelReject, *TwapReject, *ActionReject]
NOT_SHAPED = "Failed to deserialize the JSON body into the target type"


# -- over HTTP, by the official SDK ----------------------------------------------------------------


def order_of(coin: str = "ETH", px: float = 1500, sz: float = 0.1, kind: Any = GTC) -> Any:
    return {
        "coin": coin,
        "is_buy": True,
        "sz": sz,
        "limit_px": px,
        "order_type": kind,
        "reduce_only": False,
    }


def refused(struck: Struck, plan: str, deed: Callable[[], Any]) -> Any:
    """The answer to a deed while the plan is in force, which left the state as it was."""
    hashed = struck.running.state_hash()
    with struck.running.fault(plan) as fault:
        answer = deed()
        assert fault.struck == 1
    assert struck.running.state_hash() == hashed
    return answer


def test_an_order_is_refused_in_the_words_of_the_exchange_and_is_not_there(struck: Struck) -> None:
    reply = refused(struck, "order:1:refuse=margin", struck.buy)

    assert one(reply) == {"error": MARGIN}
    assert struck.ask()["status"] == "unknownOid"
    # Its nonce is not used up: the very same request, sent again, is done.
    assert "resting" in one(struck.buy_again())
    assert struck.ask()["status"] == "order"


def test_without_a_rule_the_requests_of_the_account_are_used_up(struck: Struck) -> None:
    reply = refused(struck, "exchange:1:refuse", lambda: struck.exchange.update_leverage(5, "ETH"))
    assert reply == {"status": "err", "response": SPENT}

    struck.buy()
    struck.reset()
    reply = refused(struck, "any:1:refuse", struck.buy)
    assert reply["response"] == SPENT


def test_every_entry_of_a_batch_is_refused_or_the_payload_once(struck: Struck) -> None:
    batch = [order_of("ETH"), order_of("BTC", 50_000, 0.01)]

    def place() -> Any:
        return struck.exchange.bulk_orders(batch)

    assert statuses(refused(struck, "order:1:refuse=min_trade_ntl", place)) == [
        {"error": "Order must have minimum value of $10. asset=1"},
        {"error": "Order must have minimum value of $10. asset=0"},
    ]
    assert statuses(refused(struck, "order:1:refuse=halted", place)) == [
        {"error": "Trading is halted."},
        {"error": "Trading is halted."},
    ]
    assert statuses(refused(struck, "order:1:refuse=zero_sz", place)) == [
        {"error": "Order has zero size."}
    ]


def test_the_best_prices_stand_in_the_words_that_tell_them(struck: Struck) -> None:
    def place() -> Any:
        return struck.exchange.bulk_orders([order_of("ETH", kind=ALO)])

    told = "Post only order would have immediately matched, bbo was {}. asset=1"
    reply = refused(struck, "order:1:refuse=bad_alo_px", place)
    assert one(reply) == {"error": told.format("0@0")}
    struck.exchange.order("ETH", True, 0.1, 1499.5, GTC)
    reply = refused(struck, "order:1:refuse=bad_alo_px", place)
    assert one(reply) == {"error": told.format("1499.5@0")}


def test_cancels_and_modifies_are_refused_and_the_order_stays(struck: Struck) -> None:
    oid = one(struck.buy())["resting"]["oid"]
    client = struck.exchange

    def modify() -> Any:
        return client.modify_order(oid, "ETH", True, 0.2, 1400, ALO)

    gone = "Order was never placed, already canceled, or filled. asset=1"
    cancel = refused(struck, "cancel:1:refuse=not_open", lambda: client.cancel("ETH", oid))
    assert one(cancel) == {"error": gone}
    cancel = refused(
        struck,
        f"cancelByCloid[cloid={CLOID.to_raw()}]:1:refuse=not_open",
        lambda: client.cancel_by_cloid("ETH", CLOID),
    )
    assert one(cancel) == {"error": gone}
    placing = f"Error placing new order during modify: {MARGIN}"
    closed = "Cannot modify canceled or filled order"
    zero = "Order has zero price."
    for rule, text in (("margin", placing), ("zero_px", zero), ("modify_not_open", closed)):
        reply = refused(struck, f"batchModify:1:refuse={rule}", modify)
        assert one(reply) == {"error": text}
    assert [row["oid"] for row in struck.info.open_orders(struck.address)] == [oid]


def test_a_query_is_refused_as_one_that_nobody_can_read(struck: Struck) -> None:
    struck.buy()
    for plan in ("orderStatus:1:refuse", "info:1:refuse=not_shaped", "any:1:refuse"):
        with pytest.raises(ClientError) as error:
            refused(struck, plan, struck.ask)
        assert (error.value.status_code, error.value.error_message) == (422, NOT_SHAPED)
    assert struck.ask()["status"] == "order"


def test_the_explorer_is_refused_alike(struck: Struck) -> None:
    body = json.dumps({"type": "userDetails", "user": struck.address}).encode()
    with struck.running.fault("explorer:#1:refuse"):
        answered = ask(struck.running, path="/explorer", body=body)
        assert (answered.status, answered.body.decode()) == (422, NOT_SHAPED)
        assert ask(struck.running, path="/explorer", body=body).status == 200


def test_an_action_may_be_one_that_nobody_can_read(struck: Struck) -> None:
    with pytest.raises(ClientError) as error:
        refused(struck, "order:1:refuse=not_shaped", struck.buy)
    assert (error.value.status_code, error.value.error_message) == (422, NOT_SHAPED)
    assert struck.ask()["status"] == "unknownOid"


def test_what_else_is_wrong_with_a_request_is_told_first(struck: Struck) -> None:
    """A body of the wrong shape, a signature that gives nobody: nothing else is asked for then."""
    with struck.running.fault("order:1:refuse=margin"):
        with pytest.raises(ClientError) as error:
            struck.exchange.post("/exchange", {"action": {"type": "order"}, "nonce": 1})
        assert error.value.status_code == 422
        action = {"type": "order", "orders": [], "grouping": "na"}
        signature = {"r": "0x0", "s": "0x0", "v": 27}
        reply = struck.exchange.post(
            "/exchange", {"action": action, "nonce": 1, "signature": signature}
        )
        assert reply == {"status": "err", "response": "Unable to recover signer."}


def test_only_those_that_a_plan_names_are_refused(struck: Struck) -> None:
    with struck.running.fault(f"order[coin=ETH&user={struck.address}]:#2:refuse=tick") as fault:
        replies = [
            struck.exchange.order(coin, True, 0.1, px, GTC)
            for coin, px in (("ETH", 1500), ("BTC", 50_000), ("ETH", 1500), ("ETH", 1500))
        ]
    assert [next(iter(one(reply))) for reply in replies] == [
        "resting",
        "resting",
        "error",
        "resting",
    ]
    assert fault.struck == 1


# -- as posts over a socket ------------------------------------------------------------------------


def test_posts_are_refused_in_the_same_words(struck: Struck) -> None:
    line = struck.line()
    assert until(lambda: line.ws_ready)
    client = struck.client_of(line)
    hashed = struck.running.state_hash()
    with struck.running.fault("order:1:refuse=margin"):
        struck.buy(client)
        assert one(line.next()["data"]["response"]["payload"]) == {"error": MARGIN}
    with struck.running.fault("orderStatus:1:refuse"):
        struck.ask(client)
        told = line.next()
    assert told["channel"] == "error"
    assert told["data"].startswith("Error parsing JSON into valid websocket request: ")
    assert struck.running.state_hash() == hashed


# -- what the operator is told ---------------------------------------------------------------------


def test_the_operator_hears_who_refused_it(struck: Struck) -> None:
    struck.running.call(lambda server: server.console.requests.clear())
    with struck.running.fault("order:1:refuse=margin"):
        struck.buy()

    (row,) = struck.running.requests(action="order", status="refused").requests
    assert row.refusals == [MARGIN]
    assert row.struck.plan == "order:1:refuse=margin"
    assert row.struck.got == "a refusal that the exchange did not make"
    (found,) = struck.running.diagnoses(user=struck.address)
    assert found.rule == "margin"
    assert found.why.startswith(
        "The fault order:1:refuse=margin refuses it so, whatever was asked for. "
    )


# -- which there are -------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [*ENTRIES, "updateLeverage", "exchange", "orderStatus", "any"])
def test_a_rule_that_is_none_is_refused_with_those_that_are(on: str) -> None:
    for rule in rules_of(on):
        check_name(parse_fault(f"{on}:1:refuse={rule}"))
    known = re.escape(", ".join(rules_of(on)))
    with pytest.raises(ValueError, match=f"^{on} is not refused by 'nope'; known: {known}$"):
        check_name(parse_fault(f"{on}:1:refuse=nope"))


def test_entries_are_refused_by_their_own_rules_only() -> None:
    for plan in ("cancel:1:refuse=margin", "exchange:1:refuse=margin", "info:1:refuse=margin"):
        with pytest.raises(ValueError, match="is not refused by 'margin'"):
            check_name(parse_fault(plan))


def action_of(name: str) -> dict[str, Any]:
    """A plain one of those whose entries are refused one by one."""
    order = {
        "a": BTC,
        "b": True,
        "p": "50000",
        "s": "0.01",
        "r": False,
        "t": {"limit": {"tif": "Gtc"}},
    }
    twap = {"a": BTC, "b": True, "s": "1", "r": False, "m": 30, "t": False}
    cancel = {"a": BTC, "o": 1}
    return {
        "order": {"orders": [order], "grouping": "na"},
        "modify": {"oid": 1, "order": order},
        "batchModify": {"modifies": [{"oid": 1, "order": order}]},
        "cancel": {"cancels": [cancel]},
        "cancelByCloid": {"cancels": [{"asset": BTC, "cloid": CLOID.to_raw()}]},
        "twapOrder": {"twap": twap},
        "twapCancel": {"a": BTC, "t": 1},
    }[name]


def texts_in(answer: Any) -> list[str]:
    """What refuses the action or its entry."""
    if answer["status"] == "err":
        return [answer["response"]]
    data = answer["response"]["data"]
    found = data["statuses"] if "statuses" in data else [data["status"]]
    return [entry["error"] for entry in found]


def test_every_rule_refuses_in_its_own_words() -> None:
    """And leaves nothing: the state is what it was, whatever was asked for."""
    with hlsim.start(market="empty", clock="manual") as exchange:
        pen = Pen(exchange, exchange.accounts[0].key)
        hashed = exchange.state_hash()
        for name, rules in ENTRIES.items():
            for rule, why in rules.items():
                with exchange.fault(f"{name}:1:refuse={rule}"):
                    (text,) = texts_in(pen.l1({"type": name, **action_of(name)}))
                words = re.sub(r"\\\{\w+\\\}", "[0-9@]+", re.escape(text_of(why)))
                assert re.search(words, text)
                if name not in ("modify", "batchModify"):
                    alike = {other.name.lower() for other in WHYS if text_of(other) == text_of(why)}
                    assert diagnose(200, text).rule in alike
        for rule in rules_of("noop")[:-1]:
            with exchange.fault(f"noop:1:refuse={rule}"):
                (text,) = texts_in(pen.l1({"type": "noop"}))
            first = text_of(ActionReject[rule.upper()]).partition("{")[0]
            assert text.startswith(first)
            assert "{" not in text
        assert exchange.state_hash() == hashed


def test_who_signed_and_with_which_nonce_stands_in_the_words() -> None:
    with hlsim.start(market="empty", clock="manual") as exchange:
        pen = Pen(exchange, exchange.accounts[0].key)
        with exchange.fault("noop:1:refuse=unknown_signer"):
            words = pen.l1({"type": "noop"})["response"]
        assert words == f"User or API Wallet {pen.address} does not exist."
        with exchange.fault("noop:1:refuse=nonce_duplicate"):
            words = pen.l1({"type": "noop"}, nonce=7)["response"]
        assert words == "Invalid nonce: duplicate nonce 7"
        with exchange.fault("cancel:1:refuse"):
            cancel = {"type": "cancel", **action_of("cancel")}
            words = pen.l1(cancel)["response"]
        assert words.startswith("Too many cumulative requests sent (20000 > 19999) ")


# -- scenarios -------------------------------------------------------------------------------------

FILE = """
title: An order is refused, and the next one unknown for a while
exchange: {market: empty}
lasts: 3s
faults:
  - {on: order, effect: refuse, refusal: margin, nth: 1}
timeline:
  - when: {requests: {action: order, at_least: 1}}
    fault: "orderStatus:1:lag=300"
expect:
  - finally: {refusals: {text: Insufficient margin, is: 1}}
  - finally: {requests: {action: order, is: 2}}
  - finally: {open_orders: {is: 1}}
"""

BOT = """
import os, time
import eth_account
from hyperliquid.exchange import Exchange
url, key = os.environ["HLSIM_URL"], os.environ["HYPERLIQUID_PK"]
client = Exchange(eth_account.Account.from_key(key), url)
for _ in range(2):
    reply = client.order("ETH", True, 0.1, 1500, {"limit": {"tif": "Gtc"}})
    (told,) = reply["response"]["data"]["statuses"]
    print(told.get("error", "rests"))
for _ in range(2):
    oid, address = told["resting"]["oid"], os.environ["HYPERLIQUID_ACCOUNT_ADDRESS"]
    print(client.info.query_order_by_oid(address, oid)["status"])
    time.sleep(0.4)
"""


def test_a_scenario_refuses_and_lags(tmp_path: Path) -> None:
    bot = tmp_path / "bot.py"
    bot.write_text(BOT)
    verdict = run(read(FILE, "file.yaml", "refusals"), [sys.executable, str(bot)], seed=1)
    assert verdict.passed, "\n".join(lines(verdict))
    assert said(verdict, "bot") == [MARGIN, "rests", "unknownOid", "order", "ended with 0"]
    strikes = said(verdict, "fault")
    assert strikes[0].startswith("order:#1:refuse=margin strikes (order: buy 0.1 ETH at 1500")
    assert strikes[0].endswith(": is refused in the exchange's words and not done")
    assert len(strikes) == 3


# -- a journal knows nothing of them ---------------------------------------------------------------


def test_a_restart_and_a_replay_have_what_was_done_and_no_more(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "journal": str(tmp_path / "journal"),
        "market": "empty",
        "clock": "manual",
        "fault": "order:#2+3:refuse=margin",
    }
    with hlsim.start(**settings) as exchange:
        wallet = eth_account.Account.from_key(exchange.accounts[0].key)
        client = Exchange(wallet, exchange.url)
        told = [one(client.order("ETH", True, 0.1, 1500, GTC)) for _ in range(4)]
        hashed = exchange.state_hash()
    assert [next(iter(status)) for status in told] == ["resting", "error", "error", "resting"]
    lines = Path(settings["journal"]).read_bytes().splitlines()
    assert sum(len(json.loads(line).get("replies", ())) for line in lines[1:]) == 2

    with hlsim.start(**settings) as again:
        assert again.state_hash() == hashed
        client = Exchange(wallet, again.url)
        told = [one(client.order("ETH", True, 0.1, 1500, GTC)) for _ in range(3)]
        assert [next(iter(status)) for status in told] == ["resting", "error", "error"]
        hashed = again.state_hash()
    code, out, _ = replayed(settings, "--check")
    assert (code, out["hash"]) == (0, hashed)
