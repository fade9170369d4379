"""Whose signature an action has, and what the log says of those who sign for another chain."""

from __future__ import annotations

import logging
from typing import Any

from ..sim.call import CoSigned
from ..sim.errors import ActionError, ActionReject
from ..sim.fixed import Address
from ..sim.state import State
from .envelope import Envelope, MultiSig, read_envelope, read_envelope_value
from .http import Refusal
from .multisig import recover_multi_sig
from .replica import Replica
from .signing import CHAIN_WORDS, Chain, recover

logger = logging.getLogger("hlsim.server")

WARNINGS_KEPT = 1000
"""Signers that were warned of once and are not warned of again."""


class Signers:
    """Who signed, and a word in the log for those who sign for the chain that we are not."""

    def __init__(self, chain: Chain, replica: Replica) -> None:
        self._chain: Chain = chain
        self._replica = replica
        self._warned: dict[Address, None] = {}

    def of(self, envelope: Envelope) -> Address:
        """The address that signed. Raises ActionError."""
        if self._chain != "any":
            return recover(envelope, chain=self._chain)
        asked: list[Address] = []

        def knows(address: Address) -> bool:
            asked.append(address)
            return self._knows(address)

        signer = recover(envelope, chain="any", knows=knows)
        # Testnet is asked for first.
        if (asked and signer != asked[0]) or envelope.chain == CHAIN_WORDS["mainnet"]:
            self._warn(signer, "%s signs for mainnet; --chain any accepts it", signer)
        return signer

    def all_of(self, envelope: Envelope) -> tuple[Address, CoSigned | None]:
        """The address that signed, and of a multi-sig action who did inside. Raises ActionError."""
        parts = envelope.multi_sig
        if parts is None:
            return self.of(envelope), None
        try:
            return recover_multi_sig(envelope, parts, chain=self._chain)
        except ActionError as error:
            if error.why is ActionReject.MULTI_SIG_OUTER and self._chain != "any":
                self._explain_outer(envelope, parts)
            raise

    def signing(self, body: Any) -> Address | None:
        """Who signed a body or its decoded value, None when it tells of nobody."""
        try:
            read = read_envelope if isinstance(body, bytes) else read_envelope_value
            return self.all_of(read(body))[0]
        except (Refusal, ActionError):
            return None

    def acting(self, body: bytes) -> Address | None:
        """Whose account the body of an action is for, None when its signature tells of nobody."""
        try:
            envelope = read_envelope(body)
            signer, _ = self.all_of(envelope)
        except (Refusal, ActionError):
            return None
        return acting_account(self._replica.view.state, envelope, signer)

    def _explain_outer(self, envelope: Envelope, parts: MultiSig) -> None:
        """As `explain`, of a multi-sig action's outer signer."""
        other = _other(self._chain)
        try:
            signer, _ = recover_multi_sig(envelope, parts, chain=other)
        except ActionError:
            return
        text = "%s signed a multi-sig action for %s, this server is --chain %s"
        self._warn(signer, text, signer, other, self._chain)

    def explain(self, envelope: Envelope, stranger: Address) -> None:
        """Says in the log, once, that `stranger` is somebody we know who signs for the other chain.

        Only the log may say so: the exchange itself knows no more than the stranger.
        """
        if not envelope.spec.is_l1 or self._chain == "any":
            return
        other = _other(self._chain)
        signer = recover(envelope, chain=other)
        if self._knows(signer):
            text = "%s signed for %s, this server is --chain %s: it sees the signer as %s"
            self._warn(signer, text, signer, other, self._chain, stranger)

    def _knows(self, address: Address) -> bool:
        view = self._replica.view
        return view.knows(address) or address in view.state.agents

    def _warn(self, signer: Address, text: str, *values: str) -> None:
        if signer in self._warned:
            return
        if len(self._warned) >= WARNINGS_KEPT:
            self._warned.clear()
        self._warned[signer] = None
        logger.warning(text, *values)


def acting_account(state: State, envelope: Envelope, signer: Address) -> Address:
    """Whose account an action of `signer` is for, if he may act for it: whose requests are counted
    (exchange 5.1, 9).
    """
    if envelope.vault is not None:
        return envelope.vault
    if envelope.multi_sig is not None:
        return envelope.multi_sig.user
    agent = state.agents.get(signer)
    return signer if agent is None else agent.master


def _other(chain: Chain) -> Chain:
    return "testnet" if chain == "mainnet" else "mainnet"
