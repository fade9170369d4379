"""What the traders of a town do between ten to midnight and a minute past it.

Alice ends up with everything that an account can have; the others are whom she trades with, and
those that cannot be her: a multi-sig user, accounts of other modes, deployers.
"""

from __future__ import annotations

import json
from typing import Any

from busy import ASSETS, PURR, USDC, VALIDATOR, Json, Scribe, Town, done
from wire import ALO, nonces, oid_of, order

from hlsim.sim.fixed import Address, Px, Usd
from hlsim.sim.operations import (
    ListOutcome,
    ListQuestion,
    SetOpenInterestCap,
    SettleOutcome,
    SettleQuestion,
)

CLOIDS = [f"0x{number:032x}" for number in range(0xA1, 0xAF)]
FIRST_OUTCOME = 100_000_000


def trigger(px: str, tpsl: str, *, is_market: bool = True) -> Json:
    return {"trigger": {"isMarket": is_market, "triggerPx": px, "tpsl": tpsl}}


def setting_out(t: Town) -> None:
    """Money for all, a referrer with a code, agents and a builder of alice's."""
    alice, bob = t["alice"], t["bob"]
    t.give("alice", usd=900_000, HYPE=2_000, USDH=5_000, USDC=90_000)
    t.give("bob", usd=9_000_000, HYPE=20_000, USDH=5_000, USDC=900_000)
    t.give("dan", HYPE=2_000)
    t.give("dora", HYPE=1_000)
    for coin in ("BTC", "ETH"):
        bob.take(coin, {"BTC": "0.5", "ETH": "3"}[coin])
    bob.act("registerReferrer", code="BOBSCODE")
    alice.act("setReferrer", code="BOBSCODE")
    alice.act("setDisplayName", displayName="Alice")
    alice.signs("approveBuilderFee", maxFeeRate="0.1%", builder=bob.address)
    for number, name in enumerate(("", "bot")):
        agent = f"0x{number + 1:040x}"
        alice.signs("approveAgent", agentAddress=agent, agentName=name)
        t.known[f"agent {name}"] = agent
    t.server.operate(SetOpenInterestCap(ASSETS["ISO"], Usd(1_000_000)))


def perps(t: Town) -> None:
    """Positions, cross and isolated, on the first dex and on xyz."""
    alice, bob = t["alice"], t["bob"]
    fee = {"b": bob.address, "f": 50}
    alice.take("BTC", "0.8", cloid=CLOIDS[0], builder=fee)
    alice.take("BTC", "0.7", builder=fee)
    alice.take("BTC", "0.2", is_buy=False)
    alice.act("updateLeverage", asset=1, isCross=False, leverage=10)
    alice.take("ETH", "5")
    alice.act("updateIsolatedMargin", asset=1, isBuy=True, ntli=25_000_000)
    alice.act("updateLeverage", asset=2, isCross=True, leverage=5)
    alice.take("HYPE", "20", is_buy=False)
    for dex_coin, sz in (("xyz:GOLD", "0.5"), ("xyz:TSLA", "2")):
        amount = {"token": USDC, "amount": "8000", "sourceDex": "", "destinationDex": "xyz"}
        if dex_coin == "xyz:GOLD":
            alice.signs("sendAsset", destination=alice.address, fromSubAccount="", **amount)
            bob.signs("sendAsset", destination=bob.address, fromSubAccount="", **amount)
        bob.rest(dex_coin, sz, 1.001)
        alice.take(dex_coin, sz)
        bob.rest(dex_coin, sz, 0.99)
        alice.rest(dex_coin, sz, 0.95)


def makes(t: Town) -> None:
    """Alice's bid is the first in the book, and bob sells into it."""
    alice, bob = t["alice"], t["bob"]
    px = t.px("BTC", 0.9995)
    alice.act("noop")
    done(alice.orders(order(0, "0.2", px, cloid=CLOIDS[1])))
    bob.l1(
        {
            "type": "order",
            "orders": [order(0, "60", px, {"limit": {"tif": "Ioc"}}, is_buy=False)],
            "grouping": "na",
        }
    )


def orders(t: Town) -> None:
    """Open orders of all kinds, some changed, cancelled and refused."""
    alice = t["alice"]
    alice.rest("BTC", "0.01", 0.9, ALO, cloid=CLOIDS[2])
    alice.rest("BTC", "0.02", 0.91)
    alice.rest("BTC", "0.01", 1.1, reduce_only=True, cloid=CLOIDS[3])
    changed = alice.rest("ETH", "0.5", 0.9, cloid=CLOIDS[4])
    new = order(1, "0.6", t.px("ETH", 0.89), ALO, cloid=CLOIDS[4])
    alice.act("modify", oid=changed, order=new)
    also = alice.rest("ETH", "0.5", 0.9)
    alice.act("batchModify", modifies=[{"oid": also, "order": new | {"c": CLOIDS[5]}}])
    alice.act("cancel", cancels=[{"a": 1, "o": alice.rest("ETH", "0.5", 0.88)}])
    alice.rest("ETH", "0.5", 0.88, cloid=CLOIDS[6])
    alice.act("cancelByCloid", cancels=[{"asset": 1, "cloid": CLOIDS[6]}])
    refused = [
        order(0, "0.01", t.px("BTC", 1.05), ALO),
        order(0, "0.01", t.px("BTC", 0.9), {"limit": {"tif": "Ioc"}}, cloid=CLOIDS[7]),
    ]
    statuses = alice.orders(*refused)["response"]["data"]["statuses"]
    assert [list(status) for status in statuses] == [["error"], ["error"]]
    assert "error" in alice.orders()["response"]["data"]["statuses"][0]
    assert "error" in json.dumps(alice.l1({"type": "cancel", "cancels": [{"a": 0, "o": 1}]}))
    assert (
        alice.l1({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 99})["status"]
        == "err"
    )
    assert alice.l1({"type": "scheduleCancel"})["status"] == "err"


def triggers(t: Town) -> None:
    """Stops and profits of their own, of a parent, of a whole position; one that is triggered."""
    alice = t["alice"]
    for terms, factor in (
        (trigger(t.px("BTC", 0.8), "sl"), 0.75),
        (trigger(t.px("BTC", 1.2), "tp", is_market=False), 1.2),
    ):
        px = t.px("BTC", factor)
        done(alice.orders(order(0, "0.05", px, terms, is_buy=False, reduce_only=True)))
    child = {"is_buy": False, "reduce_only": True}
    group = [
        order(0, "0.01", t.px("BTC", 0.93), cloid=CLOIDS[8]),
        order(0, "0.01", t.px("BTC", 1.15), trigger(t.px("BTC", 1.1), "tp"), **child),
        order(0, "0.01", t.px("BTC", 0.8), trigger(t.px("BTC", 0.85), "sl"), **child),
    ]
    alice.act("order", orders=group, grouping="normalTpsl")
    whole = order(1, "0", t.px("ETH", 0.8), trigger(t.px("ETH", 0.85), "sl"), **child)
    alice.act("order", orders=[whole], grouping="positionTpsl")


def spot(t: Town) -> None:
    alice, bob = t["alice"], t["bob"]
    alice.take("@1", "12.3")
    fee = {"b": bob.address, "f": 100}
    alice.take("@1", "4", is_buy=False, builder=fee)
    alice.rest("@1", "2", 0.9, cloid=CLOIDS[9])
    alice.rest("PURR/USDC", "500", 1.2)


def money(t: Town) -> None:
    """Transfers of every kind that alice may sign."""
    alice, bob = t["alice"], t["bob"]
    alice.signs("usdSend", destination=bob.address, amount="12.5")
    alice.signs("spotSend", destination="0x" + "d1" * 20, token=PURR, amount="100")
    alice.signs("usdClassTransfer", amount="250", toPerp=False)
    alice.signs("withdraw3", destination=alice.address, amount="20")
    alice.signs(
        "sendAsset",
        destination=bob.address,
        sourceDex="spot",
        destinationDex="",
        token=USDC,
        amount="40",
        fromSubAccount="",
    )
    alice.act("reserveRequestWeight", weight=1000)
    assert alice.l1({"type": "evmUserModify", "usingBigBlocks": True})["status"] == "err"


def houses(t: Town) -> None:
    """Alice's sub-account and her vault, and her share of bob's."""
    alice, bob = t["alice"], t["bob"]
    sub = alice.act("createSubAccount", name="desk")["response"]["data"]
    alice.act("createSubAccount", name="spare")
    alice.act("subAccountTransfer", subAccountUser=sub, isDeposit=True, usd=500_000_000)
    alice.act("subAccountSpotTransfer", subAccountUser=sub, isDeposit=True, token=USDC, amount="50")
    alice.rest("ETH", "0.05", 0.9, vault=sub)
    t.known["sub"] = sub
    for pen, friend, name in ((alice, bob, "alice's"), (bob, alice, "bob's")):
        terms = {"name": f"The vault: {name}", "description": "A vault for a test."}
        nonce = next(nonces)
        created = {"type": "createVault", **terms, "initialUsd": 500_000_000, "nonce": nonce}
        vault = done(pen.l1(created, nonce=nonce))["response"]["data"]
        t.known[f"vault {name}"] = vault
        friend.act("vaultTransfer", vaultAddress=vault, isDeposit=True, usd=400_000_000)
    px = t.px("ETH", 1.03)
    take = {"type": "order", "orders": [order(1, "0.1", px)], "grouping": "na"}
    done(alice.l1(take, vault=t.known["vault alice's"]))
    alice.act("vaultDistribute", vaultAddress=t.known["vault alice's"], usd=50_000_000)


def stakes(t: Town) -> None:
    """Alice's HYPE at a validator, idle and on its way back; a link with bob's stake."""
    alice, bob = t["alice"], t["bob"]
    alice.signs("cDeposit", wei=500 * 10**8)
    alice.signs("tokenDelegate", validator=VALIDATOR, wei=400 * 10**8, isUndelegate=False)
    alice.signs("cWithdraw", wei=30 * 10**8)
    bob.signs("cDeposit", wei=200 * 10**8)
    bob.signs("tokenDelegate", validator=VALIDATOR, wei=200 * 10**8, isUndelegate=False)
    alice.signs("linkStakingUser", user=bob.address, isFinalize=False)
    bob.signs("linkStakingUser", user=alice.address, isFinalize=True)


def loans(t: Town) -> None:
    t["bob"].act("borrowLend", operation="supply", token=0, amount="100000")
    t["alice"].act("borrowLend", operation="supply", token=2, amount="300")
    t["alice"].act("borrowLend", operation="borrow", token=0, amount="2000")


def bets(t: Town) -> None:
    """Outcomes: one that lives, one that is over, a question; alice sells one's tokens."""
    alice, bob = t["alice"], t["bob"]
    for operation in (
        ListOutcome("Rain?", "class:priceBinary|underlying:BTC", px=Px(51_500_000)),
        ListOutcome("Gone", sides=("Up", "Down")),
        ListQuestion("Who?", (("A", ""), ("B", "the other"))),
        SettleOutcome(4, Px(0)),
    ):
        t.server.operate(operation)
    alice.act("userOutcome", splitOutcome={"outcome": 1, "amount": "200"})
    alice.act("userOutcome", splitOutcome={"outcome": 2, "amount": "50"})
    side = FIRST_OUTCOME + 10
    done(alice.orders(order(side, "100", "0.6", is_buy=False)))
    done(bob.orders(order(side, "50", "0.6")))


def modes(t: Town) -> None:
    """Accounts that are not like others: unified, portfolio margin, dex abstraction, multi-sig."""
    una, pam, multi = t["una"], t["pam"], t["multi"]
    una.act("agentSetAbstraction", abstraction="u")
    una.take("ETH", "1")
    una.act("spotUser", toggleSpotDusting={"optOut": True})
    t.give("pam", HYPE=400)
    pam.act("agentSetAbstraction", abstraction="p")
    pam.act("updateLeverage", asset=1, isCross=True, leverage=10)
    pam.rest("ETH", "600", 0.95)
    t["dexter"].act("agentEnableDexAbstraction")
    owners = sorted((t["alice"].address, t["bob"].address))
    signers = json.dumps({"authorizedUsers": owners, "threshold": 2})
    multi.signs("convertToMultiSigUser", signers=signers)
    action = {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 3}
    done(t["alice"].multi_sig(multi.address, action, t["alice"], t["bob"]))
    assert multi.l1({"type": "noop"})["status"] == "err"
    sub = Address(t.known["sub"])
    t["alice"].signs("userSetAbstraction", user=sub, abstraction="disabled")


def deploys(t: Town) -> None:
    """Dora looks after the dex xyz; dan's token is half deployed."""
    dora, dan = t["dora"], t["dan"]
    gold, tsla = "xyz:GOLD", "xyz:TSLA"
    note = {"coin": gold, "category": "metals", "description": "An ounce", "displayName": "Gold"}
    tiers = [{"lowerBound": 0, "maxLeverage": 20}, {"lowerBound": 10**12, "maxLeverage": 10}]
    variants: list[dict[str, Any]] = [
        {"setPerpAnnotation": note | {"keywords": ["shiny"]}},
        {"setPerpAnnotation": {"coin": tsla, "category": "stocks", "description": "A share"}},
        {
            "setSubDeployers": {
                "dex": "xyz",
                "subDeployers": [
                    {"variant": "setOracle", "user": "0x" + "12" * 20, "allowed": True}
                ],
            }
        },
        {
            "insertMarginTable": {
                "dex": "xyz",
                "marginTable": {"description": "tiered 20x", "marginTiers": tiers},
            }
        },
        {"setGrowthModes": [[tsla, True]]},
        {"setFundingInterestRates": [[tsla, "0.0004"]]},
        {"setOpenInterestCaps": [[gold, 25_000_000 * 10**6]]},
        {"setFeeScale": {"dex": "xyz", "scale": "0.5"}},
    ]
    for variant in variants:
        dora.act("perpDeploy", **variant)
    spec = {"name": "DEMO", "szDecimals": 2, "weiDecimals": 8}
    dan.act("spotDeploy", registerToken2={"spec": spec, "maxGas": 10**13, "fullName": "Demo"})
    rows = [[t["alice"].address, str(10**10)], [dan.address, str(10**10)]]
    given = {"token": 4, "userAndWei": sorted(rows), "existingTokenAndWei": [[1, str(10**9)]]}
    dan.act("spotDeploy", userGenesis=given | {"blacklistUsers": [["0x" + "34" * 20, True]]})
    dan.act("spotDeploy", genesis={"token": 4, "maxSupply": str(2 * 10**10 + 10**9)})
    dan.act("spotDeploy", registerSpot={"tokens": [4, 0]})
    dan.act("spotDeploy", registerToken2={"spec": spec | {"name": "HALF"}, "maxGas": 10**13})


def twaps(t: Town) -> None:
    """One that runs, one that waits, one that was cancelled, one that is refused."""
    alice = t["alice"]

    def twap(sz: str, *, pen: Scribe = alice, minutes: int = 5, **details: Any) -> Any:
        terms = {"a": 2, "b": False, "s": sz, "r": False, "m": minutes, "t": False}
        more = {"details": details} if details else {}
        return pen.l1({"type": "twapOrder", "twap": terms, **more})

    done(twap("30"))
    done(twap("300000", pen=t["carol"]))  # its first slice finds no margin
    done(twap("100", minutes=60, t={"p": t.px("HYPE", 1.5), "a": True}, s=None))
    done(twap("100", minutes=60, t=None, s=t.px("HYPE", 0.5)))
    running = done(twap("100", minutes=60))["response"]["data"]["status"]["running"]["twapId"]
    alice.act("twapCancel", a=2, t=running)
    assert "error" in json.dumps(alice.l1({"type": "twapCancel", "a": 2, "t": running}))
    assert "error" in json.dumps(twap("1"))


EVENING = (
    setting_out,
    perps,
    makes,
    orders,
    triggers,
    spot,
    money,
    houses,
    stakes,
    loans,
    bets,
    modes,
    deploys,
    twaps,
)


def midnight(t: Town) -> None:
    """What happens while everybody listens: trades, an end of an outcome, money, the hour."""
    alice, bob = t["alice"], t["bob"]
    t.advance(seconds=5)
    for step in range(2):
        alice.take("BTC", "0.05")
        bob.take("@1", "3", is_buy=bool(step))
        alice.rest("@1", "1", 0.9, cloid=CLOIDS[10])
        t.hear()
    t.server.operate(ListOutcome("Snow?"))
    t.server.operate(SettleOutcome(2, Px(25_000_000), "price:76876.9"))
    t.server.operate(ListQuestion("When?", (("Soon", ""), ("Late", ""))))
    t.server.operate(SettleOutcome(8, Px(0)))
    t.server.operate(SettleQuestion(2, 7))
    alice.signs("usdSend", destination=bob.address, amount="1.5")
    alice.act("cancel", cancels=[{"a": 0, "o": alice.rest("BTC", "0.01", 0.9)}])
    self_trade(t)
    twaps(t)
    makes(t)
    for _ in range(16):
        t.advance(seconds=5)
    bob.act("claimRewards")
    t.hear()


def self_trade(t: Town) -> None:
    """Alice's order, the best of all, is in the way of another of hers: the engine cancels it."""
    alice = t["alice"]
    bids, _ = alice.info("l2Book", coin="xyz:GOLD")["levels"]
    px = f"{float(bids[0]['px']) + 0.1:.1f}"
    asset = ASSETS["xyz:GOLD"]
    assert oid_of(done(alice.orders(order(asset, "0.1", px, is_buy=False))))
    alice.orders(order(asset, "0.1", px, {"limit": {"tif": "Ioc"}}))
