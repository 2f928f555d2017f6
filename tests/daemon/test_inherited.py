"""Which socket of those that were handed over is meant, and what is said where none is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from echod.daemon.inherited import Inherited, choose, family_of, first_environment, inherited_sockets

ME = str(os.getpid())


@pytest.mark.parametrize(
    ("environment", "sockets"),
    [
        ({"LISTEN_FDS": "1"}, [Inherited(3, "")]),
        ({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:local"}, [Inherited(3, "web"), Inherited(4, "local")]),
        ({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "web"}, [Inherited(3, "web"), Inherited(4, "")]),
        ({"LISTEN_FDS": "1", "LISTEN_FDNAMES": "web:local"}, [Inherited(3, "web")]),
    ],
)
def test_sockets_are_handed_over_with_and_without_names(environment: dict[str, str], sockets: list[Inherited]) -> None:
    assert inherited_sockets({"LISTEN_PID": ME, **environment}) == sockets


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "LISTEN_FDS is not set"),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "0"}, "LISTEN_FDS is not set"),
        ({"LISTEN_PID": ME, "LISTEN_FDS": "many"}, "LISTEN_FDS is not set"),
        ({"LISTEN_FDS": "1"}, "to process , not to this one"),
        ({"LISTEN_PID": "1", "LISTEN_FDS": "1"}, f"to process 1, not to this one, {ME}"),
    ],
)
def test_where_none_is_handed_over_it_is_said_why(environment: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        inherited_sockets(environment)


TWO = [Inherited(3, "web"), Inherited(4, "")]


@pytest.mark.parametrize(
    ("sockets", "index", "name", "descriptor"),
    [(TWO, "0", None, 3), (TWO, "1", None, 4), (TWO, None, "web", 3), (TWO[1:], None, None, 4)],
)
def test_one_is_meant_by_place_or_name_or_as_the_only_one(
    sockets: list[Inherited], index: str | None, name: str | None, descriptor: int
) -> None:
    assert choose(sockets, index, name).descriptor == descriptor


@pytest.mark.parametrize(
    ("index", "name", "why"),
    [
        ("0", "web", "index= and name= at once"),
        ("2", None, r"index=2: the sockets that were handed over are 0 \(web\), 1 \(without a name\)"),
        ("-1", None, r"index=-1: the sockets"),
        ("web", None, "index=web: the sockets"),
        (None, "other", r"name=other: the sockets"),
        (None, None, "neither index= nor name=: the sockets"),
    ],
)
def test_what_is_none_of_them_is_said_with_those_there_are(index: str | None, name: str | None, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        choose(TWO, index, name)


def test_two_of_one_name_are_not_told_apart() -> None:
    with pytest.raises(ValueError, match="name=web"):
        choose([Inherited(3, "web"), Inherited(4, "web")], None, "web")


@pytest.fixture(params=[(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0)), (socket.AF_UNIX, "")])
def listening(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    family, address = request.param
    with socket.socket(family) as opened:
        opened.bind(address)
        opened.listen()
        yield opened


def test_the_family_is_that_of_the_socket(listening: socket.socket) -> None:
    domains = ["UNIX"] if listening.family == socket.AF_UNIX else ["INET", "INET6"]
    assert {family_of(listening.fileno(), domain) for domain in domains} == {listening.family}
    listening.getsockname()


@pytest.mark.parametrize("domain", ["VSOCK", "", "inet", "PACKET"])
def test_another_domain_is_refused(listening: socket.socket, domain: str) -> None:
    with pytest.raises(ValueError, match=f"domain={domain}: the socket is of domain="):
        family_of(listening.fileno(), domain)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_that_does_not_listen_is_refused(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as opened, pytest.raises(ValueError, match="no listening stream socket"):
        family_of(opened.fileno(), "INET")


def test_what_is_no_socket_is_refused() -> None:
    with open(os.devnull) as file, pytest.raises(ValueError, match=f"descriptor {file.fileno()} is no socket"):
        family_of(file.fileno(), "INET")
    with pytest.raises(ValueError, match="descriptor 99999 is no socket"):
        family_of(99_999, "INET")


def test_the_environment_at_the_start_is_read() -> None:
    assert first_environment()["PATH"]


def test_canary_twisted_still_forgets_sockets_without_names() -> None:
    """When this fails, Twisted's endpoint may do for ports."""
    from twisted.python.systemd import ListenFDs

    assert ListenFDs.fromEnvironment({"LISTEN_PID": ME, "LISTEN_FDS": "1"}).inheritedDescriptors() == []
