"""The callbacks of an endpoint or a client: which there are, with their types and the number of their arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from twisted.python.failure import Failure

from echod.api.contract import Contract

OnOpen = Callable[[Contract], object]
OnMessage = Callable[[Contract, str | bytes, None], object]
OnClose = Callable[[Contract, int, str], object]
OnError = Callable[[Contract, Failure], object]
Authorize = Callable[[Contract], object]

ON_OPEN, ON_MESSAGE = "on_open(contract)", "on_message(contract, data, ext)"
ON_CLOSE, ON_ERROR = "on_close(contract, code, data)", "on_error(contract, failure)"


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What to call; each may be None, and each may return a Deferred or a coroutine.

    Raises:
        TypeError: one of them cannot be called with the arguments that it will get.
    """

    on_open: OnOpen | None = None
    on_message: OnMessage | None = None
    on_close: OnClose | None = None
    on_error: OnError | None = None

    def __post_init__(self) -> None:
        for signature in (ON_OPEN, ON_MESSAGE, ON_CLOSE, ON_ERROR):
            check_arity(getattr(self, signature.partition("(")[0]), signature)


def check_arity(function: object, signature: str) -> None:
    """Refuse what cannot be called as `signature` says; None and callables without a known signature pass."""
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
