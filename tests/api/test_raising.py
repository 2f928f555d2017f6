"""Callbacks that raise: logged once, told to `on_error`, closed with 1011; everybody else goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail

from echod.errors import ConnectionClosed
from tests.pair import CLOSE, TEXT, Journal, MemoryNet, masked, request

SORRY = b"\x88\x02\x03\xf3"
"""A Close with 1011 and no reason."""


class Oops(Exception):
    """What the callbacks of these tests raise."""


def raising(*_: object) -> None:
    raise Oops


async def raising_later(*_: object) -> None:
    raise Oops


def failing(*_: object) -> Deferred[None]:
    return fail(Oops())


each_way = pytest.mark.parametrize("broken", [raising, raising_later, failing])


def kinds(failures: list[Any]) -> list[type]:
    return [type(failure) for failure in failures]


@each_way
def test_a_message_that_cannot_be_handled_closes_with_1011(
    net: MemoryNet, log: Any, broken: Callable[..., Any]
) -> None:
    journal = Journal()
    net.publish("/p", on_message=broken, on_close=journal.on_close)
    peer = net.open("/p")

    assert peer.ask(masked(TEXT, b"x")) == SORRY

    peer.send(masked(CLOSE, b"\x03\xf3"))
    assert journal.lines == [(1011, "")]
    assert kinds(log.take_failures()) == [Oops]


@each_way
def test_an_opening_that_cannot_be_handled_closes_with_1011(
    net: MemoryNet, log: Any, broken: Callable[..., Any]
) -> None:
    net.publish("/p", on_open=broken)

    assert net.raw().ask(request("/p")).endswith(b"\r\n\r\n" + SORRY)
    assert kinds(log.take_failures()) == [Oops]


@each_way
def test_a_close_that_cannot_be_handled_is_logged(net: MemoryNet, log: Any, broken: Callable[..., Any]) -> None:
    journal = Journal()
    net.publish("/p", on_open=journal.on_open, on_close=broken)
    peer, ended = net.open("/p"), []
    journal.contract.when_closed().addCallback(ended.append)

    peer.vanish()

    assert kinds(log.take_failures()) == [Oops]
    assert ended == [1006]


def test_a_peer_that_does_not_answer_1011_is_dropped(net: MemoryNet, log: Any) -> None:
    journal = Journal()
    net.publish("/p", on_message=raising, on_close=journal.on_close)
    net.open("/p").send(masked(TEXT, b"x"))

    net.wait(5)

    assert journal.lines == [(1006, "")]
    assert kinds(log.take_failures()) == [Oops]


def test_others_go_on(net: MemoryNet, log: Any) -> None:
    def picky(contract: Any, data: str, _ext: None) -> None:
        if data == "bad":
            raise Oops
        contract.send(data)

    net.publish("/p", on_message=picky)
    one, other = net.open("/p"), net.open("/p")

    assert one.ask(masked(TEXT, b"bad")) == SORRY
    assert other.ask(masked(TEXT, b"good")) == b"\x81\x04good"
    assert kinds(log.take_failures()) == [Oops]


@each_way
def test_on_error_gets_the_contract_and_the_failure(net: MemoryNet, log: Any, broken: Callable[..., Any]) -> None:
    journal, errors = Journal(), []
    net.publish("/p", on_open=journal.on_open, on_message=broken, on_error=lambda *args: errors.append(args))

    net.open("/p").send(masked(TEXT, b"x"))

    [(contract, failure)] = errors
    assert contract is journal.contract
    assert failure.check(Oops)
    assert kinds(log.take_failures()) == [Oops]


@pytest.mark.parametrize("name", ["on_open", "on_message", "on_close"])
def test_on_error_hears_of_every_callback(net: MemoryNet, log: Any, name: str) -> None:
    errors: list[type] = []
    callbacks = {name: raising, "on_error": lambda _contract, failure: errors.append(failure.type)}
    net.publish("/p", **callbacks)

    net.open("/p").send(masked(TEXT, b"x"), masked(CLOSE, b"\x03\xe8"))

    assert errors == kinds(log.take_failures()) == [Oops]


def test_on_error_may_send_its_last_words(net: MemoryNet, log: Any) -> None:
    net.publish("/p", on_message=raising, on_error=lambda contract, _failure: contract.send("sorry"))

    assert net.open("/p").ask(masked(TEXT, b"x")) == b"\x81\x05sorry" + SORRY
    assert kinds(log.take_failures()) == [Oops]


@each_way
def test_an_on_error_that_raises_is_logged_and_the_close_goes_out(
    net: MemoryNet, log: Any, broken: Callable[..., Any]
) -> None:
    net.publish("/p", on_message=raising, on_error=broken)

    assert net.open("/p").ask(masked(TEXT, b"x")) == SORRY
    assert kinds(log.take_failures()) == [Oops, Oops]


def test_messages_behind_the_one_that_raised_are_not_delivered(net: MemoryNet, log: Any) -> None:
    heard: list[str] = []

    def hear(_contract: Any, data: str, _ext: None) -> None:
        heard.append(data)
        raise Oops

    net.publish("/p", on_message=hear)

    net.open("/p").send(masked(TEXT, b"1") + masked(TEXT, b"2"), masked(TEXT, b"3"))

    assert heard == ["1"]
    assert kinds(log.take_failures()) == [Oops]


def test_messages_that_wait_for_the_one_that_fails_are_not_delivered(net: MemoryNet, log: Any) -> None:
    heard: list[str] = []
    running: Deferred[None] = Deferred()

    def hear(_contract: Any, data: str, _ext: None) -> Deferred[None] | None:
        heard.append(data)
        return running if data == "1" else None

    net.publish("/p", on_message=hear)
    net.open("/p").send(masked(TEXT, b"1") + masked(TEXT, b"2"))

    running.errback(Oops())

    assert heard == ["1"]
    assert kinds(log.take_failures()) == [Oops]


def test_to_send_after_closing_ends_the_callback_and_is_no_error(net: MemoryNet, log: Any) -> None:
    errors: list[Any] = []

    def close_and_send(contract: Any, data: str, _ext: None) -> None:
        contract.close()
        contract.send(data)

    net.publish("/p", on_message=close_and_send, on_error=lambda _contract, failure: errors.append(failure))

    assert net.open("/p").ask(masked(TEXT, b"x")) == b"\x88\x02\x03\xe8"
    assert errors == log.take_failures() == []


def test_to_send_to_another_connection_that_is_closed_is_an_error(net: MemoryNet, log: Any) -> None:
    others: list[Any] = []
    net.publish("/other", on_open=others.append)
    net.publish("/p", on_message=lambda _contract, data, _ext: others[0].send(data))
    net.open("/other").vanish()

    assert net.open("/p").ask(masked(TEXT, b"x")) == SORRY
    assert kinds(log.take_failures()) == [ConnectionClosed]


def test_a_clients_callback_that_raises_closes_with_1011_too(net: MemoryNet, log: Any) -> None:
    journal = Journal()
    net.publish("/p", on_open=lambda contract: contract.send("x"), on_close=journal.on_close)

    net.connect("/p", on_message=raising)

    assert journal.lines == [(1011, "")]
    assert kinds(log.take_failures()) == [Oops]


def test_a_callback_that_exits_is_one_that_raises(net: MemoryNet, log: Any) -> None:
    journal = Journal()

    def exiting(*_: object) -> None:
        raise SystemExit(3)

    net.publish("/p", on_message=exiting, on_close=journal.on_close)
    peer = net.open("/p")

    assert peer.ask(masked(TEXT, b"x")) == SORRY

    peer.send(masked(CLOSE, b"\x03\xf3"))
    assert journal.lines == [(1011, "")]
    assert kinds(log.take_failures()) == [SystemExit]
