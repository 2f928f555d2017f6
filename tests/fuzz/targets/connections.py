"""Whole connections in memory: whatever peers do, nothing is logged as an error, and nothing of them is left.

Up to two peers open endpoints with behaviours at random, send frames right and wrong, let time pass, stop reading,
half-close, hang up and vanish; the server may be drained. A well-behaved client beside them gets its echo each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from twisted.logger import LogEvent, globalLogPublisher

from echod.flow import turn_share
from echod.rules.behaviours.table import PARAMETERS
from echod.settings import Limits
from echod.websocket import time_slices
from tests.fuzz.choices import Choices
from tests.fuzz.targets.frames import FIRSTS
from tests.pair import CLOSE, PING, PONG, TEXT, MemoryNet, RawPeer, masked, plain, request, unframe
from tests.streams import encode

ENDPOINTS = ("/echo", "/simple-echo", "/multi-echo", "/info", "/nowhere")
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
LIMITS = Limits(max_message_bytes=20_000, max_unfinished_bytes=40_000, max_fragments=20)
EXAMPLES = {parameter.name: parameter.grammar.example for parameter in PARAMETERS} | {"flood": "30K", "count": "5"}
WAITS_S = (0.001, 0.05, 0.3, 1.0, 4.9, 5.1, 21.0)
MOST_STEPS = 60
STALLED = 3600.0
"""Seconds; slices and shares of a turn are over by a real clock, and the same bytes have to do the same."""

time_slices.SLICE_S = turn_share.SHARE_S = turn_share.NOTICED_S = STALLED


class Scene:
    """A server, a witness that behaves well, and the peers."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.net = MemoryNet(limits=LIMITS, debug=bool(choices.below(2)))
        self.witness = self.net.open("/echo")
        self.peers: list[RawPeer] = []
        self.drained: list[None] | None = None

    @property
    def peer(self) -> RawPeer:
        """One of the last two; there is always one."""
        if not self.peers:
            self.open()
        return self.choices.pick(self.peers[-2:])

    def open(self) -> None:
        names = [self.choices.pick(PARAMETERS).name for _ in range(self.choices.below(4))]
        query = "&".join(f"{name}={self.value(name)}" for name in names)
        extensions = [DEFLATE] if self.choices.below(2) else []
        self.peers.append(self.net.raw())
        self.peers[-1].send(*self.choices.split(request(f"{self.choices.pick(ENDPOINTS)}?{query}", *extensions)))

    def value(self, name: str) -> str:
        """Mostly the example of the parameter, else another choice of it, or bytes."""
        choices = next(parameter.grammar.choices for parameter in PARAMETERS if parameter.name == name)
        values = [EXAMPLES[name], *(choices or ())]
        way = self.choices.below(len(values) + 1)
        return quote(values[way] if way < len(values) else self.choices.take(3))

    def send_messages(self) -> None:
        frames = [masked(TEXT, b"x" * self.choices.below(256)) for _ in range(self.choices.below(5))]
        self.peer.send(*self.choices.split(b"".join(frames)))

    def send_frame(self) -> None:
        payload = self.choices.take(self.choices.below(200))
        first = self.choices.pick(FIRSTS)
        self.peer.send(*self.choices.split(encode(first, payload, self.choices.take(4).ljust(4, b"\0"))))

    def send_bytes(self) -> None:
        self.peer.send(*self.choices.split(self.choices.take(self.choices.below(256))))

    def send_large(self) -> None:
        self.peer.send(*self.choices.split(masked(TEXT, b"y" * self.choices.below(25_000))))

    def wait(self) -> None:
        self.net.wait(self.choices.pick(WAITS_S))
        self.answer_pings()

    def answer_pings(self) -> None:
        """As a well-behaved client does: nobody is let go for being silent."""
        if self.drained is None:
            for first, payload in unframe(self.witness.take()):
                assert first == PING
                self.witness.send(masked(PONG, payload))

    def stop_reading(self) -> None:
        self.peer.transport.pauseProducing()

    def read_on(self) -> None:
        self.peer.transport.resumeProducing()
        self.net.settle()

    def half_close(self) -> None:
        self.peer.half_close()

    def hang_up(self) -> None:
        self.peer.hang_up()

    def vanish(self) -> None:
        self.peer.vanish()

    def connect(self) -> None:
        """A peer whose first bytes are not an opening handshake, or a page's."""
        self.peers.append(self.net.raw())
        if self.choices.below(2):
            self.send_bytes()

    def ask_witness(self) -> None:
        """It has its echo within the turn, or the Close of the drain."""
        message = self.choices.take(5).hex().encode()
        answer = self.witness.ask(masked(TEXT, message))
        if self.drained is None:
            assert answer == plain(TEXT, message)
        elif answer:
            assert unframe(answer)[-1][0] == CLOSE

    def drain(self) -> None:
        if self.drained is None:
            self.drained = self.net.shut_down()

    def end(self) -> None:
        """Everyone leaves; then nothing is left."""
        if self.drained is not None:
            self.net.wait(LIMITS.drain_timeout_s + LIMITS.drain_spread_s)
            self.net.wait(LIMITS.drain_timeout_s)
            assert self.drained == [None]
        self.net.close()
        assert not self.net.clock.getDelayedCalls()
        assert self.net.server.context.quota.reserved == 0
        assert not len(self.net.server.connections)
        assert not len(self.net.server.admission)


STEPS: Sequence[Callable[[Scene], None]] = (
    *(Scene.open, Scene.send_messages, Scene.send_frame, Scene.send_bytes, Scene.send_large, Scene.wait),
    *(Scene.stop_reading, Scene.read_on, Scene.half_close, Scene.hang_up, Scene.vanish, Scene.connect),
    *(Scene.ask_witness, Scene.drain),
)


def check(data: bytes) -> None:
    failures: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if "log_failure" in event or event["log_level"].name in ("error", "critical"):
            failures.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        play(Choices(data))
    finally:
        globalLogPublisher.removeObserver(observe)
    assert not failures, failures[0]


def play(choices: Choices) -> None:
    scene = Scene(choices)
    for _ in range(MOST_STEPS):
        if choices.is_over:
            break
        choices.pick(STEPS)(scene)
    scene.end()
