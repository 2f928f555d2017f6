"""A traceback in the log is printable, whatever the peer has sent that a callback quotes."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.logger import eventAsText
from twisted.python.failure import Failure

from echod.transport.raised import Raised
from tests.in_memory import Log
from tests.pair import MemoryNet, RawPeer, masked, plain, welcome

NASTY = "\x1b[31m\x9b\u202e\x85"
SHOWN = r"ValueError: \x1b[31m\x9b\u202e\x85"


def quote(contract: Any, data: str, ext: None) -> None:  # noqa: ARG001
    raise ValueError(data)


def traceback_of(log: Log) -> str:
    """The log as text; what failed is expected."""
    text = "".join(eventAsText(event) for event in log.events if "log_failure" in event)
    log.take_failures()
    return text


def test_what_a_server_has_sent_is_printable_in_the_log(net: MemoryNet, log: Log) -> None:
    server = RawPeer()
    net.connect(far_end=lambda: server, on_message=quote)
    welcome(server)

    server.send(plain(0x81, NASTY.encode()))

    assert SHOWN in traceback_of(log)


def test_what_a_client_has_sent_is_printable_in_the_log(net: MemoryNet, log: Log) -> None:
    net.publish("/x", on_message=quote)

    net.open("/x").send(masked(0x81, NASTY.encode()))

    assert SHOWN in traceback_of(log)


@pytest.mark.parametrize("pass_it", [True, False])
def test_a_failure_is_logged_with_its_frames(pass_it: bool) -> None:
    try:
        quote(None, NASTY, None)
    except ValueError:
        raised = Raised(Failure() if pass_it else None)
    assert SHOWN in raised.getTraceback()
    assert "in quote\n" in raised.getTraceback()
    assert raised.check(ValueError)
