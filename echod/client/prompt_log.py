"""What a program with `echod.blocking` sees of the log: what `debug=True` traces, and warnings of echod."""

from __future__ import annotations

import sys

from zope.interface import provider

from twisted import logger


@provider(logger.ILogFilterPredicate)
def is_shown(event: logger.LogEvent) -> object:
    """Whether an event is for the terminal; errors reach it by Twisted's own default."""
    namespace, level = event.get("log_namespace", ""), event.get("log_level")
    is_warning = namespace.startswith("echod") and level is logger.LogLevel.warn
    return logger.PredicateResult.yes if is_warning or namespace == "echod.trace" else logger.PredicateResult.no


def show_log() -> None:
    """From now on, on standard error."""
    to_terminal = logger.textFileLogObserver(sys.stderr)
    logger.globalLogPublisher.addObserver(logger.FilteringLogObserver(to_terminal, [is_shown]))
