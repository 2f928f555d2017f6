"""How permessage-deflate is agreed on (RFC 7692, 7.1): offers, answers, and what is in force then. Pure.

An offer that is not exactly as the RFC says is declined, and the next is looked at; an answer that is not fails the
connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from echod.rules.websocket.deflate import LEAST_BITS, MOST_BITS, Agreement

NAME = "permessage-deflate"

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
"""RFC 9110, 5.6.2."""
VALUE = rf'{TOKEN}|"(?:[^"\\]|\\.)*+"'
ELEMENTS = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))++', re.DOTALL)
"""The elements of a list; a comma within quotes does not divide it, and a quote without an end takes the rest."""
PARAMETER = re.compile(rf"[ \t]*+;[ \t]*+({TOKEN})(?:[ \t]*+=[ \t]*+({VALUE}))?+", re.DOTALL)
ELEMENT = re.compile(rf"[ \t]*+({TOKEN})((?:{PARAMETER.pattern})*+)[ \t]*+", re.DOTALL)
"""RFC 6455, 9.1: a name and its parameters."""
BITS = {str(bits): bits for bits in range(LEAST_BITS, MOST_BITS + 1)}
"""A decimal number without leading zeros."""

Given = list[tuple[str, str | None]]
"""Parameters as they stand: name, and value or None."""


class BadExtension(ValueError):
    """Something in Sec-WebSocket-Extensions that cannot be agreed to; it says what, in a sentence."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What an offer or an answer says; None is what it says nothing of. In the order in which it is said.

    In an offer `client_max_window_bits` without a value is 15: to allow any is to allow the largest.
    """

    server_no_context_takeover: bool = False
    server_max_window_bits: int | None = None
    client_no_context_takeover: bool = False
    client_max_window_bits: int | None = None

    def render(self) -> str:
        """The element of an answer."""
        said = ((field.name, getattr(self, field.name)) for field in fields(self))
        return NAME + "".join(f"; {name}" if value is True else f"; {name}={value}" for name, value in said if value)

    def agreement(self) -> Agreement:
        """What is in force after this answer."""
        return Agreement(
            self.server_no_context_takeover,
            self.client_no_context_takeover,
            self.server_max_window_bits or MOST_BITS,
            self.client_max_window_bits or MOST_BITS,
        )


Answer = Callable[[Parameters], Parameters]
"""What a server answers to an offer."""

OFFER = Parameters(client_no_context_takeover=True, client_max_window_bits=MOST_BITS)
OFFERED = f"{NAME}; client_no_context_takeover; client_max_window_bits"
"""What our client offers: the server may choose whatever it wants of us."""


def accept(offer: Parameters) -> Parameters:
    """Confirm what the client asks of us, and what it says of itself; its window stays as large as it wants.

    A client may insist on having its own `client_no_context_takeover` confirmed, and then need not be remembered.
    """
    return Parameters(offer.server_no_context_takeover, offer.server_max_window_bits, offer.client_no_context_takeover)


def read_offers(header: str) -> Iterator[Parameters]:
    """The offers of permessage-deflate that may be accepted, in the client's order of preference."""
    for name, given in read_elements(header):
        if name == NAME:
            try:
                yield read_parameters(given, is_offer=True)
            except BadExtension:
                continue


def read_answer(header: str, offer: Parameters | None) -> Parameters | None:
    """What a server has answered to our one offer, or to none; None when it has declined.

    Raises:
        BadExtension: for what was not offered, or is not as the RFC says; the connection is to fail.
    """
    answers = list(read_elements(header))
    for name, _ in answers:
        if name != NAME or offer is None:
            raise BadExtension(f"the server selects the extension {name or header!r}, which was not offered")
    if len(answers) > 1:
        raise BadExtension(f"the server selects {NAME} twice")
    if not answers or offer is None:
        return None
    answer = read_parameters(answers[0][1], is_offer=False)
    check_answer(answer, offer)
    return answer


def check_answer(answer: Parameters, offer: Parameters) -> None:
    """Whether the answer gives what the offer asks for, and takes no more than it allows (RFC 7692, 7.1.1, 7.1.2)."""
    if offer.server_no_context_takeover and not answer.server_no_context_takeover:
        raise BadExtension("the server has not confirmed server_no_context_takeover")
    if (answer.server_max_window_bits or MOST_BITS) > (offer.server_max_window_bits or MOST_BITS):
        raise BadExtension("the server has not confirmed server_max_window_bits")
    if answer.client_max_window_bits is not None and offer.client_max_window_bits is None:
        raise BadExtension("the server asks for client_max_window_bits, which was not offered")


def read_elements(header: str) -> Iterator[tuple[str, Given]]:
    """Name, in lower case, and parameters of each element; no name where it cannot be parsed. Empty ones are left out.

    RFC 6455, 9.1: a quoted value must be a token too.
    """
    for text in ELEMENTS.findall(header):
        found = ELEMENT.fullmatch(text)
        if found is not None:
            yield found[1].lower(), [(name.lower(), unquote(value)) for name, value in PARAMETER.findall(found[2])]
        elif text.strip(" \t"):
            yield "", []


def unquote(value: str) -> str | None:
    """The value of a parameter; None for one without."""
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if value.startswith('"') else value or None


def read_parameters(given: Given, *, is_offer: bool) -> Parameters:
    """These parameters, each of them once (RFC 7692, 7.1)."""
    values: dict[str, bool | int] = {}
    for name, value in given:
        if name in values:
            raise BadExtension(f"{NAME} has {name} twice")
        values[name] = read_value(name, value, is_offer)
    return Parameters(**values)  # type: ignore[arg-type]  # the names tell which are numbers


def read_value(name: str, value: str | None, is_offer: bool) -> bool | int:
    """The value of a parameter: True, or a number of bits."""
    match name:
        case "server_no_context_takeover" | "client_no_context_takeover" if value is None:
            return True
        case "client_max_window_bits" if value is None and is_offer:
            return MOST_BITS
        case "server_max_window_bits" | "client_max_window_bits" if value in BITS:
            return BITS[value]
    raise BadExtension(f"{NAME} cannot have {name if value is None else f'{name}={value}'!r}")
