"""Nets in memory, and the log."""

from __future__ import annotations

from tests.in_memory import endless, frozen, log, make_net, net

__all__ = ["endless", "frozen", "log", "make_net", "net"]
