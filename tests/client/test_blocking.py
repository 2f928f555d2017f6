"""`echod.blocking` in programs: it waits where Twisted gives Deferreds, in any thread, and lets the program end."""

from __future__ import annotations

import signal
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

from tests.client.peers import LOOPBACK, PATIENCE_S, Host, free_port
from tests.client.scripts import lines_of, run_script, start_script
from tests.pair import accept, unframe

PROMPTLY_S = 3.0


@pytest.mark.parametrize("module", ["echod", "echod.blocking"])
def test_to_import_it_installs_no_reactor_and_starts_no_thread(module: str) -> None:
    assert lines_of(
        f"""
        import sys, threading
        import {module}
        print("twisted.internet.reactor" in sys.modules, threading.active_count())
        """
    ) == ["False 1"]


def test_the_functions_keep_their_names_and_their_help() -> None:
    assert lines_of(
        """
        from echod import blocking
        for name in blocking.__all__:
            function = getattr(blocking, name)
            assert function.__name__ == name and function.__doc__, name
        print(blocking.echo_send.__doc__.splitlines()[0])
        """
    ) == ['Send one message on the remembered contract; returns `"text"` or `"binary"` before the echo is printed.']


class TestTheDefaultServer:
    def test_a_path_may_be_published_before_and_after_the_start(self) -> None:
        assert lines_of(
            """
            from echod.blocking import *
            from tests.client.asking import Caller, echo
            publish_websocket("/before", on_message=echo)
            server = start(port=0)
            publish_websocket("/after", on_message=echo)
            print(default_server() is server)
            for path in ("/before", "/after"):
                print(Caller(f"ws://127.0.0.1:{server.port}{path}").ask(path))
            """
        ) == ["True", "/before", "/after"]

    def test_a_path_that_is_removed_is_404(self) -> None:
        assert lines_of(
            """
            from echod import HandshakeRefused
            from echod.blocking import *
            server = start(port=0)
            publish_websocket("/gone")
            publish_websocket("/gone", remove=True)
            try:
                open_websocket(f"ws://127.0.0.1:{server.port}/gone")
            except HandshakeRefused as refusal:
                print(refusal.status)
            """
        ) == ["404"]

    def test_shutdown_sends_clients_off_with_1001_and_frees_the_port(self) -> None:
        assert lines_of(
            """
            from echod import ConnectFailed
            from echod.blocking import *
            server = echo_server(port=0)
            uri = f"ws://127.0.0.1:{server.port}/simple-echo"
            contract = open_websocket(uri)
            shutdown()
            print(contract.when_closed(), server.port)
            try:
                open_websocket(uri)
            except ConnectFailed:
                print("nobody answers")
            """
        ) == ["1001 None", "nobody answers"]

    def test_starting_again_on_the_same_port_never_finds_it_in_use(self) -> None:
        port = free_port()
        assert lines_of(
            f"""
            from echod.blocking import *
            from tests.client.asking import Caller
            for starting in (echo_server, multi_server, echo_server, start):
                server = starting(port={port})
                print(server)
                print(Caller("ws://127.0.0.1:{port}/simple-echo").ask("add"))
            """
        ) == [
            f"<echod.Server {port}: /simple-echo>",
            "add...added...",
            f"<echod.Server {port}: /multi-echo /simple-echo>",
            "add...added...",
            f"<echod.Server {port}: /multi-echo /simple-echo>",
            "add...added...",
            f"<echod.Server {port}: /multi-echo /simple-echo>",
            "add...added...",
        ]

    def test_starting_again_on_another_port_leaves_the_first(self) -> None:
        first, second = free_port(), free_port()
        assert lines_of(
            f"""
            from echod import ConnectFailed
            from echod.blocking import *
            from tests.client.asking import Caller
            echo_server(port={first})
            multi_server(port={second})
            for path in ("/simple-echo", "/multi-echo"):
                print(Caller("ws://127.0.0.1:{second}" + path).ask("moved"))
            try:
                open_websocket("ws://127.0.0.1:{first}/simple-echo")
            except ConnectFailed:
                print("nobody at the first")
            """
        ) == ["moved", "moved", "nobody at the first"]

    def test_connections_survive_a_restart(self) -> None:
        assert lines_of(
            """
            from echod.blocking import *
            from tests.client.asking import Caller
            caller = Caller(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo")
            multi_server(port=0)
            print(caller.ask("still here"))
            """
        ) == ["still here"]

    def test_a_port_that_cannot_be_is_told_before_anything_starts(self) -> None:
        assert lines_of(
            """
            from echod import BadSetting
            from echod.blocking import *
            for port in (65536, -1, "9001"):
                try:
                    echo_server(port=port)
                except BadSetting as error:
                    print(error)
            """
        ) == [
            "port: 65536 is not a port number from 0 to 65535",
            "port: -1 is not a port number from 0 to 65535",
            "port: '9001' is not a port number from 0 to 65535",
        ]

    def test_a_port_of_another_process_cannot_be_listened_on(self) -> None:
        with socket.create_server((LOOPBACK, 0)) as taken:
            port = taken.getsockname()[1]
            assert lines_of(
                f"""
                from echod.blocking import *
                try:
                    start(port={port}, host="{LOOPBACK}")
                except Exception as error:
                    print(type(error).__name__)
                print(start(port=0).port > 0)
                """
            ) == ["CannotListen", "True"]


class TestWaiting:
    def test_the_methods_of_a_contract_wait_in_the_main_thread(self) -> None:
        assert lines_of(
            """
            from echod.blocking import *
            contract = open_websocket(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo")
            print(contract.send("text"), contract.send(b"bytes"), 0 <= contract.ping() < 10)
            contract.close(3000, "enough")
            print(contract.when_closed(), contract.when_closed(), contract.close_reason, contract.state)
            """
        ) == ["text binary True", "3000 3000 enough 3"]

    def test_close_websocket_waits_when_asked_to(self) -> None:
        assert lines_of(
            """
            from echod.blocking import *
            def on_close(contract, code, data):
                print("on_close", code, data)
            uri = f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo"
            contract = open_websocket(uri, on_close=on_close)
            print(close_websocket(contract, code=4000, reason="bye", wait=True))
            print(close_websocket(contract, wait=True), close_websocket(contract))
            """
        ) == ["on_close 4000 bye", "4000", "4000 None"]

    def test_errors_are_raised_in_the_thread_that_called(self) -> None:
        assert (
            lines_of(
                """
            from echod import ConnectionClosed
            from echod.blocking import *
            contract = open_websocket(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo")
            close_websocket(contract, reason="done", wait=True)
            for attempt in (lambda: websocket_send(contract, "late"), contract.ping):
                try:
                    attempt()
                except ConnectionClosed as error:
                    print(error)
            """
            )
            == ["the connection is closed (code 1000, done)"] * 2
        )

    @pytest.mark.parametrize("call", ["echo_send('early')", "echo_close()"])
    def test_without_a_client_there_is_nothing_to_send_or_close(self, call: str) -> None:
        assert lines_of(
            f"""
            from echod import NoClient
            from echod.blocking import *
            try:
                {call}
            except NoClient as error:
                print(error)
            """
        ) == ["there is no connection: call echo_client() first"]

    def test_both_layers_share_one_server_and_one_client(self) -> None:
        assert lines_of(
            """
            import echod
            from echod.blocking import *
            server = echo_server(port=0)
            contract = echo_client(port=server.port)
            print(echod.default_server() is server)
            echo_close()
            """
        ) == ["True", "CLOSED with code 1000 "]


class TestCallbacks:
    def test_they_may_open_send_and_close_without_waiting(self) -> None:
        assert lines_of(
            """
            from echod.blocking import *
            from tests.client.asking import Caller
            uri = f"ws://127.0.0.1:{echo_server(port=0).port}"

            async def ask_the_echo(contract, data, ext):
                def on_message(other, answer, ext):
                    websocket_send(contract, "by way of another: " + answer)
                    close_websocket(other, code=3001)
                other = await open_websocket(uri + "/simple-echo", on_message=on_message)
                websocket_send(other, data)
                websocket_send(contract, str(await close_code(other)))

            async def close_code(contract):
                return await contract.when_closed()

            publish_websocket("/relay", on_message=ask_the_echo)
            caller = Caller(uri + "/relay")
            print(caller.ask("hello"), caller.receive(), sep="\\n")
            """
        ) == ["by way of another: hello", "3001"]

    def test_close_websocket_gives_them_a_deferred(self) -> None:
        assert lines_of(
            """
            from queue import SimpleQueue
            from echod.blocking import *
            from tests.client.asking import Caller
            codes = SimpleQueue()
            def close_the_client(contract, data, ext):
                close_websocket(caller.contract, code=3002, wait=True).addCallback(codes.put)
            server = start(port=0)
            publish_websocket("/close", on_message=close_the_client)
            caller = Caller(f"ws://127.0.0.1:{server.port}/close")
            caller.contract.send("now")
            print(codes.get(timeout=10))
            """
        ) == ["3002"]

    def test_the_next_message_waits_for_a_coroutine(self) -> None:
        assert lines_of(
            """
            from twisted.internet.defer import Deferred
            from echod.blocking import *
            from tests.client.asking import Caller
            gates = {"first": Deferred(), "second": Deferred()}

            async def answer(contract, data, ext):
                if data == "open":
                    return gates["first"].callback(None)
                await gates[data]
                contract.send(data)

            server = start(port=0)
            publish_websocket("/slow", on_message=answer)
            uri = f"ws://127.0.0.1:{server.port}/slow"
            slow, other = Caller(uri), Caller(uri)
            gates["second"].callback(None)
            slow.contract.send("first")
            slow.contract.send("second")
            other.contract.send("open")
            print(slow.receive(), slow.receive())
            """
        ) == ["first second"]

    def test_they_run_in_one_thread_that_is_not_the_main_one(self) -> None:
        assert lines_of(
            """
            import threading
            from echod.blocking import *
            from tests.client.asking import Caller
            def tell(contract, data, ext):
                contract.send(threading.current_thread().name)
            server = start(port=0)
            publish_websocket("/thread", on_message=tell)
            print(Caller(f"ws://127.0.0.1:{server.port}/thread").ask("who?"))
            """
        ) == ["echod reactor"]

    def test_an_exception_in_one_shows_its_traceback_once(self) -> None:
        ended = run_script(
            """
            from echod.blocking import *
            def fail(contract, data, ext):
                raise LookupError("no such answer")
            server = start(port=0)
            publish_websocket("/fail", on_message=fail)
            contract = open_websocket(f"ws://127.0.0.1:{server.port}/fail")
            contract.send("x")
            print(contract.when_closed())
            """
        )
        assert ended.stdout == "1011\n"
        assert ended.stderr.count("Traceback (most recent call last)") == 1
        assert ended.stderr.count("LookupError: no such answer") == 1

    def test_a_wrong_number_of_arguments_is_told_at_once(self) -> None:
        (line,) = lines_of(
            """
            from echod.blocking import *
            try:
                publish_websocket("/x", on_message=lambda contract, data: None)
            except TypeError as error:
                print(error)
            """
        )
        assert line.startswith("on_message(contract, data, ext) is expected, <function <lambda>")


class TestThreads:
    def test_eight_threads_lose_nothing_and_keep_their_order(self) -> None:
        assert lines_of(
            """
            from concurrent.futures import ThreadPoolExecutor
            from echod.blocking import *
            from tests.client.asking import Caller
            uri = f"ws://127.0.0.1:{multi_server(port=0).port}/multi-echo"

            def talk(thread):
                caller = Caller(uri)
                sent = [f"{thread}: {number}" for number in range(200)]
                for text in sent:
                    caller.contract.send(text)
                return [caller.receive() for _ in sent] == sent

            with ThreadPoolExecutor(8) as threads:
                print(list(threads.map(talk, range(8))))
            """
        ) == [str([True] * 8)]

    def test_they_may_share_one_connection(self) -> None:
        assert lines_of(
            """
            from collections import Counter
            from concurrent.futures import ThreadPoolExecutor
            from echod.blocking import *
            from tests.client.asking import Caller
            caller = Caller(f"ws://127.0.0.1:{multi_server(port=0).port}/multi-echo")

            def send(thread):
                for _ in range(100):
                    caller.contract.send(str(thread))

            with ThreadPoolExecutor(4) as threads:
                list(threads.map(send, range(4)))
            print(sorted(Counter(caller.receive() for _ in range(400)).items()))
            """
        ) == ["[('0', 100), ('1', 100), ('2', 100), ('3', 100)]"]

    def test_the_first_calls_may_come_from_several_at_once(self) -> None:
        assert lines_of(
            """
            import threading
            from concurrent.futures import ThreadPoolExecutor
            from echod.blocking import *
            together = threading.Barrier(8)
            def first_call(_):
                together.wait()
                return default_server()
            with ThreadPoolExecutor(8) as threads:
                print(len(set(threads.map(first_call, range(8)))))
            print(sum(thread.name == "echod reactor" for thread in threading.enumerate()))
            """
        ) == ["1", "1"]


class TestTheEnd:
    @pytest.mark.parametrize(
        "connected",
        [
            "print('ready', flush=True)",
            "server = echo_server(port=0); print('ready', flush=True)",
            "contract = open_websocket(f'ws://127.0.0.1:{echo_server(port=0).port}/simple-echo');"
            " print('ready', flush=True)",
            "contract = open_websocket(sys.argv[1]); print('ready', flush=True)",
        ],
        ids=["nothing done", "a server", "a server and a client", "a client of another server"],
    )
    def test_the_interpreter_ends_promptly(self, connected: str) -> None:
        with (
            Host().listening() as uri,
            start_script(f"import sys; from echod.blocking import *; {connected}", uri) as child,
        ):
            child.wait_for_line("ready")
            started = time.monotonic()
            assert child.wait() == 0
            assert time.monotonic() - started < PROMPTLY_S

    def test_a_callback_that_never_ends_delays_it_by_two_seconds_at_most(self) -> None:
        with start_script(
            """
            import threading
            from echod.blocking import *
            entered = threading.Event()
            def wait_for_ever(contract):
                entered.set()
                threading.Event().wait()
            server = start(port=0)
            publish_websocket("/stuck", on_open=wait_for_ever)
            threading.Thread(target=open_websocket, args=[f"ws://127.0.0.1:{server.port}/stuck"], daemon=True).start()
            entered.wait()
            print("ready", flush=True)
            """
        ) as child:
            child.wait_for_line("ready")
            started = time.monotonic()
            assert child.wait() == 0
            assert time.monotonic() - started < PROMPTLY_S + 2

    def test_ctrl_c_at_a_call_that_waits_leaves_everything_usable(self) -> None:
        with (
            socket.create_server((LOOPBACK, 0)) as listener,
            start_script(
                """
                import sys
                from echod.blocking import *
                from tests.client.asking import Caller
                try:
                    open_websocket(sys.argv[1], open_timeout=60)
                except KeyboardInterrupt:
                    print(Caller(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo").ask("going on"), flush=True)
                """,
                f"ws://{LOOPBACK}:{listener.getsockname()[1]}/",
            ) as child,
        ):
            listener.settimeout(PATIENCE_S)
            with listener.accept()[0]:
                child.process.send_signal(signal.SIGINT)
                child.wait_for_line("going on")
                started = time.monotonic()
                assert child.wait() == 0
                assert time.monotonic() - started < PROMPTLY_S


class TestTheReactorOfAnother:
    def test_a_reactor_that_runs_already_is_not_waited_for(self) -> None:
        assert lines_of(
            """
            from twisted.internet import reactor
            from echod.blocking import *
            def attempt():
                try:
                    start(port=0)
                except RuntimeError as error:
                    print(error)
                reactor.stop()
            reactor.callWhenRunning(attempt)
            reactor.run()
            """
        ) == ["the reactor is running already: use 'import echod', whose functions return Deferreds"]

    def test_a_twisted_program_may_choose_its_own_after_the_import(self) -> None:
        assert lines_of(
            """
            import echod
            from twisted.internet import selectreactor
            selectreactor.install()
            from twisted.internet import reactor
            def started(server):
                print(type(server.reactor).__name__)
                return echod.shutdown()
            reactor.callWhenRunning(lambda: echod.start(port=0).addCallback(started).addBoth(lambda _: reactor.stop()))
            reactor.run()
            """
        ) == ["SelectReactor"]


class TestDebug:
    def test_the_trace_of_a_client_goes_to_standard_error(self) -> None:
        with Host().listening() as uri:
            ended = run_script(
                """
                import sys
                from echod.blocking import *
                contract = open_websocket(sys.argv[1], debug=True, compression=False)
                contract.ping()
                contract.send("hello")
                close_websocket(contract, wait=True)
                """,
                uri,
            )
        assert ended.stdout == ""
        trace = ended.stderr
        assert f"handshake '{uri}'" in trace
        assert "sent opcode=1 fin=True length=5 b'hello'" in trace
        assert "received opcode=10 fin=True length=8" in trace
        assert r"sent opcode=8 fin=True length=2 b'\x03\xe8'" in trace
        assert trace.endswith("closed 1000 ''\n")

    @pytest.mark.parametrize("server", ["echo_server(port=0, debug=True)", "multi_server(port=0, debug=True)"])
    def test_the_trace_of_a_server_goes_to_standard_error(self, server: str) -> None:
        ended = run_script(
            f"""
            from echod.blocking import *
            from tests.client.asking import Caller
            server = {server}
            path = server.endpoints.paths()[0]
            caller = Caller(f"ws://127.0.0.1:{{server.port}}{{path}}", compression=False)
            print(caller.ask("hello"))
            """
        )
        assert ended.stdout == "hello\n"
        assert "received opcode=1 fin=True length=5 b'hello'" in ended.stderr
        assert "sent opcode=1 fin=True length=5 b'hello'" in ended.stderr

    def test_without_it_nothing_is_said(self) -> None:
        assert lines_of(
            """
            from echod.blocking import *
            from tests.client.asking import Caller
            caller = Caller(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo")
            print(caller.ask("hello"))
            close_websocket(caller.contract, wait=True)
            shutdown()
            """
        ) == ["hello"]


class TestBackPressure:
    def test_what_was_sent_last_arrives_though_the_program_ends(self) -> None:
        with socket.create_server((LOOPBACK, 0)) as listener:
            listener.settimeout(PATIENCE_S)
            with start_script(
                """
                import sys
                from echod.blocking import *
                contract = open_websocket(sys.argv[1], compression=False)
                for number in range(40):
                    contract.send(bytes([number]) * 60_000)
                """,
                f"ws://{LOOPBACK}:{listener.getsockname()[1]}/",
            ) as child:
                with listener.accept()[0] as accepted:
                    payloads = receive_all(accepted)
                assert child.wait() == 0
            assert [payload[:1] for payload in payloads[:-1]] == [bytes([number]) for number in range(40)]
            assert payloads[-1] == b"\x03\xe9"

    def test_a_server_closes_with_1001_behind_what_it_sent(self) -> None:
        with start_script(
            """
            import threading
            from echod.blocking import *
            opened = threading.Event()
            def on_open(contract):
                contract.send("last words")
                opened.set()
            publish_websocket("/p", on_open=on_open)
            print("port", start(port=0).port, flush=True)
            opened.wait()
            """
        ) as child:
            port = int(child.wait_for_line(r"port (\d+)")[1])
            with connect(f"ws://{LOOPBACK}:{port}/p") as client:
                assert client.recv(PATIENCE_S) == "last words"
                with pytest.raises(ConnectionClosedOK):
                    client.recv(PATIENCE_S)
                assert client.close_code == 1001
            assert child.wait() == 0

    def test_a_peer_that_reads_nothing_holds_the_sender_and_not_the_end(self) -> None:
        with start_script(
            """
            import threading
            from echod.blocking import *
            uri = f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo?stall=0"
            contract = open_websocket(uri, compression=False)
            sent = []
            def send_much():
                for _ in range(1600):
                    contract.send(bytes(65536))
                    sent.append(65536)
            sender = threading.Thread(target=send_much, daemon=True)
            sender.start()
            sender.join(3)
            print("left", sender.is_alive(), 65536 < contract.unsent_bytes < 200_000, flush=True)
            """
        ) as child:
            child.wait_for_line("left True True")
            started = time.monotonic()
            assert child.wait() == 0
            assert time.monotonic() - started < PROMPTLY_S + 5


def receive_all(accepted: socket.socket) -> list[bytes]:
    """The payloads of a client's frames, up to its Close, which is answered; it is accepted first."""
    accepted.settimeout(PATIENCE_S)
    handshake = b""
    while b"\r\n\r\n" not in handshake:
        handshake += accepted.recv(65536)
    accepted.sendall(accept(handshake))
    received = bytearray()
    while received[-8:-6] != b"\x88\x82":
        data = accepted.recv(65536)
        assert data, "the client has gone without a Close"
        received += data
    accepted.sendall(b"\x88\x02\x03\xe9")
    return [payload for _, payload in unframe(bytes(received))]
