"""Refusals of deployed perps dexes (exchange 5.2, 7.6)."""

from __future__ import annotations

from typing import Any

from refusals import World, earns

from hlsim.sim.errors import ActionReject

ALICE = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


def _deploy(w: World, **variant: Any) -> Any:
    return w.alice.l1({"type": "perpDeploy", **variant})


def _request(w: World, coin: str = "test:GOLD", *, schema: bool = False, **fields: Any) -> Any:
    """registerAsset2; `schema` makes the dex."""
    asset = {
        "coin": coin,
        "szDecimals": 2,
        "oraclePx": "4000.0",
        "marginTableId": 20,
        "marginMode": "normal",
    }
    made = {"fullName": "The test dex", "collateralToken": 0, "oracleUpdater": None}
    dex = fields.pop("dex", "test")
    made |= fields.pop("made", {})
    sent = {
        "maxGas": None,
        "assetRequest": asset | fields,
        "dex": dex,
        "schema": made if schema else None,
    }
    return _deploy(w, registerAsset2=sent)


def _made(w: World) -> None:
    assert _request(w, schema=True)["status"] == "ok"


def _oracle(w: World, coin: str = "test:GOLD", px: str = "4001.0", **fields: Any) -> Any:
    rows = [[coin, px]]
    sent = {"dex": "test", "oraclePxs": rows, "markPxs": [], "externalPerpPxs": rows}
    return _deploy(w, setOracle=sent | fields)


@earns(ActionReject.PERP_DEPLOY_DEX, "Error deploying perp: Invalid dex")
def _(w: World) -> Any:
    return _request(w, "tests:GOLD", dex="tests", schema=True)


@earns(ActionReject.PERP_DEPLOY_COLLATERAL, "Error deploying perp: Invalid collateral token")
def _(w: World) -> Any:
    return _request(w, schema=True, made={"collateralToken": 1})


@earns(ActionReject.PERP_DEPLOY_COIN, "Error deploying perp: Invalid coin")
def _(w: World) -> Any:
    return _request(w, "GOLD", schema=True)


@earns(ActionReject.PERP_DEPLOY_SPEC, "Error deploying perp: Invalid asset spec")
def _(w: World) -> Any:
    return _request(w, schema=True, szDecimals=6)


@earns(ActionReject.PERP_DEPLOY_TABLE, "Error deploying perp: Invalid margin table")
def _(w: World) -> Any:
    return _request(w, schema=True, marginTableId=51)


@earns(ActionReject.PERP_DEPLOY_ORACLE, "Error deploying perp: Invalid oracle price")
def _(w: World) -> Any:
    return _request(w, schema=True, oraclePx="a lot")


@earns(
    ActionReject.PERP_DEPLOY_TOO_MANY,
    "Error deploying perp: Too many dexs or assets",
    spot_deploy_gas=0,
)
def _(w: World) -> Any:
    """A hundred dexes is all there may be, that of the world included."""
    names = [f"{first}{second}" for first in "abcdefghij" for second in "abcdefghij"][1:]
    for name in names:
        reply = _request(w, f"{name}:GOLD", dex=name, schema=True)
        assert reply["status"] == "ok", reply
    return _request(w, "zz:GOLD", dex="zz", schema=True)


@earns(ActionReject.PERP_DEPLOY_MODE, "Error deploying perp: Invalid margin mode")
def _(w: World) -> Any:
    _made(w)
    return _deploy(w, setMarginModes=[["test:GOLD", "both"]])


@earns(ActionReject.PERP_DEPLOY_ORACLE_SOON, "Error deploying perp: Oracle price update too soon")
def _(w: World) -> Any:
    _made(w)
    assert _oracle(w)["status"] == "ok"
    return _oracle(w)


@earns(ActionReject.PERP_DEPLOY_FUNDING, "Error deploying perp: Invalid funding parameter")
def _(w: World) -> Any:
    _made(w)
    return _deploy(w, setFundingMultipliers=[["test:GOLD", "10.1"]])


@earns(ActionReject.PERP_DEPLOY_CAP, "Error deploying perp: Open interest cap too small")
def _(w: World) -> Any:
    _made(w)
    return _deploy(w, setOpenInterestCaps=[["test:GOLD", 999_999]])


@earns(ActionReject.PERP_DEPLOY_HELPER, "Error deploying perp: Invalid sub-deployer")
def _(w: World) -> Any:
    _made(w)
    helper = {"variant": "everything", "user": ALICE, "allowed": True}
    return _deploy(w, setSubDeployers={"dex": "test", "subDeployers": [helper]})


@earns(ActionReject.PERP_DEPLOY_LIVE, "Error deploying perp: Trading is not halted")
def _(w: World) -> Any:
    _made(w)
    return _deploy(w, disableDex="test")


@earns(ActionReject.DEPLOYER_SCALE, "Deployer fee scale cannot be negative or greater than 10.")
def _(w: World) -> Any:
    _made(w)
    return _deploy(w, setFeeScale={"dex": "test", "scale": "10.5"})


@earns(ActionReject.INVALID_PERP_DEPLOYER, "Invalid perp deployer")
def _(w: World) -> Any:
    _made(w)
    return w.bob.l1({"type": "perpDeploy", "haltTrading": {"coin": "test:GOLD", "isHalted": True}})


@earns(ActionReject.INVALID_ORACLE_UPDATER, "Invalid oracle updater")
def _(w: World) -> Any:
    assert _request(w, schema=True, made={"oracleUpdater": w.bob.address})["status"] == "ok"
    return _oracle(w)


@earns(ActionReject.UNKNOWN_COIN, "Unknown coin GOLD")
def _(w: World) -> Any:
    _made(w)
    return _oracle(w, coin="GOLD")
