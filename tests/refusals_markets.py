"""How to earn the refusals of deployments and of outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from refusals import World, earns

from hlsim.sim.errors import ActionReject
from hlsim.sim.operations import ListOutcome
from hlsim.sim.prices import open_market
from hlsim.sim.spot_deploy import MOST_SPOTS


def _step(w: World, name: str, **fields: Any) -> Any:
    return w.alice.l1({"type": "spotDeploy", name: fields})


def _register(w: World, *, name: str = "DEMO", gas: int = 10**10) -> Any:
    spec = {"name": name, "szDecimals": 2, "weiDecimals": 8}
    return _step(w, "registerToken2", spec=spec, maxGas=gas)


def _deploy(w: World, *, until: str = "registerSpot") -> tuple[int, int]:
    """Alice's token and its pair, as far as the step `until`."""
    token = len(w.alice.info("spotMeta")["tokens"])
    given = [[w.alice.address, "100000000000"]]
    steps: dict[str, Any] = {
        "userGenesis": {"token": token, "userAndWei": given, "existingTokenAndWei": []},
        "genesis": {"token": token, "maxSupply": "100000000000", "noHyperliquidity": True},
        "registerSpot": {"tokens": [token, 0]},
    }
    assert _register(w)["status"] == "ok"
    for name, fields in steps.items():
        assert _step(w, name, **fields)["status"] == "ok", name
        if name == until:
            break
    return token, w.alice.info("spotMeta")["universe"][-1]["index"]


@earns(
    ActionReject.DEPLOY_GAS,
    "Deploy gas auction error: Insufficient gas at current auction price.",
)
def _(w: World) -> Any:
    return _register(w, gas=10**10 - 1)


@earns(
    ActionReject.DEPLOY_GAS_BALANCE,
    "Deploy gas auction error: Insufficient balance for token transfer",
)
def _(w: World) -> Any:
    assert _register(w)["status"] == "ok"
    return _register(w)


@earns(ActionReject.DEPLOY_SPEC, "Error deploying spot: Invalid token spec")
def _(w: World) -> Any:
    return _register(w, name="TOO LONG")


@earns(ActionReject.DEPLOY_FOREIGN, "Error deploying spot: not a spot deployer")
def _(w: World) -> Any:
    return _step(w, "enableQuoteToken", token=1)


@earns(ActionReject.DEPLOY_TOKENS, "Error deploying spot: Invalid tokens")
def _(w: World) -> Any:
    token, _ = _deploy(w)
    return _step(w, "registerSpot", tokens=[token, 0])


@earns(ActionReject.DEPLOY_TOO_MANY, "Error deploying spot: Too many tokens or pairs")
def _(w: World) -> Any:
    def fill(server: Any) -> None:
        state = server.node.exchange.state
        last = replace(state.universe.pairs[-1], index=MOST_SPOTS - 1, coin="@last")
        state.universe = state.universe.with_pair(last)
        state.markets = {**state.markets, last.id: open_market(last, state.time_ms)}

    token, _ = _deploy(w, until="genesis")
    w.server.call(fill)
    return _step(w, "registerSpot", tokens=[token, 0])


@earns(
    ActionReject.DEPLOY_SHARE,
    "Error deploying spot: Invalid deployer trading fee share",
)
def _(w: World) -> Any:
    token, _ = _deploy(w)
    return _step(w, "setDeployerTradingFeeShare", token=token, share="50")


@earns(ActionReject.DEPLOY_NO_GENESIS, "Error deploying spot: Genesis missing")
def _(w: World) -> Any:
    token, _ = _deploy(w, until="userGenesis")
    return _step(w, "registerSpot", tokens=[token, 0])


@earns(ActionReject.DEPLOY_SPOT, "Error deploying spot: Invalid spot")
def _(w: World) -> Any:
    fields = {"startPx": "2.0", "orderSz": "1.0", "nOrders": 0}
    return _step(w, "registerHyperliquidity", spot=80_000, **fields)


@earns(ActionReject.DEPLOY_HYPERLIQUIDITY, "Error deploying spot: Invalid hyperliquidity")
def _(w: World) -> Any:
    _, spot = _deploy(w)
    fields = {"startPx": "2.0", "orderSz": "1.0", "nOrders": 5}
    return _step(w, "registerHyperliquidity", spot=spot, **fields)


@earns(ActionReject.GENESIS_DONE, "Genesis error: genesis already happened")
def _(w: World) -> Any:
    token, _ = _deploy(w, until="genesis")
    return _step(w, "genesis", token=token, maxSupply="100000000000")


@earns(ActionReject.GENESIS_SUPPLY, "Genesis error: Invalid max supply")
def _(w: World) -> Any:
    token, _ = _deploy(w, until="userGenesis")
    return _step(w, "genesis", token=token, maxSupply="100000000001")


@earns(ActionReject.GENESIS_BALANCE, "Genesis error: Invalid balance")
def _(w: World) -> Any:
    token, _ = _deploy(w, until="userGenesis")
    given = [["0x" + "ff" * 20, "5"]]
    fields = {"userAndWei": given, "existingTokenAndWei": []}
    assert _step(w, "userGenesis", token=token, **fields)["status"] == "ok"
    supply = "100000000005"
    return _step(w, "genesis", token=token, maxSupply=supply, noHyperliquidity=True)


# -- outcomes --------------------------------------------------------------------------------------


@earns(ActionReject.INVALID_OUTCOME, "Invalid outcome")
def _(w: World) -> Any:
    return w.alice.l1({"type": "userOutcome", "splitOutcome": {"outcome": 1, "amount": "5"}})


@earns(ActionReject.INVALID_QUESTION, "Invalid question")
def _(w: World) -> Any:
    w.server.operate(ListOutcome("Rain?"))
    merge = {"question": 1, "amount": None}
    return w.alice.l1({"type": "userOutcome", "mergeQuestion": merge})
