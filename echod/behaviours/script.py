"""What happens on an open connection that was asked to behave, and when: replies, pushes, pings, stalls, its end.

The course knows no bytes: it tells its protocol what to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from twisted.internet.interfaces import IReactorTime

from echod.flow.timers import DelayQueue, Repeater, Timer
from echod.rules.behaviours.grammar import After
from echod.rules.behaviours.query import Behaviour
from echod.settings import KIB

FLOOD = bytes(64 * KIB)
"""One message of a flood."""

MOST_PONGS = 1000
"""That may wait; a Ping beyond them gets none."""

UNASKED = b"unasked"


class Script:
    """One for each connection: begun when it is open, stopped when it closes.

    Args:
        protocol: does what is due.
        reply: the endpoint's rule; called for every message, in order, also when nothing is replied.
        has_room: whether a message may be begun.
    """

    def __init__(
        self,
        protocol: Any,
        clock: IReactorTime,
        behaviour: Behaviour,
        chance: Random,
        reply: Callable[[bytes, bool], tuple[bytes, bool]],
        has_room: Callable[[], bool],
    ) -> None:
        self._protocol = protocol
        self._behaviour = behaviour
        self._chance = chance
        self._reply = reply
        self._has_room = has_room
        self._received = 0
        self._is_over = False
        self._flood_left = behaviour.flood
        self._replies = DelayQueue(clock, has_room)
        self._pongs = DelayQueue(clock, lambda: True)
        self._pushes = Repeater(clock, behaviour.every, self._push, behaviour.count)
        self._pings = Repeater(clock, behaviour.ping or 0, self._ping)
        self._stall, self._end = Timer(clock), Timer(clock)

    @property
    def weight(self) -> int:
        """What the waiting replies take, in bytes."""
        return self._replies.weight

    @property
    def is_owing(self) -> bool:
        """Whether a reply waits to be begun."""
        return bool(len(self._replies))

    def begin(self) -> None:
        """The connection is open."""
        if self._behaviour.pong == "unasked":
            self._protocol.sendPong(UNASKED)
        if self._behaviour.push is not None:
            self._pushes.start()
        if self._behaviour.ping is not None:
            self._pings.start()
        self._time(self._stall, self._behaviour.stall, self._protocol.stall.begin)
        self._time(self._end, self._ending, self._protocol.ending.begin_at_once)
        self._count()
        self.work()

    def receive(self, payload: bytes, is_binary: bool) -> None:
        """A message has come; after the last that is to be answered nothing more is done."""
        if self._is_over:
            return
        self._received += 1
        reply, is_binary = self._reshape(payload, *self._reply(payload, is_binary))
        if not self._is_dropped():
            self._send_later(reply, is_binary)
        self._count()

    def answer_ping(self, payload: bytes) -> None:
        """A Ping has come."""
        pong = self._behaviour.pong
        if isinstance(pong, float):
            if len(self._pongs) < MOST_PONGS:
                self._pongs.add(pong, partial(self._protocol.sendPong, payload), len(payload))
        elif pong == "wrong":
            self._protocol.sendPong(bytes(byte ^ 0xFF for byte in payload) or UNASKED)
        elif pong != "none":
            self._protocol.sendPong(payload)

    def work(self) -> None:
        """There may be room for more."""
        self._replies.work()
        while self._flood_left and self._has_room():
            size = min(self._flood_left, len(FLOOD))
            self._flood_left -= size
            self._protocol.send_now(FLOOD[:size], True, may_deflate=False)

    def after_replies(self, action: Callable[[], None]) -> None:
        """Do it once every reply so far has been begun."""
        self._replies.add(0, action)

    def wind_down(self) -> None:
        """The client closes: nothing unasked any more; the replies keep their time."""
        self._flood_left = 0
        for part in (self._pushes, self._pings, self._stall, self._end):
            part.stop()

    def hurry(self) -> None:
        """The server is going away: nothing unasked any more, and every reply is due."""
        self._pushes.stop()
        self._pings.stop()
        self._flood_left = 0
        self._replies.hurry()

    def stop(self) -> None:
        """The connection closes: what has not begun will not be."""
        self._flood_left = 0
        for part in (self._replies, self._pongs, self._pushes, self._pings, self._stall, self._end):
            part.stop()

    @property
    def _ending(self) -> After | None:
        asked = self._behaviour
        is_asked = asked.bad is not None or asked.close is not None or asked.end is not None
        return asked.after if is_asked else None

    def _time(self, timer: Timer, after: After | None, action: Callable[[], None]) -> None:
        if after is not None and after.seconds:
            timer.start(after.seconds, action)

    def _count(self) -> None:
        """Do what is to happen after this many messages."""
        if self._behaviour.stall == After(messages=self._received):
            self._protocol.stall.begin()
        if self._ending == After(messages=self._received):
            self._is_over = self._behaviour.close is not None or self._behaviour.end is not None
            self.after_replies(self._protocol.ending.begin)

    def _reshape(self, payload: bytes, reply: bytes, is_binary: bool) -> tuple[bytes, bool]:
        if self._behaviour.reply == "size":
            return str(len(payload)).encode(), False
        if self._behaviour.reply == "sha256":
            return hashlib.sha256(payload).hexdigest().encode(), False
        return reply, is_binary

    def _is_dropped(self) -> bool:
        if self._behaviour.reply == "none":
            return True
        return self._behaviour.drop is not None and self._chance.random() < self._behaviour.drop

    def _send_later(self, reply: bytes, is_binary: bool) -> None:
        delay_s = self._behaviour.delay + self._chance.uniform(0, self._behaviour.jitter or 0)
        send = partial(self._protocol.send_now, reply, is_binary)
        self._replies.add(delay_s, send, len(reply), self._behaviour.times)

    def _push(self) -> bool:
        """A push, unless the client has not taken those before."""
        has_room = self._has_room()
        if has_room and self._behaviour.push is not None:
            self._protocol.send_now(self._behaviour.push.encode(), False)
        return has_room

    def _ping(self) -> bool:
        if self._has_room():
            self._protocol.sendPing(self._behaviour.ping_payload.encode())
        return True
