"""Steps of a spot deployment, one line each."""

from __future__ import annotations

from typing import Any

from stories import Story, Trader, address, market

from hlsim.sim import spot_deploy
from hlsim.sim.actions.deploys import (
    Genesis,
    RegisterSpot,
    RegisterToken2,
    SpotDeploy,
    TokenSpec,
    UserGenesis,
)
from hlsim.sim.errors import ActionReject
from hlsim.sim.replies import Done, Refused

BIG: Any = 10**12
POOL = spot_deploy.HYPERLIQUIDITY
ALICE, BOB = address("alice"), address("bob")

REGISTER: Any = RegisterToken2(TokenSpec("DEMO", 2, 8), BIG, "Demo token")  # type: ignore[arg-type]


def give(**fields: Any) -> Any:
    given = {"token": 3, "user_and_wei": (), "existing_token_and_wei": ()} | fields
    return UserGenesis(**given)


def wei(units: str) -> str:
    """Units of DEMO as the text of its wei."""
    return str(int(units) * 10**8)


def step(trader: Trader, **variant: Any) -> str | None:
    """The refusal of one step, None when it was done."""
    response = trader.act(SpotDeploy(**variant))
    if isinstance(response, Refused):
        why = response.error.why
        assert isinstance(why, ActionReject)
        return why.value
    assert response == Done()
    return None


def deployer(story: Story | None = None) -> Trader:
    return (story or market()).account("alice", spot_usdc="5000", HYPE="500")


def made(trader: Trader, **amounts: str) -> None:
    """Registers DEMO and makes it: by default 600 for alice and 400 for bob."""
    given = amounts or {"alice": "600", "bob": "400"}
    assert step(trader, register_token2=REGISTER) is None
    rows = tuple((address(name), wei(units)) for name, units in given.items())
    assert step(trader, user_genesis=give(user_and_wei=rows)) is None
    supply = wei(str(sum(int(units) for units in given.values())))
    assert step(trader, genesis=Genesis(3, supply, True)) is None  # type: ignore[arg-type]


def listed(trader: Trader, **amounts: str) -> None:
    made(trader, **amounts)
    assert step(trader, register_spot=RegisterSpot((3, 0))) is None  # type: ignore[arg-type]
