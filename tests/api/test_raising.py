"""Callbacks that raise: logged once, told to `on_error`, closed with 1011; everybody else goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail

from echod.errors import ConnectionClosed
from echod.server.standard import publish
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import Echo
from tests.pair import CLOSE, PING, TEXT, Journal, MemoryNet, masked, request

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


UNUSUAL = [pytest.fail.Exception, asyncio.CancelledError, CancelledError, GeneratorExit, StopAsyncIteration]
FOR_PROGRAM = [SystemExit, KeyboardInterrupt]
each_unusual = pytest.mark.parametrize("kind", UNUSUAL)
each_for_program = pytest.mark.parametrize("kind", FOR_PROGRAM)
each_form = pytest.mark.parametrize("form", ["plain", "coroutine", "deferred"])


def raiser(form: str, kind: type[BaseException]) -> Callable[..., Any]:
    """A callback of this form that raises this."""

    def plain(*_: object) -> None:
        raise kind

    async def coroutine(*_: object) -> None:
        raise kind

    return {"plain": plain, "coroutine": coroutine, "deferred": lambda *_: fail(kind())}[form]


class TestWhateverIsRaised:
    """No callback ends so that nothing more happens, whatever it raises, and however."""

    @each_form
    @each_unusual
    def test_it_is_told_once_and_closes_with_1011_to_whoever_waits(
        self, net: MemoryNet, log: Any, form: str, kind: type[BaseException]
    ) -> None:
        journal, told, ended = Journal(), [], []
        net.publish(
            "/p",
            authorize=lambda contract: contract.when_closed().addCallback(ended.append) is not None,
            on_message=raiser(form, kind),
            on_error=lambda _contract, failure: told.append(failure.type),
            on_close=journal.on_close,
        )
        peer = net.open("/p")

        assert peer.ask(masked(TEXT, b"x")) == SORRY

        peer.send(masked(CLOSE, b"\x03\xf3"))
        assert told == kinds(log.take_failures()) == [kind]
        assert journal.lines == [(1011, "")]
        assert ended == [1011]

    @each_form
    @each_unusual
    @pytest.mark.parametrize("name", ["on_open", "on_close"])
    def test_the_first_and_the_last_are_no_exception(
        self, net: MemoryNet, log: Any, name: str, form: str, kind: type[BaseException]
    ) -> None:
        ended: list[int] = []
        net.publish(
            "/p",
            authorize=lambda contract: contract.when_closed().addCallback(ended.append) is not None,
            **{name: raiser(form, kind)},
        )
        peer = net.open("/p")

        peer.send(masked(CLOSE, b"\x03\xe8"))

        assert len(ended) == 1
        assert kinds(log.take_failures()) == [kind]

    @each_form
    @each_unusual
    def test_on_error_may_raise_it_too(self, net: MemoryNet, log: Any, form: str, kind: type[BaseException]) -> None:
        net.publish("/p", on_message=raising, on_error=raiser(form, kind))

        assert net.open("/p").ask(masked(TEXT, b"x")) == SORRY
        assert kinds(log.take_failures()) == [Oops, kind]

    @each_form
    @each_unusual
    def test_an_authorize_that_raises_it_is_500(
        self, net: MemoryNet, log: Any, form: str, kind: type[BaseException]
    ) -> None:
        net.publish("/p", authorize=raiser(form, kind))

        assert net.raw().ask(request("/p")).startswith(b"HTTP/1.1 500 ")
        assert kinds(log.take_failures()) == [kind]

    @each_unusual
    @pytest.mark.parametrize("query", ["", "?fragment=9"])
    def test_a_hook_of_an_endpoint_that_raises_it_closes_with_1011(
        self, net: MemoryNet, log: Any, query: str, kind: type[BaseException]
    ) -> None:
        publish_hook(net, onMessage=raiser("plain", kind))
        peer = net.open(f"/hook{query}")

        assert peer.ask(masked(TEXT, b"x")) == SORRY
        assert peer.ask(masked(0x01, b"x") + masked(0x80, b"y")) == b""
        assert kinds(log.take_failures()) == [kind]

    @each_unusual
    def test_of_fragments_as_of_whole_messages(self, net: MemoryNet, log: Any, kind: type[BaseException]) -> None:
        publish_hook(net, onMessage=raiser("plain", kind))

        assert net.open("/hook").ask(masked(0x01, b"x") + masked(0x80, b"y")) == SORRY
        assert kinds(log.take_failures()) == [kind]

    @each_unusual
    def test_a_hook_for_pings_is_one_of_them(self, net: MemoryNet, log: Any, kind: type[BaseException]) -> None:
        publish_hook(net, onPing=raiser("plain", kind))

        assert net.open("/hook").ask(masked(PING, b"x")) == SORRY
        assert kinds(log.take_failures()) == [kind]

    @each_unusual
    def test_a_hook_that_decides_on_a_handshake_gives_a_500(
        self, net: MemoryNet, log: Any, kind: type[BaseException]
    ) -> None:
        publish_hook(net, onConnect=raiser("plain", kind))

        assert net.raw().ask(request("/hook")).startswith(b"HTTP/1.1 500 ")
        assert kinds(log.take_failures()) == [kind]

    def test_a_client_closes_with_1011_too(self, net: MemoryNet, log: Any) -> None:
        journal = Journal()
        net.publish("/p", on_open=lambda contract: contract.send("x"), on_close=journal.on_close)

        net.connect("/p", on_message=raiser("plain", asyncio.CancelledError))

        assert journal.lines == [(1011, "")]
        assert kinds(log.take_failures()) == [asyncio.CancelledError]


class TestWhatEndsAProgram:
    """KeyboardInterrupt and SystemExit: as any other failure, and the program gets them too."""

    @each_form
    @each_for_program
    def test_the_connection_closes_and_the_program_gets_it(
        self, net: MemoryNet, log: Any, form: str, kind: type[BaseException]
    ) -> None:
        told: list[Any] = []
        net.publish("/p", on_message=raiser(form, kind), on_error=lambda _contract, failure: told.append(failure.type))
        peer = net.open("/p")

        with pytest.raises(kind):
            peer.send(masked(TEXT, b"x"))

        net.settle()
        assert peer.take() == SORRY
        assert told == kinds(log.take_failures()) == [kind]

    @each_for_program
    @pytest.mark.parametrize("name", ["on_open", "on_close", "on_error", "authorize"])
    def test_from_every_callback(self, net: MemoryNet, log: Any, name: str, kind: type[BaseException]) -> None:
        broken = {"on_message": raising} if name == "on_error" else {}
        net.publish("/p", **broken, **{name: raiser("plain", kind)})

        with pytest.raises(kind):
            net.raw().send(request("/p"), masked(TEXT, b"x"), masked(CLOSE, b"\x03\xe8"))

        net.settle()
        assert kinds(log.take_failures())[-1] is kind

    @each_for_program
    @pytest.mark.parametrize("hook", ["onMessage", "onOpen", "onConnect"])
    def test_from_the_hooks_of_an_endpoint(
        self, net: MemoryNet, log: Any, hook: str, kind: type[BaseException]
    ) -> None:
        publish_hook(net, **{hook: raiser("plain", kind)})

        with pytest.raises(kind):
            net.raw().send(request("/hook"), masked(TEXT, b"x"))

        net.settle()
        assert kinds(log.take_failures()) == [kind]


def publish_hook(net: MemoryNet, **hooks: Callable[..., Any]) -> None:
    """`/hook`: an echo with these hooks instead of its own; it takes behaviours."""
    factory = EndpointFactory(net.server.context)
    factory.protocol = type("Hooked", (Echo,), hooks)
    publish(net.server, "/hook", factory, None, True)
