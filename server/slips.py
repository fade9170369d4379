"""Names that operators and users write, told apart from slips."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..sim.assets import Universe


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name most like `word`."""
    return get_close_matches(word, list(known), n=1, cutoff=0.0)[0]


def no_coin(coin: str, universe: Universe) -> ValueError:
    """What is wrong with a name that no coin has: the nearest ones are in it."""
    near = get_close_matches(coin, universe.by_coin, 3, 0.4)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    return ValueError(f"no coin {coin!r:.80}{hint}")


def check_coin(coin: str | None, universe: Universe, later: Collection[str] = ()) -> None:
    """Raises ValueError for a coin that is neither listed nor among those that are to be `later`;
    None is no coin in particular.
    """
    if coin is not None and coin not in universe.by_coin and coin not in later:
        raise no_coin(coin, universe)
