"""The service around the server, started and stopped in this process as twistd does, and the ways to it."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_twisted
import trustme
from twisted.application.service import IService, IServiceMaker, loadApplication
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.logger import LogEvent, capturedLogs, formatEvent
from twisted.plugin import getPlugins

import twisted.plugins
from echod.daemon.command_line import Options, makeService, service_from_environment
from echod.daemon.failing import StartFailed
from echod.daemon.options import OPTIONS
from echod.daemon.service import EchodService, listen_or_fail, make_service
from echod.server.server import Server
from echod.settings import Settings
from tests.child import ROOT
from tests.daemon.clients import LOOPBACK, is_free, say

PATHS = ["/", "/echo", "/info", "/multi-echo", "/simple-echo"]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[EchodService]:
    """A service that has been started; stopped at the end, whatever happens."""
    service = make_service(settings, reactor)
    service.startService()
    try:
        yield service
    finally:
        await service.stopService()


def text_of(events: list[LogEvent]) -> str:
    return "\n".join(formatEvent(event) for event in events)


def ready_lines(events: list[LogEvent]) -> list[str]:
    return [text for event in events if (text := formatEvent(event)).startswith("echod ready")]


class SlowEndpoint:
    """Listens when it is told to."""

    def __init__(self) -> None:
        self.listening: Deferred[IListeningPort] = Deferred()

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        self.factory = factory
        return self.listening


class Place:
    """Somewhere to listen, without certificates."""

    def __init__(self, setting: str, endpoint: IStreamServerEndpoint) -> None:
        self.setting = setting
        self.endpoint = endpoint

    def describe(self, port: IListeningPort) -> str:
        return f"{port.getHost().host}:{port.getHost().port} ({self.setting})"


@pytest_twisted.ensureDeferred
async def test_it_stops_when_a_slow_endpoint_cannot_listen_in_the_end(server: Server) -> None:
    slow = SlowEndpoint()
    stops: list[str] = []
    server.reactor = StoppableReactor(stops)
    EchodService(server, [Place("slow", slow)]).startService()
    with capturedLogs() as events:
        slow.listening.errback(CannotListenError(LOOPBACK, 1, OSError("taken")))
    assert "echod cannot listen: taken" in text_of(events)
    assert stops == ["stopped"]


class StoppableReactor:
    """Notes that it was asked to stop; nothing runs on it."""

    def __init__(self, stops: list[str]) -> None:
        self._stops = stops

    def callWhenRunning(self, *_: object) -> None:
        """It never runs."""

    def stop(self) -> None:
        self._stops.append("stopped")


@pytest_twisted.ensureDeferred
async def test_it_is_made_without_listening() -> None:
    service = make_service(Settings(port=0))
    assert service.server.ports == []
    assert service.server.endpoints.paths() == PATHS


@pytest_twisted.ensureDeferred
async def test_it_binds_while_privileged_and_only_once() -> None:
    service = make_service(Settings(port=0), reactor)
    service.privilegedStartService()
    port = service.server.port
    assert port is not None
    service.startService()
    assert service.server.port_numbers() == [port]
    assert await say(port, "hello") == "hello"
    await service.stopService()
    assert is_free(port)


@pytest_twisted.ensureDeferred
async def test_it_listens_without_the_privileged_step_too() -> None:
    async with running(Settings(port=0)) as service:
        assert await say(service.server.port, "hello") == "hello"


@pytest_twisted.ensureDeferred
async def test_it_can_be_started_again() -> None:
    service = make_service(Settings(port=0), reactor)
    for _ in range(2):
        service.startService()
        assert await say(service.server.port, "hello") == "hello"
        await service.stopService()


@pytest_twisted.ensureDeferred
async def test_the_ready_line_names_every_place(tmp_path: Path) -> None:
    unix, tcp = f"unix:{tmp_path}/sock", "tcp:0:interface=127.0.0.1"
    with capturedLogs() as events:
        async with running(Settings(listen=(unix, tcp))) as service:
            port = service.server.port
    assert ready_lines(events) == [f"echod ready: {tmp_path}/sock ({unix}), 127.0.0.1:{port} ({tcp})"]


@pytest_twisted.ensureDeferred
async def test_the_ready_line_of_every_interface_is_an_address_to_click() -> None:
    with capturedLogs() as events:
        async with running(Settings(port=0)) as service:
            port = service.server.port
    assert ready_lines(events) == [f"echod ready: http://localhost:{port}/ on every interface"]


@pytest_twisted.ensureDeferred
async def test_it_is_not_ready_before_an_endpoint_that_takes_its_time(server: Server) -> None:
    slow = SlowEndpoint()
    service = EchodService(server, [Place("slow", slow)])
    with capturedLogs() as events:
        service.startService()
        assert ready_lines(events) == []
        port = await TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK).listen(slow.factory)
        slow.listening.callback(port)
    assert ready_lines(events) == [f"echod ready: 127.0.0.1:{server.port} (slow)"]


@pytest_twisted.ensureDeferred
async def test_debug_reaches_the_server() -> None:
    with capturedLogs() as events:
        async with running(Settings(port=0, debug=True, compression=False)) as service:
            await say(service.server.port, "hello")
    assert "received opcode=1 fin=True length=5 b'hello'" in text_of(events)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (Settings(listen=("garbage",)), "echod: .*: 'garbage' is not a Twisted endpoint such as tcp:9001"),
        (Settings(listen=("tcp:x",)), "echod: .*: 'tcp:x' is not a Twisted endpoint .*'x'"),
        (Settings(listen=("tcp",)), "echod: .*: 'tcp' is not a Twisted endpoint "),
        (Settings(web=Path("/no/such/folder")), "echod: .*web: '/no/such/folder' is not a folder"),
    ],
)
def test_settings_that_cannot_be_are_one_line(settings: Settings, line: str) -> None:
    with pytest.raises(SystemExit, match=line) as failed:
        make_service(settings, reactor)
    assert "\n" not in str(failed.value)


@pytest.fixture(scope="module")
def pem_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key and a certificate that belong together, and some files that do not."""
    folder = tmp_path_factory.mktemp("pem")
    ours, theirs = (trustme.CA().issue_cert("localhost") for _ in range(2))
    ours.private_key_pem.write_to_path(str(folder / "key"))
    ours.cert_chain_pems[0].write_to_path(str(folder / "certificate"))
    theirs.cert_chain_pems[0].write_to_path(str(folder / "other"))
    (folder / "garbage").write_text("garbage")
    return folder


@pytest.mark.parametrize(
    ("key", "certificate"),
    [
        ("garbage", "certificate"),
        ("key", "garbage"),
        ("key", "key"),
        ("certificate", "certificate"),
        ("key", "other"),
        ("none", "certificate"),
    ],
)
def test_files_that_are_no_key_and_certificate_are_one_line(pem_files: Path, key: str, certificate: str) -> None:
    text = f"ssl:0:privateKey={pem_files}/{key}:certKey={pem_files}/{certificate}"
    with pytest.raises(SystemExit, match=f"^echod: .*: '{text}' is not ") as failed:
        make_service(Settings(listen=(text,)), reactor)
    assert "\n" not in str(failed.value)


def test_tls_without_its_extra_is_one_line(pem_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Neither found where it was imported before, nor to be imported again.
    monkeypatch.delattr("twisted.internet.ssl", raising=False)
    monkeypatch.setitem(sys.modules, "twisted.internet.ssl", None)
    text = f"ssl:0:privateKey={pem_files}/key:certKey={pem_files}/certificate"
    with pytest.raises(SystemExit, match=f"^echod: .*: '{text}' is not "):
        make_service(Settings(listen=(text,)), reactor)


def test_a_socket_that_systemd_did_not_give_is_one_line() -> None:
    with pytest.raises(SystemExit, match=r"^echod: .*: 'systemd:domain=INET:index=0' is not "):
        make_service(Settings(listen=("systemd:domain=INET:index=0",)), reactor)


@pytest_twisted.ensureDeferred
async def test_a_taken_port_fails_the_start_at_once(server: Server) -> None:
    with socket.create_server((LOOPBACK, 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(StartFailed, match=r"^echod: there: cannot listen: .*in use"):
            listen_or_fail(server, Place("there", TCP4ServerEndpoint(reactor, port, interface=LOOPBACK)))
    assert server.ports == []


def test_a_failed_start_ends_the_process_and_is_seen_by_twistd() -> None:
    failed = StartFailed("one line")
    assert isinstance(failed, SystemExit)
    assert isinstance(failed, Exception)
    assert failed.code == "one line"


class TestTheWaysIn:
    """The plugin, and the tac file."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [*(option.variable for option in OPTIONS), "PORT"]:
            monkeypatch.delenv(name, raising=False)

    def test_the_plugin_names_the_options_and_makes_the_service(self) -> None:
        found = [maker for maker in getPlugins(IServiceMaker, twisted.plugins) if maker.tapname == "echod"]
        assert len(found) == 1
        assert found[0].description == "A WebSocket echo and test daemon."
        options = found[0].options()
        options.parseOptions(["--port", "0"])
        assert found[0].makeService(options).server.endpoints.paths() == PATHS

    def test_the_plugins_options_are_these(self) -> None:
        options = Options()
        options.parseOptions(["--max-message", "5", "--port", "0"])
        assert makeService(options).server.limits.max_message_bytes == 5

    def test_the_service_of_the_environment_takes_its_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ECHOD_MAX_MESSAGE", "5")
        assert service_from_environment().server.limits.max_message_bytes == 5

    @pytest.mark.parametrize(
        ("variable", "line"),
        [
            ("ECHOD_PORT", "^echod: ECHOD_PORT: 'x' is not a port number"),
            ("ECHOD_LISTEN", "^echod: ECHOD_LISTEN: 'x' is not a Twisted endpoint"),
            ("ECHOD_PROT", "'ECHOD_PROT' is not known, did you mean ECHOD_PORT"),
        ],
    )
    def test_the_service_of_a_bad_environment_is_one_line(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, line: str
    ) -> None:
        monkeypatch.setenv(variable, "x")
        with pytest.raises(SystemExit, match=line):
            service_from_environment()

    def test_the_tac_file_makes_the_application(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ECHOD_PORT", "0")
        application = loadApplication(str(ROOT / "echod.tac"), "python")
        assert IService(application).name == "echod"
        assert [type(service) for service in application.getComponent(IService)] == [EchodService]
