"""Group "handshake": what a behaviour makes of the answer to the opening handshake, and when it is given."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from echod.behaviours.script import Script
from echod.counters import Kind
from echod.flow.flow_control import Hold
from echod.rules.behaviours.grammar import LONGEST_S, Deflate
from echod.rules.behaviours.table import NOTHING, Behaviour
from echod.rules.http.head import Head, Refusal
from echod.rules.websocket.deflate_negotiation import Answer, Parameters, accept
from echod.rules.websocket.handshake import Acceptance, accept_of
from echod.websocket.autobahn.state import is_shaking_hands
from echod.websocket.protocol import EchodProtocol

OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="


class HeldHandshake(EchodProtocol):
    """Waits before anything is answered; then refuses as asked, or goes on.

    `hold=forever` answers nothing, and is aborted after the longest time of any behaviour.
    """

    behaviour = NOTHING
    script: Script

    def receive_head(self, head: Head, rest: bytes) -> None:
        self.head, self.data = head, rest
        hold_s = self.behaviour.hold
        if hold_s is None:
            self.script.hold.start(LONGEST_S, self.transport.abortConnection)
        elif hold_s:
            self.script.hold.start(hold_s, partial(self._go_on, head))
        else:
            self._go_on(head)

    def processHandshake(self) -> None:
        """What comes meanwhile is kept, not much more than a request head may have."""
        if len(self.data) > self.context.limits.max_header_bytes:
            self.guard.flow.hold(Hold.HELD)

    def _go_on(self, head: Head) -> None:
        self.guard.flow.release(Hold.HELD)
        refusal = refusal_of(self.behaviour)
        if refusal is None:
            super().receive_head(head, self.data)
        else:
            self.refuse(refusal)

    def answer(self, acceptance: Acceptance) -> bytes:
        """The 101 answer with the headers, the subprotocol and the wrong key that were asked for."""
        asked, subprotocol, request = self.behaviour, self.behaviour.subprotocol, self._request
        assert request is not None
        acceptance.headers = (*acceptance.headers, *asked.header)
        if asked.accept is not None:
            acceptance.accept = accept_of(OTHER_KEY)
        if subprotocol is not None:
            is_selected = subprotocol.is_forced or subprotocol.name in request.protocols
            acceptance.subprotocol = self.websocket_protocol_in_use = subprotocol.name if is_selected else None
        return super().answer(acceptance)

    def announce_shutdown(self) -> None:
        """The server shuts down: a hold ends with 503, and the client is not waited for."""
        if is_shaking_hands(self):
            super().announce_shutdown()
            self.guard.end_input()


def refusal_of(behaviour: Behaviour) -> Refusal | None:
    """The answer with the `status` that was asked for; None where the handshake is to go on."""
    if behaviour.status is None:
        return None
    own = {"Location": behaviour.location, "Retry-After": behaviour.retry_after}
    headers = tuple((name, str(value)) for name, value in own.items() if value is not None)
    return Refusal(behaviour.status, "refused, as asked", (*headers, *behaviour.header), Kind.AS_ASKED)


def choose_deflate(asked: Deflate, usual: Answer | None) -> Answer | None:
    """How to answer offers of permessage-deflate; a server without compression stays without it."""
    if asked.is_declined or usual is None:
        return None
    return without_context if asked.window_bits is None else partial(with_bits, asked.window_bits)


def with_bits(bits: int, offer: Parameters) -> Parameters:
    """Windows of so many bits, in the client's direction too if it lets us choose (RFC 7692, 7.1.2)."""
    client_bits = offer.client_max_window_bits
    return replace(
        accept(offer),
        server_max_window_bits=min(bits, offer.server_max_window_bits or bits),
        client_max_window_bits=None if client_bits is None else min(bits, client_bits),
    )


def without_context(offer: Parameters) -> Parameters:
    """No context taken over in either direction (RFC 7692, 7.1.1)."""
    return replace(accept(offer), server_no_context_takeover=True, client_no_context_takeover=True)
