"""A callback that waits for the end of its own connection: `on_close` does not wait for that callback."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from echod.api.contract import Contract
from tests.pair import CLOSE, TEXT, Journal, MemoryNet, masked

BYE = masked(CLOSE, b"\x03\xe8")


def test_a_coroutine_may_close_its_own_connection_and_wait(net: MemoryNet) -> None:
    journal, codes = Journal(), []

    async def on_message(contract: Contract, _data: Any, _ext: None) -> None:
        contract.close()
        codes.append(await contract.when_closed())

    net.publish("/p", on_message=on_message, on_close=journal.on_close)
    peer = net.open("/p")
    peer.send(masked(TEXT, b"x"))
    peer.send(BYE)

    assert journal.lines == [(1000, "")]
    assert codes == [1000]


def test_it_may_begin_to_wait_when_the_connection_is_lost_already(net: MemoryNet) -> None:
    journal, codes, pause = Journal(), [], Deferred()

    async def on_message(contract: Contract, _data: Any, _ext: None) -> None:
        await pause
        codes.append(await contract.when_closed())

    net.publish("/p", on_message=on_message, on_close=journal.on_close)
    peer = net.open("/p")
    peer.send(masked(TEXT, b"x"))
    peer.vanish()
    assert journal.lines == []

    pause.callback(None)

    assert (journal.lines, codes) == ([(1006, "")], [1006])


def test_who_waits_outside_gets_the_end_after_every_message(net: MemoryNet) -> None:
    journal, pause, ends = Journal(), Deferred(), []
    contracts: list[Contract] = []

    async def on_message(contract: Contract, data: Any, _ext: None) -> None:
        contracts.append(contract)
        await pause
        journal.lines.append(data)

    net.publish("/p", on_message=on_message, on_close=journal.on_close)
    peer = net.open("/p")
    peer.send(masked(TEXT, b"a") + masked(TEXT, b"b"))
    contracts[0].when_closed().addCallback(ends.append)
    peer.send(BYE)
    assert (journal.lines, ends) == ([], [])

    pause.callback(None)

    assert journal.lines == ["a", "b", (1000, "")]
    assert ends == [1000]


def test_on_close_that_waits_for_the_end_is_told_at_once_and_keeps_nobody(net: MemoryNet) -> None:
    journal, ends = Journal(), []

    async def on_close(contract: Contract, code: int, data: str) -> None:
        assert await contract.when_closed() == code
        journal.on_close(contract, code, data)

    net.publish("/p", on_open=journal.on_open, on_close=on_close)
    peer = net.open("/p")
    journal.contract.when_closed().addCallback(ends.append)
    assert ends == []

    peer.send(BYE)

    assert journal.lines == ["open", (1000, "")]
    assert ends == [1000]


def test_those_outside_wait_for_an_on_close_that_goes_on(net: MemoryNet) -> None:
    journal, pause, ends = Journal(), Deferred(), []

    async def on_close(contract: Contract, _code: int, _data: str) -> None:
        await contract.when_closed()
        await pause

    net.publish("/p", on_open=journal.on_open, on_close=on_close)
    peer = net.open("/p")
    journal.contract.when_closed().addCallback(ends.append)
    peer.send(BYE)
    assert ends == []

    pause.callback(None)

    assert ends == [1000]


def test_on_close_and_a_message_may_both_wait(net: MemoryNet) -> None:
    codes: list[int] = []

    async def on_message(contract: Contract, _data: Any, _ext: None) -> None:
        codes.append(await contract.when_closed())

    async def on_close(contract: Contract, _code: int, _data: str) -> None:
        codes.append(await contract.when_closed())

    net.publish("/p", on_message=on_message, on_close=on_close)

    net.open("/p").send(masked(TEXT, b"x") + BYE)

    assert codes == [1000, 1000]


def test_on_close_may_wait_for_the_end_of_another_connection(net: MemoryNet) -> None:
    journal, ends = Journal(), []

    async def on_close(_contract: Contract, _code: int, _data: str) -> None:
        ends.append(await journal.contract.when_closed())

    net.publish("/other", **journal.callbacks)
    net.publish("/p", on_close=on_close)
    other, peer = net.open("/other"), net.open("/p")
    peer.send(BYE)
    assert ends == []

    other.vanish()

    assert ends == [1006]


def test_on_close_of_a_client_may_wait_for_its_end_too(net: MemoryNet) -> None:
    ends: list[int] = []

    async def on_close(contract: Contract, _code: int, _data: str) -> None:
        ends.append(await contract.when_closed())

    contract = net.connect("/echo", on_close=on_close).contract
    contract.when_closed().addCallback(ends.append)
    contract.close()
    net.settle()

    assert ends == [1000, 1000]
