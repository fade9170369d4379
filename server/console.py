"""What the operator has at hand: all that the control plane and the library work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..matching.dataclass import dataclass
from .node import LocalNode

if TYPE_CHECKING:
    from .app import Options


@dataclass(slots=True)
class Console:
    """One running exchange from the operator's side. To be used in its event loop."""

    node: LocalNode
    options: Options
    """How it started."""
