"""Group "pings": Pings at an interval, and Pongs that are withheld, wrong, late, or unsolicited."""

from __future__ import annotations

from functools import partial

from echod.behaviours.replies import MessageWriter
from echod.flow.timers import DelayQueue, Repeater
from echod.rules.behaviours.grammar import LatePong, Pong

MOST_PONGS = 1000
"""That may wait; a Ping beyond them gets none."""

UNSOLICITED = b"unasked"
"""What an unsolicited Pong carries, and a wrong one where its Ping was empty."""


class Pings:
    """The control frames that keep one connection alive."""

    def __init__(self, messages: MessageWriter) -> None:
        self._connection = messages.connection
        self._has_room = messages.has_room
        self._behaviour = messages.behaviour
        self._pongs = DelayQueue(messages.clock, lambda: True)
        self._pings = Repeater(messages.clock, self._behaviour.ping or 0, self._ping)

    def begin(self) -> None:
        """The connection is open."""
        if self._behaviour.pong is Pong.UNASKED:
            self._connection.sendPong(UNSOLICITED)
        if self._behaviour.ping is not None:
            self._pings.start()

    def answer(self, payload: bytes) -> None:
        """A Ping has come."""
        pong = self._behaviour.pong
        if isinstance(pong, LatePong):
            if len(self._pongs) < MOST_PONGS:
                self._pongs.add(pong.delay_s, partial(self._connection.sendPong, payload), len(payload))
        elif pong is Pong.WRONG:
            self._connection.sendPong(bytes(byte ^ 0xFF for byte in payload) or UNSOLICITED)
        elif pong is not Pong.NONE:
            self._connection.sendPong(payload)

    def stop_pinging(self) -> None:
        """No Ping is sent any more; Pongs that are late still come."""
        self._pings.stop()

    def stop(self) -> None:
        """The connection closes: no Pong is sent any more either."""
        self._pings.stop()
        self._pongs.stop()

    def _ping(self) -> bool:
        """Send a Ping, unless the client takes too little."""
        if self._has_room():
            self._connection.sendPing(self._behaviour.ping_payload.encode())
        return True
