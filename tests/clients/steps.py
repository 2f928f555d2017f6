"""What a client is asked to do, and how it says what happened: the steps as one line of JSON.

A client is an object with coroutines `open(uri, keepalive)`, `send(data)` and `receive()`; what they raise is the
outcome. Nothing takes longer than PATIENCE_S.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 12.0
QUIET_S = 5.0
"""How long a client may wait for a message, or a missing pong."""

FRAGMENTED = "0123456789" * 100
CHUNK = os.urandom(65536)
"""What compression does not shrink."""

MOST_CHUNKS = 1024
FLOOD_S = 3.0

NOTHING, WAITS = "notices nothing", f"still waits after {PATIENCE_S:.0f} s"
UNTIMED = (NOTHING, WAITS, "send()")
SLOW_S = 1.8
"""From here on the time of a step is told; below it says more about the machine."""

Say = Callable[[str], None]


async def watch(client: Any, uri: str, say: Say, keepalive: bool = False) -> None:
    """Open, and tell of every message until the end, or until nothing more comes."""
    say(await client.open(uri, keepalive) or "opens")
    await hear(client, say)


async def hear(client: Any, say: Say) -> None:
    """Tell of every message until the end, or until nothing more comes."""
    while True:
        receiving = asyncio.ensure_future(client.receive())
        # Not wait_for(): some clients say TimeoutError themselves.
        if not (await asyncio.wait({receiving}, timeout=QUIET_S))[0]:
            say(NOTHING)
            return
        say(f"gets {shown(receiving.result())}")


async def keep_alive(client: Any, uri: str, say: Say) -> None:
    await watch(client, uri, say, keepalive=True)


async def echo(client: Any, uri: str, say: Say) -> None:
    say(await client.open(uri, False) or "opens")
    await client.send("hello")
    await hear(client, say)


async def join(client: Any, uri: str, say: Say) -> None:
    """Whether a message that comes in pieces is put together."""
    say(await client.open(uri, False) or "opens")
    await client.send(FRAGMENTED)
    got = await asyncio.wait_for(client.receive(), QUIET_S)
    say("puts 1,000 fragments together" if got == FRAGMENTED else f"gets {shown(got)}")


async def fill(client: Any, uri: str, say: Say) -> None:
    """Send on and on to a server that reads nothing."""
    say(await client.open(uri, False) or "opens")
    sent, end = 0, time.monotonic() + FLOOD_S
    while sent < MOST_CHUNKS and time.monotonic() < end:
        try:
            await asyncio.wait_for(client.send(CHUNK), FLOOD_S)
        except TimeoutError:
            say(f"send() waits after {megabytes(sent)} MB")
            return
        sent += 1
    say(f"send() takes {megabytes(sent)} MB{' and more' if sent == MOST_CHUNKS else ''} into memory without waiting")


TASKS = {"watch": watch, "keep-alive": keep_alive, "echo": echo, "join": join, "fill": fill}


def megabytes(chunks: int) -> str:
    """To the nearest power of two: what buffers hold differs from run to run."""
    size = chunks * len(CHUNK) / 2**20
    return f"{2 ** round(size).bit_length() // 2 if size >= 1 else 1}"


def shown(message: str | bytes) -> str:
    return (
        repr(message)
        if len(message) < 40
        else f"{len(message)} {'characters' if isinstance(message, str) else 'bytes'}"
    )


def explain(error: BaseException) -> str:
    """The class of an error and the beginning of its text."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:90]}{'…' if len(text) > 90 else ''}" if text else type(error).__name__


async def perform(client: Any, task: str, uri: str) -> list[str]:
    """The steps, with the time of the last if it took some."""
    steps: list[str] = []
    begin = time.monotonic()

    def say(step: str) -> None:
        took = time.monotonic() - begin
        is_timed = took >= SLOW_S and not step.startswith(UNTIMED)
        steps.append(f"{step} after {took:.0f} s" if is_timed else step)

    doing = asyncio.ensure_future(TASKS[task](client, uri, say))
    done, _ = await asyncio.wait({doing}, timeout=PATIENCE_S)
    if not done:
        say(WAITS)
    elif error := doing.exception():
        say(explain(error))
    return steps


def main(make: Callable[[], Any]) -> None:
    """Run as a program: `CLIENT.py TASK URI`."""
    print(json.dumps(asyncio.run(perform(make(), *sys.argv[1:]))), flush=True)
    # A client that still waits in a thread would keep the process.
    os._exit(0)
