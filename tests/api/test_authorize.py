"""`authorize`: who may connect, asked before the opening handshake is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.testing import StringTransport

from echod.websocket.autobahn.state import State
from tests.pair import TEXT, Journal, MemoryNet, masked, request

HELLO = masked(TEXT, b"hello")


def status_of(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d\d\d) ", answer)
    assert found, answer
    return int(found[1])


def in_each_way(verdict: Any) -> list[Callable[[Any], Any]]:
    """Functions that give this verdict: at once, as a Deferred, as a coroutine."""

    async def coroutine(_contract: Any) -> Any:
        return verdict

    return [lambda _contract: verdict, lambda _contract: succeed(verdict), coroutine]


def ask(net: MemoryNet, authorize: Any) -> tuple[int, list[Any]]:
    """The status that a client gets, and what the callbacks heard of it."""
    journal = Journal()
    net.publish("/p", authorize=authorize, **journal.callbacks)
    peer = net.raw()
    answer = peer.ask(request("/p"))
    assert peer.lost == (status_of(answer) != 101)
    return status_of(answer), journal.lines


@pytest.mark.parametrize("authorize", in_each_way(True))
def test_true_accepts(net: MemoryNet, authorize: Any) -> None:
    assert ask(net, authorize) == (101, ["open"])


@pytest.mark.parametrize("authorize", in_each_way(False))
def test_false_is_403_and_no_callback_hears_of_it(net: MemoryNet, authorize: Any) -> None:
    assert ask(net, authorize) == (403, [])


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503, HTTPStatus.UNAUTHORIZED])
def test_an_int_is_the_status_of_the_refusal(net: MemoryNet, status: int) -> None:
    assert ask(net, lambda _contract: status) == (int(status), [])


@pytest.mark.parametrize("verdict", [None, "yes", [1], 1.0])
def test_whatever_is_not_true_refuses(net: MemoryNet, verdict: Any) -> None:
    assert ask(net, lambda _contract: verdict) == (403, [])


@pytest.mark.parametrize("verdict", [0, 1, 299, 999, -1])
def test_a_number_that_is_no_status_refuses_too(net: MemoryNet, verdict: int) -> None:
    status, lines = ask(net, lambda _contract: verdict)

    assert status >= 400
    assert lines == []


def test_a_refusal_never_looks_like_an_opening(net: MemoryNet) -> None:
    status, lines = ask(net, lambda _contract: 101)

    assert status >= 400
    assert lines == []


def raising(_contract: Any) -> bool:
    raise LookupError


async def raising_later(_contract: Any) -> bool:
    raise LookupError


@pytest.mark.parametrize("authorize", [raising, raising_later, lambda _contract: fail(LookupError())])
def test_to_raise_is_500_and_logged(net: MemoryNet, log: Any, authorize: Any) -> None:
    assert ask(net, authorize) == (500, [])
    assert [type(failure) for failure in log.take_failures()] == [LookupError]


def test_the_contract_tells_who_asks(net: MemoryNet) -> None:
    seen: list[Any] = []

    def look(contract: Any) -> bool:
        seen.append((contract.path, contract.peer, contract.request_headers["cookie"], contract.subprotocol))
        return True

    net.publish("/p", authorize=look, subprotocols=["b"])
    net.open("/p?x=1", "Cookie: a=b", "Sec-WebSocket-Protocol: a, b")

    assert seen == [("/p", "192.0.2.7:50000", "a=b", "b")]


def test_it_is_the_contract_of_the_callbacks(net: MemoryNet) -> None:
    journal, asked = Journal(), []
    net.publish("/p", authorize=lambda contract: asked.append(contract) or True, **journal.callbacks)

    net.open("/p")

    assert asked == [journal.contract]


def test_who_is_accepted_gets_subprotocol_and_headers(net: MemoryNet) -> None:
    net.publish("/p", authorize=lambda _contract: succeed(True), subprotocols=["b"], headers={"X-One": "1"})

    answer = net.raw().ask(request("/p", "Sec-WebSocket-Protocol: a, b"))

    assert b"\r\nX-One: 1\r\nSec-WebSocket-Protocol: b\r\n" in answer


def test_who_is_refused_does_not_get_the_headers(net: MemoryNet) -> None:
    net.publish("/p", authorize=lambda _contract: False, headers={"X-One": "1"})

    assert b"X-One" not in net.raw().ask(request("/p"))


def test_it_is_asked_once(net: MemoryNet) -> None:
    asked: list[Any] = []
    net.publish("/p", authorize=lambda contract: asked.append(contract) or True)

    net.open("/p").send(HELLO, HELLO)

    assert len(asked) == 1


def test_it_is_not_asked_about_refused_origins_and_bad_handshakes(net: MemoryNet) -> None:
    asked: list[Any] = []
    net.publish("/p", authorize=lambda contract: asked.append(contract) or True, origins=["null"])

    net.raw().send(request("/p", "Origin: http://example.com"))
    net.raw().send(request("/p", "Sec-WebSocket-Protocol: a, a"))

    assert asked == []


def test_reading_pauses_while_it_thinks(net: MemoryNet) -> None:
    verdict: Deferred[bool] = Deferred()
    net.publish("/p", authorize=lambda _contract: verdict, on_message=lambda contract, data, _ext: contract.send(data))
    peer = net.raw()
    assert peer.ask(request("/p") + HELLO, HELLO) == b""
    assert peer.transport.far.paused

    verdict.callback(True)
    net.settle()

    assert peer.take().endswith(b"\r\n\r\n\x81\x05hello\x81\x05hello")
    assert not peer.transport.far.paused


def test_bytes_that_come_all_the_same_are_frames_and_no_second_head(net: MemoryNet) -> None:
    verdict, transport, journal = Deferred[bool](), StringTransport(), Journal()
    net.publish("/p", authorize=lambda _contract: verdict, **journal.callbacks)
    gate = net.gates.buildProtocol(None)
    gate.makeConnection(transport)
    looks_like_a_head = b"\x82\x84\0\0\0\0\r\n\r\n"

    for segment in (request("/p"), HELLO[:3], HELLO[3:], looks_like_a_head):
        gate.dataReceived(segment)
    verdict.callback(True)

    assert transport.value().count(b"HTTP/1.1") == 1
    assert journal.lines == ["open", "hello", b"\r\n\r\n"]
    gate.connectionLost()


def test_to_close_before_the_answer_changes_nothing(net: MemoryNet) -> None:
    assert ask(net, lambda contract: contract.close() or True) == (101, ["open"])


@pytest.mark.parametrize("verdict", [True, False])
def test_a_peer_that_leaves_meanwhile_was_never_there(net: MemoryNet, log: Any, verdict: bool) -> None:
    journal, thinking = Journal(), Deferred[bool]()
    net.publish("/p", authorize=lambda _contract: thinking, **journal.callbacks)
    peer = net.raw()
    peer.send(request("/p"))
    peer.vanish()

    thinking.callback(verdict)
    net.settle()

    assert journal.lines == log.take_failures() == []
    assert len(net.server.connections) == 0


def test_five_seconds_are_given(net: MemoryNet) -> None:
    journal, thinking = Journal(), Deferred[bool]()
    net.publish("/p", authorize=lambda _contract: thinking, **journal.callbacks)
    peer = net.raw()
    peer.send(request("/p"))
    net.wait(4.9)
    assert not peer.lost

    net.wait(0.1)
    thinking.callback(True)
    net.settle()

    assert peer.lost
    assert journal.lines == []


@pytest.mark.parametrize("authorize", [lambda _: False, lambda _: 401])
def test_the_end_of_who_is_refused_can_be_waited_for(net: MemoryNet, authorize: Any) -> None:
    contracts: list[Any] = []
    ends: list[int] = []

    def note(contract: Any) -> Any:
        contracts.append(contract)
        contract.when_closed().addCallback(ends.append)
        return authorize(contract)

    status, lines = ask(net, note)
    contracts[0].when_closed().addCallback(ends.append)

    assert (status >= 400, lines, ends) == (True, [], [1006, 1006])
    assert (contracts[0].closed, contracts[0].close_code, contracts[0].state) == (True, 1006, State.CLOSED)


def test_the_end_of_who_leaves_meanwhile_can_be_waited_for(net: MemoryNet) -> None:
    thinking, ends = Deferred[bool](), []

    async def note(contract: Any) -> bool:
        contract.when_closed().addCallback(ends.append)
        return await thinking

    net.publish("/p", authorize=note)
    peer = net.raw()
    peer.send(request("/p"))

    peer.vanish()

    assert ends == [1006]
    thinking.callback(True)


def test_a_wrong_number_of_arguments_is_refused_at_publish_time(net: MemoryNet) -> None:
    with pytest.raises(TypeError, match=re.escape("authorize(contract) is expected")):
        net.publish("/p", authorize=lambda: True)
