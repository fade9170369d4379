"""Field lists of the answers of `/exchange` (exchange 1.1, 5.1), by action."""

from __future__ import annotations

from fields import COUNT, TEXT, Fields, Maybe, OneOf, Rows, Shape, matching, words
from fields_nouns import ADDRESS, CLOID, PX, SZ

REFUSED = Fields("refused", status=words("err"), response=TEXT)
ERROR = Fields("refused entry", error=matching("a text", r"\S.*\S"))

RESTING = Fields("resting", resting=Fields("resting order", oid=COUNT, cloid=Maybe(CLOID)))
FILLED = Fields(
    "filled", filled=Fields("filled order", totalSz=SZ, avgPx=PX, oid=COUNT, cloid=Maybe(CLOID))
)
ORDER_STATUS = OneOf(RESTING, FILLED, ERROR, words("waitingForFill", "waitingForTrigger"))
CANCEL_STATUS = OneOf(words("success"), ERROR)
RUNNING = Fields("running", running=Fields("running twap", twapId=COUNT))


def done(kind: str, **data: Shape) -> Shape:
    """`{"status":"ok","response":{"type":…}}`, with what stands beside the type."""
    response = Fields(f"{kind} response", type=words(kind), **data)
    return OneOf(Fields(f"{kind} reply", status=words("ok"), response=response), REFUSED)


def statuses(kind: str, status: Shape) -> Shape:
    return done(kind, data=Fields(f"{kind} data", statuses=Rows(status)))


DEFAULT = done("default")

REPLIES: dict[str, Shape] = {
    **dict.fromkeys(("order", "batchModify"), statuses("order", ORDER_STATUS)),
    **dict.fromkeys(("cancel", "cancelByCloid"), statuses("cancel", CANCEL_STATUS)),
    "twapOrder": done("twapOrder", data=Fields("twap data", status=OneOf(RUNNING, ERROR))),
    "twapCancel": done("twapCancel", data=Fields("twap cancel data", status=CANCEL_STATUS)),
    "createSubAccount": done("createSubAccount", data=ADDRESS),
    "createVault": done("createVault", data=ADDRESS),
}
"""Any other action answers `DEFAULT`."""


def reply_of(action: str) -> Shape:
    return REPLIES.get(action, DEFAULT)
