"""`echod.blocking` waits for nothing that cannot come: each call says so at once, and the interpreter ends."""

from __future__ import annotations

import signal
import socket

import pytest

from tests.client.peers import LOOPBACK, PATIENCE_S
from tests.client.scripts import lines_of, run_script, start_script

STOPPED = "the reactor has stopped, and cannot run again in this process"
FORKED = "this process was forked after the first call"

EVERY_CALL = """
import threading
from echod import CannotWait
from echod.blocking import *
from twisted.internet import reactor
server = echo_server(port=0)
uri = f"ws://127.0.0.1:{server.port}/simple-echo"
contract = echo_client(uri)
calls = {
    "default_server": default_server, "start": lambda: start(port=0), "shutdown": shutdown,
    "publish_websocket": lambda: publish_websocket("/x"), "open_websocket": lambda: open_websocket(uri),
    "websocket_send": lambda: websocket_send(contract, "x"), "send": lambda: contract.send("x"),
    "close_websocket": lambda: close_websocket(contract, wait=True), "close": contract.close,
    "when_closed": contract.when_closed, "ping": contract.ping, "drained": contract.drained,
    "echo_server": lambda: echo_server(port=0), "multi_server": lambda: multi_server(port=0),
    "echo_client": lambda: echo_client(uri), "echo_send": lambda: echo_send("x"), "echo_close": echo_close,
}
def attempt_all():
    for name, call in calls.items():
        try:
            call()
        except CannotWait as error:
            if sys.argv[1] not in str(error):
                print(name, error)
        else:
            print(name, "came back")
    print("done", flush=True)
"""


class TestTheReactorHasEnded:
    @pytest.mark.parametrize("end", ["reactor.stop()", "reactor.crash()"])
    def test_every_call_says_so(self, end: str) -> None:
        lines = lines_of(
            f"""
            import sys
            {indented(EVERY_CALL)}
            def on_message(*_):
                {end}
            publish_websocket("/stop", on_message=on_message)
            open_websocket(uri.replace("/simple-echo", "/stop")).send("x")
            [thread] = [thread for thread in threading.enumerate() if thread.name == "echod reactor"]
            thread.join(10)
            attempt_all()
            """,
            STOPPED,
        )
        assert [line for line in lines if not line.startswith("CLOSED")] == ["done"]

    def test_a_call_that_waits_already_is_told(self) -> None:
        with socket.create_server((LOOPBACK, 0)) as silent:
            assert lines_of(
                """
                import sys
                from echod import CannotWait
                from echod.blocking import *
                from twisted.internet import reactor
                default_server()
                reactor.callFromThread(reactor.callLater, 0.3, reactor.crash)
                try:
                    open_websocket(sys.argv[1], open_timeout=600)
                except CannotWait as error:
                    print(error)
                """,
                f"ws://{LOOPBACK}:{silent.getsockname()[1]}/",
            ) == [STOPPED]

    def test_a_program_has_run_it_before(self) -> None:
        assert (
            lines_of(
                """
            from echod import CannotWait
            from echod.blocking import *
            from twisted.internet import reactor
            reactor.callWhenRunning(reactor.stop)
            reactor.run()
            for call in (default_server, lambda: start(port=0)):
                try:
                    call()
                except CannotWait as error:
                    print(error)
            """
            )
            == [STOPPED] * 2
        )

    def test_what_is_cancelled_is_told_too(self) -> None:
        assert lines_of(
            """
            from echod import CannotWait
            from echod.blocking import *
            from twisted.internet import reactor
            contract = open_websocket(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo?pong=none")
            def ping_a_thousand_times():
                for _ in range(1000):
                    contract.ping().addErrback(lambda _: None)
            reactor.callFromThread(reactor.callLater, 0.3, ping_a_thousand_times)
            try:
                contract.ping()
            except CannotWait as error:
                print(error)
            """
        ) == ["what this call waited for was cancelled"]


class TestAForkedProcess:
    def test_every_call_says_so_and_the_parent_goes_on(self) -> None:
        lines = lines_of(
            f"""
            import os, sys
            {indented(EVERY_CALL)}
            child = os.fork()
            if not child:
                attempt_all()
                sys.exit(0)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            echo_close()
            """,
            FORKED,
        )
        assert lines == ["done", "0", "CLOSED with code 1000 "]

    def test_a_child_of_a_process_whose_threads_call_ends(self) -> None:
        assert (
            lines_of(
                """
            import os, sys, threading
            from echod.blocking import *
            server = start(port=0)
            is_over = threading.Event()
            def call():
                while not is_over.is_set():
                    default_server()
            threads = [threading.Thread(target=call) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(5):
                child = os.fork()
                if not child:
                    sys.exit(0)
                os.waitpid(child, 0)
            is_over.set()
            """
            )
            == []
        )

    def test_a_child_of_a_callback_is_one(self) -> None:
        assert lines_of(
            """
            import os
            from echod import CannotWait
            from echod.blocking import *
            from tests.client.asking import Caller
            def on_message(contract, data, ext):
                child = os.fork()
                if not child:
                    try:
                        contract.send("from the child")
                    except CannotWait:
                        os._exit(7)
                    os._exit(0)
                contract.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
            publish_websocket("/fork", on_message=on_message)
            print(Caller(f"ws://127.0.0.1:{start(port=0).port}/fork").ask("x"))
            """
        ) == ["7"]

    def test_a_worker_of_multiprocessing_is_one(self) -> None:
        assert lines_of(
            """
            import multiprocessing
            from echod import CannotWait
            from echod.blocking import *
            def attempt(results):
                try:
                    shutdown()
                except CannotWait as error:
                    results.put(str(error)[:44])
            start(port=0)
            fork = multiprocessing.get_context("fork")
            results = fork.SimpleQueue()
            worker = fork.Process(target=attempt, args=[results])
            worker.start()
            worker.join(10)
            print(results.get(), worker.exitcode)
            """
        ) == [f"{FORKED} 0"]

    def test_a_child_that_was_forked_before_has_a_reactor_of_its_own(self) -> None:
        assert lines_of(
            """
            import os
            from echod.blocking import *
            from tests.client.asking import Caller
            child = os.fork()
            print(Caller(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo").ask("add"), flush=True)
            if child:
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """
        ) == ["add...added..."] * 2 + ["0"]


class TestTheInterpreterEnds:
    @pytest.mark.parametrize(
        "before",
        ["default_server", "start(port=0)", "open_websocket(f'ws://127.0.0.1:{echo_server(port=0).port}/simple-echo')"],
        ids=["no call", "a server", "a connection"],
    )
    def test_a_program_may_register_its_shutdown_at_any_time(self, before: str) -> None:
        for script in (
            f"from echod.blocking import *; import atexit; atexit.register(shutdown); {before}",
            f"from echod.blocking import *; import atexit; {before}; atexit.register(shutdown)",
        ):
            assert lines_of(script) == []

    def test_what_runs_after_the_reactor_has_stopped_is_told(self) -> None:
        assert (
            lines_of(
                """
            import atexit
            def last():
                from echod import CannotWait
                for call in (shutdown, lambda: start(port=0), default_server):
                    try:
                        call()
                    except CannotWait as error:
                        print(error)
            atexit.register(last)
            from echod.blocking import *
            start(port=0)
            """
            )
            == [STOPPED] * 3
        )

    def test_the_first_call_of_all_may_come_too_late(self) -> None:
        assert lines_of(
            """
            import atexit
            def last():
                from echod import CannotWait
                try:
                    shutdown()
                except CannotWait as error:
                    print(error)
            atexit.register(last)
            from echod.blocking import *
            """
        ) == ["the interpreter is ending, and the reactor has stopped"]

    def test_daemon_threads_and_finalizers_do_not_hold_it(self) -> None:
        ended = run_script(
            """
            import sys, threading
            from echod import EchodError
            from echod.blocking import *
            contract = open_websocket(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo")
            threading.Thread(target=contract.when_closed, daemon=True).start()
            class Last:
                def __del__(self, send=contract.send, error=EchodError):
                    try:
                        send("x")
                    except error:
                        pass
            kept = Last()
            sys.modules["kept"] = kept
            """
        )
        assert ended.stdout == ""

    def test_a_thread_that_cannot_be_started_any_more_is_told(self) -> None:
        assert (
            lines_of(
                """
            import threading
            from echod import CannotWait
            from echod.blocking import *
            def refuse(thread):
                raise RuntimeError("can't create new thread at interpreter shutdown")
            threading.Thread.start = refuse
            for _ in range(2):
                try:
                    default_server()
                except CannotWait as error:
                    print(error)
            """
            )
            == ["the interpreter is ending, and the reactor has stopped"] * 2
        )


class TestCtrlC:
    def test_what_is_waited_for_no_more_is_not_done(self) -> None:
        with (
            socket.create_server((LOOPBACK, 0)) as listener,
            start_script(
                """
                import sys
                from echod.blocking import *
                try:
                    open_websocket(sys.argv[1], open_timeout=600)
                except KeyboardInterrupt:
                    print("interrupted", flush=True)
                sys.stdin.read()
                default_server()
                """,
                f"ws://{LOOPBACK}:{listener.getsockname()[1]}/",
            ) as child,
        ):
            listener.settimeout(PATIENCE_S)
            accepted = listener.accept()[0]
            with accepted:
                accepted.settimeout(PATIENCE_S)
                assert accepted.recv(65536).startswith(b"GET / HTTP/1.1\r\n")
                child.process.send_signal(signal.SIGINT)
                child.wait_for_line("interrupted")
                with pytest.raises(ConnectionResetError):
                    raise_if_ended(accepted)
            assert child.wait() == 0


class TestWhatEndsAProgram:
    """A callback that raises KeyboardInterrupt or SystemExit ends the program, waiting or not, blocking or not."""

    RAISING = """
            import sys, threading, time
            from echod.blocking import *
            def on_message(contract, data, ext):
                raise {error}
            def on_error(contract, failure):
                print("on_error", failure.type.__name__, flush=True)
            publish_websocket("/end", on_message=on_message, on_error=on_error)
            contract = open_websocket(f"ws://127.0.0.1:{{start(port=0).port}}/end")
            """
    SENDING = (
        RAISING
        + """contract.send("x")
            """
    )
    SENDING_LATER = (
        RAISING
        + """threading.Timer(0.5, contract.send, ["x"]).start()
            """
    )
    """The main thread is not in a call of ours by then."""

    @pytest.mark.parametrize(("error", "code"), [("SystemExit(3)", 3), ("KeyboardInterrupt", -signal.SIGINT)])
    def test_the_main_thread_gets_it_where_it_waits(self, error: str, code: int) -> None:
        with start_script(self.SENDING.format(error=error) + "contract.when_closed(); contract.ping()") as child:
            assert child.wait() == code
        assert child.text.count("on_error") == 1

    @pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt"])
    def test_a_main_thread_that_does_something_else_is_interrupted(self, error: str) -> None:
        with start_script(self.SENDING_LATER.format(error=error) + "time.sleep(600)") as child:
            assert child.wait() == -signal.SIGINT

    def test_another_thread_that_waits_is_told(self) -> None:
        with (
            socket.create_server((LOOPBACK, 0)) as silent,
            start_script(
                """
                import sys, threading, time
                from echod import EchodError
                from echod.blocking import *
                def on_message(contract, data, ext):
                    sys.exit(3)
                publish_websocket("/end", on_message=on_message)
                contract = open_websocket(f"ws://127.0.0.1:{start(port=0).port}/end")
                def wait():
                    try:
                        open_websocket(sys.argv[1], open_timeout=600)
                    except EchodError as error:
                        print("told:", error, flush=True)
                threading.Thread(target=wait).start()
                time.sleep(0.5)
                contract.send("x")
                contract.when_closed()
                """,
                f"ws://{LOOPBACK}:{silent.getsockname()[1]}/",
            ) as child,
        ):
            child.wait_for_line("told: ")
            assert child.wait() == 3

    @pytest.mark.parametrize(("error", "code"), [("SystemExit(3)", 3), ("KeyboardInterrupt", -signal.SIGINT)])
    def test_a_twisted_program_gets_it_out_of_its_reactor(self, error: str, code: int) -> None:
        with start_script(
            f"""
            import echod
            from twisted.internet import reactor
            def on_message(contract, data, ext):
                raise {error}
            async def talk(server):
                contract = await echod.open_websocket(f"ws://127.0.0.1:{{server.port}}/end")
                contract.send("x")
            def talk_to(server):
                from twisted.internet.defer import ensureDeferred
                return ensureDeferred(talk(server))
            echod.publish_websocket("/end", on_message=on_message)
            reactor.callWhenRunning(lambda: echod.start(port=0).addCallback(talk_to) and None)
            reactor.run()
            print("not reached")
            """
        ) as child:
            assert child.wait() == code
        assert "not reached" not in child.text


def indented(source: str) -> str:
    """The lines as they stand in the scripts above."""
    return "\n            ".join(source.strip().splitlines())


def raise_if_ended(accepted: socket.socket) -> None:
    """The client has aborted its attempt: a reset, or an end that is as good."""
    if not accepted.recv(1):
        raise ConnectionResetError
