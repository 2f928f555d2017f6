"""Who is let in: everybody who is accepted is counted, all together and for each address, from first byte to last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from echod.accept.admission import Admission
from echod.settings import Limits
from echod.transport.addresses import net_of
from tests.pair import CLOSE, TEXT, MemoryNet, masked, request

FULL = b"HTTP/1.1 503 Service Unavailable\r\nServer: echod\r\nRetry-After: 5\r\n"


def ipv4(host: str) -> IPv4Address:
    return IPv4Address("TCP", host, 5000)


def ipv6(host: str) -> IPv6Address:
    return IPv6Address("TCP", host, 5000)


class Guest:
    """A visitor that writes down what becomes of it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def announce_shutdown(self) -> None:
        self.told.append("away")

    def abort(self) -> None:
        self.told.append("cut")


def enter(admission: Admission, address: IAddress | None = None) -> tuple[Guest, int | None]:
    """A newcomer, and the status of its refusal."""
    guest: Any = Guest()
    refusal = admission.add(guest) or (admission.count_address(guest, address) if address else None)
    return guest, refusal.status if refusal else None


def test_everyone_is_counted_until_it_leaves() -> None:
    admission = Admission()
    guests = [enter(admission)[0] for _ in range(3)]
    assert len(admission) == 3

    for guest in guests:
        admission.remove(guest)

    assert len(admission) == 0


@pytest.mark.parametrize("most", [1, 3])
def test_above_the_cap_newcomers_are_refused(most: int) -> None:
    admission = Admission(most)

    assert [enter(admission)[1] for _ in range(most + 2)] == [None] * most + [503] * 2


def test_a_place_is_free_again_when_someone_has_left() -> None:
    admission = Admission(1)
    guest, _ = enter(admission)
    admission.remove(guest)

    assert enter(admission)[1] is None


def test_zero_is_no_limit() -> None:
    admission = Admission(0, 0)

    assert {enter(admission, ipv4("192.0.2.1"))[1] for _ in range(1000)} == {None}


def test_above_the_cap_of_its_address_a_newcomer_is_refused_and_others_are_not() -> None:
    admission = Admission(0, 2)

    statuses = [enter(admission, ipv4("192.0.2.1"))[1] for _ in range(3)]

    assert statuses == [None, None, 503]
    assert enter(admission, ipv4("192.0.2.2"))[1] is None


def test_a_place_of_an_address_is_free_again_when_someone_has_left() -> None:
    admission = Admission(0, 1)
    first, _ = enter(admission, ipv4("192.0.2.1"))
    second, status = enter(admission, ipv4("192.0.2.1"))
    assert status == 503

    admission.remove(first)
    admission.remove(second)

    assert enter(admission, ipv4("192.0.2.1"))[1] is None


def test_addresses_that_are_gone_are_forgotten() -> None:
    admission = Admission(0, 1)
    guests = [enter(admission, ipv4(f"192.0.2.{i}"))[0] for i in range(200)]
    guests.append(enter(admission)[0])

    for guest in guests:
        admission.remove(guest)  # type: ignore[arg-type]

    assert len(admission._per_address) == 0


@pytest.mark.parametrize(
    ("address", "net"),
    [
        (ipv4("192.0.2.1"), "192.0.2.1"),
        (ipv6("::ffff:192.0.2.1"), "192.0.2.1"),
        (ipv6("2001:db8:1:2::1"), "2001:db8:1:2::/64"),
        (ipv6("2001:db8:1:2:ffff:ffff:ffff:ffff"), "2001:db8:1:2::/64"),
        (ipv6("2001:db8:1:3::1"), "2001:db8:1:3::/64"),
        (ipv6("::1"), "::/64"),
        (ipv6("fe80::1%eth0"), "fe80::/64"),
        (UNIXAddress("/run/sock"), "local"),
        (ipv4("a\nb"), r"'a\nb'"),
        (UNIXAddress(None), "local"),
        (None, "local"),
    ],
)
def test_an_address_is_counted_as_its_net(address: Any, net: str) -> None:
    assert net_of(address) == net


def test_all_of_an_ipv6_net_share_a_cap() -> None:
    admission = Admission(0, 1)

    statuses = [enter(admission, ipv6(f"2001:db8::{last}"))[1] for last in (1, 2)]

    assert statuses == [None, 503]


def test_once_leaving_newcomers_are_refused_and_those_who_are_there_are_told() -> None:
    admission = Admission()
    guest, _ = enter(admission)

    assert not admission.is_leaving
    admission.refuse_newcomers()
    assert admission.is_leaving

    assert guest.told == ["away"]
    assert enter(admission)[1] == 503
    admission.reopen()
    assert enter(admission)[1] is None


def test_all_who_are_left_are_cut_and_counted() -> None:
    admission = Admission()
    stays, leaves = enter(admission)[0], enter(admission)[0]
    admission.remove(leaves)  # type: ignore[arg-type]

    assert admission.abort_all() == 1

    assert (stays.told, leaves.told) == (["cut"], [])


def test_a_full_server_answers_503_before_the_head_and_serves_those_who_are_in(
    make_net: Callable[..., MemoryNet],
) -> None:
    net = make_net(limits=Limits(max_connections=1))
    peer = net.open("/echo")

    newcomer = net.raw()
    net.settle()

    assert newcomer.take().startswith(FULL)
    assert newcomer.lost
    assert peer.ask(masked(TEXT, b"x")) == b"\x81\x01x"


def test_silent_connections_count_too(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(max_connections=1))
    net.raw()

    assert net.raw().ask(request("/echo")).startswith(FULL)


def test_a_full_server_has_room_when_a_client_has_closed(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(max_connections=1))
    net.open("/echo").send(masked(CLOSE, b"\x03\xe8"))

    assert net.open("/echo").ask(masked(TEXT, b"x")) == b"\x81\x01x"


def test_a_crowded_address_gets_503_once_its_head_has_come(make_net: Callable[..., MemoryNet]) -> None:
    net = make_net(limits=Limits(max_per_address=1))
    peer = net.open("/echo")

    answer = net.raw().ask(request("/echo"))

    assert answer.startswith(FULL)
    assert answer.endswith(b"\r\n\r\n503 Service Unavailable: there are too many connections from this address\n")
    assert peer.ask(masked(TEXT, b"x")) == b"\x81\x01x"


def test_the_server_counts_everyone(net: MemoryNet) -> None:
    net.raw()
    peer = net.open("/echo")
    assert len(net.server.admission) == 2

    peer.vanish()

    assert len(net.server.admission) == 1
