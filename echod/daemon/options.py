"""The options and their `ECHOD_*` variables: one table, and how a `Settings` is read from both.

A new option is a row here and a field in `settings.py`, which has its default.
Precedence: option, variable, default. A bad value is one line that names its source, the value and what is expected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from twisted.logger import Logger

from echod.daemon.option_kinds import (
    ADDRESS,
    COUNT,
    ENDPOINT,
    FLAG,
    FOLDER,
    ON_OFF,
    ORIGIN,
    PORT,
    SIZE,
    TIME,
    TIME_OR_ZERO,
    Kind,
)
from echod.errors import BadSetting
from echod.rules.suggestion import suggest
from echod.settings import Limits, Settings

log = Logger(namespace="echod")

LIMIT_FIELDS = {field.name for field in fields(Limits)}
WHERE_LISTED = "--help lists the options"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its option and its variable, and where it goes.

    Attributes:
        doc: what `--help` says, in sentences.
        unset: what its default is called where the value of the field would not tell; empty: there is nothing to say.
        field_name: its field in `Settings` or `Limits`, where that is not its own name and the unit of its kind.
    """

    name: str
    kind: Kind
    doc: str
    unset: str | None = None
    field_name: str = ""
    is_repeatable: bool = False

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value on the command line."""
        return not self.kind.word

    @property
    def field(self) -> str:
        return self.field_name or self.name.replace("-", "_") + self.kind.suffix

    @property
    def default(self) -> str:
        """The default as a user would write it."""
        holder = Limits() if self.field in LIMIT_FIELDS else Settings()
        return self.kind.show(getattr(holder, self.field)) if self.unset is None else self.unset

    @property
    def help(self) -> str:
        """What `--help` says, with the default."""
        default = f"[default: {self.default}]" if self.default else ""
        return " ".join(filter(None, (self.doc, "May be repeated." if self.is_repeatable else "", default)))

    @property
    def variable(self) -> str:
        return variable_of(self.name)

    def read(self, source: str, words: Sequence[str]) -> object:
        """The value of these words; a repeatable option gives a tuple."""
        values = tuple(self._parse(source, word) for word in words)
        return values if self.is_repeatable else values[-1]

    def _parse(self, source: str, word: str) -> object:
        try:
            return self.kind.parse(word)
        except ValueError as error:
            raise BadSetting(source, word, str(error)) from None

    def words(self, text: str) -> list[str]:
        """The words in a variable: several for a repeatable option, with spaces between them."""
        return text.split() if self.is_repeatable else [text]


def variable_of(name: str) -> str:
    """The variable of the option with this name."""
    return "ECHOD_" + name.upper().replace("-", "_")


def repeatable(name: str, kind: Kind, doc: str, unset: str, field_name: str = "") -> Option:
    """An option whose field is a tuple."""
    return Option(name, kind, doc, unset, field_name, is_repeatable=True)


GROUPS = {
    "Listening": (
        Option("port", PORT, "Port to listen on; 0 takes any free one."),
        Option("host", ADDRESS, "Address or name to listen on.", "every interface, IPv4 and IPv6"),
        repeatable("listen", ENDPOINT, "Twisted endpoint to listen on instead, such as unix:/run/echod.", ""),
        Option("backlog", COUNT, "Connections that may wait to be accepted on the port."),
    ),
    "Serving": (
        Option("web", FOLDER, "Folder whose files are served as pages.", "the pages of echod"),
        repeatable("origin", ORIGIN, "Allow only this origin (exact match), or null.", "all", "origins"),
        Option("compression", ON_OFF, "Whether permessage-deflate is agreed to when it is offered."),
    ),
    "Limits": (
        Option("max-header-size", SIZE, "Bytes of request headers; more are answered 431.", None, "max_header_bytes"),
        Option("max-header-count", COUNT, "Header fields of a request; more are answered 431."),
        Option("max-message", SIZE, "Bytes of a message after inflation; more end in Close 1009."),
        Option("max-fragments", COUNT, "Frames of a message; more end in Close 1009."),
        Option("max-unfinished", SIZE, "Bytes of unfinished messages on all connections; more end in Close 1013."),
        Option(
            "inflate-rate",
            SIZE,
            "Bytes inflated per connection and second before reading is paused.",
            None,
            "inflated_bytes_per_s",
        ),
        Option("write-buffer", SIZE, "Bytes buffered per connection before reading is paused (back-pressure)."),
        Option(
            "max-connections", COUNT, "Connections, silent ones included; more are answered 503.", "open files less 64"
        ),
        Option(
            "max-per-address",
            COUNT,
            "Connections from one IPv4 address or IPv6 /64; more are answered 503.",
            "no limit",
        ),
    ),
    "Timeouts": (
        Option(
            "handshake-timeout",
            TIME,
            "Time from the TCP accept to the end of the request headers; then the answer is 408.",
        ),
        Option("stall-timeout", TIME, "Time without progress while replies wait; the connection is then aborted."),
        Option("ping-interval", TIME_OR_ZERO, "Silence after which a client is pinged (keepalive); 0 is never."),
        Option("ping-timeout", TIME, "Time from a ping to any byte of the client; the connection is then aborted."),
        Option("close-timeout", TIME, "Time for the client's Close after ours, and then for the end of TCP."),
        Option("drain-timeout", TIME, "Grace period after SIGTERM; remaining connections are then aborted."),
        Option(
            "drain-spread", TIME_OR_ZERO, "Time over which a drain sends its Closes; at most half of --drain-timeout."
        ),
    ),
    "Behaviours (fault injection)": (
        Option("behaviours", ON_OFF, "Whether clients may ask for faults in the query of a URL."),
    ),
    "Logging": (Option("debug", FLAG, "Log handshakes, frames and closes."),),
}
OPTIONS = tuple(option for group in GROUPS.values() for option in group)
FORMER = {
    "head-size": "max-header-size",
    "head-lines": "max-header-count",
    "head-timeout": "handshake-timeout",
    "unfinished": "max-unfinished",
}
"""Names that options had, and their names now."""

BARE_PORT = "PORT"
"""What hosting platforms set; honoured after `ECHOD_PORT`."""
PLACE = ("port", "host")
OF_PORT = (*PLACE, "backlog")
"""Options that an endpoint has words of its own for."""


def read_settings(given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> Settings:
    """Settings from options (name to words) and the environment.

    Raises:
        BadSetting: the first value that is invalid or contradicts another, named by its option or variable.
    """
    check_variables(environ)
    values: dict[str, Any] = {
        option.field: value for option in OPTIONS if (value := read_option(option, given, environ)) is not None
    }
    if "listen" in values:
        choose_endpoints(values, given, environ)
    limits = {name: values.pop(name) for name in LIMIT_FIELDS & values.keys()}
    return Settings(**values, limits=replace(Limits(), **limits))


def read_option(option: Option, given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> object:
    """The value of one option from where it is set first, or None."""
    if option.name in given:
        return option.read(f"--{option.name}", given[option.name])
    for variable in (option.variable, BARE_PORT) if option.name == "port" else (option.variable,):
        if environ.get(variable, "").strip():
            return option.read(variable, option.words(environ[variable]))
    return None


def choose_endpoints(values: dict[str, Any], given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> None:
    """Keep the endpoints, or drop them for a port that is on the command line while they are in the variable.

    Raises:
        BadSetting: what belongs to a port is on the command line as well, and would have no effect.
    """
    beside = [name for name in OF_PORT if name in given]
    if "listen" not in given and any(name in beside for name in PLACE):
        del values["listen"]
        return
    values["listen_source"] = source = "--listen" if "listen" in given else variable_of("listen")
    if beside:
        own = "whose endpoints have a port, a host and a backlog of their own"
        raise BadSetting(f"--{beside[0]}", given[beside[0]][-1], f"allowed with {source}, {own}")
    for variable in map(variable_of, OF_PORT):
        if "listen" not in given and environ.get(variable, "").strip():
            log.warn("echod ignores {variable}: {source} says where to listen", variable=variable, source=source)


def check_variables(environ: Mapping[str, str]) -> None:
    """Refuse a misspelt `ECHOD_*` variable, which would otherwise be ignored silently.

    Raises:
        BadSetting: the first of them, with the name that was probably meant.
    """
    known = {option.variable for option in OPTIONS}
    unknown = next((name for name in sorted(environ) if name.startswith("ECHOD_") and name not in known), None)
    if unknown:
        name = unknown.removeprefix("ECHOD_").lower().replace("_", "-")
        raise BadSetting("variable", unknown, f"known{suggest_option(name, variable_of)}; {WHERE_LISTED}")


def suggest_option(name: str, show: Callable[[str], str] = "--{}".format) -> str:
    """`, did you mean --NAME?` for a name that no option has, or has no more; empty when none is near."""
    return suggest(FORMER.get(name, name), (option.name for option in OPTIONS), show)
