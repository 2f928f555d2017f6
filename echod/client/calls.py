"""The public functions as their callers know them: a call that does not fit is told by the function's own name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar, cast

from echod.errors import BadArgument
from echod.rules.suggestion import suggest

Owner = TypeVar("Owner")
P = ParamSpec("P")
T = TypeVar("T")


def public(method: Callable[Concatenate[Owner, P], T]) -> Callable[Concatenate[Owner, P], T]:
    """The method, exported as a function: Python's complaint about a call would name its class, and count `self`."""
    _, *parameters = inspect.signature(method).parameters.values()
    signature = inspect.Signature(parameters)

    @functools.wraps(method)
    def call(owner: Owner, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(owner, *args, **kwargs)
        except TypeError:
            check_call(method.__name__, signature, args, kwargs)
            raise

    call.__qualname__ = method.__name__
    return cast("Callable[Concatenate[Owner, P], T]", call)


def check_call(name: str, signature: inspect.Signature, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    """Refuse a call that does not fit: with an unknown keyword and what it was probably meant to be, or as it is."""
    for keyword in kwargs:
        if keyword not in signature.parameters:
            guess = suggest(keyword, signature.parameters)
            raise BadArgument(f"{name}() has no argument {keyword!r}{guess}") from None
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise BadArgument(f"{name}(): {error}") from None
