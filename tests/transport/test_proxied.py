"""The protocol that reads the PROXY header: whose address counts, what is refused, and that it is gone afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet.protocol import Factory

from echod.accept.gate import Gate
from echod.counters import Kind
from echod.settings import Limits
from echod.transport.proxied import ProxyHeaderFactory
from tests.in_memory import Log
from tests.pair import CLIENT_ADDRESS, TEXT, MemoryNet, RawPeer, masked, plain, request, unframe

LINE = b"PROXY TCP4 198.51.100.7 198.51.100.1 56324 443\r\n"
SIX = b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n"
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"
PATHS = b"\r\n\r\n\0\r\nQUIT\n\x21\x31\x00\xd8" + b"/run/a.sock".ljust(108, b"\0") + b"\0".ljust(108, b"\0")
ASKED = request("/multi-echo")


def behind(net: MemoryNet) -> MemoryNet:
    """The same net, with connections that a PROXY header is wanted of."""
    net.gates = ProxyHeaderFactory(net.gates, net.server.counters)
    return net


@pytest.fixture
def proxied(net: MemoryNet) -> MemoryNet:
    return behind(net)


def seen(peer: RawPeer) -> dict[str, Any]:
    """What `/info` says of the connection."""
    _, _, frames = peer.take().partition(b"\r\n\r\n")
    [(_, payload)] = unframe(frames)
    info: dict[str, Any] = json.loads(payload)
    return info


@pytest.mark.parametrize(("header", "host"), [(LINE, "198.51.100.7"), (SIX, "2001:db8::7")], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("is_whole", [True, False], ids=["in one write", "on its own"])
def test_the_client_is_the_one_of_the_header(proxied: MemoryNet, header: bytes, host: str, is_whole: bool) -> None:
    peer = proxied.raw()
    peer.send(*([header + request("/info")] if is_whole else [header, request("/info")]))
    info = seen(peer)
    assert info["peer"] == {"host": host, "port": 56324}
    assert info["local"]["port"] == 443
    assert info["proxy"]["peer"] == {"host": "192.0.2.7", "port": 50000}
    assert info["proxy"]["local"] == {"host": "192.0.2.1", "port": 9001}


def test_the_client_may_be_a_local_socket(proxied: MemoryNet) -> None:
    peer = proxied.raw()
    peer.send(PATHS + request("/info"))
    assert seen(peer)["peer"] == {"unix": "/run/a.sock"}


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN a b c d\r\n", LOCAL], ids=repr)
def test_where_the_header_names_no_client_it_is_the_peer_of_the_socket(proxied: MemoryNet, header: bytes) -> None:
    peer = proxied.raw()
    peer.send(header + request("/info"))
    info = seen(peer)
    assert info["peer"] == {"host": "192.0.2.7", "port": 50000}
    assert info["proxy"] is None


@pytest.mark.parametrize("header", [LINE, LOCAL, PATHS], ids=["line", "local", "paths"])
def test_byte_by_byte_it_is_served(proxied: MemoryNet, header: bytes) -> None:
    peer = proxied.raw()
    whole = header + ASKED + masked(TEXT, b"hello")
    answer = peer.ask(*(whole[place : place + 1] for place in range(len(whole))))
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(plain(TEXT, b"hello"))


def test_afterwards_nothing_stands_between_the_socket_and_the_gate(proxied: MemoryNet) -> None:
    peer = proxied.raw()
    peer.send(LINE + ASKED)
    gate = peer.transport.far.protocol
    assert isinstance(gate, Gate)
    assert gate.transport is peer.transport.far


def test_two_headers_where_two_are_wanted_are_taken(proxied: MemoryNet) -> None:
    peer = behind(proxied).raw()
    peer.send(LINE + SIX + request("/info"))
    assert seen(peer)["peer"]["host"] == "2001:db8::7"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (ASKED, "no PROXY header"),
        (b"\x16\x03\x01\x02\x00\x01", "no PROXY header"),
        (b"PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n" + ASKED, "'1.2.3' does not appear to be an IPv4 or IPv6 address"),
        (b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0", "its version and command are 0x31"),
    ],
    ids=["request", "TLS", "address", "version"],
)
def test_what_is_no_header_is_closed_logged_and_counted(proxied: MemoryNet, log: Log, sent: bytes, why: str) -> None:
    peer = proxied.raw()
    assert peer.ask(sent) == b""
    assert peer.lost
    assert proxied.server.counters.counts() == {Kind.PROXY_HEADER: 1}
    assert log.lines("echod") == [f"192.0.2.7:50000 refused: {why}"]
    assert len(proxied.server.admission) == 0


@pytest.mark.parametrize("end", [RawPeer.hang_up, RawPeer.half_close, RawPeer.vanish])
def test_an_end_within_the_header_is_logged_and_counted(proxied: MemoryNet, log: Log, end: Any) -> None:
    peer = proxied.raw()
    peer.send(LINE[:20])
    end(peer)
    assert peer.lost
    assert proxied.server.counters.counts() == {Kind.PROXY_HEADER: 1}
    assert log.lines("echod") == ["192.0.2.7:50000 refused: it ends within its PROXY header"]


@pytest.mark.parametrize("end", [RawPeer.hang_up, RawPeer.half_close, RawPeer.vanish])
@pytest.mark.parametrize("sent", [b"", LOCAL], ids=["nothing", "LOCAL"])
def test_a_health_check_is_neither(proxied: MemoryNet, log: Log, end: Any, sent: bytes) -> None:
    peer = proxied.raw()
    peer.send(sent)
    end(peer)
    assert peer.lost
    assert proxied.server.counters.counts() == {}
    assert log.lines("echod") == []
    assert len(proxied.server.admission) == 0


@pytest.mark.parametrize("sent", [b"PROXY TCP4 ", LOCAL[:-1]], ids=["line", "block"])
def test_a_header_that_does_not_come_is_waited_for_no_longer_than_a_request(proxied: MemoryNet, sent: bytes) -> None:
    peer = proxied.raw()
    peer.send(sent)
    proxied.wait(Limits().handshake_timeout_s - 0.1)
    assert not peer.lost
    proxied.wait(0.5)
    assert peer.lost
    assert proxied.server.counters[Kind.PROXY_HEADER] == 1


def test_beyond_the_limit_a_connection_is_told_so_whatever_it_sends(make_net: Any) -> None:
    net = behind(make_net(limits=Limits(max_connections=1)))
    first, second = net.raw(), net.raw()
    first.send(LINE + ASKED)
    assert second.ask(LINE + ASKED).startswith(b"HTTP/1.1 503 ")
    assert second.lost
    assert not first.lost


def test_the_limit_for_each_address_is_for_that_of_the_client(make_net: Any) -> None:
    net = behind(make_net(limits=Limits(max_per_address=1)))
    first, second, other = net.raw(), net.raw(), net.raw()
    assert first.ask(LINE + ASKED).startswith(b"HTTP/1.1 101 ")
    assert other.ask(SIX + ASKED).startswith(b"HTTP/1.1 101 ")
    assert second.ask(LINE + ASKED).startswith(b"HTTP/1.1 503 ")


def test_a_drain_lets_go_of_connections_without_a_header(proxied: MemoryNet) -> None:
    silent, half = proxied.raw(), proxied.raw()
    half.send(LINE[:5])
    assert proxied.shut_down() == [None]
    assert silent.lost
    assert half.lost


class Nothing(Factory[Any]):
    """Builds no protocol."""

    def buildProtocol(self, addr: Any) -> None:
        return None


def test_a_connection_that_is_not_wanted_gets_no_protocol(net: MemoryNet) -> None:
    assert ProxyHeaderFactory(Nothing(), net.server.counters).buildProtocol(CLIENT_ADDRESS) is None


def test_the_factory_behind_it_is_started_and_stopped_with_it(net: MemoryNet) -> None:
    nothing = Nothing()
    nothing.noisy = False
    factory = ProxyHeaderFactory(nothing, net.server.counters)
    factory.doStart()
    assert nothing.numPorts == 1
    factory.doStop()
    assert nothing.numPorts == 0
    assert factory.logPrefix() == "echod (PROXY)"


def test_canary_twisted_still_drops_an_unknown_client() -> None:
    """When this fails, Twisted's parser takes the short form, and ours may be compared with it again."""
    from twisted.protocols.haproxy._exceptions import InvalidProxyHeader
    from twisted.protocols.haproxy._v1parser import V1Parser

    with pytest.raises(InvalidProxyHeader):
        V1Parser.parse(b"PROXY UNKNOWN")
