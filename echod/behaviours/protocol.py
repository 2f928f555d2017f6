"""The protocol of a connection that asked for a behaviour: the endpoint's rule, said as the client wants to hear it.

A connection that asks for nothing never comes here. What is done when is the business of `script`, what leaves when
that of `writer`; this translates between them and Autobahn, whose own interfaces do the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from autobahn.websocket.types import ConnectionRequest
from twisted.internet.interfaces import IAddress

from echod.behaviours.ending import Ending
from echod.behaviours.handshake import added_headers, change_answer, choose_deflate, select
from echod.behaviours.pacing import PacedWriter
from echod.behaviours.reading import Stall
from echod.behaviours.script import Script
from echod.counters import PING_TIMEOUT
from echod.flow.flow_control import WAITING
from echod.rules.behaviours.query import Behaviour
from echod.rules.websocket.fragments import fragments
from echod.rules.websocket.frames import BINARY, COMPRESSED, TEXT
from echod.rules.websocket.handshake import Acceptance
from echod.settings import KIB
from echod.transport.kernel import is_broken
from echod.websocket.autobahn.deflate import change_deflate, deflate, is_worth_deflating
from echod.websocket.autobahn.state import State, is_shaking_hands, state_of
from echod.websocket.context import ServerContext
from echod.websocket.factory import EndpointFactory, Rule
from echod.websocket.protocol import EchodProtocol, reply_unchanged

MOST_WAITING_BYTES = 256 * KIB
"""Of replies that are not due or have not left; above it nothing more is read, or made of what was read."""


class BehavingProtocol(EchodProtocol):
    """One connection with a behaviour of its own."""

    factory: BehavingFactory
    behaviour = Behaviour()
    rule: Rule = staticmethod(reply_unchanged)
    has_heard_close = has_heard_end = False
    _answer_close: Callable[[], Any] | None = None

    def connectionMade(self) -> None:
        clock = self.factory.reactor
        asked = self.behaviour
        self.writer = PacedWriter(self.transport, clock, asked.chop, asked.rate, self._refill)
        self.script = Script(self, clock, asked, self.factory.make_chance(asked.seed), self.reply, self._has_room)
        self.ending = Ending(self, clock, asked)
        self.stall = Stall(self, clock, asked.stall_for)
        super().connectionMade()
        if asked.deflate is not None:
            change_deflate(self, partial(choose_deflate, asked.deflate))
        self.writer.open()

    def reply(self, payload: bytes, is_binary: bool) -> tuple[bytes, bool]:
        """The endpoint's own reply, and whether it is binary."""
        return self.rule(payload, is_binary), is_binary

    def greeting(self) -> list[str]:
        """The messages to begin with."""
        return [] if self.behaviour.greet is None else [self.behaviour.greet]

    # The way in

    def dataReceived(self, data: bytes, is_its_turn: bool = False) -> None:
        """Always by Autobahn's own path, frame by frame: between any two the client may want us to stop."""
        if not self.ending.is_silent and state_of(self) is not State.CLOSED:
            self.guard.keepalive.hear()
            if not self.has_heard_close:
                self.receive_rest(data)

    def consumeData(self) -> None:
        if not self.stall.is_on:
            super().consumeData()

    def readConnectionLost(self) -> None:
        """The client has closed its direction, but may still wait for replies."""
        self.has_heard_end = True
        self.ending.limit()
        self.script.after_replies(partial(self.writer.when_drained, self._end_input))

    def _end_input(self) -> None:
        self.writer.close()
        self.guard.end_input()

    def processData(self) -> bool:
        is_deaf = self.stall.is_on or self.ending.is_silent or self.has_heard_close
        return not is_deaf and bool(super().processData())

    def onConnect(self, request: ConnectionRequest) -> Any:
        return super().onConnect(request), added_headers(self.behaviour)

    def select_subprotocol(self, offered: list[str]) -> str | None:
        asked = self.behaviour.subprotocol
        return super().select_subprotocol(offered) if asked is None else select(asked, offered)

    def answer(self, acceptance: Acceptance) -> bytes:
        changed = change_answer(self.behaviour, acceptance)
        self.websocket_protocol_in_use = changed.subprotocol
        return super().answer(changed)

    def onOpen(self) -> None:
        super().onOpen()
        for text in self.greeting():
            self.send_now(text.encode(), False)
        self.script.begin()

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        self.script.receive(payload, is_binary)
        self._weigh()

    def onPing(self, payload: bytes) -> None:
        self.script.answer_ping(payload)
        self._weigh()

    def onCloseFrame(self, code: Any, reason: Any) -> bool | None:
        if self.behaviour.close_reply is not None:
            self.ending.fall_silent()
        else:
            # From here on nothing is parsed: there is no second Close.
            self.has_heard_close = True
            self.script.wind_down()
            self.ending.limit()
            self._answer_close = partial(super().onCloseFrame, code, reason)
            self.script.after_replies(self._end_closing)
        return None

    def _end_closing(self) -> None:
        """Both know of the end: answer the client's Close, unless ours is on its way."""
        answer, self._answer_close = self._answer_close, None
        if answer is not None:
            answer()

    # The way out

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """The outlet is the producer already, and tells the guard's flow."""
        self.writer.attach(producer)

    def unregisterProducer(self) -> None:
        """Not before everything has left."""

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        self.writer.write(data)

    def send_now(self, payload: bytes, is_binary: bool, *, may_deflate: bool = True) -> None:
        """Send a message in the frames that were asked for; nothing when the connection is not open."""
        if state_of(self) is not State.OPEN:
            return
        # What is owed at a drain has no room to wait for: it is not to be copied.
        is_deflated = may_deflate and not self.writer.is_hurried and is_worth_deflating(self, payload)
        body = deflate(self, payload) if is_deflated else payload
        size = self.behaviour.fragment or len(body) or 1
        frames = fragments(BINARY if is_binary else TEXT, body, size, COMPRESSED if is_deflated else 0)
        self.writer.send(frames, len(body))

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        if self.writer.is_hurried and self.script.is_owing and not isReply and not self.failedByMe:
            # At a drain the replies are due, but not without room.
            self.script.after_replies(partial(self._close, code, reasonUtf8))
        else:
            self._close(code, reasonUtf8, isReply)

    def _close(self, code: int | None, reason: bytes | None, is_reply: bool = False) -> None:
        super().sendCloseFrame(code, reason, is_reply)
        self.script.stop()
        self.ending.limit()
        self._end_closing()

    def _closeConnection(self, abort: bool = False) -> None:
        """Autobahn wants the TCP connection to end: behind what is owed, but not longer than anything else."""
        self.script.stop()
        self.ending.limit()
        if abort and not self.wasClean:
            self._let_go(abort)
        else:
            self.writer.when_drained(partial(self._let_go, abort))

    def _let_go(self, abort: bool) -> None:
        self.writer.close()
        self.guard.drop(abort and not self.wasClean)
        if self.has_heard_end:
            self.guard.end_input()

    def _has_room(self) -> bool:
        return self.writer.has_room

    def _refill(self) -> None:
        """Something is leaving."""
        if not is_shaking_hands(self):
            self.script.work()
            self._weigh()

    def _weigh(self) -> None:
        """Go no further while too much waits, to be begun or to leave."""
        if self.script.weight + self.writer.owed > MOST_WAITING_BYTES:
            self.guard.flow.hold(WAITING)
        else:
            self.guard.flow.make_room(WAITING)

    # The end

    def announce_shutdown(self) -> None:
        """The server is going away: no waiting any more."""
        super().announce_shutdown()
        if self.ending.is_silent:
            self.transport.abortConnection()
        self.stall.end()
        self.writer.hurry()
        self.script.hurry()

    def onAutoPingTimeout(self) -> None:
        if self.ending.is_silent:
            self.guard.keepalive.forget_timeout()
        elif self.guard.flow.is_held and state_of(self) is State.OPEN:
            self._look_for_client()
        else:
            super().onAutoPingTimeout()

    def _look_for_client(self) -> None:
        """Nothing is read, perhaps for ten minutes: another ping finds out whether there is still somebody."""
        if is_broken(self.transport):
            self.guard.keepalive.forget_timeout()
            self.factory.context.counters.count(PING_TIMEOUT)
            self.transport.abortConnection()
        else:
            self.guard.keepalive.ping_again()

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        super().onClose(was_clean, code, reason)
        self.script.stop()
        self.writer.shut()
        self.ending.stop()
        self.stall.stop()


class BehavingFactory(EndpointFactory):
    """Builds the protocols of an endpoint for clients that ask for a behaviour."""

    protocol: Any = BehavingProtocol

    def __init__(
        self, context: ServerContext, make_rule: Callable[[], Rule], chance: Callable[..., Random] = Random
    ) -> None:
        super().__init__(context)
        self._make_rule = make_rule
        self._chance = chance

    def make_chance(self, seed: int | None) -> Random:
        """The randomness of one connection: the same for the same seed."""
        return self._chance(seed)

    def build(self, address: IAddress | None, behaviour: Behaviour) -> Any:
        """The protocol of one connection."""
        protocol: Any = self.buildProtocol(address)
        protocol.behaviour = behaviour
        protocol.rule = self._make_rule()
        return protocol
