"""Group "handshake": what a behaviour makes of the answer to the opening handshake; `hold` stands in `held`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept

from echod.counters import Kind
from echod.rules.behaviours.table import Behaviour
from echod.rules.behaviours.values import Deflate
from echod.rules.http.head import Refusal
from echod.rules.websocket.handshake import Acceptance, accept_of
from echod.websocket.autobahn.deflate import decline

Accept = Callable[[Iterable[object]], PerMessageDeflateOfferAccept | None]
Change = Callable[[PerMessageDeflateOffer], PerMessageDeflateOfferAccept]

WHY = "refused, as asked"
OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="


def refusal_of(behaviour: Behaviour) -> Refusal | None:
    """The answer with the `status` that was asked for; None where the handshake is to go on."""
    if behaviour.status is None:
        return None
    own = {"Location": behaviour.location, "Retry-After": behaviour.retry_after}
    headers = tuple((name, str(value)) for name, value in own.items() if value is not None)
    return Refusal(behaviour.status, WHY, (*headers, *behaviour.header), Kind.AS_ASKED)


def change_answer(behaviour: Behaviour, acceptance: Acceptance, offered: Sequence[str]) -> Acceptance:
    """The 101 answer with the headers, the subprotocol and the wrong key that were asked for."""
    asked, subprotocol = behaviour.subprotocol, acceptance.subprotocol
    if asked is not None:
        subprotocol = asked.name if asked.is_forced or asked.name in offered else None
    return replace(
        acceptance,
        accept=acceptance.accept if behaviour.accept is None else accept_of(OTHER_KEY),
        subprotocol=subprotocol,
        headers=(*acceptance.headers, *behaviour.header),
    )


def choose_deflate(asked: Deflate, usual: Accept) -> Accept:
    """How to answer offers of permessage-deflate; a server without compression stays without it."""
    if asked.is_declined or usual is decline:
        return decline
    change = without_context if asked.window_bits is None else partial(with_bits, asked.window_bits)
    return partial(accept_first, change)


def accept_first(change: Change, offers: Iterable[object]) -> PerMessageDeflateOfferAccept | None:
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
