"""A server on the real reactor, nets in memory, and the log."""

from __future__ import annotations

from tests.in_memory import endless, frozen, log, make_net, net
from tests.on_reactor import _nothing_is_left, server

__all__ = ["_nothing_is_left", "endless", "frozen", "log", "make_net", "net", "server"]
