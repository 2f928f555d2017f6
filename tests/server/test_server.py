"""`Server` and where it listens, in this process on the real reactor, over real sockets."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ServerEndpoint, UNIXServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs, formatEvent

from echod.server.listening import EveryInterface, make_endpoint
from echod.server.server import Server
from echod.server.standard import publish_plain, publish_simple_echo
from echod.store.memory import MemoryModeStore
from tests.daemon.clients import (
    LOOPBACK,
    close_code,
    head_from,
    is_free,
    open_client,
    raw_connection,
    reply,
    say,
    upgrade,
)

BOTH_FAMILIES = ("127.0.0.1", "[::1]")


def everywhere(port: int) -> EveryInterface:
    return EveryInterface(reactor, port)


class InstantPort:
    """A port whose end needs no waiting."""

    def getHost(self) -> object:
        return object()

    def stopListening(self) -> None:  # noqa: N802
        """Done at once."""


class InstantEndpoint:
    """Listens on nothing, at once."""

    def listen(self, factory: IProtocolFactory) -> Deferred[Any]:
        return succeed(InstantPort())


def test_it_says_where_it_listens_and_what_it_serves() -> None:
    idle = Server(reactor)
    assert idle.port is None
    assert repr(idle) == "<echod.Server not listening: nothing published>"
    publish_plain(idle)
    assert repr(idle) == "<echod.Server not listening: / /echo>"


@pytest_twisted.ensureDeferred
async def test_on_port_0_it_has_a_real_port(server: Server) -> None:
    port = await server.listen(everywhere(0))
    assert server.port == port.getHost().port > 0
    assert repr(server) == f"<echod.Server {server.port}: /multi-echo /simple-echo>"


@pytest_twisted.ensureDeferred
async def test_it_answers_on_every_port_that_it_listens_on(server: Server) -> None:
    await server.listen(everywhere(0))
    await server.listen(TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK))
    first, second = server.port_numbers()
    assert first == server.port != second
    assert await say(first, "add", "/simple-echo") == "add...added..."
    assert await say(second, "x", "/simple-echo") == "x...added..."


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_has_no_port(server: Server, tmp_path: Path) -> None:
    await server.listen(UNIXServerEndpoint(reactor, str(tmp_path / "sock")))
    assert server.port is None
    assert len(server.ports) == 1


@pytest_twisted.ensureDeferred
async def test_after_stop_listening_the_port_is_free_for_others(server: Server) -> None:
    await server.listen(everywhere(0))
    port = server.port
    assert port is not None
    assert not is_free(port)
    await say(port, "hello")
    await server.stop_listening()
    assert is_free(port)
    assert server.port is None
    with pytest.raises(ConnectionRefusedError):
        await say(port, "hello")


@pytest_twisted.ensureDeferred
async def test_after_stop_listening_it_listens_on_the_same_port_at_once(server: Server) -> None:
    await server.listen(everywhere(0))
    port = server.port
    assert port is not None
    with await deferToThread(open_client, f"ws://{LOOPBACK}:{port}/multi-echo") as still_open:
        for _ in range(3):
            await server.stop_listening()
            await server.listen(everywhere(port))
        assert server.port_numbers() == [port]
        assert await say(port, "hello") == "hello"
        assert await deferToThread(reply, still_open, "hello") == "hello"
        await deferToThread(still_open.close)


@pytest_twisted.ensureDeferred
async def test_a_restart_keeps_what_is_published_and_the_mode(server: Server) -> None:
    await server.listen(everywhere(0))
    assert await say(server.port, "add", "/simple-echo") == "add...added..."
    await server.stop_listening()
    await server.listen(everywhere(0))
    assert await say(server.port, "x", "/simple-echo") == "x...added..."
    assert await say(server.port, "x", "/multi-echo") == "x"


@pytest_twisted.ensureDeferred
async def test_stop_listening_twice_and_shutdown_of_nothing_change_nothing(server: Server) -> None:
    await server.stop_listening()
    await server.stop_listening()
    await server.shutdown()
    assert server.ports == []


@pytest_twisted.ensureDeferred
async def test_stop_listening_takes_a_port_that_stops_at_once(server: Server) -> None:
    await server.listen(InstantEndpoint())
    await server.stop_listening()
    assert server.ports == []


@pytest_twisted.ensureDeferred
async def test_shutdown_sends_every_client_off_with_1001(server: Server) -> None:
    await server.listen(everywhere(0))
    uri = f"ws://{LOOPBACK}:{server.port}/simple-echo"
    with await deferToThread(open_client, uri) as first, await deferToThread(open_client, uri) as second:
        await deferToThread(reply, first, "hello")
        await deferToThread(reply, second, "hello")
        assert len(server.connections) == 2
        await server.shutdown()
        assert (len(server.connections), server.port) == (0, None)
        assert await deferToThread(close_code, first) == 1001
        assert await deferToThread(close_code, second) == 1001


@pytest_twisted.ensureDeferred
async def test_shutdown_does_not_wait_for_ever_for_a_client_that_never_answers(server: Server) -> None:
    await server.listen(everywhere(0))
    with raw_connection(server.port) as client:
        client.sendall(upgrade("/multi-echo"))
        assert (await deferToThread(head_from, client)).startswith(b"HTTP/1.1 101 ")
        started = reactor.seconds()
        await server.shutdown()
        assert 0.2 <= reactor.seconds() - started < 2
        assert client.recv(100) == b"\x88\x02\x03\xe9"


@pytest_twisted.ensureDeferred
async def test_shutdown_does_not_wait_for_ever_for_a_client_that_never_reads(server: Server) -> None:
    await server.listen(everywhere(0))
    with raw_connection(server.port) as client:
        client.sendall(upgrade("/multi-echo"))
        await deferToThread(head_from, client)
        await deferToThread(send_until_nobody_reads, client)
        started = reactor.seconds()
        await server.shutdown()
        assert reactor.seconds() - started < 2
        assert len(server.connections) == 0


def send_until_nobody_reads(client: socket.socket) -> None:
    """Messages, until the buffers of both sides are full of them and of their echoes."""
    client.settimeout(0.3)
    with suppress(TimeoutError):
        while True:
            client.sendall(b"\x82\xfe\xff\xff" + bytes(4) + bytes(65535))


@pytest_twisted.ensureDeferred
async def test_debug_of_one_endpoint_is_not_that_of_another(server: Server) -> None:
    publish_simple_echo(server, MemoryModeStore(), debug=True)
    await server.listen(everywhere(0))
    with capturedLogs() as events:
        await say(server.port, "seen", "/simple-echo")
        await say(server.port, "unseen", "/multi-echo")
    text = "\n".join(formatEvent(event) for event in events)
    assert "b'seen'" in text
    assert "unseen" not in text


@pytest_twisted.ensureDeferred
async def test_every_interface_is_one_socket_for_both_families(server: Server) -> None:
    await server.listen(everywhere(0))
    assert len(server.ports) == 1
    assert [await say(server.port, host, host=host) for host in BOTH_FAMILIES] == [*BOTH_FAMILIES]


@pytest_twisted.ensureDeferred
async def test_without_ipv6_every_interface_is_ipv4(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    port = await server.listen(everywhere(0))
    assert port.getHost().host == "0.0.0.0"
    assert await say(server.port, "hello") == "hello"
    with pytest.raises(ConnectionRefusedError):
        await say(server.port, "hello", host="[::1]")


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("has_ipv6", [True, False])
async def test_a_taken_port_is_an_error_with_its_number(
    server: Server, monkeypatch: pytest.MonkeyPatch, has_ipv6: bool
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as holder:
        port = holder.getsockname()[1]
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: has_ipv6)
        with pytest.raises(CannotListenError, match=rf":{port}: \[Errno 98\] Address already in use"):
            await server.listen(everywhere(port))
    assert server.ports == []


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("host", "at"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), (None, "127.0.0.1"), (None, "[::1]")]
)
async def test_a_host_is_listened_on_by_its_family(server: Server, host: str | None, at: str) -> None:
    await server.listen(make_endpoint(reactor, 0, host))
    assert await say(server.port, "hello", host=at) == "hello"


@pytest_twisted.ensureDeferred
async def test_hundreds_of_clients_may_wait_to_be_accepted(server: Server) -> None:
    await server.listen(everywhere(0))
    # Nobody is accepted meanwhile: this test stands in the reactor's way.
    clients = [socket.create_connection((LOOPBACK, server.port), timeout=5) for _ in range(300)]
    for client in clients:
        client.close()
    assert await say(server.port, "hello") == "hello"
