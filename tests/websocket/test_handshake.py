"""The opening handshake of the server: the bytes of its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.defer import Deferred, fail

from echod.rules.http.head import Head
from echod.rules.websocket.handshake import Acceptance
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import Echo
from tests.pair import TEXT, MemoryNet, RawPeer, masked, plain, request

PATHS = ["/simple-echo", "/multi-echo", "/echo", "/"]


@pytest.mark.parametrize("path", PATHS)
def test_the_answer_is_these_bytes(net: MemoryNet, path: str) -> None:
    assert net.raw().ask(request(path)) == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Server: echod\r\n"
        b"Upgrade: WebSocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"\r\n"
    )


def test_a_query_is_allowed(net: MemoryNet) -> None:
    assert net.raw().ask(request("/simple-echo?times=1")).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize(
    "lines", [["Sec-WebSocket-Protocol: b, a"], ["Sec-WebSocket-Protocol: b", "Sec-WebSocket-Protocol: a"]]
)
def test_an_echo_selects_the_first_subprotocol_offered(net: MemoryNet, lines: list[str]) -> None:
    assert net.raw().ask(request("/echo", *lines)).count(b"\r\nSec-WebSocket-Protocol: b\r\n") == 1


def test_an_empty_offer_of_subprotocols_selects_none(net: MemoryNet) -> None:
    answer = net.raw().ask(request("/echo", "Sec-WebSocket-Protocol: "))

    assert b"Sec-WebSocket-Protocol" not in answer


@pytest.mark.parametrize("origin", ["null", "NULL", "http://localhost:8080", "file://", "https://example.com"])
def test_every_origin_may_connect_where_none_is_named(net: MemoryNet, origin: str) -> None:
    assert net.raw().ask(request("/echo", f"Origin: {origin}")).startswith(b"HTTP/1.1 101 ")


def test_a_handshake_is_refused_with_the_reason_and_without_the_clients_words(net: MemoryNet) -> None:
    peer = net.raw()

    answer = peer.ask(request("/echo", "Sec-WebSocket-Protocol: secret, secret"))

    assert answer == (
        b"HTTP/1.1 400 Bad Request\r\n"
        b"Server: echod\r\n"
        b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 48\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"400 Bad Request: a subprotocol is offered twice\n"
    )
    assert peer.lost


def test_who_was_refused_never_counts_as_connected(net: MemoryNet) -> None:
    net.raw().send(request("/echo", "Sec-WebSocket-Protocol: a, a"))
    net.raw().send(request("/nowhere"))

    assert len(net.server.connections) == 0


def test_extensions_may_stand_on_several_lines(net: MemoryNet) -> None:
    # RFC 6455, 9.1: the header may be split; it is the same as one line.
    lines = ("Sec-WebSocket-Extensions: x-other", "Sec-WebSocket-Extensions: permessage-deflate")

    assert b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" in net.raw().ask(request("/echo", *lines))


Publish = Callable[[type[Echo]], None]


@pytest.fixture
def publish(net: MemoryNet) -> Publish:
    """Puts a protocol on /p."""

    def put(kind: type[Echo]) -> None:
        factory = EndpointFactory(net.server.context)
        factory.protocol = kind
        factory.headers["X-Factory"] = "f"
        net.server.publish("/p", factory)

    return put


def test_a_subclass_may_change_what_the_answer_says(net: MemoryNet, publish: Publish) -> None:
    class Changed(Echo):
        def answer(self, acceptance: Acceptance) -> bytes:
            acceptance.accept = "wrong"
            acceptance.headers = [*acceptance.headers, ("X-More", "m")]
            return super().answer(acceptance)

    publish(Changed)

    assert net.raw().ask(request("/p")) == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Server: echod\r\n"
        b"Upgrade: WebSocket\r\n"
        b"Connection: Upgrade\r\n"
        b"X-Factory: f\r\n"
        b"X-More: m\r\n"
        b"Sec-WebSocket-Accept: wrong\r\n"
        b"\r\n"
    )


def test_on_connect_may_give_a_coroutine_and_headers(net: MemoryNet, publish: Publish) -> None:
    class Later(Echo):
        async def onConnect(self, asked: ConnectionRequest) -> tuple[str | None, dict[str, list[str]]]:
            return "b", {"X-One": ["1", "2"]}

    publish(Later)

    answer = net.raw().ask(request("/p", "Sec-WebSocket-Protocol: a, b"))

    assert b"\r\nX-Factory: f\r\nX-One: 1\r\nX-One: 2\r\nSec-WebSocket-Protocol: b\r\n" in answer


def test_the_head_is_known_as_it_was_sent_until_the_connection_is_open(net: MemoryNet, publish: Publish) -> None:
    heads: list[Head | None] = []

    class Curious(Echo):
        def onConnect(self, asked: ConnectionRequest) -> Any:
            heads.append(self.head)
            return super().onConnect(asked)

        def onOpen(self) -> None:
            super().onOpen()
            heads.append(self.head)

    publish(Curious)
    net.raw().ask(request("/p?q", "X-One: 1", "x-one: 2"))

    assert isinstance(heads[0], Head)
    assert (heads[0].target, heads[0].headers[-2:]) == ("/p?q", (("X-One", "1"), ("x-one", "2")))
    assert heads[1] is None


@pytest.mark.parametrize("when", ["at once", "later"])
@pytest.mark.parametrize(
    ("error", "status", "why"),
    [
        (ConnectionDeny(401, "secret"), b"401", b"the endpoint does not accept this connection"),
        (LookupError("secret"), b"500", b"the endpoint failed to answer the handshake"),
    ],
)
def test_an_on_connect_that_raises_refuses_with_a_fixed_sentence(
    net: MemoryNet, publish: Publish, log: Any, when: str, error: Exception, status: bytes, why: bytes
) -> None:
    class Refusing(Echo):
        def onConnect(self, asked: ConnectionRequest) -> Any:
            if when == "later":
                return fail(error)
            raise error

    publish(Refusing)

    answer = net.raw().ask(request("/p"))
    assert answer.startswith(b"HTTP/1.1 " + status + b" ")
    assert answer.endswith(b": " + why + b"\n")
    assert log.take_failures() == [error] * isinstance(error, LookupError)


def test_a_hook_may_fail_the_handshake_as_autobahn_documents(net: MemoryNet, publish: Publish) -> None:
    class Failing(Echo):
        def onConnect(self, asked: ConnectionRequest) -> Any:
            self.failHandshake("secret", 401)

    publish(Failing)

    assert (
        net.raw()
        .ask(request("/p"))
        .endswith(b"\r\n\r\n401 Unauthorized: the endpoint does not accept this connection\n")
    )


def test_a_subprotocol_that_was_not_offered_is_an_error_of_ours(net: MemoryNet, publish: Publish, log: Any) -> None:
    class Wrong(Echo):
        def select_subprotocol(self, offered: list[str]) -> str:
            return "x"

    publish(Wrong)

    assert net.raw().ask(request("/p", "Sec-WebSocket-Protocol: a")).startswith(b"HTTP/1.1 500 ")
    assert [type(failure) for failure in log.take_failures()] == [ValueError]


def test_frames_that_come_while_on_connect_is_thinking_are_answered_after_the_101(
    net: MemoryNet, publish: Publish
) -> None:
    verdict: Deferred[None] = Deferred()

    class Thinking(Echo):
        def onConnect(self, asked: ConnectionRequest) -> Deferred[None]:
            return verdict

    publish(Thinking)
    peer = net.raw()
    assert peer.ask(request("/p") + masked(TEXT, b"a"), masked(TEXT, b"b")) == b""

    verdict.callback(None)
    net.settle()

    assert peer.take().partition(b"\r\n\r\n")[2] == plain(TEXT, b"a") + plain(TEXT, b"b")


@pytest.mark.parametrize("gives", [lambda verdict: verdict.callback(None), lambda verdict: verdict.errback(OSError())])
def test_a_verdict_that_comes_too_late_changes_nothing(
    net: MemoryNet, publish: Publish, log: Any, gives: Callable[[Deferred[None]], None]
) -> None:
    verdict: Deferred[None] = Deferred()

    class Thinking(Echo):
        def onConnect(self, asked: ConnectionRequest) -> Deferred[None]:
            return verdict

    publish(Thinking)
    peer = net.raw()
    peer.send(request("/p"))
    net.wait(net.server.limits.handshake_timeout_s)
    assert peer.lost

    gives(verdict)

    assert len(net.server.connections) == 0
    log.take_failures()


def test_who_waits_for_the_opening_is_told_whenever_it_asks(net: MemoryNet, publish: Publish) -> None:
    told: list[str] = []

    class Asking(Echo):
        def onConnect(self, asked: ConnectionRequest) -> Any:
            self.is_open.addCallback(lambda _: told.append("before"))
            return super().onConnect(asked)

        def onMessage(self, payload: bytes, is_binary: bool) -> None:
            self.is_open.addCallback(lambda _: told.append("again"))

    publish(Asking)
    net.open("/p").send(masked(TEXT, b"x"))

    assert told == ["before", "again"]


def test_who_asks_for_the_opening_afterwards_is_told_at_once(net: MemoryNet, publish: Publish) -> None:
    told: list[Any] = []

    class Asking(Echo):
        def onMessage(self, payload: bytes, is_binary: bool) -> None:
            self.is_open.addCallback(told.append)
            told.append(self.transport_details.is_secure)

    publish(Asking)
    net.open("/p").send(masked(TEXT, b"x"))

    assert told == [None, False]


def test_without_a_gate_nothing_is_spoken(net: MemoryNet) -> None:
    peer = RawPeer()
    net.join(peer, EndpointFactory(net.server.context).buildProtocol(None))

    answer = peer.ask(request("/"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b": no gate has read the request headers\n")
