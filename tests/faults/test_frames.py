"""Frames and messages that are too large, too many, wrong, or much more than they look."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from statistics import median

import pytest

from tests.deflate import EMPTY_STREAM, HELLO, HELLO_ENDED, deflated
from tests.faults.attacker import (
    BINARY,
    CHUNK,
    COMPRESSED,
    CONTINUATION,
    PING,
    TEXT,
    Attacker,
    close_frame,
    compressed_frame,
    frame,
    request,
)
from tests.faults.measure import KIB, MIB
from tests.faults.scene import (
    CLOSE_TIMEOUT_S,
    LATE_S,
    PROMISED_STALL_S,
    Scene,
    attacked,
    flood_until_held,
    note,
    set_up,
    staged,
    usual_stall,
)

LIMIT = MIB
MOST_FRAGMENTS = 131_072
TINY = frame(TEXT, b"x")
"""Seven bytes."""

VIOLATIONS = {
    "ping that announces 2^40 bytes": (frame(PING, length=2**40), 1002),
    "control frame of 126 bytes": (frame(PING, bytes(126)), 1002),
    "fragmented ping": (frame(PING, fin=False), 1002),
    "unknown opcode": (frame(0x3, b"x"), 1002),
    "unknown control opcode": (frame(0xB), 1002),
    "reserved bit": (frame(TEXT, b"x", rsv=1), 1002),
    "compressed without deflate": (frame(TEXT, b"x", rsv=COMPRESSED), 1002),
    "no mask": (frame(TEXT, b"x", masked=False), 1002),
    "continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "message within a message": (frame(TEXT, b"x", fin=False) + TINY, 1002),
    "length not in its shortest form": (b"\x81\xfe\x00\x05" + bytes(4) + b"hello", 1002),
    "length above 2^63": (b"\x82\xff" + struct.pack("!Q", 2**64 - 1) + bytes(4), 1002),
    "close with one byte": (b"\x88\x81" + bytes(4) + b"x", 1002),
    "close with a code that is not to be sent": (close_frame(1005), 1002),
    "close with an unknown code": (close_frame(999), 1002),
    "text that is no UTF-8": (frame(TEXT, b"\xff"), 1007),
    "close whose reason is no UTF-8": (close_frame(1000, b"\xff"), 1007),
    "frame of 2^40 bytes": (frame(BINARY, length=2**40), 1009),
    "frame of 2^63 - 1 bytes": (frame(BINARY, length=2**63 - 1), 1009),
}


@pytest.fixture(scope="module")
def small_stage() -> Iterator[Scene]:
    """A daemon with low limits."""
    with set_up("--max-message=1M", "--max-unfinished=1M", "--inflate-rate=16M", "--max-fragments=1000") as scene:
        yield scene


@pytest.fixture
def small(small_stage: Scene, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The same for one attack."""
    yield from attacked(small_stage, request.node.name)


def end_of(attacker: Attacker) -> int:
    """The close code with which the server ends the connection, politely."""
    code = attacker.read_until_close()[1].code
    assert attacker.wait_for_end() == "fin"
    return code


@pytest.mark.parametrize(("sent", "code"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_violation_gets_its_close_code(scene: Scene, sent: bytes, code: int) -> None:
    with scene.open() as attacker:
        attacker.send(sent)
        assert end_of(attacker) == code


@pytest.mark.parametrize(("sent", "code"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_after_a_violation_nothing_is_parsed(scene: Scene, sent: bytes, code: int) -> None:
    with scene.open() as attacker:
        attacker.send(TINY, sent, TINY * 100)
        messages, close = attacker.read_until_close()
        assert [each.payload for each in messages] == [b"x"]
        assert close.code == code
        assert attacker.read_rest() == b""


def test_a_ping_without_end_costs_nothing(scene: Scene) -> None:
    with scene.open() as attacker:
        watch = scene.stopwatch()
        attacker.send(frame(PING, length=2**40))
        sent = attacker.send_until_stuck(bytes(CHUNK), 256 * MIB)
        attacker.wait_for_loss(10, scene.pid)
        seconds = watch.seconds()
        note(f"A5: {sent / MIB:.0f} MiB sent, growth {scene.growth() / MIB:.2f} MiB, cut after {seconds:.1f} s")
        assert scene.growth() <= MIB
        assert seconds <= CLOSE_TIMEOUT_S + LATE_S + 0.5


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
def test_a_message_up_to_the_limit_is_echoed(small: Scene, opcode: int, size: int) -> None:
    with small.open() as client:
        client.send(frame(opcode, b"x" * size))
        assert client.read_payload() == b"x" * size


def test_a_message_of_a_byte_more_is_too_big(small: Scene) -> None:
    with small.open() as attacker:
        attacker.send(frame(BINARY, length=LIMIT + 1))
        assert end_of(attacker) == 1009


def test_fragments_count_together_for_the_limit(small: Scene) -> None:
    with small.open() as attacker:
        attacker.send(frame(BINARY, bytes(LIMIT), fin=False), frame(CONTINUATION, b"x"))
        assert end_of(attacker) == 1009


def test_an_incompressible_message_of_the_limit_may_come_uncompressed_and_is_echoed(small: Scene) -> None:
    with small.open(deflate=True) as client:
        client.send(frame(BINARY, payload := os.urandom(LIMIT)))
        assert client.read_payload() == payload


@pytest.mark.parametrize("size", [LIMIT - 1000, LIMIT])
def test_an_incompressible_message_of_the_limit_is_echoed_with_deflate(small: Scene, size: int) -> None:
    with small.open(deflate=True) as client:
        client.send(compressed_frame(payload := os.urandom(size)))
        assert client.read_payload() == payload


def test_a_message_that_inflates_to_a_byte_more_is_too_big(small: Scene) -> None:
    with small.open(deflate=True) as attacker:
        attacker.send(compressed_frame(bytes(LIMIT + 1)))
        assert end_of(attacker) == 1009


def test_a_bomb_is_not_inflated_beyond_the_limit(scene: Scene) -> None:
    bomb = compressed_frame(bytes(256 * MIB), level=9)
    with scene.open(deflate=True) as attacker:
        attacker.send(bomb)
        assert end_of(attacker) == 1009
        note(f"bomb of {len(bomb) / KIB:.0f} KiB for 256 MiB: growth {scene.growth() / MIB:.1f} MiB")
        assert scene.growth() <= 3 * 16 * MIB


@pytest.mark.parametrize("sent", [b"\xff" * 20, deflated(b"x" * 1000)[:-3], b""], ids=["garbage", "cut off", "empty"])
def test_corrupt_deflate_is_1007_or_harmless(scene: Scene, sent: bytes) -> None:
    with scene.open(deflate=True) as attacker:
        attacker.send(frame(BINARY, sent, rsv=COMPRESSED), frame(BINARY, b"y", rsv=0), close_frame())
        messages, close = attacker.read_until_close()
        assert close.code in (1000, 1007)
        assert close.code == 1000 or not messages
        assert close.code == 1007 or sent != b"\xff" * 20


def test_what_messages_inflate_to_is_limited_by_the_second(small: Scene) -> None:
    with small.open(deflate=True) as attacker:
        watch, start = small.stopwatch(), time.monotonic()
        attacker.send(compressed_frame(bytes(MIB)) * 48)
        assert all(len(attacker.read_payload()) == MIB for _ in range(48))
        seconds = time.monotonic() - start
        note(f"48 MiB inflated at 16 MiB/s: {seconds:.1f} s")
        assert seconds >= 1.8
        assert watch.seconds() <= 6


def test_reading_pauses_above_the_inflate_rate() -> None:
    # No replies: only the rate can be what pauses it. That the client has gone is noticed by a ping.
    with staged("--inflate-rate=16M", "--ping-interval=1s") as scene, scene.connect(send_buffer=16 * KIB) as attacker:
        attacker.open("/echo?reply=none", deflate=True)
        flood_until_held(attacker, compressed_frame(bytes(MIB), level=9) * 64, 2 * MIB)


def test_a_message_may_have_as_many_fragments_as_the_limit(small: Scene) -> None:
    with small.open() as client:
        client.send(frame(TEXT, b"a", fin=False), frame(CONTINUATION, b"b", fin=False) * 998, frame(CONTINUATION))
        assert client.read_payload() == b"a" + b"b" * 998


def test_one_fragment_more_is_too_big_though_it_is_empty(small: Scene) -> None:
    with small.open() as attacker:
        attacker.send(frame(TEXT, fin=False), frame(CONTINUATION, fin=False) * 999, frame(CONTINUATION))
        assert end_of(attacker) == 1009


def test_a_million_fragments_end_at_the_default_limit(scene: Scene) -> None:
    with scene.open() as attacker:
        start = scene.cpu()
        attacker.send(frame(TEXT, fin=False))
        sent = attacker.send_until_stuck(frame(CONTINUATION, fin=False), 6 * 1_000_000, stuck_s=2.0)
        assert sent >= 6 * (MOST_FRAGMENTS - 1)
        assert end_of(attacker) == 1009
        note(f"a million empty fragments: {scene.cpu() - start:.1f} s of CPU, growth {scene.growth() / MIB:.1f} MiB")
        assert scene.growth() <= 2 * MIB


def test_unfinished_messages_have_a_budget_together(small: Scene) -> None:
    with small.open() as first, small.open() as second:
        first.send(frame(BINARY, b"1" * 600_000, fin=False))
        small.wait_until_read()
        second.send(frame(BINARY, b"2" * 600_000, fin=False))
        assert second.read_until_close()[1].code == 1013
        first.send(frame(CONTINUATION, b"1"))
        assert first.read_payload() == b"1" * 600_001


def test_the_budget_of_unfinished_messages_is_given_back(small: Scene) -> None:
    for _ in range(10):
        with small.open() as attacker:
            attacker.send(frame(BINARY, bytes(600_000), fin=False))
            small.wait_until_read()
    small.wait_until_freed()
    with small.open() as client:
        client.send(frame(BINARY, bytes(MIB)))
        assert client.read_payload() == bytes(MIB)


def test_an_announced_length_alone_takes_no_budget(small: Scene) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(small.open()).send(frame(BINARY, length=MIB))
        with small.open() as client:
            client.send(frame(BINARY, bytes(MIB)))
            assert client.read_payload() == bytes(MIB)


def test_unfinished_messages_of_lost_connections_are_given_back(scene: Scene) -> None:
    for _ in range(20):
        with scene.open() as attacker:
            attacker.send(frame(BINARY, bytes(8 * MIB), length=16 * MIB))
            scene.wait_until_read()
        scene.wait_until_freed()
    note(f"8 MiB of a message, twenty times: growth {scene.growth() / MIB:.1f} MiB")
    assert scene.growth() <= 2 * 16 * MIB


TRAINS = {
    "64 KiB of 7-byte frames": TINY * (CHUNK // 7),
    "64 KiB of pings": frame(PING) * (CHUNK // 6),
    "64 KiB of empty fragments": frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * (CHUNK // 6),
    "text of 1 MiB": frame(TEXT, b"x" * MIB),
    "text of 1 MiB beyond ASCII": frame(TEXT, "\N{SNOWMAN}".encode() * (MIB // 3)),
    "binary of 1 MiB": frame(BINARY, os.urandom(MIB)),
}
DEFLATED_TRAINS = {
    "1 MiB deflated, zeros": compressed_frame(bytes(MIB)),
    "1 MiB deflated, text": compressed_frame(b"The quick brown fox. " * (MIB // 21), TEXT),
    "1 MiB deflated, incompressible": compressed_frame(os.urandom(MIB)),
    "64 KiB of tiny deflated messages": compressed_frame(b"x") * (CHUNK // 10),
    "64 KiB of bombs of 1 MiB": compressed_frame(bytes(MIB)) * 60,
}
HUGE = {
    "text of 16 MiB": (frame(TEXT, b"x" * 16 * MIB), False),
    "binary of 16 MiB": (frame(BINARY, bytes(16 * MIB)), False),
    "16 MiB deflated, zeros": (compressed_frame(bytes(16 * MIB)), True),
}


@pytest.mark.parametrize(("name", "deflate"), [*((n, False) for n in TRAINS), *((n, True) for n in DEFLATED_TRAINS)])
def test_a_packet_train_stalls_nobody_for_more_than_20_ms(scene: Scene, name: str, deflate: bool) -> None:
    stall = stall_of(scene, {**TRAINS, **DEFLATED_TRAINS}[name], deflate)
    note(f"stall by {name}: {stall * 1e3:.1f} ms")
    assert stall <= PROMISED_STALL_S


def test_what_messages_of_16_mib_stall_is_stated() -> None:
    with set_up(clients=0) as scene:
        for name, (sent, deflate) in HUGE.items():
            stall = stall_of(scene, sent, deflate)
            note(f"stall by {name}: {stall * 1e3:.1f} ms (no bound is promised)")
            assert stall <= 5


def stall_of(scene: Scene, sent: bytes, deflate: bool) -> float:
    def attack() -> None:
        with scene.open("/multi-echo", deflate=deflate) as attacker:
            attacker.send(sent, close_frame())
            attacker.wait_for_end()

    return usual_stall(scene.daemon, attack)


def compressed(body: bytes) -> bytes:
    """A frame of what is compressed already."""
    return frame(BINARY, body, rsv=COMPRESSED)


NOISE = os.urandom(1_000_000)
ENDED_TRAINS = {
    "20 MB of 0xff behind a stream that has ended": (
        compressed(HELLO_ENDED) + compressed(b"\xff" * 1_000_000) * 20,
        compressed(HELLO) + frame(BINARY, NOISE) * 20,
    ),
    "20 MB of noise behind a stream that has ended": (
        compressed(HELLO_ENDED) + compressed_frame(NOISE) * 20,
        compressed(HELLO) + compressed_frame(NOISE) * 20,
    ),
    "10,000 streams, one for each message": (compressed(HELLO_ENDED) * 10_000, compressed(HELLO) * 10_000),
    "32,768 empty streams in a message": (compressed(EMPTY_STREAM * 32_768), TINY * (65_536 // 7)),
    "5,000 empty streams in each of ten messages": (compressed(EMPTY_STREAM * 5_000) * 10, TINY * (10 * 10_000 // 7)),
}
"""Each beside a plain one of its size."""


@pytest.mark.parametrize(("train", "plain"), ENDED_TRAINS.values(), ids=ENDED_TRAINS.keys())
def test_streams_that_end_cost_no_more_cpu_than_a_plain_train(train: bytes, plain: bytes) -> None:
    assert len(train) < 1.2 * len(plain) + 20_000
    with staged("--inflate-rate=1G", clients=0) as scene:
        costs = [(cpu_of(scene, train), cpu_of(scene, plain)) for _ in range(3)]
    cost, usual = (median(each) for each in zip(*costs, strict=True))
    note(f"CPU of {len(train) / MIB:.1f} MiB of streams that end: {cost:.2f} s, of a plain train {usual:.2f} s")
    assert cost <= 2 * usual + 0.05


def cpu_of(scene: Scene, train: bytes) -> float:
    """Seconds of CPU that the daemon takes for this, which is not answered, or which fails the connection."""
    start = scene.cpu()
    with scene.open("/echo?reply=none", deflate=True) as attacker, suppress(ConnectionError):
        attacker.send(train, close_frame())
        attacker.wait_for_end()
    return scene.cpu() - start


NO_CONTEXT = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"
NO_OWN_CONTEXT = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"
WITH_CONTEXT = "Sec-WebSocket-Extensions: permessage-deflate"
MANY = 200


@pytest.mark.parametrize(
    ("offer", "most_kib"),
    [(NO_CONTEXT, 20), (NO_OWN_CONTEXT, 60), (WITH_CONTEXT, 120)],
    ids=["no context", "none of ours", "context"],
)
def test_deflate_keeps_memory_only_for_a_context_that_was_agreed(offer: str, most_kib: int) -> None:
    with set_up(clients=0) as scene, ExitStack() as stack:
        for _ in range(MANY):
            client = stack.enter_context(scene.connect())
            client.send(request("/echo", offer), compressed_frame(b"hello" * 100))
            assert b"permessage-deflate" in client.read_head()
            client.read_message()
        kib = scene.growth_now() / MANY / KIB
        note(
            f"a connection that has used deflate, {offer.count('no_context')} directions without context: {kib:.0f} KiB"
        )
        assert kib <= most_kib
