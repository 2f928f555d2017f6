"""The table of behaviours: what a client may ask for in the query of its URL.

Everything that knows a parameter's name is made from it: the parser, its answers, `/behaviours`, the page. Pure.
"""

from __future__ import annotations

from echod.rules.behaviours import grammar
from echod.rules.behaviours.grammar import MOST_CONTROL_BYTES, MOST_REASON_BYTES
from echod.rules.behaviours.malformed import MALFORMED, is_close
from echod.rules.behaviours.parameter import Parameter
from echod.settings import KIB, MIB

MOST_TEXT_BYTES = 8 * KIB
"""Must fit into the head of a request."""

REPLIES = ("delay", "jitter", "times", "drop")
AFTER_OPEN = (
    *("fragment", "chop", "rate", "reply", "seed", *REPLIES),
    *("greet", "push", "every", "count", "flood"),
    *("ping", "ping-payload", "pong", "stall", "stall-for"),
    *("close", "reason", "after", "end", "close-reply", "bad"),
)
AGREED = ("accept", "subprotocol", "deflate")

PARAMETERS = (
    Parameter(
        "status",
        "handshake",
        grammar.number("403", 300, 599),
        "Refuse the handshake with this HTTP status: what does the client tell its caller?",
        excludes=(*AGREED, *AFTER_OPEN),
    ),
    Parameter(
        "location",
        "handshake",
        grammar.line("an address in printable ASCII", "ws://localhost:9001/echo"),
        "The Location header of a refusal: does the client follow it, and where to?",
        needs=("status",),
    ),
    Parameter(
        "retry-after",
        "handshake",
        grammar.number("5", 0, 86400),
        "The Retry-After header of a refusal, in seconds: does the client wait?",
        needs=("status",),
    ),
    Parameter(
        "hold",
        "handshake",
        grammar.hold("3s"),
        "Answer the handshake later or never: does the client have a timeout?",
        excludes=("status", "location", "retry-after", "header", *AGREED, *AFTER_OPEN),
        excludes_when=("forever",),
    ),
    Parameter(
        "header",
        "handshake",
        grammar.header("X-Test:1"),
        "Add a header to the answer: can the caller read it?",
        is_repeatable=True,
    ),
    Parameter(
        "accept",
        "handshake",
        grammar.choice("wrong"),
        "Answer with a Sec-WebSocket-Accept for another key: does the client check it?",
    ),
    Parameter(
        "subprotocol",
        "handshake",
        grammar.subprotocol("chat"),
        "Select this subprotocol if it is offered, none at all, or one by force: does the client check what it gets?",
    ),
    Parameter(
        "deflate",
        "handshake",
        grammar.deflate(),
        "Decline permessage-deflate, or agree to it with less memory: does the client hold to what was agreed?",
    ),
    Parameter(
        "delay",
        "replies",
        grammar.duration("200ms"),
        "Reply that much later: does the client wait without blocking?",
    ),
    Parameter(
        "jitter",
        "replies",
        grammar.duration("50ms"),
        "Up to that much later still, at random, in order: do timings hold in a real network?",
    ),
    Parameter(
        "fragment",
        "replies",
        grammar.size("1024", 16 * MIB),
        "Messages in frames of at most so many bytes: are they put together again?",
    ),
    Parameter(
        "chop",
        "replies",
        grammar.size("1", MIB),
        "Everything in TCP segments of at most so many bytes: does the client's parser wait for the rest?",
    ),
    Parameter(
        "rate",
        "replies",
        grammar.size("10K", 1024 * MIB),
        "Everything at so many bytes a second: does the client show progress, or give up too early?",
    ),
    Parameter(
        "times",
        "replies",
        grammar.number("3", 1, 1000),
        "Each reply so many times: does the client take more than it asked for?",
    ),
    Parameter(
        "reply",
        "replies",
        grammar.choice("none", "size", "sha256"),
        "No reply, or one of the message's size or SHA-256 alone: to measure one direction, or check large messages.",
        excludes=REPLIES,
        excludes_when=("none",),
    ),
    Parameter(
        "drop",
        "replies",
        grammar.share("0.1"),
        "This share of the replies is left out: does the client time out and recover?",
    ),
    Parameter(
        "seed",
        "replies",
        grammar.number("42", 0, 2**63 - 1),
        "The same drops and jitters in each run.",
        needs=("drop", "jitter"),
    ),
    Parameter(
        "greet",
        "unasked",
        grammar.text("hello", MOST_TEXT_BYTES),
        "A first message as soon as the connection is open: is the client listening by then?",
    ),
    Parameter(
        "push",
        "unasked",
        grammar.text("tick", MOST_TEXT_BYTES),
        "A message again and again: does the client read while it sends nothing?",
    ),
    Parameter(
        "every",
        "unasked",
        grammar.duration("1s", least_ms=10),
        "The time between pushes; a second if it is not given.",
        needs=("push",),
    ),
    Parameter(
        "count",
        "unasked",
        grammar.number("10", 1, 10**6),
        "How many pushes; without end if it is not given.",
        needs=("push",),
    ),
    Parameter(
        "flood",
        "unasked",
        grammar.size("64M", 1024 * MIB),
        "So many bytes in binary messages as fast as they are taken: does the client push back, or run out of memory?",
    ),
    Parameter(
        "ping",
        "pings",
        grammar.duration("1s", least_ms=10),
        "A Ping at this interval: does the client answer while its caller does nothing?",
    ),
    Parameter(
        "ping-payload",
        "pings",
        grammar.text("echod", MOST_CONTROL_BYTES),
        "What the Pings carry: does it come back unchanged?",
        needs=("ping",),
    ),
    Parameter(
        "pong",
        "pings",
        grammar.pong(),
        "Pongs withheld, with another payload, late, or one unasked: does the client notice, and bear the last?",
    ),
    Parameter(
        "stall",
        "reading",
        grammar.after("5"),
        "Read nothing after so many messages or that time: what does the client do when its sends do not go out?",
    ),
    Parameter(
        "stall-for",
        "reading",
        grammar.duration("10s"),
        "Read on after that time; after ten minutes if it is not given.",
        needs=("stall",),
    ),
    Parameter(
        "close",
        "ending",
        grammar.close("4001"),
        "Close with this code: does the caller get it, does the client reconnect?",
        excludes=("end", "close-reply"),
    ),
    Parameter(
        "reason",
        "ending",
        grammar.text("bye", MOST_REASON_BYTES),
        "The reason in that Close.",
        needs=("close",),
    ),
    Parameter(
        "after",
        "ending",
        grammar.after("3"),
        "When close, end or bad happen: after the replies to so many messages, or at that time; at once if not given.",
        needs=("close", "end", "bad"),
    ),
    Parameter(
        "end",
        "ending",
        grammar.choice("abort", "fin", "vanish"),
        "Reset the connection, end it without a Close, or stay open and silent: does the client see the loss?",
        excludes=("close-reply",),
    ),
    Parameter(
        "close-reply",
        "ending",
        grammar.choice("none"),
        "Never answer the client's Close: does its close() return?",
    ),
    Parameter(
        "bad",
        "malformed",
        grammar.choice(*MALFORMED),
        "Send one frame with this fault: does the client fail the connection, and with which code?",
        excludes=("close",),
        excludes_when=tuple(name for name, frame in MALFORMED.items() if is_close(frame)),
    ),
)

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
