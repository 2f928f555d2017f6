"""The note's two sessions, typed at two Python prompts; what is compared is the screen, line by line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.client.console import PATIENCE_S, PythonPrompt
from tests.client.peers import LOOPBACK, Host, answering, free_port

ROWS_OF_A_SMALL_TERMINAL = 6


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PythonPrompt]:
    """The first terminal."""
    with PythonPrompt(tmp_path) as prompt:
        prompt.enter("from echod.blocking import *")
        yield prompt
        assert prompt.leave() == 0


@pytest.fixture
def client(tmp_path: Path) -> Iterator[PythonPrompt]:
    """The second terminal."""
    with PythonPrompt(tmp_path) as prompt:
        prompt.enter("from echod.blocking import *")
        yield prompt
        assert prompt.leave() == 0


def ask(connection: ClientConnection, text: str) -> str | bytes:
    """Send a message and give the answer."""
    connection.send(text)
    return connection.recv(timeout=PATIENCE_S)


def test_the_first_session_of_the_note(server: PythonPrompt, client: PythonPrompt) -> None:
    port = free_port()
    server.enter(f"echo_server(port={port})")
    client.enter(f"echo_client(port={port})")
    peer = client.lines[2].rpartition(" ")[2]
    client.enter('echo_send("message1")', then="RECEIVED message1")
    client.enter('echo_send("message2")', then="RECEIVED message2")
    client.enter('echo_send("add")', then="RECEIVED add...added...")
    with connect(f"ws://localhost:{port}/simple-echo") as browser:
        assert ask(browser, "none") == "none"
    client.enter('echo_send("after browser")', then="RECEIVED after browser")
    client.enter("echo_close()")

    assert server.lines == [
        ">>> from echod.blocking import *",
        f">>> echo_server(port={port})",
        f"<echod.Server {port}: /simple-echo>",
        ">>>",
    ]
    assert client.lines == [
        ">>> from echod.blocking import *",
        f">>> echo_client(port={port})",
        f"<echod.Contract open ws://localhost:{port}/simple-echo peer {peer}",
        '>>> echo_send("message1")',
        "'text'",
        "RECEIVED message1",
        '>>> echo_send("message2")',
        "'text'",
        "RECEIVED message2",
        '>>> echo_send("add")',
        "'text'",
        "RECEIVED add...added...",
        '>>> echo_send("after browser")',
        "'text'",
        "RECEIVED after browser",
        ">>> echo_close()",
        "CLOSED with code 1000",
        "1000",
        ">>>",
    ]


def test_the_second_session_of_the_note(server: PythonPrompt, client: PythonPrompt) -> None:
    port = free_port()
    server.enter(f"echo_server(port={port})")
    server.enter(f"multi_server(port={port})")
    client.enter(f'echo_client(url="multi", port={port})')
    peer = client.lines[2].rpartition(" ")[2]
    client.enter('echo_send("from Lisp client")', then="RECEIVED from Lisp client")
    with connect(f"ws://localhost:{port}/multi-echo") as browser:
        assert ask(browser, "add") == "add...added..."
        client.enter('echo_send("after web add")', then="RECEIVED after web add")
        assert ask(browser, "still") == "still...added..."

    assert server.lines[-2:] == [f"<echod.Server {port}: /multi-echo /simple-echo>", ">>>"]
    assert client.lines == [
        ">>> from echod.blocking import *",
        f'>>> echo_client(url="multi", port={port})',
        f"<echod.Contract open ws://localhost:{port}/multi-echo peer {peer}",
        '>>> echo_send("from Lisp client")',
        "'text'",
        "RECEIVED from Lisp client",
        '>>> echo_send("after web add")',
        "'text'",
        "RECEIVED after web add",
        ">>>",
    ]


def test_text_is_shown_before_its_echo_every_time(server: PythonPrompt, client: PythonPrompt) -> None:
    port = free_port()
    server.enter(f"echo_server(port={port})")
    client.enter(f"echo_client(port={port})")
    shown = []
    for number in range(30):
        client.enter(f"echo_send('{number}')", then=f"RECEIVED {number}")
        shown.append(client.lines[client.lines.index(f"RECEIVED {number}") - 1])
        client.press("\x0c")  # Ctrl-L: a clean screen.
    assert shown == ["'text'"] * 30


def test_a_text_is_shown_before_its_echo_behind_a_call_that_shows_none(
    server: PythonPrompt, client: PythonPrompt
) -> None:
    port = free_port()
    server.enter(f"echo_server(port={port})")
    client.enter(f"contract = echo_client(port={port})")
    shown = []
    for number in range(10):
        client.enter(f"sent = echo_send('first {number}')")
        client.enter(f"echo_send('{number}')", then=f"RECEIVED {number}")
        rows = [row for row in client.lines if not row.startswith(">>>")]
        shown.append([row for row in rows if row != f"RECEIVED first {number}"])
        client.press("\x0c")  # Ctrl-L: a clean screen.
    assert shown == [["'text'", f"RECEIVED {number}"] for number in range(10)]


def test_a_reason_phrase_of_a_server_does_not_drive_the_terminal(client: PythonPrompt) -> None:
    with answering(b"HTTP/1.1 404 No\x1b[2J\r\nContent-Length: 0\r\n\r\n") as port:
        client.enter(f"echo_client('ws://{LOOPBACK}:{port}/')")
    assert "".join(client.lines[-3:-1]).endswith(r"the server refused the handshake: 404 No\x1b[2J")
    assert client.lines[0] == ">>> from echod.blocking import *"


def test_the_multi_server_answers_on_both_paths(server: PythonPrompt) -> None:
    port = free_port()
    server.enter(f"echo_server(port={port})")
    server.enter(f"multi_server(port={port})")
    with connect(f"ws://localhost:{port}/simple-echo") as simple, connect(f"ws://localhost:{port}/multi-echo") as multi:
        assert (ask(simple, "12345"), ask(multi, "another")) == ("12345", "another")


def test_a_client_and_its_server_may_share_a_prompt(server: PythonPrompt) -> None:
    server.enter("server = echo_server(port=0)")
    server.enter("contract = echo_client(port=server.port)")
    server.enter('sent = echo_send("message1")', then="RECEIVED message1")
    server.enter("echo_close()")
    assert server.lines[-4:] == [">>> echo_close()", "CLOSED with code 1000", "1000", ">>>"]


def test_what_was_sent_before_a_close_is_still_received(server: PythonPrompt, client: PythonPrompt) -> None:
    port = free_port()
    server.enter(f"echo_server(port={port})")
    client.enter(f"contract = echo_client(port={port})")
    client.enter('sent = echo_send("last words"); echo_close()')
    assert client.lines[-4:] == ["RECEIVED last words", "CLOSED with code 1000", "1000", ">>>"]


def test_sending_before_a_client_is_opened_says_what_to_do(client: PythonPrompt) -> None:
    client.enter('echo_send("message1")')
    assert client.lines[-2:] == ["echod.errors.NoClient: there is no connection: call echo_client() first", ">>>"]


class TestHalfTypedInput:
    """A message comes while something stands at the prompt."""

    @pytest.fixture
    def host(self) -> Host:
        return Host()

    @pytest.fixture
    def uri(self, host: Host) -> Iterator[str]:
        with host.listening() as uri:
            yield uri

    def test_it_stays_under_the_message(self, client: PythonPrompt, host: Host, uri: str) -> None:
        client.enter(f'contract = echo_client("{uri}")')
        client.type("40 +")
        host.guest().send("news")
        client.wait_for_line("RECEIVED news")
        client.wait_until(lambda: client.current_line == ">>> 40 +", "the input and the cursor behind it")
        assert client.lines[-2:] == ["RECEIVED news", ">>> 40 +"]

    def test_it_can_be_completed(self, client: PythonPrompt, host: Host, uri: str) -> None:
        client.enter(f'contract = echo_client("{uri}")')
        client.type("40 +")
        host.guest().send("news")
        client.wait_for_line("RECEIVED news")
        client.wait_until(lambda: client.current_line == ">>> 40 +", "the input and the cursor behind it")
        client.press("2\r")
        client.wait_for_prompt()
        assert client.lines[-4:] == ["RECEIVED news", ">>> 40 +2", "42", ">>>"]

    def test_several_messages_keep_their_order_above_it(self, client: PythonPrompt, host: Host, uri: str) -> None:
        client.enter(f'contract = echo_client("{uri}")')
        client.type("half")
        guest = host.guest()
        for text in ("one", "two", "three"):
            guest.send(text)
        client.wait_for_line("RECEIVED three")
        client.wait_until(lambda: client.current_line == ">>> half", "the input")
        assert client.lines[-4:] == ["RECEIVED one", "RECEIVED two", "RECEIVED three", ">>> half"]

    def test_a_message_longer_than_a_row_leaves_it_whole(self, client: PythonPrompt, host: Host, uri: str) -> None:
        client.enter(f'contract = echo_client("{uri}")')
        client.type("half")
        host.guest().send("x" * 100 + "end")
        client.wait_for_line("x" * 29 + "end")
        client.wait_until(lambda: client.current_line == ">>> half", "the input")
        assert client.lines[-3:] == ["RECEIVED " + "x" * 71, "x" * 29 + "end", ">>> half"]

    def test_input_longer_than_a_row_stays_whole(self, client: PythonPrompt, host: Host, uri: str) -> None:
        client.enter(f'contract = echo_client("{uri}")')
        client.press("y" * 100)
        client.wait_until(lambda: client.current_line == "y" * 24, "the second row of the input")
        host.guest().send("news")
        client.wait_for_line("RECEIVED news")
        client.wait_until(lambda: client.current_line == "y" * 24, "the cursor behind the input")
        assert client.lines[-3:] == ["RECEIVED news", ">>> " + "y" * 76, "y" * 24]

    def test_the_close_of_the_server_is_shown_above_it(self, client: PythonPrompt, host: Host, uri: str) -> None:
        client.enter(f'contract = echo_client("{uri}")')
        client.type("half")
        host.guest().close(1001, "maintenance")
        client.wait_for_line("CLOSED with code 1001 maintenance")
        client.wait_until(lambda: client.current_line == ">>> half", "the input")
        assert client.lines[-2:] == ["CLOSED with code 1001 maintenance", ">>> half"]


def test_on_the_last_row_the_screen_scrolls(tmp_path: Path) -> None:
    host = Host()
    with host.listening() as uri, PythonPrompt(tmp_path, rows=ROWS_OF_A_SMALL_TERMINAL) as client:
        client.enter("from echod.blocking import *")
        client.enter(f'contract = echo_client("{uri}")')
        client.enter("1; 2; 3")
        client.type("half")
        guest = host.guest()
        for number in range(10):
            guest.send(str(number))
        client.wait_for_line("RECEIVED 9")
        client.wait_until(lambda: client.current_line == ">>> half", "the input")
        assert client.lines == [*(f"RECEIVED {number}" for number in range(5, 10)), ">>> half"]


def test_ctrl_c_ends_a_call_that_waits_and_the_prompt_goes_on(client: PythonPrompt) -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        client.type(f'echo_client("ws://{LOOPBACK}:{listener.getsockname()[1]}/")')
        client.press("\r")
        listener.settimeout(PATIENCE_S)
        with listener.accept()[0]:
            client.press("\x03")
            client.wait_for_line("KeyboardInterrupt")
            client.enter("6 * 7")
    assert client.lines[-2:] == ["42", ">>>"]


def test_a_control_character_of_a_server_does_not_drive_the_terminal(client: PythonPrompt) -> None:
    host = Host()
    with host.listening() as uri:
        client.enter(f'contract = echo_client("{uri}")')
        host.guest().send("\x1b[2Jgone\r\nnext")
        client.wait_for_line(r"RECEIVED \x1b[2Jgone\r\nnext")
        client.wait_for_prompt()
        assert client.lines[0] == ">>> from echod.blocking import *"
