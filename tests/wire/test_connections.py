"""The connections of a server: who is there, and how all of them are sent off."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.pair import Net, masked

GOING_AWAY = b"\x88\x02\x03\xe9"


def fired(deferred: Deferred[None]) -> list[None]:
    """What it fires with, as soon as it does."""
    results: list[None] = []
    deferred.addCallback(results.append)
    return results


def test_open_connections_are_counted(net: Net) -> None:
    peers = [net.open("/echo"), net.open("/multi-echo"), net.open("/simple-echo")]
    assert len(net.server.connections) == 3

    peers[0].vanish()

    assert len(net.server.connections) == 2


def test_who_has_not_finished_the_handshake_is_not_counted(net: Net) -> None:
    net.raw().send(b"GET /echo HTTP/1.1\r\n")

    assert len(net.server.connections) == 0


def test_everyone_is_sent_off_with_the_code_and_reason(net: Net) -> None:
    peers = [net.open("/echo"), net.open("/multi-echo")]

    net.server.connections.close_all(1012, "again soon")
    net.settle()

    assert [peer.take() for peer in peers] == [b"\x88\x0c\x03\xf4again soon"] * 2


def test_the_end_is_when_all_are_gone(net: Net) -> None:
    peers = [net.open("/echo"), net.open("/echo")]
    gone = fired(net.server.connections.close_all(1001))
    net.settle()

    peers[0].send(masked(0x88, b"\x03\xe9"))
    assert gone == []
    peers[1].send(masked(0x88, b"\x03\xe9"))

    assert gone == [None]


def test_who_does_not_answer_is_waited_for_five_seconds(net: Net) -> None:
    peer = net.open("/echo")
    gone = fired(net.server.connections.close_all(1001))

    net.wait(5)

    assert gone == [None]
    assert peer.lost


def test_without_connections_the_end_is_now(net: Net) -> None:
    assert fired(net.server.connections.close_all(1001)) == [None]
    assert fired(net.server.connections.when_empty()) == [None]


def test_several_may_wait_for_the_end(net: Net) -> None:
    peer = net.open("/echo")
    waiting = [fired(net.server.connections.when_empty()) for _ in range(3)]
    assert waiting == [[], [], []]

    peer.vanish()

    assert waiting == [[None], [None], [None]]


def test_one_may_wait_again_after_the_end(net: Net) -> None:
    first_peer = net.open("/echo")
    first = fired(net.server.connections.when_empty())
    first_peer.vanish()
    second_peer = net.open("/echo")

    second = fired(net.server.connections.when_empty())
    assert (first, second) == ([None], [])
    second_peer.vanish()

    assert second == [None]


def test_to_send_all_off_twice_sends_one_close(net: Net) -> None:
    peer = net.open("/echo")

    ends = [fired(net.server.connections.close_all(1001)) for _ in range(2)]
    net.settle()

    assert peer.ask(masked(0x88, b"\x03\xe9")) == GOING_AWAY
    assert ends == [[None], [None]]


def test_to_leave_twice_changes_nothing(net: Net) -> None:
    net.open("/echo")
    [protocol] = net.server.connections._open

    net.server.connections.leave(protocol)
    net.server.connections.leave(protocol)

    assert len(net.server.connections) == 0
    net.server.connections.join(protocol)


def test_a_shut_down_server_has_sent_everyone_off_and_listens_no_more(net: Net) -> None:
    peer = net.open("/echo")
    done = fired(Deferred.fromCoroutine(net.server.shutdown()))
    net.settle()
    assert peer.take() == GOING_AWAY

    peer.send(masked(0x88, b"\x03\xe9"))

    assert done == [None]
    assert net.server.ports == []
