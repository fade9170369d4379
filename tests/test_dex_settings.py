"""What deployers of perps dexes halt, cap, change and say (HIP-3)."""

from __future__ import annotations

from dexing import (
    GOLD,
    IRON,
    asset,
    dexed,
    dora_of,
    funded,
    made_quote,
    market,
    met,
    priced,
    sends,
    sound,
    step,
)
from houses import vault_of
from stories import address, px, usd
from twaps import twap

from hlsim.sim.actions.perp_deploys import (
    HaltTrading,
    InsertMarginTable,
    RawMarginTable,
    RawMarginTier,
    Schema,
    SetFeeRecipient,
    SetPerpAnnotation,
    SetSubDeployers,
    SubDeployer,
)
from hlsim.sim.assets import Annotation, MarginMode
from hlsim.sim.errors import ActionReject, OrderReject, Reject
from hlsim.sim.events import Direction
from hlsim.sim.margin import margin_used
from hlsim.sim.operations import DelistPerp, SetHalt
from hlsim.sim.orders import OrderStatus
from hlsim.sim.replies import Resting
from hlsim.sim.rules import Rules

# -- halting ---------------------------------------------------------------------------------------


def test_a_halt_cancels_orders_and_settles_positions_at_the_mark() -> None:
    """Documented: mechanics 17. Observed: `Trading is halted.` (exchange 7.1)."""
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    met(m, alice, bob, "1 test:GOLD @ 4000")
    alice.buys("1 test:GOLD @ 3900")
    assert priced(dora, {"GOLD": "4030"}, GOLD="4030") is None
    mark = m.market(GOLD).mark_px

    assert step(dora, halt_trading=HaltTrading(GOLD, True)) is None
    halted = alice.buys("1 test:GOLD @ 3900")
    assert step(dora, halt_trading=HaltTrading(GOLD, False)) is None

    fill = alice.account.fills[-1]
    assert (fill.dir, fill.px, fill.fee) == (Direction.SETTLEMENT, mark, 0)
    assert alice.account.history.rows[-1].status == OrderStatus.DELISTED_CANCELED
    assert halted == Reject(OrderReject.HALTED, 110_000)
    assert alice.szi(GOLD) == bob.szi(GOLD) == 0
    assert isinstance(alice.buys("1 test:GOLD @ 3900"), Resting)
    sound(m)


def test_a_dex_ends_when_all_of_it_is_halted() -> None:
    m = dexed()
    dora, alice = dora_of(m), funded(m, "alice")

    live = step(dora, disable_dex="test")
    for coin in (GOLD, IRON):
        assert step(dora, halt_trading=HaltTrading(coin, True)) is None
    assert step(dora, disable_dex="test") is None

    assert live == "Error deploying perp: Trading is not halted"
    assert step(dora, halt_trading=HaltTrading(GOLD, False)) == f"Unknown coin {GOLD}"
    assert alice.buys("1 test:GOLD @ 4000") == Reject(OrderReject.HALTED, 110_000)
    assert sends(alice, "10000", "test", "") is None
    sound(m)


# -- settings --------------------------------------------------------------------------------------


def test_a_margin_table_of_the_dex_holds_for_its_perps() -> None:
    m = dexed()
    dora, alice = dora_of(m), funded(m, "alice")
    tiers = (RawMarginTier(0, 10), RawMarginTier(usd("3000"), 5))  # type: ignore[arg-type]
    table = RawMarginTable("tiered", tiers)
    assert step(dora, insert_margin_table=InsertMarginTable("test", table)) is None

    assert step(dora, set_margin_table_ids=((GOLD, 50),)) is None  # type: ignore[arg-type]

    assert m.ex.state.universe.by_coin[GOLD].max_leverage == 10  # type: ignore[union-attr]
    assert alice.buys("1 test:GOLD @ 4000") == Reject(OrderReject.MAX_POSITION, 110_000)
    assert isinstance(alice.buys("0.7 test:GOLD @ 4000"), Resting)


def test_open_interest_is_capped_by_perp_and_by_dex() -> None:
    """Documented: by the deployer at 1 USD or more and half of what there is; of the dex together
    (mechanics 17)."""
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    met(m, alice, bob, "2 test:GOLD @ 4000")

    low = step(dora, set_open_interest_caps=((GOLD, usd("3999.99")),))  # type: ignore[arg-type]
    assert step(dora, set_open_interest_caps=((GOLD, usd("8000")),)) is None  # type: ignore[arg-type]

    assert low == "Error deploying perp: Open interest cap too small"
    assert alice.buys("1 test:GOLD @ 4000") == Reject(OrderReject.CAP_INCREASE, 110_000)
    assert isinstance(alice.buys("10 test:IRON @ 9"), Resting)


def test_all_open_interest_of_a_dex_together_is_capped() -> None:
    m = dexed(market(Rules(dex_open_interest_cap=usd("4000"))))
    alice, bob = funded(m, "alice"), funded(m, "bob")
    met(m, alice, bob, "1 test:GOLD @ 4000")

    assert alice.buys("10 test:IRON @ 10") == Reject(OrderReject.CAP_INCREASE, 110_001)
    assert bob.buys("2 test:GOLD @ 4000") == Reject(OrderReject.CAP_FLIP, 110_000)


def test_a_deployer_lets_others_do_one_thing_each() -> None:
    m = dexed()
    dora, sam = dora_of(m), m.account("sam")
    halt = HaltTrading(IRON, True)
    helper = SubDeployer("haltTrading", sam.address, True)

    before = step(sam, halt_trading=halt)
    assert step(dora, set_sub_deployers=SetSubDeployers("test", (helper,))) is None
    assert step(sam, halt_trading=halt) is None
    other = step(sam, set_funding_multipliers=((GOLD, "2"),))
    gone = SubDeployer("haltTrading", sam.address, False)
    assert step(dora, set_sub_deployers=SetSubDeployers("test", (gone,))) is None

    assert before == other == "Invalid perp deployer"
    assert step(sam, halt_trading=halt) == "Invalid perp deployer"
    assert m.ex.state.universe.dexes[0].sub_deployers == ()


def test_margin_modes_change_while_nobody_holds_what_they_forbid() -> None:
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    met(m, alice, bob, "1 test:GOLD @ 4000")

    held = step(dora, set_margin_modes=((GOLD, "noCross"),))
    met(m, bob, alice, "1 test:GOLD @ 4000")
    assert step(dora, set_margin_modes=((GOLD, "noCross"),)) is None

    assert held == "Error deploying perp: Invalid margin mode"
    assert m.ex.state.universe.by_coin[GOLD].margin_mode is MarginMode.NO_CROSS  # type: ignore[union-attr]


def test_a_perp_is_described_to_people() -> None:
    m = dexed()
    note = SetPerpAnnotation(GOLD, "metals", "An ounce of it", None, ("shiny",))

    assert step(dora_of(m), set_perp_annotation=note) is None

    found = m.ex.state.universe.dexes[0].annotations[GOLD]
    assert found == Annotation("metals", "An ounce of it", None, ("shiny",))


# -- vaults and other houses -----------------------------------------------------------------------


def test_a_vault_earns_nothing_on_a_dex_and_trades_nothing_there() -> None:
    """Documented: perps of the first dex only (mechanics 13)."""
    m = dexed()
    dora, leader = dora_of(m), m.account("leader", usd="20000")
    vault = vault_of(leader, "500")

    paid = step(dora, set_fee_recipient=SetFeeRecipient("test", vault.address))
    order = vault.buys("1 test:GOLD @ 4000")
    sliced = twap(vault, "buy 1 test:GOLD")

    assert paid == "Invalid send"
    assert order == Reject(ActionReject.VAULT_ON_USER_SIGNED, 110_000)
    assert isinstance(sliced, Reject)
    assert sliced.why is ActionReject.VAULT_ON_USER_SIGNED
    assert vault.account.dexes == {}


def test_a_halt_ends_what_an_operator_only_paused() -> None:
    m = dexed()
    dora, alice = dora_of(m), funded(m, "alice")
    alice.buys("1 test:GOLD @ 3900")
    m.ex.operate(SetHalt(110_000, True))

    assert step(dora, halt_trading=HaltTrading(GOLD, True)) is None

    assert alice.account.orders == {}
    sound(m)


def test_a_new_margin_table_leaves_the_leverage_of_holders_alone() -> None:
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    met(m, alice, bob, "1 test:GOLD @ 4000")

    assert step(dora, set_margin_table_ids=((GOLD, 10),)) is None  # type: ignore[arg-type]

    assert margin_used(m.ex.state, alice.account.at(1), 110_000) == usd("200")


def test_a_cap_that_was_overshot_does_not_hold_a_falling_mark() -> None:
    """Documented: no mark moves open interest past ten times the cap (mechanics 17)."""
    m = dexed()
    dora, alice, bob = dora_of(m), funded(m, "alice"), funded(m, "bob")
    assert step(dora, set_open_interest_caps=((GOLD, usd("395")),)) is None  # type: ignore[arg-type]
    met(m, alice, bob, "1 test:GOLD @ 4000")

    assert priced(dora, {"GOLD": "4040"}, {"GOLD": "4040"}, GOLD="4040") is None
    up = m.market(GOLD).mark_px
    m.advance(seconds=3)
    assert priced(dora, {"GOLD": "3970"}, {"GOLD": "3970"}, GOLD="3970") is None

    assert (up, m.market(GOLD).mark_px) == (px("4000"), px("3970"))


# -- what users made -------------------------------------------------------------------------------


def test_nothing_is_set_of_a_perp_that_was_delisted() -> None:
    m = dexed()
    dora = dora_of(m)
    m.ex.operate(DelistPerp(110_000))
    cap = usd("5000000")

    gone = step(dora, set_open_interest_caps=((IRON, cap), (GOLD, cap)))  # type: ignore[arg-type]

    assert gone == "Unknown coin test:GOLD"
    assert m.market(IRON).open_interest_cap is None


def test_a_token_of_a_users_making_buys_neither_volume_nor_accounts() -> None:
    """Assumed: it may be worth nothing, and 100 HYPE make a supply without end."""
    m = market()
    traders = [m.account(name, usd="1000", HYPE="900") for name in ("dora", "alice", "bob")]
    dora, alice, bob = traders
    fake = made_quote(dora, [trader.address for trader in traders])
    schema = Schema("In fake money", fake, None)  # type: ignore[arg-type]
    assert step(dora, register_asset2=asset(GOLD, "4000", schema=schema)) is None
    token = m.ex.state.universe.tokens[fake]
    name = f"{token.name}:{token.token_id}"
    for trader in (alice, bob):
        assert sends(trader, "100000", "spot", "test", token=name) is None

    met(m, alice, bob, "5 test:GOLD @ 4000")
    stranger = sends(alice, "10", "test", "test", token=name, to=address("stranger"))

    assert alice.account.fills[-1].fee_token == token.name
    assert alice.account.volume.total_usd == bob.account.volume.total_usd == 0
    assert stranger == (
        "Insufficient quote token (e.g., 1 USDC or USDT) balance for token transfer gas."
    )
    assert m.ex.account(address("stranger")) is None
    sound(m)
