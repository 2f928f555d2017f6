"""`python -m bench.without PART`: the daemon on a free port with a part switched off; `nothing` is all of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from twisted.scripts import twistd

from echod.daemon import service
from echod.rules.websocket import frames
from echod.websocket import fast_path, protocol
from echod.websocket.fast_path import FastPath

WORDS = ("--nodaemon", "--pidfile=", "--logfile=-", "echod", "--port", "0")


def without_fast_path() -> None:
    FastPath.open = lambda _: None


def without_one_write() -> None:
    """Each reply leaves in a write of its own."""
    without_echo_at_once()
    FastPath.deliver = deliver_one_by_one


def deliver_one_by_one(path: FastPath, payloads: Sequence[bytes], is_binary: bool) -> None:
    for payload in payloads:
        path._connection.onMessage(payload, is_binary)


def without_echo_at_once() -> None:
    """The plain echo answers each message by itself, as every other behaviour does."""
    protocol.Echo.receive_messages = protocol.EchodProtocol.receive_messages


def without_direct_sending() -> None:
    fast_path.is_direct = lambda _: False


def without_compiled_mask() -> None:
    fast_path.APPLY_MASK = frames.apply_mask


def without_own_large_messages() -> None:
    """A message that is not whole in one read goes Autobahn's way."""
    FastPath._start_message = lambda _: False


def without_kept_memory() -> None:
    service.keep_freed_memory = lambda: True


def nothing() -> None:
    """Switch nothing off."""


PARTS: dict[str, Callable[[], None]] = {
    "nothing": nothing,
    "fast path": without_fast_path,
    "one write for a chunk": without_one_write,
    "echo all at once": without_echo_at_once,
    "sending at once": without_direct_sending,
    "compiled mask": without_compiled_mask,
    "own large messages": without_own_large_messages,
    "leaner reactor": nothing,
    "behaviours": nothing,
    "kept memory": without_kept_memory,
}


OPTIONS = {"leaner reactor": (("--reactor=epoll",), ()), "behaviours": ((), ("--behaviours", "off"))}
"""Parts that the command line switches off: what comes before the usual words, and behind them."""


def main(part: str) -> None:
    """Run twistd in this process."""
    PARTS[part]()
    before, behind = OPTIONS.get(part, ((), ()))
    sys.argv = ["twistd", *before, *WORDS, *behind]
    twistd.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
