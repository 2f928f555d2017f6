"""Calls that do not fit are told by the name of the function, and everything that is raised is one tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import echod
from echod import BadArgument, CannotListen, EchodError
from echod.api.contract import encode
from tests.client.peers import LOOPBACK
from tests.client.scripts import lines_of, run_script


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: echod.publish_websocket("/x", on_mesage=print),  # type: ignore[call-arg]
            "publish_websocket() has no argument 'on_mesage', did you mean on_message?",
        ),
        (
            lambda: echod.open_websocket("ws://localhost/", subprotocol=[]),  # type: ignore[call-arg]
            "open_websocket() has no argument 'subprotocol', did you mean subprotocols?",
        ),
        (lambda: echod.start(prot=1), "start() has no argument 'prot', did you mean port?"),  # type: ignore[call-arg]
        (lambda: echod.start(zzz=1), "start() has no argument 'zzz'"),  # type: ignore[call-arg]
        (lambda: echod.shutdown(now=True), "shutdown() has no argument 'now'"),  # type: ignore[call-arg]
        (lambda: echod.echo_send(), "echo_send(): missing a required argument: 'text'"),  # type: ignore[call-arg]
        (
            lambda: echod.publish_websocket("/x", print),  # type: ignore[misc]
            "publish_websocket(): too many positional arguments",
        ),
        (lambda: echod.default_server(1), "default_server(): too many positional arguments"),  # type: ignore[call-arg]
    ],
)
def test_a_call_that_does_not_fit_is_told_by_the_name_of_its_function(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(BadArgument) as raised:
        call()
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    "call",
    [
        lambda: echod.publish_websocket("/x", on_message=lambda: None),
        lambda: echod.publish_websocket("/x", on_open="x"),  # type: ignore[arg-type]
        lambda: echod.publish_websocket("/x", authorize=3),  # type: ignore[arg-type]
        lambda: echod.publish_websocket("x"),
        lambda: echod.publish_websocket("/x", unknown=1),  # type: ignore[call-arg]
        lambda: echod.open_websocket("http://localhost/"),
        lambda: echod.start("9001"),  # type: ignore[arg-type]
        lambda: echod.echo_send("x"),
        lambda: echod.publish_websocket([]),  # type: ignore[arg-type]
        lambda: echod.publish_websocket("/x", origins=5),  # type: ignore[arg-type]
        lambda: echod.publish_websocket("/x", origins=[5]),  # type: ignore[list-item]
        lambda: echod.publish_websocket("/x", headers=["X-Name"]),  # type: ignore[arg-type]
        lambda: echod.open_websocket("ws://localhost/", headers="X-Name: value"),  # type: ignore[arg-type]
        lambda: echod.open_websocket("ws://localhost/", headers=5),  # type: ignore[arg-type]
        lambda: echod.open_websocket("ws://localhost/", subprotocols=5),  # type: ignore[arg-type]
        lambda: echod.open_websocket("ws://localhost/", compression="off"),  # type: ignore[arg-type]
        lambda: echod.start(host=5),  # type: ignore[arg-type]
        lambda: echod.start(host=b"localhost"),  # type: ignore[arg-type]
        lambda: echod.start(host="local\0host"),
        lambda: echod.start(host="\ud800"),
        lambda: echod.echo_client(host=None),  # type: ignore[arg-type]
        lambda: echod.echo_client([]),  # type: ignore[arg-type]
        lambda: echod.websocket_send(None, "x"),  # type: ignore[arg-type]
        lambda: echod.close_websocket("x"),  # type: ignore[arg-type]
        lambda: encode("\ud800"),
    ],
)
def test_whatever_is_raised_is_an_echod_error(call: Callable[[], Any]) -> None:
    with pytest.raises(EchodError):
        call()


def test_what_code_of_the_caller_raises_is_left_as_it_is() -> None:
    def broken() -> Iterator[str]:
        yield "chat"
        raise TypeError("my own")

    with pytest.raises(TypeError, match="my own") as raised:
        echod.publish_websocket("/x", subprotocols=broken())
    assert not isinstance(raised.value, EchodError)


@pytest.mark.parametrize(
    ("host", "why", "sentence"),
    [
        (
            None,
            "Address already in use",
            "port 9001: Address already in use; choose another port, or 0 for any that is free",
        ),
        (
            LOOPBACK,
            "Permission denied",
            f"port 9001 of {LOOPBACK}: Permission denied; choose a port from 1024, or 0 for any that is free",
        ),
        ("192.0.2.1", "Cannot assign requested address", "port 9001 of 192.0.2.1: Cannot assign requested address"),
    ],
)
def test_a_port_that_cannot_be_had_is_named(host: str | None, why: str, sentence: str) -> None:
    error = CannotListen(9001, host, why)
    assert str(error) == f"cannot listen on {sentence}"
    assert (error.port, error.host, error.why) == (9001, host, why)


def test_the_blocking_functions_tell_the_same() -> None:
    assert lines_of(
        """
        import socket
        from echod import EchodError
        from echod.blocking import *
        taken = socket.create_server(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for call in (
            lambda: publish_websocket("/x", on_mesage=print),
            lambda: start(port=port, host="127.0.0.1"),
            lambda: start(port=0, host="192.0.2.1"),
            lambda: websocket_send(contract, 3),
        ):
            contract = open_websocket(f"ws://127.0.0.1:{echo_server(port=0).port}/simple-echo")
            try:
                call()
            except EchodError as error:
                print(type(error).__name__, str(error).replace(str(port), "PORT"))
        taken.close()
        """
    ) == [
        "BadArgument publish_websocket() has no argument 'on_mesage', did you mean on_message?",
        "CannotListen cannot listen on port PORT of 127.0.0.1: Address already in use;"
        " choose another port, or 0 for any that is free",
        "CannotListen cannot listen on port 0 of 192.0.2.1: Cannot assign requested address",
        "BadArgument a message is str or bytes, not int",
    ]


def test_a_path_that_is_published_again_is_told() -> None:
    ended = run_script(
        """
        from echod.blocking import *
        start(port=0)
        for remove in (False, False, True, False):
            publish_websocket("/x", remove=remove)
        """
    )
    assert ended.stderr.count("/x is published again, in place of what was there") == 1


class TestBehaviours:
    """The note's two servers take them as the daemon does; a path of one's own where that is wanted."""

    @pytest.mark.parametrize("server", ["echo_server", "multi_server"])
    def test_the_servers_of_the_note_take_them(self, server: str) -> None:
        assert lines_of(
            f"""
            import time
            from echod.blocking import *
            from tests.client.asking import Caller
            server = {server}(port=0)
            uri = f"ws://127.0.0.1:{{server.port}}{{server.endpoints.paths()[0]}}"
            caller, began = Caller(uri + "?delay=300ms"), time.monotonic()
            print(caller.ask("late"), time.monotonic() - began >= 0.3)
            print(open_websocket(uri + "?bad=utf8").when_closed())
            try:
                open_websocket(uri + "?status=503")
            except Exception as error:
                print(error.status)
            """
        ) == ["late True", "1007", "503"]

    def test_a_path_of_ones_own_takes_them_where_that_is_wanted(self) -> None:
        assert lines_of(
            """
            from echod.blocking import *
            from tests.client.asking import Caller, echo
            publish_websocket("/own", on_message=echo)
            publish_websocket("/behaving", on_message=echo, behaviours=True)
            uri = f"ws://127.0.0.1:{start(port=0).port}"
            print(Caller(uri + "/own?reply=size").ask("hello"), Caller(uri + "/behaving?reply=size").ask("hello"))
            """
        ) == ["hello 5"]
