"""convertToMultiSigUser. An action of a multi-sig user is the action itself, co-signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import multisig
from ..replies import Done, Response
from ..state import SignerSet
from .orders import U64
from .registry import action

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@dataclass(frozen=True, slots=True)
class SignersText:
    """`signers` as the text that is signed, and what the edge read in it.

    asked: None is the wish to be an ordinary user again (the text `null`).
    """

    text: str
    asked: SignerSet | None
    is_readable: bool = True


@action(
    "convertToMultiSigUser",
    signs=("string signers", "uint64 nonce"),
    primary_type="ConvertToMultiSigUser",
)
@dataclass(frozen=True, slots=True)
class ConvertToMultiSigUser:
    signers: SignersText
    nonce: U64

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        asked, is_readable = self.signers.asked, self.signers.is_readable
        multisig.convert(ex, acting.user, asked, is_readable=is_readable)
        return Done()
