"""Autobahn's automatic pings."""

from __future__ import annotations

from typing import Any


def forget_ping_timeout(protocol: Any) -> None:
    """It has run; Autobahn would cancel it once more when the connection is lost."""
    protocol.autoPingTimeoutCall = None


def ping_again(protocol: Any) -> None:
    """Send the ping whose pong is awaited once more."""
    renew_ping_timeout(protocol)
    protocol.sendPing(protocol.autoPingPending)


def renew_ping_timeout(protocol: Any) -> None:
    """Give the pong that is awaited as long as it had already."""
    call = protocol.factory._batched_timer.call_later(protocol.autoPingTimeout, protocol.onAutoPingTimeout)
    protocol.autoPingTimeoutCall = call
