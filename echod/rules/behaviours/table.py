"""The table of behaviours: what a client may ask for in the query of its URL.

Everything that knows a parameter's name is made from it: the parser, its answers, `/behaviours`, the page. A new
parameter is a row here and its effect in the module of `echod.behaviours` that has the name of its group. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from echod.errors import MOST_CONTROL_BYTES, MOST_REASON_BYTES
from echod.rules import quantities
from echod.rules.behaviours import grammar
from echod.rules.behaviours.grammar import INTERVAL, LONGEST_S, WAIT, After, Deflate, LatePong, Pong, Subprotocol
from echod.rules.behaviours.parameter import HANDSHAKE, Parameter, read_table
from echod.rules.behaviours.violations import VIOLATIONS, is_close
from echod.settings import KIB, MIB

MOST_TEXT_BYTES = 8 * KIB
"""Must fit into the head of a request."""

Handshake = partial(Parameter, HANDSHAKE)
Replies = partial(Parameter, "replies")
Unsolicited = partial(Parameter, "unsolicited")
Pings = partial(Parameter, "pings")
Reading = partial(Parameter, "reading")
Ending = partial(Parameter, "ending")
Violations = partial(Parameter, "violations")

AGREED = ("accept", "subprotocol", "deflate")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a client asked this connection to do; by default nothing. Times are in seconds, sizes in bytes."""

    status: int | None = Handshake(
        grammar.of(quantities.count(300, 599), "403"),
        "Refuse the handshake with this HTTP status: what does the client tell its caller?",
        excludes=AGREED,
        never_opens=True,
    ).otherwise(None)
    location: str | None = Handshake(
        grammar.LOCATION,
        "The Location header of a refusal: does the client follow it, and where to?",
        needs=("status",),
    ).otherwise(None)
    retry_after: int | None = Handshake(
        grammar.of(quantities.whole_seconds(0, 86400), "5"),
        "The Retry-After header of a refusal, in seconds: does the client wait?",
        needs=("status",),
    ).otherwise(None)
    hold: float | None = Handshake(
        grammar.HOLD,
        "Answer the handshake later or never: does the client have a timeout?",
        excludes=("status", "location", "retry-after", "header", *AGREED),
        excludes_when=("forever",),
        never_opens=True,
    ).otherwise(0.0)
    """None is forever."""
    header: tuple[tuple[str, str], ...] = Handshake(
        grammar.HEADER, "Add a header to the answer: can the caller read it?"
    ).repeatable()
    accept: str | None = Handshake(
        grammar.choice("wrong"), "Answer with a Sec-WebSocket-Accept for another key: does the client check it?"
    ).otherwise(None)
    subprotocol: Subprotocol | None = Handshake(
        grammar.SUBPROTOCOL,
        "Select this subprotocol if it is offered, none at all, or one by force: does the client check what it gets?",
    ).otherwise(None)
    """None leaves the choice to the endpoint."""
    deflate: Deflate | None = Handshake(
        grammar.DEFLATE,
        "Decline permessage-deflate, or agree to it with less memory: does the client hold to what was agreed?",
    ).otherwise(None)
    delay: float = Replies(
        grammar.of(WAIT, "200ms"), "Reply that much later: does the client wait without blocking?"
    ).otherwise(0.0)
    jitter: float | None = Replies(
        grammar.of(WAIT, "50ms"), "Up to that much later still, at random, in order: do timings hold in a real network?"
    ).otherwise(None)
    fragment: int | None = Replies(
        grammar.of(quantities.size(16 * MIB), "1024"),
        "Messages in frames of at most so many bytes: are they put together again?",
    ).otherwise(None)
    chop: int | None = Replies(
        grammar.of(quantities.size(MIB), "1"),
        "Everything in TCP segments of at most so many bytes: does the client's parser wait for the rest?",
    ).otherwise(None)
    rate: int | None = Replies(
        grammar.of(quantities.size(1024 * MIB), "10K"),
        "Everything at so many bytes a second: does the client show progress, or give up too early?",
    ).otherwise(None)
    times: int = Replies(
        grammar.of(quantities.count(1, 1000), "3"),
        "Each reply so many times: does the client take more than it asked for?",
    ).otherwise(1)
    reply: str | None = Replies(
        grammar.choice("none", "size", "sha256"),
        "No reply, or one of the message's size or SHA-256 alone: to measure one direction, or check large messages.",
        excludes=("delay", "jitter", "times", "drop"),
        excludes_when=("none",),
    ).otherwise(None)
    drop: float | None = Replies(
        grammar.SHARE, "This share of the replies is left out: does the client time out and recover?"
    ).otherwise(None)
    seed: int | None = Replies(
        grammar.of(quantities.count(0, 2**63 - 1), "42"),
        "The same drops and jitters in each run.",
        needs=("drop", "jitter"),
    ).otherwise(None)
    greet: str | None = Unsolicited(
        grammar.text("hello", MOST_TEXT_BYTES),
        "A first message as soon as the connection is open: is the client listening by then?",
    ).otherwise(None)
    push: str | None = Unsolicited(
        grammar.text("tick", MOST_TEXT_BYTES), "A message again and again: does the client read while it sends nothing?"
    ).otherwise(None)
    every: float = Unsolicited(
        grammar.of(INTERVAL, "1s"), "The time between pushes; a second if it is not given.", needs=("push",)
    ).otherwise(1.0)
    count: int | None = Unsolicited(
        grammar.of(quantities.count(1, 10**6), "10"),
        "How many pushes; without end if it is not given.",
        needs=("push",),
    ).otherwise(None)
    flood: int = Unsolicited(
        grammar.of(quantities.size(1024 * MIB), "64M"),
        "So many bytes in binary messages as fast as they are taken: does the client push back, or run out of memory?",
    ).otherwise(0)
    ping: float | None = Pings(
        grammar.of(INTERVAL, "1s"), "A Ping at this interval: does the client answer while its caller does nothing?"
    ).otherwise(None)
    ping_payload: str = Pings(
        grammar.text("echod", MOST_CONTROL_BYTES), "What the Pings carry: does it come back unchanged?", needs=("ping",)
    ).otherwise("")
    pong: Pong | LatePong | None = Pings(
        grammar.PONG,
        "Pongs withheld, with another payload, late, or an unsolicited one: does the client notice, and bear the last?",
    ).otherwise(None)
    stall: After | None = Reading(
        grammar.after("5"),
        "Read nothing after so many messages or that time: what does the client do when its sends do not go out?",
    ).otherwise(None)
    stall_for: float = Reading(
        grammar.of(WAIT, "10s"), "Read on after that time; after ten minutes if it is not given.", needs=("stall",)
    ).otherwise(LONGEST_S)
    close: int | None = Ending(
        grammar.CLOSE,
        "Close with this code: does the caller get it, does the client reconnect?",
        excludes=("end", "close-reply"),
    ).otherwise(None)
    reason: str = Ending(
        grammar.text("bye", MOST_REASON_BYTES), "The reason in that Close.", needs=("close",)
    ).otherwise("")
    after: After = Ending(
        grammar.after("3"),
        "When close, end or bad happen: after the replies to so many messages, or at that time; at once if not given.",
        needs=("close", "end", "bad"),
    ).otherwise(After())
    end: str | None = Ending(
        grammar.choice("abort", "fin", "vanish"),
        "Reset the connection, end it without a Close, or stay open and silent: does the client see the loss?",
        excludes=("close-reply",),
    ).otherwise(None)
    close_reply: str | None = Ending(
        grammar.choice("none"), "Never answer the client's Close: does its close() return?"
    ).otherwise(None)
    bad: str | None = Violations(
        grammar.choice(*VIOLATIONS),
        "Send one frame with this fault: does the client fail the connection, and with which code?",
        excludes=("close",),
        excludes_when=tuple(name for name, frame in VIOLATIONS.items() if is_close(frame)),
    ).otherwise(None)


PARAMETERS = read_table(Behaviour)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
NOTHING = Behaviour()
"""What a connection does that asks for nothing."""
