"""What `debug` shows of a connection: handshake, frames, close. Bounded and escaped; it changes nothing."""

from __future__ import annotations

from autobahn.websocket.protocol import FrameHeader
from twisted.logger import Logger

from echod.rules.behaviours.names import conceal

PREVIEW_BYTES = 64
SECRET = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
HIDDEN = "(not shown)"

log = Logger(namespace="echod.trace")


def preview(payload: bytes) -> str:
    """The beginning of a payload, printable; its full length is logged beside it."""
    return repr(payload[:PREVIEW_BYTES]) + ("…" if len(payload) > PREVIEW_BYTES else "")


def trace_handshake(peer: str, line: str, headers: dict[str, str]) -> None:
    """`line` is the request target, or the URI that a client opens."""
    shown = {name: HIDDEN if name in SECRET else value for name, value in headers.items()}
    log.info("{peer} handshake {line} {headers}", peer=peer, line=repr(conceal(line)), headers=shown)


def trace_ignored(peer: str, names: list[str]) -> None:
    """The names in a query that mean nothing here; their values may be secrets."""
    if names:
        log.info("{peer} ignores in the query: {names}", peer=peer, names=", ".join(map(ascii, names)))


def trace_frame(peer: str, direction: str, frame: FrameHeader, payload: bytes) -> None:
    """`direction` is `received` or `sent`; `frame` has Autobahn's `opcode`, `fin` and `length`."""
    log.info(
        "{peer} {direction} opcode={opcode} fin={fin} length={length} {preview}",
        peer=peer,
        direction=direction,
        opcode=frame.opcode,
        fin=frame.fin,
        length=frame.length,
        preview=preview(payload),
    )


def trace_close(peer: str, code: int, reason: str) -> None:
    log.info("{peer} closed {code} {reason}", peer=peer, code=code, reason=repr(reason))
