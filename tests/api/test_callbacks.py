"""Callbacks are checked when they are given, not when they are called."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from tests.pair import TEXT, MemoryNet, masked

SIGNATURES = {
    "on_open": "on_open(contract)",
    "on_message": "on_message(contract, data, ext)",
    "on_close": "on_close(contract, code, data)",
    "on_error": "on_error(contract, failure)",
}
COUNTS = {"on_open": 1, "on_message": 3, "on_close": 3, "on_error": 2}


class Room:
    """Things that can be called, or not."""

    def method(self, contract: Any, data: Any, ext: Any) -> None:
        contract.send(data)

    @staticmethod
    def static(contract: Any, data: Any, _ext: Any) -> None:
        contract.send(data)

    def __call__(self, contract: Any, data: Any, ext: Any) -> None:
        contract.send(data)


def none() -> None: ...
def one(a: Any) -> None: ...
def two(a: Any, b: Any) -> None: ...
def three(a: Any, b: Any, c: Any) -> None: ...
def four(a: Any, b: Any, c: Any, d: Any) -> None: ...
def three_and_a_keyword(a: Any, b: Any, c: Any, *, must: Any) -> None: ...


BY_COUNT = [none, one, two, three, four]


@pytest.mark.parametrize("name", SIGNATURES)
@pytest.mark.parametrize("count", range(5))
def test_the_number_of_arguments_is_checked_and_the_signature_named(net: MemoryNet, name: str, count: int) -> None:
    if count == COUNTS[name]:
        net.publish("/p", **{name: BY_COUNT[count]})
        return

    with pytest.raises(TypeError, match=re.escape(f"{SIGNATURES[name]} is expected")):
        net.publish("/p", **{name: BY_COUNT[count]})
    assert net.server.endpoints.find("/p") is None


@pytest.mark.parametrize("name", SIGNATURES)
def test_what_cannot_be_called_is_refused(net: MemoryNet, name: str) -> None:
    with pytest.raises(TypeError, match=re.escape(f"{SIGNATURES[name]} is expected, not 'print'")):
        net.publish("/p", **{name: "print"})


def test_an_argument_that_nobody_gives_is_refused(net: MemoryNet) -> None:
    with pytest.raises(TypeError, match="does not take 3 arguments"):
        net.publish("/p", on_message=three_and_a_keyword)


def with_default(contract: Any, data: Any, _ext: Any, extra: str = "") -> None:
    contract.send(data + extra)


def with_any(*args: Any) -> None:
    args[0].send(args[1])


@pytest.mark.parametrize(
    "callback",
    [
        with_default,
        with_any,
        partial(with_default, extra=""),
        partial(lambda prefix, contract, data, _ext: contract.send(prefix + data), ""),
        Room().method,
        Room.static,
        Room(),
        lambda contract, data, _ext: contract.send(data),
    ],
    ids=["default", "any", "partial with a keyword", "partial", "bound", "static", "instance", "lambda"],
)
def test_everything_that_takes_the_arguments_is_called(net: MemoryNet, callback: Any) -> None:
    net.publish("/p", on_message=callback)

    assert net.open("/p").ask(masked(TEXT, b"x")) == b"\x81\x01x"


def test_a_builtin_may_be_a_callback(net: MemoryNet) -> None:
    contracts: list[Any] = []
    net.publish("/p", on_open=contracts.append, on_message=print)

    net.open("/p")

    assert len(contracts) == 1


def test_a_builtin_that_tells_nothing_of_itself_passes(net: MemoryNet) -> None:
    # `inspect.signature` knows nothing of `dict`.
    net.publish("/p", on_message=dict)

    assert net.server.endpoints.find("/p") is not None


def test_a_client_checks_its_callbacks_before_it_connects(net: MemoryNet) -> None:
    with pytest.raises(TypeError, match=re.escape("on_message(contract, data, ext) is expected")):
        net.connect("/echo", on_message=one)
