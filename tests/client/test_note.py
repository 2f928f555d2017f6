"""The functions of `import echod` for Twisted programs: they return Deferreds, and refuse at once what cannot be."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
import trustme
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

from echod import (
    BadSetting,
    CannotListen,
    ConnectFailed,
    ConnectionClosed,
    Contract,
    HandshakeRefused,
    NoClient,
    Server,
)
from echod.client.default_server import get_reactor
from echod.client.note import Note
from tests.client.peers import LOOPBACK, serving
from tests.resolver import resolving
from tests.tls import share


@pytest_twisted.async_yield_fixture
async def note() -> AsyncIterator[Note]:
    """A process's worth of state of our own; its server is shut down in the end."""
    note = Note()
    yield note
    await note.shutdown()


def echo(contract: Contract, data: str | bytes, _ext: None) -> None:
    contract.send(data)


def say(text: str) -> Callable[[Contract, object, object], str]:
    """An `on_message` that answers the same to everything."""
    return lambda contract, _data, _ext: contract.send(text)


def one_argument(_: object) -> None:
    """Too few for `on_message`, `on_close` and `on_error`."""


async def ask(note: Note, uri: str, text: str, **options: Any) -> str | bytes:
    """Open, send, give the answer, close."""
    answer: Deferred[str | bytes] = Deferred()
    contract = await note.open_websocket(uri, on_message=lambda _contract, data, _ext: answer.callback(data), **options)
    contract.send(text)
    received = await answer
    contract.close()
    await contract.when_closed()
    return received


def uri_of(server: Server | None, path: str) -> str:
    assert server is not None
    return f"ws://{LOOPBACK}:{server.port}{path}"


class TestServers:
    @pytest_twisted.ensureDeferred
    async def test_start_gives_the_default_server(self, note: Note) -> None:
        assert await note.start(0) is note.default_server()

    @pytest_twisted.ensureDeferred
    async def test_a_host_is_the_only_address_listened_on(self, note: Note) -> None:
        server = await note.start(0, LOOPBACK)
        assert [port.getHost().host for port in server.ports] == [LOOPBACK]

    @pytest_twisted.ensureDeferred
    async def test_a_port_that_cannot_be_had_leaves_the_server_where_it_is(self, note: Note) -> None:
        server = await note.echo_server(port=0)
        port = server.port
        with serving(lambda _: None) as taken, pytest.raises(CannotListen):
            await note.start(taken, LOOPBACK)
        assert server.port == port
        assert await ask(note, uri_of(server, "/simple-echo"), "hello") == "hello"

    @pytest_twisted.ensureDeferred
    async def test_a_second_echo_server_keeps_one_mode_for_all_clients(self, note: Note) -> None:
        answers: list[Any] = []
        server = await note.echo_server(port=0)
        early = await note.open_websocket(
            uri_of(server, "/simple-echo"), on_message=lambda _c, data, _e: answers.append(data)
        )
        await note.echo_server(port=0)
        await ask(note, uri_of(server, "/simple-echo"), "add")
        early.send("x")
        await early.ping()
        assert answers == ["x...added..."]
        early.close()
        await early.when_closed()

    @pytest_twisted.ensureDeferred
    async def test_without_a_host_every_interface_is_listened_on(self, note: Note) -> None:
        server = await note.start(0)
        assert [port.getHost().host for port in server.ports] == ["::"]

    @pytest_twisted.ensureDeferred
    async def test_both_note_servers_answer_after_one_another(self, note: Note) -> None:
        server = await note.echo_server(port=0)
        assert await note.multi_server(port=0) is server
        answers = [await ask(note, uri_of(server, path), "hello") for path in ("/simple-echo", "/multi-echo")]
        assert answers == ["hello", "hello"]

    @pytest_twisted.ensureDeferred
    async def test_the_mode_is_off_again_at_each_start_of_the_simple_server(self, note: Note) -> None:
        server = await note.echo_server(port=0)
        assert await ask(note, uri_of(server, "/simple-echo"), "add") == "add...added..."
        assert await ask(note, uri_of(server, "/simple-echo"), "x") == "x...added..."
        await note.echo_server(port=0)
        assert await ask(note, uri_of(server, "/simple-echo"), "x") == "x"

    @pytest_twisted.ensureDeferred
    async def test_the_multi_server_leaves_the_mode_of_the_simple_one(self, note: Note) -> None:
        server = await note.echo_server(port=0)
        assert await ask(note, uri_of(server, "/simple-echo"), "add") == "add...added..."
        await note.multi_server(port=0)
        assert await ask(note, uri_of(server, "/simple-echo"), "x") == "x...added..."

    @pytest_twisted.ensureDeferred
    async def test_calls_that_do_not_wait_for_one_another_come_one_after_the_other(self, note: Note) -> None:
        first = await note.start(0)
        port = first.port
        assert port is not None
        await gatherResults([note.start(port), note.echo_server(port), note.shutdown(), note.multi_server(port)])
        assert note.default_server().port_numbers() == [port]
        assert await ask(note, uri_of(first, "/multi-echo"), "hello") == "hello"

    @pytest_twisted.ensureDeferred
    async def test_after_shutdown_nobody_listens(self, note: Note) -> None:
        uri = uri_of(await note.echo_server(port=0), "/simple-echo")
        await note.shutdown()
        with pytest.raises(ConnectFailed):
            await note.open_websocket(uri)

    @pytest_twisted.ensureDeferred
    async def test_shutdown_ends_connections_with_1001(self, note: Note) -> None:
        contract = await note.open_websocket(uri_of(await note.echo_server(port=0), "/simple-echo"))
        await note.shutdown()
        assert await contract.when_closed() == 1001

    @pytest_twisted.ensureDeferred
    async def test_a_taken_port_fails_and_the_next_start_succeeds(self, note: Note) -> None:
        other = Note()
        taken = await other.start(0)
        with pytest.raises(CannotListen):
            await note.start(taken.port)
        assert (await note.start(0)).port
        await other.shutdown()

    @pytest.mark.parametrize("port", [-1, 65536, "9001", 9001.0, None, True])
    def test_what_is_no_port_number_is_refused_at_once(self, port: Any) -> None:
        with pytest.raises(BadSetting, match=r"port: .* is not a port number from 0 to 65535"):
            Note().start(port)


class TestPublishing:
    @pytest_twisted.ensureDeferred
    async def test_publishing_again_replaces(self, note: Note) -> None:
        note.publish_websocket("/x", on_message=say("first"))
        note.publish_websocket("/x", on_message=say("second"))
        assert await ask(note, uri_of(await note.start(0), "/x"), "?") == "second"

    @pytest_twisted.ensureDeferred
    async def test_removing_takes_the_path_off(self, note: Note) -> None:
        server = await note.echo_server(port=0)
        note.publish_websocket("/simple-echo", remove=True)
        with pytest.raises(HandshakeRefused) as refusal:
            await note.open_websocket(uri_of(server, "/simple-echo"))
        assert refusal.value.status == 404

    def test_removing_what_was_never_there_changes_nothing(self) -> None:
        note = Note()
        note.publish_websocket("/kept")
        note.publish_websocket("/never", remove=True)
        assert note.default_server().endpoints.paths() == ["/kept"]

    def test_another_server_may_be_published_on(self) -> None:
        note, other = Note(), Server(get_reactor())
        note.publish_websocket("/there", server=other)
        assert (note.default_server().endpoints.paths(), other.endpoints.paths()) == ([], ["/there"])

    def test_another_server_may_be_removed_from(self) -> None:
        note, other = Note(), Server(get_reactor())
        for server in (None, other):
            note.publish_websocket("/x", server=server)
        note.publish_websocket("/x", server=other, remove=True)
        assert (note.default_server().endpoints.paths(), other.endpoints.paths()) == (["/x"], [])

    @pytest_twisted.ensureDeferred
    async def test_headers_stand_in_the_answer(self, note: Note) -> None:
        note.publish_websocket("/x", headers={"X-Served-By": "echod"})
        contract = await note.open_websocket(uri_of(await note.start(0), "/x"))
        assert contract.response_headers["x-served-by"] == "echod"

    @pytest_twisted.ensureDeferred
    async def test_no_pings_may_be_wanted(self, note: Note) -> None:
        note.publish_websocket("/x", on_message=echo, ping_interval=0)
        assert await ask(note, uri_of(await note.start(0), "/x"), "hello", ping_interval=0) == "hello"

    @pytest_twisted.ensureDeferred
    async def test_a_message_over_the_limit_ends_its_connection(self, note: Note) -> None:
        note.publish_websocket("/x", on_message=echo, max_message_size=4)
        contract = await note.open_websocket(uri_of(await note.start(0), "/x"))
        contract.send("12345")
        assert await contract.when_closed() == 1009

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"headers": {"X": "1\r\nY: 2"}}, "header 'X': '1\\r\\nY: 2' is not a value of printable ASCII"),
            ({"headers": {"X\n": "1"}}, r"header 'X\n': '1' is not the value of a header whose name is a token"),
            ({"headers": {"X: Y": "1"}}, "header 'X: Y': '1' is not the value of a header whose name is a token"),
            ({"headers": {"": "1"}}, "header '': '1' is not the value of a header whose name is a token"),
            ({"headers": {"X Y": "1"}}, "header 'X Y': '1' is not the value of a header whose name is a token"),
            ({"max_message_size": 0}, "max_message_size: 0 is not a number above zero"),
            ({"max_message_size": -1}, "max_message_size: -1 is not a number above zero"),
            ({"ping_interval": -1}, "ping_interval: -1 is not a number from zero (no pings)"),
            ({"subprotocols": "chat"}, "subprotocols: 'chat' is not a list of names"),
            ({"origins": "https://example.com"}, "origins: 'https://example.com' is not a list of origins"),
            ({"headers": {"Upgrade": "h2c"}}, "header 'Upgrade': 'h2c' is not free to set"),
            ({"max_message_size": "1M"}, "max_message_size: '1M' is not a number above zero"),
            ({"ping_interval": float("nan")}, "ping_interval: nan is not a number from zero (no pings)"),
            ({"origins": ["no origin"]}, "origin: 'no origin' is not an origin such as https://example.com"),
        ],
    )
    def test_what_cannot_be_is_refused_at_once(self, options: Any, told: str) -> None:
        note = Note()
        with pytest.raises(BadSetting) as error:
            note.publish_websocket("/x", **options)
        assert str(error.value).startswith(told)
        assert note.default_server().endpoints.paths() == []

    @pytest.mark.parametrize("path", ["", "x", "/a b", "/a?b", "/a#b", "/ü"])
    def test_what_is_no_path_is_refused_at_once(self, path: str) -> None:
        with pytest.raises(BadSetting, match="path: "):
            Note().publish_websocket(path)

    @pytest.mark.parametrize(
        ("callbacks", "signature"),
        [
            ({"on_open": lambda: None}, "on_open(contract)"),
            ({"on_message": one_argument}, "on_message(contract, data, ext)"),
            ({"on_close": one_argument}, "on_close(contract, code, data)"),
            ({"on_error": one_argument}, "on_error(contract, failure)"),
            ({"authorize": lambda: None}, "authorize(contract)"),
            ({"on_message": "echo"}, "on_message(contract, data, ext)"),
        ],
    )
    def test_a_callback_that_cannot_be_called_is_refused_at_once(self, callbacks: Any, signature: str) -> None:
        with pytest.raises(TypeError) as error:
            Note().publish_websocket("/x", **callbacks)
        assert str(error.value).startswith(f"{signature} is expected, ")


class TestOpening:
    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"uri": "http://localhost/"}, "uri: 'http://localhost/' is not a WebSocket URI"),
            ({"uri": "ws://localhost/#x"}, "uri: 'ws://localhost/#x' is not a WebSocket URI"),
            ({"uri": "ws://me:secret@localhost/"}, "uri: 'ws://me:secret@localhost/' is not a WebSocket URI"),
            ({"uri": "wss://a..b/"}, "uri: 'wss://a..b/' is not a WebSocket URI"),
            ({"headers": {"X": "1\r\nY: 2"}}, r"header 'X': '1\r\nY: 2' is not a value of printable ASCII"),
            ({"open_timeout": 0}, "open_timeout: 0 is not a number above zero"),
            ({"close_timeout": -1}, "close_timeout: -1 is not a number above zero"),
            ({"max_message_size": 0}, "max_message_size: 0 is not a number above zero"),
            ({"ping_interval": -0.1}, "ping_interval: -0.1 is not a number from zero (no pings)"),
            ({"origin": "null\r\nX: 1"}, "origin: "),
            ({"origin": 1}, "origin: 1 is not one word of printable ASCII"),
            ({"subprotocols": ["a\r\nX: 1"]}, "subprotocol"),
            ({"subprotocols": [1]}, "subprotocols: 1 is not a token"),
            ({"subprotocols": b"chat"}, "subprotocols: b'chat' is not a list of names"),
            ({"subprotocols": ["a", "b", "a"]}, "subprotocols: ('a', 'b', 'a') is not a list that has each name once"),
            ({"subprotocols": 5}, "subprotocols: 5 is not a list of names"),
            ({"subprotocols": None}, "subprotocols: None is not a list of names"),
            ({"headers": 5}, "headers: 5 is not a mapping of names to values"),
            ({"headers": "X: 1"}, "headers: 'X: 1' is not a mapping of names to values"),
            ({"headers": {"X": 1}}, "header 'X': 1 is not a value of printable ASCII"),
            ({"headers": {"X": "\u202e"}}, r"header 'X': '\u202e' is not a value of printable ASCII"),
            ({"headers": {1: "x"}}, "header 1: 'x' is not the value of a header whose name is a token"),
            ({"headers": {"X\r\nY": "x"}}, r"header 'X\r\nY': 'x' is not the value of a header whose name"),
            ({"headers": {"Sec-WebSocket-Key": "x"}}, "header 'Sec-WebSocket-Key': 'x' is not free to set"),
            ({"headers": {"SEC-websocket-VERSION": "8"}}, "header 'SEC-websocket-VERSION': '8' is not free to set"),
            ({"headers": {"origin": "null"}}, "header 'origin': 'null' is not free to set"),
            ({"headers": {"Transfer-Encoding": "chunked"}}, "header 'Transfer-Encoding': 'chunked' is not free to set"),
            (
                {"headers": {"Cookie": "a", "cookie": "b"}},
                "header 'cookie': {'Cookie': 'a', 'cookie': 'b'} is not a map",
            ),
            ({"uri": 1}, "uri: 1 is not a WebSocket URI"),
        ],
    )
    def test_what_cannot_be_is_refused_at_once(self, options: Any, told: str) -> None:
        with pytest.raises(BadSetting) as error:
            Note().open_websocket(**{"uri": "ws://localhost/", **options})
        assert str(error.value).startswith(told)

    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize("uri", ["ws://ab--c/", "wss://ab--c/"])
    async def test_a_name_that_cannot_be_looked_up_is_no_connection(self, uri: str) -> None:
        with resolving(), pytest.raises(ConnectFailed) as error:
            await Note().open_websocket(uri)
        assert str(error.value) == f"{uri}: cannot connect: DNS lookup failed: no results for hostname lookup: ab--c."

    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize(
        ("host", "name"),
        [
            ("web_1", "web_1"),
            ("_a.b_", "_a.b_"),
            ("ab--c", "ab--c"),
            ("localhost.", "localhost."),
            ("Some.Host", "some.host"),
            ("xn--a", "xn--a"),
            ("b\u00fccher.example", "xn--bcher-kva.example"),
            ("B\u00dcCHER.web_1.stra\u00dfe", "xn--bcher-kva.web_1.xn--strae-oqa"),
            ("b\u00fccher\u3002example", "xn--bcher-kva.example"),
        ],
    )
    async def test_every_name_is_looked_up_as_it_is(self, note: Note, host: str, name: str) -> None:
        server = await note.echo_server(port=0)
        assert server is not None
        with resolving(LOOPBACK) as resolver:
            contract = await note.open_websocket(f"ws://{host}:{server.port}/simple-echo")
        contract.close()
        await contract.when_closed()
        assert resolver.asked == [name]
        assert contract.uri == f"ws://{name if host != 'Some.Host' else host}:{server.port}/simple-echo"

    @pytest.mark.parametrize(
        "uri", ["ws://b\u00fc..example/", "ws://\u202e.example/", f"ws://{chr(0xFC) * 64}/", "ws://h/\u00fc"]
    )
    def test_a_name_that_idna_does_not_know_is_refused_at_once(self, uri: str) -> None:
        with pytest.raises(BadSetting, match="is not a WebSocket URI"):
            Note().open_websocket(uri)

    def test_a_callback_that_cannot_be_called_is_refused_at_once(self) -> None:
        with pytest.raises(TypeError, match=r"on_open\(contract\) is expected"):
            Note().open_websocket("ws://localhost/", on_open=lambda: None)

    @pytest_twisted.ensureDeferred
    async def test_compression_is_offered_unless_refused(self, note: Note) -> None:
        uri = uri_of(await note.echo_server(port=0), "/simple-echo")
        for compression, expected in ((None, True), (True, True), (False, False)):
            contract = await note.open_websocket(uri, compression=compression)
            assert ("sec-websocket-extensions" in contract.response_headers) is expected


class TestSendingAndClosing:
    @pytest_twisted.ensureDeferred
    async def test_the_type_of_the_message_is_returned(self, note: Note) -> None:
        contract = await note.open_websocket(uri_of(await note.echo_server(port=0), "/simple-echo"))
        assert (note.websocket_send(contract, "x"), note.websocket_send(contract, b"x")) == ("text", "binary")

    @pytest_twisted.ensureDeferred
    async def test_other_types_are_refused(self, note: Note) -> None:
        contract = await note.open_websocket(uri_of(await note.echo_server(port=0), "/simple-echo"))
        with pytest.raises(TypeError, match="a message is str or bytes, not int"):
            note.websocket_send(contract, 1)  # type: ignore[arg-type]

    @pytest_twisted.ensureDeferred
    async def test_closing_gives_nothing_unless_it_is_waited_for(self, note: Note) -> None:
        contract = await note.open_websocket(uri_of(await note.echo_server(port=0), "/simple-echo"))
        assert note.close_websocket(contract, code=3000, reason="bye") is None
        waiting = note.close_websocket(contract, wait=True)
        assert waiting is not None
        assert (await waiting, contract.close_reason) == (3000, "bye")

    @pytest_twisted.ensureDeferred
    async def test_sending_on_what_is_closed_tells_how_it_ended(self, note: Note) -> None:
        contract = await note.open_websocket(uri_of(await note.echo_server(port=0), "/simple-echo"))
        note.close_websocket(contract, code=3000, reason="bye")
        await contract.when_closed()
        with pytest.raises(ConnectionClosed) as error:
            note.websocket_send(contract, "late")
        assert (error.value.code, error.value.reason) == (3000, "bye")

    @pytest.mark.parametrize(("code", "reason"), [(1005, ""), (999, ""), (2000, ""), (1000, "x" * 124)])
    @pytest_twisted.ensureDeferred
    async def test_a_close_that_must_not_be_sent_is_refused(self, note: Note, code: int, reason: str) -> None:
        contract = await note.open_websocket(uri_of(await note.echo_server(port=0), "/simple-echo"))
        with pytest.raises(BadSetting):
            note.close_websocket(contract, code=code, reason=reason)
        assert not contract.closed


class TestTheClientOfTheNote:
    @pytest_twisted.ensureDeferred
    async def test_it_prints_what_comes_and_how_it_ends(self, note: Note, capsys: pytest.CaptureFixture[str]) -> None:
        server = await note.echo_server(port=0)
        contract = await note.echo_client(port=server.port)  # type: ignore[arg-type]
        assert note.echo_send("message1") == "text"
        assert await note.echo_close() == 1000
        assert contract.closed
        assert capsys.readouterr().out == "RECEIVED message1\nCLOSED with code 1000 \n"

    @pytest_twisted.ensureDeferred
    async def test_a_uri_wins_over_host_and_port(self, note: Note) -> None:
        uri = uri_of(await note.multi_server(port=0), "/multi-echo")
        contract = await note.echo_client(uri, port=1, host="192.0.2.1")
        assert contract.uri == uri

    @pytest_twisted.ensureDeferred
    async def test_a_client_that_could_not_be_opened_is_not_remembered(self, note: Note) -> None:
        server = await note.multi_server(port=0)
        first = await note.echo_client("multi", port=server.port)  # type: ignore[arg-type]
        with pytest.raises(HandshakeRefused):
            await note.echo_client("simple", port=server.port)  # type: ignore[arg-type]
        await note.echo_close()
        assert first.closed

    def test_without_one_there_is_nothing_to_send_on(self) -> None:
        with pytest.raises(NoClient, match=r"call echo_client\(\) first"):
            Note().echo_send("early")

    def test_without_one_there_is_nothing_to_close(self) -> None:
        with pytest.raises(NoClient, match=r"call echo_client\(\) first"):
            Note().echo_close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls_port(authority: trustme.CA) -> Iterator[int]:
    """Where a server answers one message on each connection, with a certificate of this authority."""
    context = share(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    authority.issue_cert("localhost").configure_cert(context)
    with serving(lambda connection: connection.send(connection.recv()), context) as port:
        yield port


class TestTrust:
    """`tls` of `open_websocket`, against a TLS server that is not ours."""

    @pytest_twisted.ensureDeferred
    async def test_what_is_sent_is_waited_for_over_tls_as_well(
        self, note: Note, authority: trustme.CA, tls_port: int, tmp_path: Path
    ) -> None:
        trusted = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(trusted)
        contract = await note.open_websocket(f"wss://localhost:{tls_port}/", tls=trusted, max_message_size=10**7)
        contract.send(bytes(1_000_000))
        await contract.drained()
        assert contract.unsent_bytes == 0
        await contract.when_closed()

    @pytest_twisted.ensureDeferred
    async def test_a_file_names_the_certificates_to_trust(
        self, note: Note, authority: trustme.CA, tls_port: int, tmp_path: Path
    ) -> None:
        trusted = tmp_path / "trusted.pem"
        trusted.write_bytes(trustme.CA().cert_pem.bytes() + authority.cert_pem.bytes())
        assert await ask(note, f"wss://localhost:{tls_port}/", "secret", tls=str(trusted)) == "secret"

    @pytest_twisted.ensureDeferred
    async def test_twisted_options_are_taken_as_they_are(
        self, note: Note, authority: trustme.CA, tls_port: int
    ) -> None:
        root = trustRootFromCertificates([Certificate.loadPEM(authority.cert_pem.bytes())])
        options = optionsForClientTLS("localhost", trustRoot=root)
        assert await ask(note, f"wss://localhost:{tls_port}/", "secret", tls=options) == "secret"

    @pytest.mark.parametrize(
        "content", [b"", b"no certificate", b"\x30\x82\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n"]
    )
    def test_a_file_without_certificates_is_refused_at_once(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "trusted.pem"
        file.write_bytes(content)
        with pytest.raises(BadSetting, match=r"tls: .* is not a PEM file with certificates"):
            Note().open_websocket("wss://localhost/", tls=file)

    def test_a_file_that_is_not_there_is_refused_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(BadSetting, match=r"tls: .* is not a PEM file with certificates"):
            Note().open_websocket("wss://localhost/", tls=tmp_path / "none.pem")
