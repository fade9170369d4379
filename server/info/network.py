"""The nodes of the network and what they pay for: there is one node here, and no peers."""

from __future__ import annotations

from ...sim.view import View
from .registry import Json, info


@info("gossipRootIps", status="empty", source="info 9")
def gossip_root_ips(view: View) -> Json:
    """Addresses that a node would begin from."""
    return []


@info("gossipPriorityAuctionStatus", status="empty", source="info 9")
def gossip_priority_auction_status(view: View) -> Json:
    """Who holds the slots, and the auctions of them: no slot is offered."""
    return [[], []]
