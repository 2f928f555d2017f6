"""Group "replies": what becomes of an endpoint's replies, and in which frames, segments and time messages leave."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from typing import NamedTuple

from echod.behaviours.pacing import PacedWriter
from echod.flow.timers import DelayQueue
from echod.rules.behaviours.table import Behaviour
from echod.rules.websocket.frames import BINARY, COMPRESSED, TEXT, fragments
from echod.websocket.autobahn.deflate import deflate, is_worth_deflating
from echod.websocket.autobahn.state import State, state_of
from echod.websocket.protocol import EchodProtocol


class Reply(NamedTuple):
    """A message that an endpoint sends while it is given one."""

    payload: bytes
    is_binary: bool
    may_deflate: bool = True


class MessageWriter:
    """What all groups work on: a connection, its ways in and out, its clock, and what was asked of it.

    It sends whole messages, each in the frames that `fragment` asks for, compressed where that was agreed.

    Args:
        on_room: called whenever something has left.

    Attributes:
        writer: the way out of the connection, for all other bytes too: in segments of `chop` bytes, at `rate`.
    """

    def __init__(self, connection: EchodProtocol, behaviour: Behaviour, on_room: Callable[[], None]) -> None:
        self.connection, self.behaviour = connection, behaviour
        self.clock, self.flow = connection.context.clock, connection.guard.flow
        self.writer = PacedWriter(connection.transport, self.clock, behaviour.chop, behaviour.rate, on_room)
        self.has_room = self.writer.has_room

    def send_now(self, payload: bytes, is_binary: bool, may_deflate: bool = True) -> None:
        """Send it behind what is on its way; nothing when the connection is not open."""
        if state_of(self.connection) is not State.OPEN:
            return
        # What is owed at a drain has no room to wait for: it is not to be copied.
        is_deflated = may_deflate and not self.writer.is_hurried and is_worth_deflating(self.connection, payload)
        body = deflate(self.connection, payload) if is_deflated else payload
        size = self.behaviour.fragment or len(body) or 1
        frames = fragments(BINARY if is_binary else TEXT, body, size, COMPRESSED if is_deflated else 0)
        self.writer.send(frames, len(body))


class Replies(DelayQueue):
    """The replies of one connection: reshaped, dropped, delayed and repeated, in order."""

    def __init__(self, messages: MessageWriter) -> None:
        super().__init__(messages.clock, messages.has_room)
        self._messages = messages
        self._random = Random(messages.behaviour.seed)

    def receive(self, message: bytes, replies: Iterable[Reply]) -> None:
        """A message has come, and these are the endpoint's own replies to it."""
        asked = self._messages.behaviour
        for reply in self._reshape(message, replies):
            if asked.drop is None or self._random.random() >= asked.drop:
                delay_s = asked.delay + self._random.uniform(0, asked.jitter or 0)
                self.add(delay_s, partial(self._messages.send_now, *reply), len(reply.payload), asked.times)

    def after_all(self, action: Callable[[], None]) -> None:
        """Do it once every reply so far has been begun."""
        self.add(0, action)

    def _reshape(self, message: bytes, replies: Iterable[Reply]) -> Iterable[Reply]:
        match self._messages.behaviour.reply:
            case "none":
                return ()
            case "size":
                return (Reply(str(len(message)).encode(), False),)
            case "sha256":
                return (Reply(hashlib.sha256(message).hexdigest().encode(), False),)
        return replies
