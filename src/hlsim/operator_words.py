"""What the operator did to an exchange, in words that go on after `operator`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hlsim.scenarios.cast import ActorCancels, ActorOrder, OpenActor
from hlsim.scenarios.director import MovePrice, SetBook
from hlsim.server.blocks import AutoWaitSet, ClockHanded, ClockSkewed, Deed, Kept, Loaded, WentBack
from hlsim.server.shapes.text import decimal_text, usd_text
from hlsim.sim import operations
from hlsim.telling import Coin, coins_of, number_told, span_told

if TYPE_CHECKING:
    from hlsim.sim.exchange import Exchange

MOST_PRICES = 5
"""Of one operation; the others are counted."""


def deed_told(deed: Deed, coin: Coin) -> str:
    """What was done to market or server; "" for what is the market's own doing."""
    match deed:
        case MovePrice():
            slowly = f" within {span_told(deed.over_ms)}" if deed.over_ms else ""
            return f"moves {coin(deed.asset_id)} to {number_told(deed.px)}{slowly}"
        case SetBook():
            return f"sets the book of {coin(deed.asset_id)}"
        case OpenActor():
            return f"gives actor {deed.name} {usd_text(deed.usd)} USDC"
        case ActorOrder():
            side = "buys" if deed.is_buy else "sells"
            where = "" if deed.px is None else f" at {number_told(deed.px)}"
            sz = number_told(deed.sz)
            return f"actor {deed.name} {side} {sz} {coin(deed.asset_id)}{where}"
        case ActorCancels():
            where = "" if deed.asset_id is None else f" in {coin(deed.asset_id)}"
            return f"actor {deed.name} cancels its orders{where}"
        case ClockHanded():
            return f"hands the clock over: {deed.clock.value}, speed {deed.speed:g}"
        case ClockSkewed():
            return f"sets its clock {deed.ms} ms ahead of its clients'"
        case AutoWaitSet():
            return f"has an auto clock wait {deed.ms} ms for another request"
        case Kept():
            return f"keeps snapshot {deed.id}"
        case WentBack():
            return f"goes back to snapshot {deed.id}"
        case Loaded():
            return "goes on from what was saved"
        case _:
            return ""


def operation_told(operation: object, exchange: Exchange) -> str:
    """What was done to the exchange; of what only a caller of `operate` knows its name."""
    match operation:
        case operations.DepositUsd():
            return f"deposits {usd_text(operation.usd)} USDC for {operation.user}"
        case operations.MintToken():
            token = exchange.state.universe.tokens[operation.token]
            amount = decimal_text(operation.amount, token.wei_decimals)
            return f"mints {amount} {token.name} for {operation.user}"
        case operations.SetReferralCode():
            return f"makes {operation.code} the referral code of {operation.user}"
        case operations.KeepHistory():
            return f"keeps {operation.rows} rows of each history of {operation.user}"
        case operations.GrantRequests():
            return f"grants {operation.user} {operation.count} requests"
        case operations.UpgradeNetwork():
            only = f", post-only for {span_told(operation.post_only_ms)}"
            return f"upgrades the network{only if operation.post_only_ms else ''}"
        case operations.ListOutcome():
            return f"lists the outcome {operation.name}"
        case operations.SettleOutcome():
            paid = number_told(operation.fraction)
            return f"settles outcome {operation.outcome}: its first side is paid {paid}"
        case operations.ListQuestion():
            names = ", ".join(name for name, _ in operation.named)
            return f"lists the question {operation.name}: {names}"
        case operations.SettleQuestion():
            return f"settles question {operation.question}: outcome {operation.winner} happened"
        case _:
            return _of_market(operation, coins_of(exchange))


def _of_market(operation: object, coin: Coin) -> str:
    match operation:
        case operations.SetOracle() | operations.SetMark():
            what = type(operation).__name__.removeprefix("Set").lower()
            pxs = operation.pxs
            moved = [f"{coin(one)} to {number_told(px)}" for one, px in pxs[:MOST_PRICES]]
            more = len(pxs) - MOST_PRICES
            return f"sets the {what} of {', '.join(moved)}{f' and {more} more' if more > 0 else ''}"
        case operations.SetHalt():
            return f"{'halts' if operation.halted else 'resumes'} {coin(operation.asset_id)}"
        case operations.ListPerp():
            return f"lists the perp {operation.coin} at {number_told(operation.oracle_px)}"
        case operations.DelistPerp():
            return f"delists {coin(operation.asset_id)}"
        case operations.SetOpenInterestCap():
            whose = f"the open interest of {coin(operation.asset_id)}"
            if operation.cap is None:
                return f"lifts the cap of {whose}"
            return f"caps {whose} at {usd_text(operation.cap)} USD"
        case operations.Requote():
            return f"quotes {coin(operation.asset_id)} for {operation.user}"
        case operations.TakeBook():
            return f"takes from the book of {coin(operation.asset_id)} for {operation.user}"
        case _:
            return type(operation).__name__
