"""The contract: what it knows of its connection, and what can be done with it."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from echod.api.contract import Contract, WalkIn
from echod.errors import BadArgument, BadSetting, ConnectionClosed
from echod.websocket.autobahn.state import State
from tests.pair import BINARY, TEXT, Journal, MemoryNet, RawPeer, masked, unframe, welcome

BYE = b"\x88\x85\0\0\0\0\x03\xe8bye"


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def peer(net: MemoryNet, journal: Journal) -> RawPeer:
    """The client of an open connection."""
    net.publish("/p", **journal.callbacks)
    return net.open("/p?a=b", "X-One: 1", "X-Two: 2", "x-two: 3")


@pytest.fixture
def contract(peer: RawPeer, journal: Journal) -> Contract:
    """The contract of an open connection."""
    assert not peer.lost
    return journal.contract


def sent_by(net: MemoryNet, peer: RawPeer) -> Any:
    """The frames that have come to this client."""
    net.settle()
    return unframe(peer.take())


@pytest.mark.parametrize(
    ("data", "result", "frame"),
    [
        ("ä", "text", (TEXT, b"\xc3\xa4")),
        ("", "text", (TEXT, b"")),
        (b"\xff", "binary", (BINARY, b"\xff")),
        (b"", "binary", (BINARY, b"")),
        (bytearray(b"ab"), "binary", (BINARY, b"ab")),
        (memoryview(b"abcd")[::2], "binary", (BINARY, b"ac")),
    ],
)
def test_send_tells_what_it_sent(
    net: MemoryNet, peer: RawPeer, contract: Contract, data: Any, result: str, frame: tuple[int, bytes]
) -> None:
    assert contract.send(data) == result
    assert sent_by(net, peer) == [frame]


@pytest.mark.parametrize("data", [None, 5, ["a"], object()])
def test_other_types_cannot_be_sent(net: MemoryNet, peer: RawPeer, contract: Contract, data: Any) -> None:
    with pytest.raises(TypeError, match=f"not {type(data).__name__}"):
        contract.send(data)

    assert sent_by(net, peer) == []


def test_to_send_when_closed_raises_with_code_and_reason(peer: RawPeer, contract: Contract) -> None:
    peer.send(BYE)

    with pytest.raises(ConnectionClosed, match=r"closed \(code 1000, bye\)") as raised:
        contract.send("x")

    assert (raised.value.code, raised.value.reason) == (1000, "bye")


def test_to_send_while_we_close_raises_with_our_code(contract: Contract) -> None:
    contract.close(3000, "enough")

    with pytest.raises(ConnectionClosed) as raised:
        contract.send("x")

    assert (raised.value.code, raised.value.reason) == (3000, "enough")


def test_to_send_while_the_peer_closes_raises_with_its_code(net: MemoryNet) -> None:
    server = RawPeer()
    opening = net.connect("/p", lambda: server)
    welcome(server)
    server.send(b"\x88\x08\x0b\xb8theirs")

    with pytest.raises(ConnectionClosed) as raised:
        opening.contract.send("x")

    assert (raised.value.code, raised.value.reason) == (3000, "theirs")


def test_to_send_after_both_have_closed_raises_with_the_peers_code(net: MemoryNet) -> None:
    server = RawPeer()
    opening = net.connect(far_end=lambda: server)
    welcome(server)
    opening.contract.close(3000)
    server.send(b"\x88\x02\x0b\xb9")

    with pytest.raises(ConnectionClosed, match=r"\(code 3001\)"):
        opening.contract.send("x")


def test_to_send_before_the_handshake_is_answered_raises(net: MemoryNet) -> None:
    raised: list[Any] = []

    def send_early(contract: Contract) -> bool:
        with pytest.raises(ConnectionClosed) as caught:
            contract.send("x")
        raised.append(caught.value.code)
        return True

    net.publish("/p", authorize=send_early)

    assert net.open("/p").take() == b""
    assert raised == [1005]


def test_it_knows_who_asked_for_what(contract: Contract) -> None:
    assert contract.uri == "ws://localhost:9001/p?a=b"
    assert contract.path == "/p"
    assert contract.peer == "192.0.2.7:50000"
    assert contract.subprotocol is None
    assert contract.request_headers["host"] == "localhost:9001"
    assert contract.request_headers["x-one"] == "1"
    assert contract.request_headers["x-two"].replace(" ", "") == "2,3"


@pytest.mark.parametrize(
    ("target", "resource"),
    [("http://localhost:9001/p?a=b", "/p?a=b"), ("http://localhost:9001/", "/"), ("http://localhost:9001", "/")],
)
def test_a_target_with_scheme_and_host_is_the_same_address(
    net: MemoryNet, journal: Journal, target: str, resource: str
) -> None:
    path = resource.partition("?")[0]
    net.publish(path, **journal.callbacks)

    net.open(target)

    assert (journal.contract.uri, journal.contract.path) == (f"ws://localhost:9001{resource}", path)


def test_its_state_follows_the_connection(net: MemoryNet, journal: Journal) -> None:
    states: list[State] = []
    net.publish("/p", authorize=lambda contract: states.append(contract.state) or True, **journal.callbacks)
    peer = net.open("/p")
    states.append(journal.contract.state)
    journal.contract.close()
    states.append(journal.contract.state)
    peer.send(BYE)
    states.append(journal.contract.state)

    assert states == [State.CONNECTING, State.OPEN, State.CLOSING, State.CLOSED]
    assert states == [0, 1, 2, 3]


def test_code_and_reason_are_known_when_closed(peer: RawPeer, contract: Contract) -> None:
    assert (contract.closed, contract.close_code, contract.close_reason) == (False, None, "")

    peer.send(BYE)

    assert (contract.closed, contract.close_code, contract.close_reason) == (True, 1000, "bye")


def test_it_is_closed_when_on_close_is_called(net: MemoryNet) -> None:
    seen: list[Any] = []
    net.publish("/p", on_close=lambda contract, _code, _data: seen.append((contract.closed, contract.close_code)))

    net.open("/p").vanish()

    assert seen == [(True, 1006)]


def test_it_can_be_a_key_and_is_compared_by_identity(net: MemoryNet, contract: Contract, journal: Journal) -> None:
    net.open("/p")

    assert {contract: 1, journal.contract: 2} == {contract: 1, journal.contract: 2}
    assert contract != journal.contract


def test_it_shows_itself_in_a_line(contract: Contract) -> None:
    assert repr(contract) == "<echod.Contract open ws://localhost:9001/p?a=b peer 192.0.2.7:50000>"


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1014, 3000, 4999])
def test_these_codes_may_be_sent(net: MemoryNet, peer: RawPeer, contract: Contract, code: int) -> None:
    contract.close(code)

    assert sent_by(net, peer) == [(0x88, code.to_bytes(2, "big"))]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, -1])
def test_these_codes_may_not_be_sent(net: MemoryNet, peer: RawPeer, contract: Contract, code: int) -> None:
    with pytest.raises(BadSetting, match=f"code: {code} is not a close code that may be sent"):
        contract.close(code)

    assert sent_by(net, peer) == []


def test_a_reason_without_a_form_in_utf_8_is_refused(contract: Contract) -> None:
    with pytest.raises(BadArgument, match="lone surrogates"):
        contract.close(1000, "\ud83d")
    assert contract.state.name == "OPEN"


def test_a_reason_has_123_bytes_at_most(net: MemoryNet, peer: RawPeer, contract: Contract) -> None:
    with pytest.raises(BadSetting, match="at most 123 bytes"):
        contract.close(1000, "ä" * 62)
    assert sent_by(net, peer) == []

    contract.close(1000, "ä" * 61 + "x")

    assert sent_by(net, peer) == [(0x88, b"\x03\xe8" + "ä".encode() * 61 + b"x")]


def test_to_close_again_changes_nothing(net: MemoryNet, peer: RawPeer, contract: Contract) -> None:
    contract.close(3000)
    contract.close(3001)
    assert sent_by(net, peer) == [(0x88, b"\x0b\xb8")]

    peer.send(masked(0x88, b"\x0b\xb8"))
    contract.close(3002)

    assert contract.close_code == 3000
    assert sent_by(net, peer) == []


def test_a_bad_code_is_refused_even_when_closed(peer: RawPeer, contract: Contract) -> None:
    peer.send(BYE)

    with pytest.raises(BadSetting):
        contract.close(1005)


def test_everyone_who_waits_for_the_end_hears_the_code(peer: RawPeer, contract: Contract) -> None:
    heard: list[int] = []
    contract.when_closed().addCallback(heard.append)
    contract.when_closed().addCallback(heard.append)

    peer.send(BYE)
    contract.when_closed().addCallback(heard.append)

    assert heard == [1000, 1000, 1000]


def test_it_has_no_public_names_but_those_for_callers(contract: Contract) -> None:
    names = {name for name in dir(contract) if not name.startswith("_")}

    assert names == {
        *("uri", "path", "peer", "subprotocol", "request_headers", "response_headers"),
        *("state", "closed", "close_code", "close_reason"),
        *("send", "drained", "unsent_bytes", "ping", "close", "when_closed"),
    }


def test_every_call_goes_through_its_door(contract: Contract) -> None:
    class Door(WalkIn):
        calls: ClassVar[list[str]] = []

        def __call__(self, function: Any, *args: Any) -> Any:
            self.calls.append(function.__name__)
            return function(*args)

    contract._door = Door()
    contract.send("x")
    contract.drained().addErrback(lambda _: None)
    contract.ping().addErrback(lambda _: None)
    contract.close()
    contract.when_closed()

    assert len(Door.calls) == 5
