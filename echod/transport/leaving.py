"""A KeyboardInterrupt or SystemExit that a callback raises ends the program; Twisted alone would log it and go on.

Twisted's `run` raises nothing of what happens inside it, so that `sys.exit(3)` in a callback would be a line in the
log. Here the reactor is stopped, and its `run` raises the error when everything of it has ended. (On asyncio's event
loop it only stops.)
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol, cast

from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IReactorCore, IReactorTime

from echod.transport.steady import SteadyClock

MEANT_FOR_PROGRAM = (KeyboardInterrupt, SystemExit)
"""What Python raises through everything, to end the program."""


class SignalHandling(Protocol):
    """What Twisted's `run` calls at its beginning and, last of all, at its end."""

    def install(self) -> None: ...
    def uninstall(self) -> None: ...


class RaisingAtEnd:
    """Stands in for the signal handling of a reactor: uninstalls it, then raises the error out of `run`."""

    def __init__(self, signals: SignalHandling, error: BaseException) -> None:
        self._signals = signals
        self.error = error

    def install(self) -> None:
        """Installed long ago: a reactor runs once."""

    def uninstall(self) -> None:
        self._signals.uninstall()
        raise self.error


def leave_for(clock: IReactorTime, error: BaseException | None) -> None:
    """End the program if the error says so: in a later turn, so that the connection that failed is closed before.

    Where the clock is no running reactor, the error is raised to the caller that advances it.
    """
    if isinstance(error, MEANT_FOR_PROGRAM):
        reactor = clock.reactor if isinstance(clock, SteadyClock) else clock
        if getattr(reactor, "running", False):
            raise_at_end(reactor, error)
            clock.callLater(0, stop, cast("IReactorCore", reactor))
        else:
            clock.callLater(0, raise_error, error)


def raise_at_end(reactor: object, error: BaseException) -> None:
    """Let `run` raise it, where the reactor is one of Twisted's; `_signals` is not documented, and tried by tests."""
    signals = getattr(reactor, "_signals", None)
    if signals is not None:
        setattr(reactor, "_signals", RaisingAtEnd(signals, error))  # noqa: B010 - no interface has it


def error_of(reactor: object) -> BaseException | None:
    """What this reactor raises at its end, as far as is known."""
    signals = getattr(reactor, "_signals", None)
    return signals.error if isinstance(signals, RaisingAtEnd) else None


def stop(reactor: IReactorCore) -> None:
    """Stop it, unless it stops already."""
    with suppress(ReactorNotRunning):
        reactor.stop()


def raise_error(error: BaseException) -> None:
    raise error
