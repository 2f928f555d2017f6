"""The protocol of a connection that asked for a behaviour: the endpoint's own, with the script around it.

A connection that asks for nothing never comes here. The class of one that does is derived from the endpoint's own
class: `onMessage` of the endpoint is called for each message, and what it sends meanwhile are its replies, which go to
the script; what it sends at any other time, as in `onOpen`, leaves at once. So an endpoint says once what it does.
What is done when is the business of `script`, what leaves when that of `writer`; this translates between them and
Autobahn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from echod.behaviours.handshake import HeldHandshake, choose_deflate
from echod.behaviours.replies import MessageWriter, Reply
from echod.behaviours.script import Script
from echod.counters import Kind
from echod.flow.flow_control import Hold
from echod.settings import KIB
from echod.transport.kernel import is_broken
from echod.websocket.autobahn.state import State, is_shaking_hands, state_of

MOST_WAITING_BYTES = 256 * KIB
"""Of replies that are not due or have not left; above it nothing more is read, or made of what was read."""


class BehavingProtocol(HeldHandshake):
    """One connection with a behaviour of its own; stands before an endpoint's class among the bases of another."""

    has_heard_close = has_heard_end = False
    _replies: list[Reply] | None = None
    """What the endpoint has sent since it was given a message; None while it has none."""
    _close_behind: Callable[[], None] | None
    """The Close that it has sent meanwhile, which comes behind its replies."""
    _answer_close: Callable[[], object] | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        self.messages = MessageWriter(self, self.behaviour, self._refill)
        self.writer = self.messages.writer
        self.script = Script(self.messages, self._end_stall)
        if self.behaviour.deflate is not None:
            self.answer_offer = choose_deflate(self.behaviour.deflate, self.answer_offer)
        self.writer.open()

    # The way in

    def dataReceived(self, data: bytes) -> None:
        """Always by Autobahn's own path, frame by frame: between any two the client may want us to stop."""
        if self.has_heard_close:
            self.guard.keepalive.hear()
        elif not self.script.ending.is_silent:
            self.receive_rest(data)

    def consumeData(self) -> None:
        if not self.script.stall.is_on:
            super().consumeData()

    def processData(self) -> bool:
        script = self.script
        is_deaf = script.stall.is_on or script.ending.is_silent or self.has_heard_close
        return not is_deaf and bool(super().processData())

    def readConnectionLost(self) -> None:
        """The client has closed its direction, but may still wait for replies."""
        self.has_heard_end = True
        self.script.ending.limit()
        self.script.replies.after_all(partial(self.writer.when_drained, self._end_input))

    def _end_input(self) -> None:
        self.writer.close()
        self.guard.end_input()

    def _end_stall(self) -> None:
        self.guard.keepalive.hear()
        self.consumeData()

    def onOpen(self) -> None:
        super().onOpen()
        self.script.begin()

    def onMessage(self, payload: bytes, is_binary: bool) -> None:
        """The endpoint says what it replies, the script what becomes of that."""
        if self.script.is_over:
            return
        self._replies = replies = list[Reply]()
        self._close_behind = None
        try:
            super().onMessage(payload, is_binary)
        finally:
            self._replies = None
            self.script.receive(payload, replies, self._close_behind)
            self._weigh()

    def onPing(self, payload: bytes) -> None:
        self.script.pings.answer(payload)
        self._weigh()

    def onCloseFrame(self, code: int | None, reason: bytes | None) -> bool | None:
        if self.script.ending.answers_close:
            # From here on nothing is parsed: there is no second Close.
            self.has_heard_close = True
            self.script.wind_down()
            self.script.ending.limit()
            self._answer_close = partial(super().onCloseFrame, code, reason)
            self.script.replies.after_all(self._end_closing)
        else:
            self.script.ending.fall_silent()
        return None

    def _end_closing(self) -> None:
        """Both know of the end: answer the client's Close, unless ours is on its way."""
        answer, self._answer_close = self._answer_close, None
        if answer is not None:
            answer()

    # The way out

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """The writer is the transport's producer already, and tells the guard's flow control."""
        self.writer.attach(self.guard.flow)

    def unregisterProducer(self) -> None:
        """The writer stays the producer until everything has left."""

    def unsent_bytes(self) -> int:
        """Replies that are not due, or have no room, count as well."""
        return super().unsent_bytes() + self.script.replies.weight + self.writer.owed

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        self.writer.write(data)

    def send_whole(self, payload: bytes, is_binary: bool, *, may_deflate: bool = True, sync: bool = False) -> None:
        """What the endpoint sends: a reply to the message that it is given, or else a message of its own."""
        if self._replies is None:
            self.messages.send_now(payload, is_binary, may_deflate)
        else:
            self._replies.append(Reply(payload, is_binary, may_deflate))

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        close = partial(self._close, code, reasonUtf8, isReply)
        if self._replies is not None:
            self._close_behind = close
        elif self.writer.is_hurried and self.script.replies and not isReply and not self.failedByMe:
            # At a drain the replies are due, but not without room.
            self.script.replies.after_all(close)
        else:
            close()

    def _close(self, code: int | None, reason: bytes | None, is_reply: bool) -> None:
        super().sendCloseFrame(code, reason, is_reply)
        self.script.stop()
        self.script.ending.limit()
        self._end_closing()

    def _closeConnection(self, abort: bool = False) -> None:
        """Autobahn wants the TCP connection to end: behind what is owed, but not longer than anything else."""
        self.script.stop()
        self.script.ending.limit()
        if abort and not self.wasClean:
            self._let_go(abort)
        else:
            self.writer.when_drained(partial(self._let_go, abort))

    def _let_go(self, abort: bool) -> None:
        self.writer.close()
        self.guard.drop(abort and not self.wasClean)
        if self.has_heard_end:
            self.guard.end_input()

    def _refill(self) -> None:
        """The writer has room, or less to send: let it have more, and read on."""
        if not is_shaking_hands(self):
            self.script.work()
            self._weigh()

    def _weigh(self) -> None:
        """Go no further while too much waits, to be begun or to leave."""
        if self.script.replies.weight + self.writer.owed > MOST_WAITING_BYTES:
            self.guard.flow.hold(Hold.REPLIES)
        else:
            self.guard.flow.release(Hold.REPLIES)

    # The end

    def announce_shutdown(self) -> None:
        """The server shuts down: nothing waits for its time any more."""
        super().announce_shutdown()
        if self.script.ending.is_silent:
            self.transport.abortConnection()
        self.script.hurry()

    def onAutoPingTimeout(self) -> None:
        if self.script.ending.is_silent:
            self.guard.keepalive.forget_timeout()
        elif self.guard.flow.is_held and state_of(self) is State.OPEN:
            self._look_for_client()
        else:
            super().onAutoPingTimeout()

    def _look_for_client(self) -> None:
        """Nothing is read, perhaps for ten minutes: another Ping finds out whether the client is still there."""
        if is_broken(self.transport):
            self.guard.keepalive.forget_timeout()
            self.context.counters.count(Kind.PING_TIMEOUT)
            self.transport.abortConnection()
        else:
            self.guard.keepalive.ping_again()

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        self.script.lost()
        super().onClose(was_clean, code, reason)
