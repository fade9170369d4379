"""A liquidation through the official SDK, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bots import ALO, GTC, Bot, one
from test_sdk_streams import listening, until

import hlsim
from hlsim.sim.operations import SetOracle


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """An empty market: what the oracle says is the mark."""
    with hlsim.start(market="empty", clock="manual", accounts=12) as running:
        yield running


def opened(bot: Bot, other: Bot, *, cross: bool) -> float:
    """`bot` is long 20 ETH at 20x; returns the price."""
    px = round(float(bot.info.meta_and_asset_ctxs()[1][1]["markPx"]))
    bot.exchange.update_leverage(20, "ETH", is_cross=cross)
    one(other.exchange.order("ETH", False, 20, px, ALO))
    assert one(bot.exchange.order("ETH", True, 20, px, GTC))["filled"]["totalSz"] == "20.0"
    return px


def move(server: Any, bot: Bot, px: float) -> None:
    asset = bot.info.name_to_asset("ETH")
    server.operate(SetOracle(((asset, round(px * 10**8)),)))  # type: ignore[arg-type]


def test_a_bot_sees_its_isolated_position_liquidated(server: Any, bot: Bot, other: Bot) -> None:
    """Evidence: mechanics 8.3, 8.4; the row `liquidation` of info 7.2 and the event of ws 3.13."""
    px = opened(bot, other, cross=False)
    (row,) = bot.info.user_state(bot.address)["assetPositions"]
    shown = float(row["position"]["liquidationPx"])
    assert 0.96 * px < shown < 0.98 * px
    resting = one(bot.exchange.order("ETH", True, 1, round(px * 0.5), GTC))
    bid = one(other.exchange.order("ETH", True, 30, round(shown - 5), ALO))["resting"]["oid"]
    before = bot.info.user_state(bot.address)["crossMarginSummary"]["accountValue"]
    kinds = ("userEvents", "userFills")

    with listening(server, *({"type": kind, "user": bot.address} for kind in kinds)) as frames:
        until(frames, lambda frame: frame["channel"] == "userFills")
        move(server, bot, shown - 2)
        event = until(frames, lambda frame: "liquidation" in frame["data"])
        fills = until(frames, lambda frame: "fills" in frame["data"])

    assert event["data"]["liquidation"]["liquidated_user"] == bot.address.lower()
    (fill,) = fills["data"]["fills"]
    assert (fill["dir"], fill["sz"], fill["crossed"]) == ("Close Long", "20.0", True)
    assert fill["liquidation"]["method"] == "market"
    assert bot.info.user_fills(bot.address)[0] == fill
    assert bot.positions() == {}
    after = bot.info.user_state(bot.address)["crossMarginSummary"]["accountValue"]
    assert float(after) >= float(before)
    ledger = bot.info.user_non_funding_ledger_updates(bot.address, 0)
    assert ledger[-1]["delta"]["type"] == "liquidation"
    assert ledger[-1]["delta"]["liquidatedPositions"] == [{"coin": "ETH", "szi": "20.0"}]
    assert ledger[-1]["delta"]["leverageType"] == "Isolated"
    status = bot.info.query_order_by_oid(bot.address, resting["resting"]["oid"])
    assert status["order"]["status"] == "liquidatedCanceled"
    maker = other.info.user_fills(other.address)[0]
    assert (maker["oid"], maker["crossed"]) == (bid, False)
    assert maker["liquidation"] == fill["liquidation"]
    move(server, bot, px)


def test_a_winning_hedge_leg_is_closed_by_deleveraging(server: Any, bot: Bot, other: Bot) -> None:
    """Evidence: integrators 30, `liq-02`: deleveraging closes a winning leg uninvited."""
    px = opened(bot, other, cross=False)

    move(server, bot, px * 0.97)
    move(server, bot, px * 0.9)

    assert bot.positions() == other.positions() == {}
    won = other.info.user_fills(other.address)[0]
    assert (won["dir"], won["fee"], won["px"]) == (
        "Auto-Deleveraging",
        "0.0",
        str(float(f"{px * 0.97:.2f}")),
    )
    assert won["liquidation"]["method"] == "backstop"
    assert bot.info.user_fills(bot.address)[0]["dir"] == "Liquidated Isolated Long"
