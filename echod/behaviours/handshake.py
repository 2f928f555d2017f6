"""What a behaviour makes of the opening handshake: subprotocol, headers, permessage-deflate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept

from echod.rules.behaviours.query import Behaviour
from echod.rules.websocket.handshake import Acceptance, accept_of
from echod.websocket.autobahn.deflate import decline

Accept = Callable[[Iterable[Any]], PerMessageDeflateOfferAccept | None]
NONE = "none"
FORCE = "force:"
BITS = "bits:"
OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="

Change = Callable[[PerMessageDeflateOffer], PerMessageDeflateOfferAccept]


def select(asked: str, offered: list[str]) -> str | None:
    """The subprotocol that is agreed on: the one that was asked for, if it is offered."""
    return asked if asked in offered and asked != NONE else None


def change_answer(behaviour: Behaviour, acceptance: Acceptance) -> Acceptance:
    """What the 101 answer says instead: by force a subprotocol that was not offered, and the answer to another key."""
    asked = behaviour.subprotocol or ""
    if asked.startswith(FORCE):
        acceptance = replace(acceptance, subprotocol=asked.removeprefix(FORCE))
    return acceptance if behaviour.accept is None else replace(acceptance, accept=accept_of(OTHER_KEY))


def added_headers(behaviour: Behaviour) -> dict[str, list[str]]:
    """Header names to values, as Autobahn takes them."""
    names = dict.fromkeys(name for name, _ in behaviour.header)
    return {name: [value for other, value in behaviour.header if other == name] for name in names}


def choose_deflate(asked: str, usual: Accept) -> Accept:
    """How to answer offers of permessage-deflate; a server without compression stays without it."""
    if asked == "off" or usual is decline:
        return decline
    if asked.startswith(BITS):
        return partial(accept_first, partial(with_bits, int(asked.removeprefix(BITS))))
    return partial(accept_first, without_context)


def accept_first(change: Change, offers: Iterable[Any]) -> PerMessageDeflateOfferAccept | None:
    """Agree to the first offer, as if it had asked for what we want: only then does Autobahn announce it."""
    offer = next((offer for offer in offers if isinstance(offer, PerMessageDeflateOffer)), None)
    return None if offer is None else change(offer)


def with_bits(bits: int, offer: PerMessageDeflateOffer) -> PerMessageDeflateOfferAccept:
    """Windows of so many bits, in the client's direction too if it lets us choose (RFC 7692, 7.1.2)."""
    ours = min(bits, offer.request_max_window_bits or bits)
    wanted = PerMessageDeflateOffer(
        accept_max_window_bits=offer.accept_max_window_bits,
        request_no_context_takeover=offer.request_no_context_takeover,
        request_max_window_bits=ours,
    )
    return PerMessageDeflateOfferAccept(wanted, request_max_window_bits=bits if offer.accept_max_window_bits else 0)


def without_context(offer: PerMessageDeflateOffer) -> PerMessageDeflateOfferAccept:
    """No context taken over in either direction (RFC 7692, 7.1.1)."""
    wanted = PerMessageDeflateOffer(
        request_no_context_takeover=True, request_max_window_bits=offer.request_max_window_bits
    )
    return PerMessageDeflateOfferAccept(wanted, request_no_context_takeover=True)
