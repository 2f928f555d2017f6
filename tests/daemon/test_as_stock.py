"""The fast path over real TCP: the same answers as stock Autobahn's, and large transfers without a wrong byte."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.child import Child, Daemon
from tests.faults.attacker import BINARY, TEXT, Attacker, connect, frame, trusting
from tests.faults.doors import issue, tls_endpoint
from tests.pair import request, unframe
from tests.streams import LIMIT, encode, feed, segmented, simplify, stock_echo

BYE = encode(0x88, b"\x03\xe8", b"\x01\x02\x03\x04")
MIB = 1024 * 1024
SIZES = (1, 125, 126, 65_535, 65_536, 100_000, MIB - 1, MIB, 3 * MIB + 1)


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A daemon with the limits of the streams."""
    with Daemon(f"--max-message={LIMIT}", "--ping-interval=0", "--compression=off") as daemon:
        yield daemon


def answers(port: int, segments: Sequence[bytes]) -> list[object]:
    """Everything that is answered to this stream, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(request("/echo"))
        received = bytearray()
        while b"\r\n\r\n" not in received:
            received += client.recv(65536)
        # Who has failed the connection may close it while more is on its way.
        with suppress(OSError):
            for segment in segments:
                client.sendall(segment)
            client.shutdown(socket.SHUT_WR)
        while data := client.recv(65536):
            received += data
    return [simplify(*found) for found in unframe(bytes(received).partition(b"\r\n\r\n")[2])]


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(segments=segmented())
@example(segments=[b"\x82\xff\0\0\0\0\0\1\0\0abcdef"])
def test_a_stream_is_answered_as_stock_autobahn_answers_it(daemon: Daemon, segments: list[bytes]) -> None:
    expected = feed(stock_echo(), [*segments, BYE]).answers
    assert answers(daemon.port, [*segments, BYE]) == [answer for several in expected for answer in several]


@pytest.fixture(scope="module", params=["tcp", "tls", "unix"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacker]:
    """An open connection of each kind."""
    import trustme

    folder: Path = tmp_path_factory.mktemp("doors")
    issue(folder, trustme.CA())
    texts = {"tcp": "tcp:0:interface=127.0.0.1", "tls": tls_endpoint(folder), "unix": f"unix:{folder}/echod:mode=600"}
    with Child([*Daemon.COMMAND, "--listen", texts[request.param]]) as daemon:
        where = daemon.wait_for_line(r"ready: (\S+)")[1]
        address = where if request.param == "unix" else ("127.0.0.1", int(where.rpartition(":")[2]))
        with connect(address, tls=trusting() if request.param == "tls" else None) as attacker:
            yield attacker.open()


def test_large_transfers_come_back_without_a_wrong_byte(client: Attacker) -> None:
    payloads = [os.urandom(size // 2 + 1).hex().encode()[:size] for size in SIZES * 3]
    opcodes = [TEXT if number % 2 else BINARY for number in range(len(payloads))]
    sent, received = hashlib.sha256(), hashlib.sha256()

    def send() -> None:
        for opcode, payload in zip(opcodes, payloads, strict=True):
            sent.update(payload)
            client.send(frame(opcode, payload))

    sender = threading.Thread(target=send)
    sender.start()
    found = [client.read_message() for _ in payloads]
    sender.join()
    for each in found:
        received.update(each.payload)
    assert received.hexdigest() == sent.hexdigest()
    assert [each.opcode for each in found] == opcodes
