"""What the tests in this process share: a server on the real reactor, and the promise to leave nothing there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.abstract import FileDescriptor

from echod.server.server import Server
from echod.server.standard import publish_multi_echo, publish_simple_echo
from echod.settings import Limits
from echod.store.memory import MemoryModeStore


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No test leaves a delayed call, a port or a connection in the reactor."""
    before = open_in_the_reactor()
    yield
    assert reactor.getDelayedCalls() == []
    assert open_in_the_reactor() == before


def open_in_the_reactor() -> set[FileDescriptor]:
    """Ports and connections; not what the reactor needs to wake itself."""
    everything = [*reactor.getReaders(), *reactor.getWriters()]
    return {entry for entry in everything if isinstance(entry, FileDescriptor)}


@pytest_twisted.async_yield_fixture
async def server() -> AsyncIterator[Server]:
    """Both of the note's servers in one, not listening yet; shut down after the test."""
    made = Server(reactor, limits=Limits(close_timeout_s=0.2))
    publish_simple_echo(made, MemoryModeStore())
    publish_multi_echo(made)
    yield made
    await made.shutdown()
