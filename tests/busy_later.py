"""What takes a day, or a market that nobody looks after: locked shares, locked stakes, ruin."""

from __future__ import annotations

from typing import Any

from busy import ASSETS, VALIDATOR, Town, done
from busy_evening import trigger
from wire import ALO, nonces, order

from hlsim.sim.fixed import Px
from hlsim.sim.operations import DelistPerp, ListOutcome, SetOracle, SettleOutcome


def oracle(t: Town, coin: str, px: int) -> None:
    t.server.operate(SetOracle(((ASSETS[coin], Px(px * 10**8)),)))


def ruin(t: Town) -> None:
    """Carol is liquidated by the market, alice's winning short is closed when erin is bankrupt."""
    alice, bob, carol, erin = t["alice"], t["bob"], t["carol"], t["erin"]
    oracle(t, "ETH", 2000)
    for pen, is_cross in ((carol, True), (erin, False)):
        pen.act("updateLeverage", asset=1, isCross=is_cross, leverage=20)
    done(bob.sells(1, "900", "2000", ALO))
    done(carol.buys(1, "900", "2000"))
    done(carol.buys(1, "1", "1500"))
    done(bob.buys(1, "1000", "1926", ALO))
    oracle(t, "ETH", 1930)
    t.advance(seconds=5)
    oracle(t, "ETH", 1925)
    t.advance(seconds=5)
    done(alice.orders(order(1, "20", "1935", ALO, is_buy=False)))
    done(erin.buys(1, "20", "1935"))
    bob.l1({"type": "cancel", "cancels": [{"a": 1, "o": one} for one in resting(t)]})
    oracle(t, "ETH", 1880)
    t.advance(seconds=5)
    oracle(t, "ETH", 1700)
    t.advance(seconds=5)


def resting(t: Town) -> list[int]:
    return [row["oid"] for row in t["bob"].info("openOrders", user=t["bob"].address)]


def a_day(t: Town) -> None:
    """Bob's share of alice's vault grows, and he and she take out what they may."""
    alice, bob = t["alice"], t["bob"]
    nonce = next(nonces)
    terms = {"name": "The vault", "description": "A vault for a test."}
    created = {"type": "createVault", **terms, "initialUsd": 500_000_000, "nonce": nonce}
    vault = done(alice.l1(created, nonce=nonce))["response"]["data"]
    t.known["vault alice's"] = vault
    bob.act("vaultTransfer", vaultAddress=vault, isDeposit=True, usd=400_000_000)
    oracle(t, "BTC", 60_000)
    done(bob.sells(0, "0.02", "60000", ALO))
    long = {"type": "order", "orders": [order(0, "0.02", "60000")], "grouping": "na"}
    done(alice.l1(long, vault=vault))
    alice.signs("cDeposit", wei=80 * 10**8)
    alice.signs("tokenDelegate", validator=VALIDATOR, wei=80 * 10**8, isUndelegate=False)
    t.advance(hours=25)
    oracle(t, "BTC", 66_000)
    bob.act("vaultTransfer", vaultAddress=vault, isDeposit=False, usd=300_000_000)
    alice.act("vaultModify", vaultAddress=vault, allowDeposits=False, alwaysCloseOnWithdraw=True)
    alice.signs("tokenDelegate", validator=VALIDATOR, wei=30 * 10**8, isUndelegate=True)
    t.hear()


def stops(t: Town) -> None:
    """Dan's stop is triggered, and takes its sibling and what only reduced with it; orders end with
    their market.
    """
    bob, dan = t["bob"], t["dan"]
    oracle(t, "HYPE", 40)
    done(bob.sells(2, "10", "40", ALO))
    child: dict[str, Any] = {"is_buy": False, "reduce_only": True}
    group = [
        order(2, "10", "40"),
        order(2, "10", "44", trigger("44", "tp"), **child),
        order(2, "10", "36", trigger("39", "sl"), **child),
    ]
    dan.act("order", orders=group, grouping="normalTpsl")
    done(bob.buys(2, "20", "37.5", ALO))
    done(dan.orders(order(2, "5", "38.4", **child)))
    oracle(t, "HYPE", 37)
    t.advance(seconds=5)
    done(dan.buys(3, "20", "9"))
    t.server.operate(DelistPerp(ASSETS["ISO"]))
    t.server.operate(ListOutcome("Rain?"))
    done(dan.l1({"type": "userOutcome", "splitOutcome": {"outcome": 1, "amount": "50"}}))
    done(dan.orders(order(100_000_010, "50", "0.6", is_buy=False)))
    t.server.operate(SettleOutcome(1, Px(10**8)))


def plans(t: Town) -> None:
    """One TWAP of dan's is finished, one stopped by its price."""
    bob, dan = t["bob"], t["dan"]
    oracle(t, "HYPE", 40)
    done(bob.sells(2, "100", "40", ALO))
    terms = {"a": 2, "b": True, "s": "20", "r": False, "m": 5, "t": False}
    done(dan.l1({"type": "twapOrder", "twap": terms}))
    stopped = {"twap": terms | {"m": 60}, "details": {"t": None, "s": "41"}}
    done(dan.l1({"type": "twapOrder", **stopped}))
    t.advance(seconds=310)
    done(bob.l1({"type": "cancel", "cancels": [{"a": 2, "o": one} for one in resting(t)]}))
    oracle(t, "HYPE", 42)
    t.advance(seconds=60)


LATER = (ruin, stops, plans, a_day)
