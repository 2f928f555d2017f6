"""Group "handshake": what a behaviour makes of the answer to the opening handshake, and when it is given."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept

from echod.behaviours.script import Script
from echod.counters import Kind
from echod.flow.flow_control import Hold
from echod.rules.behaviours.grammar import LONGEST_S, Deflate
from echod.rules.behaviours.table import NOTHING, Behaviour
from echod.rules.http.head import Head, Refusal
from echod.rules.websocket.handshake import Acceptance, accept_of
from echod.websocket.autobahn.deflate import decline
from echod.websocket.autobahn.port import Accept
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


def choose_deflate(asked: Deflate, usual: Accept) -> Accept:
    """How to answer offers of permessage-deflate; a server without compression stays without it."""
    return decline if asked.is_declined or usual is decline else partial(accept_first, asked.window_bits)


def accept_first(bits: int | None, offers: Iterable[object]) -> PerMessageDeflateOfferAccept:
    """Agree to the first offer, as if it had asked for what we want: only then does Autobahn announce it."""
    offer = next(offer for offer in offers if isinstance(offer, PerMessageDeflateOffer))
    return without_context(offer) if bits is None else with_bits(bits, offer)


def with_bits(bits: int, offer: PerMessageDeflateOffer) -> PerMessageDeflateOfferAccept:
    """Windows of so many bits, in the client's direction too if it lets us choose (RFC 7692, 7.1.2)."""
    wanted = PerMessageDeflateOffer(
        accept_max_window_bits=offer.accept_max_window_bits,
        request_no_context_takeover=offer.request_no_context_takeover,
        request_max_window_bits=min(bits, offer.request_max_window_bits or bits),
    )
    return PerMessageDeflateOfferAccept(wanted, request_max_window_bits=bits if offer.accept_max_window_bits else 0)


def without_context(offer: PerMessageDeflateOffer) -> PerMessageDeflateOfferAccept:
    """No context taken over in either direction (RFC 7692, 7.1.1)."""
    wanted = PerMessageDeflateOffer(
        request_no_context_takeover=True, request_max_window_bits=offer.request_max_window_bits
    )
    return PerMessageDeflateOfferAccept(wanted, request_no_context_takeover=True)
