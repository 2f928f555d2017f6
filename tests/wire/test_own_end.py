"""A callback that waits for the end of its own connection: `on_close` does not wait for that callback."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from echod.wire.contract import Contract
from tests.pair import CLOSE, TEXT, Journal, Net, masked

BYE = masked(CLOSE, b"\x03\xe8")


def test_a_coroutine_may_close_its_own_connection_and_wait(net: Net) -> None:
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


def test_it_may_begin_to_wait_when_the_connection_is_lost_already(net: Net) -> None:
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


def test_who_waits_outside_gets_the_end_after_every_message(net: Net) -> None:
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
