"""The callbacks of an endpoint or a client: which there are, and with how many arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from twisted.python.failure import Failure

from echod.api.contract import Contract

SIGNATURES = {
    "on_open": "on_open(contract)",
    "on_message": "on_message(contract, data, ext)",
    "on_close": "on_close(contract, code, data)",
    "on_error": "on_error(contract, failure)",
}


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What to call; each may be None, and each may return a Deferred or a coroutine.

    Raises:
        TypeError: one of them cannot be called with the arguments that it will get.
    """

    on_open: Callable[[Contract], Any] | None = None
    on_message: Callable[[Contract, Any, None], Any] | None = None
    on_close: Callable[[Contract, int, str], Any] | None = None
    on_error: Callable[[Contract, Failure], Any] | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            check_arity(getattr(self, field.name), SIGNATURES[field.name])


def check_arity(function: Any, signature: str) -> None:
    """Refuse what cannot be called as `signature` says; callables that tell nothing of themselves pass."""
    if function is None:
        return
    if not callable(function):
        raise TypeError(f"{signature} is expected, not {function!r}")
    count = signature.count(",") + 1
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        raise TypeError(f"{signature} is expected, {function!r} does not take {count} arguments") from None
    except ValueError:
        return
