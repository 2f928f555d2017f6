"""A server on the real reactor."""

from __future__ import annotations

from tests.on_reactor import _nothing_is_left, server

__all__ = ["_nothing_is_left", "server"]
