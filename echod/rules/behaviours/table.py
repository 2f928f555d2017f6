"""The table of behaviours: what a client may ask for in the query of its URL.

Everything that knows a parameter's name is made from it: the parser, its answers, `/behaviours`, the page. A new
parameter is a row here and its effect in the module of `echod.behaviours` that has the name of its group. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from echod.errors import MOST_CONTROL_BYTES, MOST_REASON_BYTES
from echod.rules.behaviours import grammar, values
from echod.rules.behaviours.grammar import AT_ONCE, After
from echod.rules.behaviours.parameter import HANDSHAKE, Parameter, read_table
from echod.rules.behaviours.values import Deflate, LatePong, Pong, Subprotocol
from echod.rules.behaviours.violations import VIOLATIONS, is_close
from echod.settings import KIB, MIB

MOST_TEXT_BYTES = 8 * KIB
"""Must fit into the head of a request."""

AGREED = ("accept", "subprotocol", "deflate")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a client asked this connection to do; by default nothing. Times are in seconds, sizes in bytes."""

    status: int | None = Parameter(
        HANDSHAKE,
        grammar.number("403", 300, 599),
        "Refuse the handshake with this HTTP status: what does the client tell its caller?",
        excludes=AGREED,
        never_opens=True,
    ).or_none()
    location: str | None = Parameter(
        HANDSHAKE,
        grammar.line("an address in printable ASCII", "ws://localhost:9001/echo"),
        "The Location header of a refusal: does the client follow it, and where to?",
        needs=("status",),
    ).or_none()
    retry_after: int | None = Parameter(
        HANDSHAKE,
        grammar.number("5", 0, 86400),
        "The Retry-After header of a refusal, in seconds: does the client wait?",
        needs=("status",),
    ).or_none()
    hold: float | None = Parameter(
        HANDSHAKE,
        grammar.hold("3s"),
        "Answer the handshake later or never: does the client have a timeout?",
        excludes=("status", "location", "retry-after", "header", *AGREED),
        excludes_when=("forever",),
        never_opens=True,
    ).or_else(0.0)
    """None is forever."""
    header: tuple[tuple[str, str], ...] = Parameter(
        HANDSHAKE, grammar.header("X-Test:1"), "Add a header to the answer: can the caller read it?"
    ).repeatable()
    accept: str | None = Parameter(
        HANDSHAKE,
        grammar.choice("wrong"),
        "Answer with a Sec-WebSocket-Accept for another key: does the client check it?",
    ).or_none()
    subprotocol: Subprotocol | None = Parameter(
        HANDSHAKE,
        values.subprotocol("chat"),
        "Select this subprotocol if it is offered, none at all, or one by force: does the client check what it gets?",
    ).or_none()
    """None leaves the choice to the endpoint."""
    deflate: Deflate | None = Parameter(
        HANDSHAKE,
        values.deflate("bits:9"),
        "Decline permessage-deflate, or agree to it with less memory: does the client hold to what was agreed?",
    ).or_none()
    delay: float = Parameter(
        "replies", grammar.duration("200ms"), "Reply that much later: does the client wait without blocking?"
    ).or_else(0.0)
    jitter: float | None = Parameter(
        "replies",
        grammar.duration("50ms"),
        "Up to that much later still, at random, in order: do timings hold in a real network?",
    ).or_none()
    fragment: int | None = Parameter(
        "replies",
        grammar.size("1024", 16 * MIB),
        "Messages in frames of at most so many bytes: are they put together again?",
    ).or_none()
    chop: int | None = Parameter(
        "replies",
        grammar.size("1", MIB),
        "Everything in TCP segments of at most so many bytes: does the client's parser wait for the rest?",
    ).or_none()
    rate: int | None = Parameter(
        "replies",
        grammar.size("10K", 1024 * MIB),
        "Everything at so many bytes a second: does the client show progress, or give up too early?",
    ).or_none()
    times: int = Parameter(
        "replies",
        grammar.number("3", 1, 1000),
        "Each reply so many times: does the client take more than it asked for?",
    ).or_else(1)
    reply: str | None = Parameter(
        "replies",
        grammar.choice("none", "size", "sha256"),
        "No reply, or one of the message's size or SHA-256 alone: to measure one direction, or check large messages.",
        excludes=("delay", "jitter", "times", "drop"),
        excludes_when=("none",),
    ).or_none()
    drop: float | None = Parameter(
        "replies", grammar.share("0.1"), "This share of the replies is left out: does the client time out and recover?"
    ).or_none()
    seed: int | None = Parameter(
        "replies",
        grammar.number("42", 0, 2**63 - 1),
        "The same drops and jitters in each run.",
        needs=("drop", "jitter"),
    ).or_none()
    greet: str | None = Parameter(
        "unsolicited",
        grammar.text("hello", MOST_TEXT_BYTES),
        "A first message as soon as the connection is open: is the client listening by then?",
    ).or_none()
    push: str | None = Parameter(
        "unsolicited",
        grammar.text("tick", MOST_TEXT_BYTES),
        "A message again and again: does the client read while it sends nothing?",
    ).or_none()
    every: float = Parameter(
        "unsolicited",
        grammar.duration("1s", least_s=0.01),
        "The time between pushes; a second if it is not given.",
        needs=("push",),
    ).or_else(1.0)
    count: int | None = Parameter(
        "unsolicited",
        grammar.number("10", 1, 10**6),
        "How many pushes; without end if it is not given.",
        needs=("push",),
    ).or_none()
    flood: int = Parameter(
        "unsolicited",
        grammar.size("64M", 1024 * MIB),
        "So many bytes in binary messages as fast as they are taken: does the client push back, or run out of memory?",
    ).or_else(0)
    ping: float | None = Parameter(
        "pings",
        grammar.duration("1s", least_s=0.01),
        "A Ping at this interval: does the client answer while its caller does nothing?",
    ).or_none()
    ping_payload: str = Parameter(
        "pings",
        grammar.text("echod", MOST_CONTROL_BYTES),
        "What the Pings carry: does it come back unchanged?",
        needs=("ping",),
    ).or_else("")
    pong: Pong | LatePong | None = Parameter(
        "pings",
        values.pong("delay:2s"),
        "Pongs withheld, with another payload, late, or an unsolicited one: does the client notice, and bear the last?",
    ).or_none()
    stall: After | None = Parameter(
        "reading",
        grammar.after("5"),
        "Read nothing after so many messages or that time: what does the client do when its sends do not go out?",
    ).or_none()
    stall_for: float | None = Parameter(
        "reading",
        grammar.duration("10s"),
        "Read on after that time; after ten minutes if it is not given.",
        needs=("stall",),
    ).or_none()
    close: int | None = Parameter(
        "ending",
        grammar.close("4001"),
        "Close with this code: does the caller get it, does the client reconnect?",
        excludes=("end", "close-reply"),
    ).or_none()
    reason: str = Parameter(
        "ending", grammar.text("bye", MOST_REASON_BYTES), "The reason in that Close.", needs=("close",)
    ).or_else("")
    after: After = Parameter(
        "ending",
        grammar.after("3"),
        "When close, end or bad happen: after the replies to so many messages, or at that time; at once if not given.",
        needs=("close", "end", "bad"),
    ).or_else(AT_ONCE)
    end: str | None = Parameter(
        "ending",
        grammar.choice("abort", "fin", "vanish"),
        "Reset the connection, end it without a Close, or stay open and silent: does the client see the loss?",
        excludes=("close-reply",),
    ).or_none()
    close_reply: str | None = Parameter(
        "ending", grammar.choice("none"), "Never answer the client's Close: does its close() return?"
    ).or_none()
    bad: str | None = Parameter(
        "violations",
        grammar.choice(*VIOLATIONS),
        "Send one frame with this fault: does the client fail the connection, and with which code?",
        excludes=("close",),
        excludes_when=tuple(name for name, frame in VIOLATIONS.items() if is_close(frame)),
    ).or_none()


PARAMETERS = read_table(Behaviour)
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
NOTHING = Behaviour()
"""What a connection does that asks for nothing."""
