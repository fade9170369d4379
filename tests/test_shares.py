"""The register of a vault: shares for money and money for shares, to the unit."""

from __future__ import annotations

from random import Random

import pytest
from stories import address

from hlsim.sim import shares
from hlsim.sim.fixed import Usd
from hlsim.sim.shares import Stake, Vault

ALICE, BOB = address("alice"), address("bob")


def vault(**stakes: tuple[int, int]) -> Vault:
    """A vault with `(shares, basis)` by name."""
    made = Vault(address("vault"), ALICE, "Vault", "A vault.", 0)
    for name, (count, basis) in stakes.items():
        shares.add(made, address(name), Stake(count, Usd(basis), 0, 0))
    return made


@pytest.mark.parametrize(
    ("held", "usd", "value", "expected"),
    [
        (0, 7, 0, 7_000_000),
        (0, 7, 99, 7_000_000),
        (3_000_000, 7, 3, 7_000_000),
        (3_000_000, 7, 4, 5_250_000),
        (10, 1, 3, 3),
        (10, 2, 3, 6),
    ],
)
def test_a_deposit_buys_shares_rounded_down(held: int, usd: int, value: int, expected: int) -> None:
    one = vault(alice=(held, 0)) if held else vault()
    assert shares.minted(one, usd, value) == expected


@pytest.mark.parametrize(
    ("value", "worth"), [(0, 0), (-5, 0), (3, 1), (6, 2), (7, 2), (9, 3), (10, 3)]
)
def test_shares_are_worth_their_part_rounded_down(value: int, worth: int) -> None:
    assert shares.worth(vault(alice=(2, 0), bob=(1, 0)), 1, value) == worth
    assert shares.worth(vault(), 1, value) == 0


@pytest.mark.parametrize(("usd", "expected"), [(1, 1), (2, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_a_withdrawal_costs_shares_rounded_up(usd: int, expected: int) -> None:
    one = vault(alice=(10, 0), bob=(90, 0))
    assert shares.burned(one, one.stakes[ALICE], usd, 300) == expected


def test_all_that_it_is_worth_costs_the_whole_stake() -> None:
    """Without this a few shares worth nothing would remain."""
    two = vault(alice=(10, 0), bob=(1, 0))
    assert shares.worth(two, 10, 5) == 4
    assert shares.burned(two, two.stakes[ALICE], 4, 5) == 10
    assert shares.burned(two, two.stakes[ALICE], 3, 5) == 7
    one = vault(alice=(10, 0), bob=(11, 0))
    assert shares.worth(one, 10, 100) == 47
    assert shares.burned(one, one.stakes[ALICE], 47, 100) == 10
    assert shares.burned(one, one.stakes[ALICE], 46, 100) == 10
    assert shares.burned(one, one.stakes[ALICE], 42, 100) == 9


@pytest.mark.parametrize(
    ("gross", "basis", "expected"),
    [(100, 100, 0), (100, 200, 0), (110, 100, 1), (109, 100, 0), (1_000_000, 0, 100_000)],
)
def test_the_commission_is_a_tenth_of_the_profit_rounded_down(
    gross: int, basis: int, expected: int
) -> None:
    """Documented: 10 % profit share (mechanics 13)."""
    assert shares.commission(gross, basis) == expected


def test_the_basis_of_a_part_is_rounded_up() -> None:
    stake = Stake(3, Usd(10), 0, 0)
    assert [shares.basis_of(stake, part, 3) for part in (0, 1, 2, 3)] == [0, 4, 7, 10]


def test_five_per_cent_are_enough_and_a_share_less_is_not() -> None:
    """Documented: mechanics 13."""
    one = vault(alice=(5, 0), bob=(95, 0))
    assert shares.leader_keeps(one, 5, 100)
    assert not shares.leader_keeps(one, 5, 101)
    assert not shares.leader_keeps(one, 4, 99)


def test_a_second_deposit_joins_the_first_and_locks_it_again() -> None:
    one = vault(alice=(10, 100))
    shares.add(one, ALICE, Stake(5, Usd(60), 7, 9))
    assert one.stakes == {ALICE: Stake(15, Usd(160), 0, 9)}
    assert one.shares == 15


def test_what_is_taken_leaves_the_rest_and_what_it_made() -> None:
    one = vault(alice=(10, 100), bob=(10, 100))
    assert shares.take(one, BOB, shares=4, basis=40, net=70) is False
    assert one.stakes[BOB] == Stake(6, Usd(60), 0, 0, Usd(30))
    assert shares.take(one, BOB, shares=6, basis=60, net=10) is True
    assert one.stakes.keys() == {ALICE}
    assert one.shares == 10


@pytest.mark.parametrize("seed", range(20))
def test_nobody_gains_by_coming_and_going(seed: int) -> None:
    """Money in and out at a value that nobody trades: the others lose nothing, whoever comes and
    goes how often, and the one who does gains nothing."""
    rng = Random(seed)
    one = vault(alice=(rng.randrange(10**6, 10**14), 0))
    value = rng.randrange(10**6, 10**13)
    put = out = 0
    alices = shares.worth(one, one.stakes[ALICE].shares, value)
    for _ in range(200):
        stake = one.stakes.get(BOB)
        owned = 0 if stake is None else shares.worth(one, stake.shares, value)
        if stake is None or owned == 0 or rng.random() < 0.5:
            usd = rng.randrange(1, 10**9)
            new = shares.minted(one, usd, value)
            shares.add(one, BOB, Stake(new, Usd(usd), 0, 0))
            value += usd
            put += usd
        else:
            usd = rng.choice((1, owned, rng.randrange(1, owned + 1)))
            gone = shares.burned(one, stake, usd, value)
            assert 0 < gone <= stake.shares
            shares.take(one, BOB, shares=gone, basis=0, net=usd)
            value -= usd
            out += usd
        assert one.shares == sum(each.shares for each in one.stakes.values())
        bobs = one.stakes[BOB].shares if BOB in one.stakes else 0
        assert out + shares.worth(one, bobs, value) <= put
        now = shares.worth(one, one.stakes[ALICE].shares, value)
        assert now >= alices
        alices = now
