"""publish_websocket: what its callbacks hear, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from echod.errors import BadSetting
from echod.settings import Limits
from tests.pair import BINARY, CLOSE, TEXT, Journal, MemoryNet, masked, plain, request, unframe

BYE = b"\x88\x82\0\0\0\0\x03\xe8"


@pytest.fixture
def journal(net: MemoryNet) -> Journal:
    """What happens at `/p`."""
    journal = Journal()
    net.publish("/p", **journal.callbacks)
    return journal


def test_on_open_is_called_once_after_the_answer_and_before_the_first_message(net: MemoryNet, journal: Journal) -> None:
    peer = net.raw()
    peer.send(request("/p")[:-1])
    assert journal.lines == []

    peer.send(b"\n" + masked(TEXT, b"first"))

    assert journal.lines == ["open", "first"]


def test_text_comes_as_str_and_binary_as_bytes(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").send(masked(TEXT, "ä".encode()), masked(BINARY, b"\xff"), masked(TEXT), masked(BINARY))

    assert journal.lines == ["open", "ä", b"\xff", "", b""]


def test_fragments_are_joined(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").send(masked(0x01, b"\xc3"), masked(0x00, b"\xa4"), masked(0x80))

    assert journal.lines == ["open", "ä"]


def test_all_callbacks_get_the_same_contract(net: MemoryNet, journal: Journal) -> None:
    net.open("/p").send(masked(TEXT, b"x"), BYE)

    assert len(journal.contracts) == 3
    assert len(set(journal.contracts)) == 1


def test_every_connection_has_its_own_contract(net: MemoryNet, journal: Journal) -> None:
    net.open("/p")
    net.open("/p")

    assert len(set(journal.contracts)) == 2


@pytest.mark.parametrize("left_out", ["on_open", "on_message", "on_close"])
def test_every_callback_is_optional(net: MemoryNet, left_out: str) -> None:
    journal = Journal()
    net.publish("/p", **{name: call for name, call in journal.callbacks.items() if name != left_out})
    all_lines = {"on_open": "open", "on_message": "x", "on_close": (1000, "")}

    net.open("/p").send(masked(TEXT, b"x"), BYE)

    assert journal.lines == [line for name, line in all_lines.items() if name != left_out]


def test_without_callbacks_messages_are_swallowed(net: MemoryNet) -> None:
    net.publish("/p")

    assert net.open("/p").ask(masked(TEXT, b"x"), BYE) == b"\x88\x02\x03\xe8"


def test_a_callback_answers(net: MemoryNet) -> None:
    net.publish("/shout", on_message=lambda contract, data, _ext: contract.send(data.upper()))

    assert net.open("/shout").ask(masked(TEXT, b"hey")) == b"\x81\x03HEY"


def test_a_callback_may_send_from_on_open(net: MemoryNet) -> None:
    net.publish("/p", on_open=lambda contract: contract.send("welcome"))

    assert net.raw().ask(request("/p")).endswith(b"\r\n\r\n\x81\x07welcome")


def test_a_server_may_send_from_a_timer(net: MemoryNet, journal: Journal) -> None:
    peer = net.open("/p")
    net.clock.callLater(3, lambda: journal.contract.send(b"\x00"))

    net.wait(3)

    assert peer.take() == b"\x82\x01\x00"


def test_a_callback_may_close(net: MemoryNet) -> None:
    net.publish("/p", on_open=lambda contract: contract.close(4000, "no"))

    assert net.raw().ask(request("/p")).endswith(b"\r\n\r\n\x88\x04\x0f\xa0no")


def test_a_callback_that_sends_to_a_peer_who_has_gone_is_normal(net: MemoryNet, log: Any) -> None:
    contracts: list[Any] = []
    errors: list[Any] = []
    net.publish(
        "/p",
        on_open=contracts.append,
        on_close=lambda contract, _code, _data: contract.send("too late"),
        on_error=lambda _contract, failure: errors.append(failure),
    )

    net.open("/p").vanish()

    assert contracts[0].closed
    assert errors == log.take_failures() == []


def test_a_callback_may_relay_to_another_websocket(net: MemoryNet) -> None:
    async def relay(contract: Any, data: str, _ext: None) -> None:
        opening = net.connect("/simple-echo", on_message=lambda _other, reply, _ext: contract.send(reply))
        opening.contract.send(data)

    net.publish("/relay", on_message=relay)

    assert net.open("/relay").ask(masked(TEXT, b"add")) == b"\x81\x0eadd...added..."


def test_publishing_again_replaces_for_new_connections_only(net: MemoryNet) -> None:
    def publish(word: str) -> None:
        net.publish("/p", on_message=lambda contract, _data, _ext: contract.send(word))

    publish("old")
    early = net.open("/p")
    publish("new")
    late = net.open("/p")

    assert early.ask(masked(TEXT)) == b"\x81\x03old"
    assert late.ask(masked(TEXT)) == b"\x81\x03new"


def test_what_is_removed_keeps_its_connections_and_takes_no_more(net: MemoryNet, journal: Journal) -> None:
    early = net.open("/p")

    net.publish("/p", remove=True)
    net.publish("/p", remove=True)

    assert net.raw().ask(request("/p")).startswith(b"HTTP/1.1 404 ")
    early.send(masked(TEXT, b"x"))
    assert journal.lines == ["open", "x"]


@pytest.mark.parametrize(
    ("offered", "selected"), [("b, a", b"a"), ("a", b"a"), ("c, b", b"b"), ("A, c", None), (None, None)]
)
def test_the_subprotocol_is_the_first_of_the_servers_that_is_offered(
    net: MemoryNet, offered: str | None, selected: bytes | None
) -> None:
    journal = Journal()
    net.publish("/p", subprotocols=("a", "b"), **journal.callbacks)

    answer = net.raw().ask(request("/p", *([f"Sec-WebSocket-Protocol: {offered}"] if offered else [])))

    lines = [line for line in answer.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Protocol: ")]
    assert lines == ([b"Sec-WebSocket-Protocol: " + selected] if selected else [])
    assert journal.contract.subprotocol == (selected.decode() if selected else None)


def test_extra_headers_are_in_the_answer(net: MemoryNet) -> None:
    net.publish("/p", headers={"Set-Cookie": "a=b; Path=/", "X-Number": "1"})

    answer = net.raw().ask(request("/p"))

    assert b"\r\nSet-Cookie: a=b; Path=/\r\nX-Number: 1\r\n" in answer


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://example.com", b"101"),
        ("HTTPS://EXAMPLE.com:443", b"101"),
        (None, b"101"),
        ("http://example.com", b"403"),
        ("https://example.com:8443", b"403"),
        ("https://sub.example.com", b"403"),
        ("https://example.com.evil.example", b"403"),
        ("null", b"403"),
        ("nonsense", b"403"),
    ],
)
def test_origins_are_compared_exactly(net: MemoryNet, origin: str | None, status: bytes) -> None:
    net.publish("/p", origins=["https://example.com"])

    answer = net.raw().ask(request("/p", *([f"Origin: {origin}"] if origin else [])))

    assert answer.split(b" ")[1] == status


def test_null_may_be_a_named_origin(net: MemoryNet) -> None:
    net.publish("/p", origins=["null"])

    assert net.raw().ask(request("/p", "Origin: null")).startswith(b"HTTP/1.1 101 ")


def test_the_largest_message_is_set_for_each_path(net: MemoryNet) -> None:
    net.publish("/p", max_message_size=3, on_message=lambda contract, data, _ext: contract.send(data))
    peer = net.open("/p")

    assert peer.ask(masked(TEXT, b"abc")) == plain(TEXT, b"abc")
    [(first, close)] = unframe(peer.ask(masked(TEXT, b"abcd")))
    assert (first, close[:2]) == (CLOSE, b"\x03\xf1")


@pytest.mark.parametrize(("interval", "pings"), [(7, 1), (0, 0)])
def test_the_ping_interval_is_set_for_each_path(net: MemoryNet, interval: float, pings: int) -> None:
    net.publish("/p", ping_interval=interval)
    peer = net.open("/p")

    net.wait(7)

    assert peer.take().count(b"\x89\x0c") == pings


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_message_size", 0), ("ping_interval", -1), ("headers", {"A": "b\r\nC: d"}), ("origins", ["*"])],
)
def test_what_cannot_be_is_refused_at_publish_time(net: MemoryNet, name: str, value: object) -> None:
    with pytest.raises(BadSetting):
        net.publish("/p", **{name: value})

    assert net.server.endpoints.find("/p") is None


def test_pings_go_out_as_the_server_says_where_the_path_says_nothing(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(ping_interval_s=3))
    net.publish("/p")
    peer = net.open("/p")

    net.wait(3)

    assert peer.take().startswith(b"\x89\x0c")
