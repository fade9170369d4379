"""The table of actions: what each is called, how it is signed, and where it stands in a block."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ...matching.dataclass import dataclass

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange
    from ..replies import Response


class BlockClass(IntEnum):
    """Order inside a block. Documented: hypercore/order-book (mechanics 2.1, contested 9)."""

    NO_TAKER = 0
    """Sends no Gtc or Ioc order to any book."""
    CANCEL = 1
    TAKER = 2


class Action(Protocol):
    """One signed action: a frozen dataclass whose fields are its wire fields.

    `apply` either changes state and answers, or raises `ActionError` before it changed anything.
    """

    def apply(self, ex: Exchange, acting: Acting) -> Response: ...


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One row of the table."""

    name: str
    cls: type[Any]
    signs: tuple[str, ...] | None
    """None: an L1 action. Else the EIP-712 fields after `hyperliquidChain`, "type name" each."""
    primary_type: str
    """EIP-712 primary type without the `HyperliquidTransaction:` prefix, "" for L1."""
    vault: bool
    """The envelope may name a sub-account or vault to act for (exchange 5.1)."""
    block_class: Callable[[Any], BlockClass]
    weight: Callable[[Any], int]
    """How many requests the action counts as: its batch length."""
    priority: Callable[[Any], int]
    """Its place among the takers of a block: what pays more comes first."""

    @property
    def is_l1(self) -> bool:
        return self.signs is None

    @property
    def nonce_field(self) -> str | None:
        """The signed field that must equal the envelope's nonce: "time", "nonce" or None."""
        return None if self.signs is None else self.signs[-1].split()[1]


ACTIONS: dict[str, ActionSpec] = {}
"""By wire name, in the order of definition."""


def spec_of(action: Action) -> ActionSpec:
    """What is registered of an action's class."""
    return ACTIONS[type(action).wire_name]  # type: ignore[attr-defined]  # @action writes it


Cls = TypeVar("Cls", bound=type[Any])


def action(
    name: str,
    *,
    signs: tuple[str, ...] | None = None,
    primary_type: str = "",
    vault: bool = False,
    block_class: Callable[[Any], BlockClass] = lambda action: BlockClass.NO_TAKER,
    weight: Callable[[Any], int] = lambda action: 1,
    priority: Callable[[Any], int] = lambda action: 0,
) -> Callable[[Cls], Cls]:
    """Registers a frozen dataclass as the action `name`.

    Field metadata: `wire` is the key when it differs from the camelCase of the field's name; `omit`
    True leaves the key out of the signed form when the value equals the field's default; `choices`
    are the only legal words, besides objects of a dataclass in the same union; `variant` True marks
    the keys of a tagged union, of which exactly one may stand there. A default makes a field
    optional; `| None` lets it be null.
    """

    def register(cls: Cls) -> Cls:
        if name in ACTIONS:
            raise ValueError(f"action {name} is defined twice")
        ACTIONS[name] = ActionSpec(
            name, cls, signs, primary_type, vault, block_class, weight, priority
        )
        cls.wire_name = name
        return cls

    return register
