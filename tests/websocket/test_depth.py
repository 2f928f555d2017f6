"""How many frames of Python, ours and Autobahn's, lie between `dataReceived` and the hook."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import autobahn
import pytest

import echod
from echod.behaviours.replies import MessageWriter
from echod.endpoints.echo import MultiEcho
from tests.pair import TEXT, MemoryNet, masked

CODE = tuple(str(Path(module.__file__).parent) for module in (echod, autobahn))  # type: ignore[arg-type]
FRAGMENTED = masked(0x01, b"a") + masked(0x80, b"b")


def depth(frame: FrameType | None) -> int:
    """The frames of echod and Autobahn from here outwards."""
    count = 0
    while frame is not None and frame.f_code.co_filename.startswith(CODE):
        frame, count = frame.f_back, count + 1
    return count


def watch(monkeypatch: pytest.MonkeyPatch, kind: type, hook: str) -> list[int]:
    """The depths in which a hook is called from now on."""
    depths: list[int] = []
    own = getattr(kind, hook)

    def watched(*args: object, **keywords: object) -> object:
        depths.append(depth(sys._getframe(1)))
        return own(*args, **keywords)

    monkeypatch.setattr(kind, hook, watched)
    return depths


@pytest.mark.parametrize(("data", "most"), [(masked(TEXT, b"a"), 3), (FRAGMENTED, 14)], ids=["plain", "fragmented"])
def test_a_message_reaches_its_hook(monkeypatch: pytest.MonkeyPatch, net: MemoryNet, data: bytes, most: int) -> None:
    depths = watch(monkeypatch, MultiEcho, "onMessage")
    net.open("/multi-echo").send(data)
    assert [0 < depth <= most for depth in depths] == [True]


def test_a_reply_of_a_behaviour_is_sent(monkeypatch: pytest.MonkeyPatch, net: MemoryNet) -> None:
    depths = watch(monkeypatch, MessageWriter, "send_now")
    net.open("/echo?times=2").send(masked(TEXT, b"a"))
    assert [0 < depth <= 20 for depth in depths] == [True, True]
