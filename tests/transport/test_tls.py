"""TLS in memory, in both versions: what comes before close_notify is answered, and nothing behind it is read."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import trustme
from twisted.internet.protocol import Factory, Protocol

from echod.daemon.certificates import read_folder
from echod.daemon.contexts import Contexts
from echod.transport.proxied import ProxyHeaderFactory
from echod.transport.tls import HalfClosedTLS, HalfClosedTLSFactory
from tests.pair import CLOSE, TEXT, MemoryNet, RawPeer, masked, plain, request

HELLO = masked(TEXT, b"hello")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Client:
    """A client of Python's `ssl` on a connection in memory; what is encrypted is sent when it says so."""

    def __init__(self, net: MemoryNet, peer: RawPeer, version: ssl.TLSVersion) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        self._net, self.peer = net, peer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def shake_hands(self) -> None:
        while True:
            try:
                self.session.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
            else:
                return self.flush()

    def flush(self) -> None:
        """One segment of everything."""
        self.peer.send(self._outgoing.read())
        self._incoming.write(self.peer.take())

    def end(self) -> None:
        """Put close_notify behind what is not sent yet."""
        # The other's has not come, or something else came before it.
        with suppress(ssl.SSLError):
            self.session.unwrap()

    def read(self) -> bytes:
        """What comes until nothing more is there, or the other end says that it is all."""
        received = b""
        while True:
            try:
                data = self.session.read(65536)
            except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                return received
            if not data:
                return received
            received += data

    def has_heard_end(self) -> bool:
        """Whether close_notify has come, and not only the end of TCP."""
        try:
            return self.session.read(1) == b""
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLWantReadError:
            return False


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    folder = tmp_path_factory.mktemp("certificates")
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "a.pem"))
    return Contexts(read_folder(str(folder)))


@pytest.fixture
def secure(net: MemoryNet, contexts: Contexts) -> MemoryNet:
    net.gates = HalfClosedTLSFactory(contexts, False, net.gates, clock=net.clock)
    return net


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def client(secure: MemoryNet, request: pytest.FixtureRequest) -> Client:
    made = Client(secure, secure.raw(), request.param)
    made.shake_hands()
    return made


def ask(client: Client, *pieces: bytes) -> bytes:
    for piece in pieces:
        client.session.write(piece)
    client.flush()
    return client.read()


def test_what_is_sent_together_with_close_notify_is_answered(client: Client) -> None:
    assert ask(client, request("/multi-echo")).startswith(b"HTTP/1.1 101 ")
    client.session.write(HELLO * 3)
    client.end()
    client.flush()
    assert client.read() == plain(TEXT, b"hello") * 3
    assert client.has_heard_end()
    assert client.peer.lost


def test_a_whole_conversation_in_one_segment_is_answered(client: Client) -> None:
    client.session.write(request("/multi-echo") + HELLO)
    client.end()
    client.flush()
    answer = client.read()
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"\r\n\r\n" + plain(TEXT, b"hello"))
    assert client.peer.lost


def test_a_page_is_answered_too(client: Client) -> None:
    client.session.write(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.end()
    client.flush()
    assert client.read().startswith(b"HTTP/1.1 404 ")
    assert client.peer.lost


def test_a_reply_that_a_behaviour_delays_is_still_sent(client: Client, secure: MemoryNet) -> None:
    client.session.write(request("/echo?delay=2s") + HELLO)
    client.end()
    client.flush()
    secure.wait(2.1)
    client.flush()
    assert client.read().endswith(plain(TEXT, b"hello"))
    assert client.peer.lost


def test_the_fin_behind_close_notify_cuts_nothing_off(client: Client, secure: MemoryNet) -> None:
    client.session.write(request("/echo?delay=2s") + HELLO)
    client.end()
    client.flush()
    client.peer.half_close()
    assert not client.peer.lost
    secure.wait(2.1)
    client.flush()
    assert client.read().endswith(plain(TEXT, b"hello"))
    assert client.peer.lost


def test_a_large_reply_goes_out_behind_close_notify(client: Client) -> None:
    message = masked(TEXT, b"x" * 200_000)
    ask(client, request("/echo"))
    client.session.write(message)
    client.end()
    client.flush()
    assert client.read() == plain(TEXT, b"x" * 200_000)
    assert client.peer.lost


def test_an_end_without_close_notify_is_a_lost_connection(client: Client) -> None:
    ask(client, request("/multi-echo"))
    client.peer.half_close()
    assert client.peer.lost
    assert not client.has_heard_end()


def test_nothing_is_kept_of_what_comes_behind_close_notify(client: Client, secure: MemoryNet) -> None:
    client.session.write(request("/echo?delay=2s") + HELLO)
    client.end()
    client.flush()
    client.peer.send(b"garbage" * 1000)
    assert not client.peer.lost
    secure.wait(2.1)
    assert client.peer.lost


def test_after_our_close_notify_the_clients_ends_the_connection(client: Client) -> None:
    ask(client, request("/multi-echo"))
    client.session.write(masked(CLOSE, b"\x03\xe8"))
    client.flush()
    assert client.read() == plain(CLOSE, b"\x03\xe8")
    assert not client.peer.lost
    client.end()
    client.flush()
    assert client.peer.lost


class Waiting(Protocol):
    """Neither half-closeable nor done: writes when it is told to."""


def wait_with(secure: MemoryNet, contexts: Contexts, version: ssl.TLSVersion) -> tuple[Client, Waiting]:
    """A client whose server-side protocol knows nothing of half-closed connections."""
    protocol = Waiting()
    secure.gates = HalfClosedTLSFactory(contexts, False, Factory.forProtocol(lambda: protocol), clock=secure.clock)
    client = Client(secure, secure.raw(), version)
    client.shake_hands()
    return client, protocol


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def waiting(secure: MemoryNet, contexts: Contexts, request: pytest.FixtureRequest) -> Iterator[tuple[Client, Waiting]]:
    Factory.noisy, before = False, Factory.noisy
    yield wait_with(secure, contexts, request.param)
    Factory.noisy = before


def test_a_protocol_that_knows_no_half_is_closed(waiting: tuple[Client, Waiting]) -> None:
    client, _ = waiting
    client.end()
    client.flush()
    assert client.has_heard_end()
    assert client.peer.lost


class Producer:
    """Says nothing of its own."""

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def stopProducing(self) -> None: ...


def test_close_notify_while_ours_waits_for_a_producer_ends_nothing(waiting: tuple[Client, Waiting]) -> None:
    client, protocol = waiting
    transport: Any = protocol.transport
    transport.registerProducer(Producer(), True)
    transport.loseConnection()
    client.end()
    client.flush()
    assert not client.peer.lost
    transport.write(b"last words")
    transport.unregisterProducer()
    client.flush()
    assert client.read() == b""
    assert client.peer.lost


def test_garbage_instead_of_a_record_ends_the_connection(client: Client) -> None:
    client.peer.send(b"GET / HTTP/1.1\r\n\r\n")
    assert client.peer.lost


def test_nothing_is_delivered_after_an_abort(waiting: tuple[Client, Waiting]) -> None:
    client, protocol = waiting
    received: list[bytes] = []

    def receive(data: bytes) -> None:
        received.append(data)
        protocol.transport.abortConnection()  # type: ignore[union-attr]

    protocol.dataReceived = receive  # type: ignore[method-assign]
    client.session.write(b"a" * 16384 + b"b" * 100)
    client.flush()
    assert received == [b"a" * 16384]
    assert client.peer.lost


def test_an_end_that_is_not_told_yet_goes_with_the_connection(waiting: tuple[Client, Waiting]) -> None:
    client, protocol = waiting

    def receive(_: bytes) -> None:
        protocol.transport.abortConnection()  # type: ignore[union-attr]

    protocol.dataReceived = receive  # type: ignore[method-assign]
    client.session.write(b"x")
    client.end()
    client.peer.transport.write(client._outgoing.read())
    client.peer.transport.move()
    client.peer.transport.far.move()
    assert client.peer.lost


def test_it_has_no_half_to_close(waiting: tuple[Client, Waiting]) -> None:
    tls: HalfClosedTLS = waiting[0].peer.transport.far.protocol
    tls.writeConnectionLost()
    assert not waiting[0].peer.lost


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["in one segment", "on its own"])
def test_behind_a_proxy_the_header_comes_in_the_clear_and_then_tls(
    secure: MemoryNet, version: ssl.TLSVersion, is_whole: bool
) -> None:
    secure.gates = ProxyHeaderFactory(secure.gates, secure.server.counters)
    peer = secure.raw()
    client = Client(secure, peer, version)
    header = b"PROXY TCP4 198.51.100.7 198.51.100.1 56324 443\r\n"
    if is_whole:
        with pytest.raises(ssl.SSLWantReadError):
            client.session.do_handshake()
        header += client._outgoing.read()
    client._incoming.write(peer.ask(header))
    client.shake_hands()
    answer = ask(client, request("/info"))
    assert b'"host": "198.51.100.7"' in answer
    assert b'"version": "TLSv1.' in answer


def test_behind_a_proxy_a_header_within_tls_is_none(secure: MemoryNet) -> None:
    secure.gates = ProxyHeaderFactory(secure.gates, secure.server.counters)
    peer = secure.raw()
    assert peer.ask(b"\x16\x03\x01\x02\x00\x01") == b""
    assert peer.lost
    assert dict(secure.server.counters.counts()) == {"PROXY header": 1}


def test_canary_twisted_still_takes_close_notify_for_the_end_of_both() -> None:
    """When this fails, Twisted's own transport may do."""
    import inspect

    from twisted.protocols.tls import TLSMemoryBIOProtocol

    source = inspect.getsource(TLSMemoryBIOProtocol._flushReceiveBIO)
    _, _, after = source.partition("except ZeroReturnError:")
    assert "self._shutdownTLS()" in after.partition("except Error:")[0]
