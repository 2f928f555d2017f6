"""The command line of `twistd echod` and `twist echod`: what is given, and what `--help` says."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Sequence

from twisted.python import usage

from echod.daemon.options import GROUPS, OPTIONS, WHERE_LISTED, Option, read_settings, suggest_option
from echod.daemon.reactor import install_by_default
from echod.daemon.service import EchodService, make_service
from echod.errors import BadSetting
from echod.settings import Settings

UNKNOWN = re.compile(r"option --?(.+) not recognized", re.DOTALL)
"""What `getopt` says, which Twisted passes on."""

ABOUT = """\
A WebSocket echo and test daemon, with faults on demand. Each option may also be set as a variable: ECHOD_MAX_MESSAGE \
is --max-message. An option wins over its variable. A SIZE is a number of bytes or 64K, 16M, 1G; a TIME is a number of \
seconds or 250ms, 1.5s, 2m, 1h."""
EXAMPLES = """

Examples:
  twistd -n echod --host localhost --port 9001 --max-message 1M
  twistd -n echod --listen ssl:443:privateKey=key.pem:certKey=cert.pem

docs/operating.md has more on each option, TLS, proxies, signals and the log.
"""
COLUMN = 28
"""Where the texts begin; must leave room for the longest option."""


class Options(usage.Options):
    """The command line of `twistd echod` and `twist echod`: option name to words; `settings` after parsing."""

    synopsis = "[options]"
    settings: Settings

    def parseArgs(self, *words: str) -> None:
        if words:
            raise usage.UsageError(f"{words[0]!r} is not an option; options begin with --")

    def postOptions(self) -> None:
        try:
            self.settings = read_settings(self, os.environ)
        except BadSetting as error:
            raise usage.UsageError(str(error)) from None
        install_by_default()

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """As Twisted's, but a mistake is one line and exit code 1, without the usage around it."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            unknown = UNKNOWN.fullmatch(str(error))
            hint = f"{suggest_option(unknown[1])}; {WHERE_LISTED}" if unknown else ""
            raise SystemExit(f"echod: {error}{hint}") from None

    def getUsage(self, width: int | None = None) -> str:
        """All options in groups, in lines of at most this width; by default that of the terminal, or 80."""
        width = width or int(os.environ.get("COLUMNS", "80"))
        lines = ["", textwrap.fill(ABOUT, width)]
        for title, group in GROUPS.items():
            lines += ["", f"{title}:"]
            lines += [show_row(f"{option.name}={option.kind.word}".rstrip("="), option.help, width) for option in group]
        lines += ["", "Other:", *(show_row(name, self.docs[name].strip(), width) for name in ("help", "version"))]
        return "\n".join(lines) + EXAMPLES


def collector(option: Option) -> Callable[[Options, str], None] | Callable[[Options], None]:
    """The method that Twisted calls for each value of this option."""

    def collect(self: Options, word: str) -> None:
        self[option.name] = [*self.get(option.name, ()), word] if option.is_repeatable else [word]

    method = collect if option.kind.word else lambda self: collect(self, "on")
    method.__doc__ = option.help
    return method


for _option in OPTIONS:
    setattr(Options, f"opt_{_option.name}", collector(_option))


def show_row(name: str, text: str, width: int) -> str:
    """An option beside its text, whose default stays in one piece."""
    kept = text.replace("[default: ", "[default:\xa0")
    first, others = f"  --{name}".ljust(COLUMN), " " * COLUMN
    lines = textwrap.fill(kept, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
    return lines.replace("\xa0", " ")


def makeService(options: Options) -> EchodService:
    """What the plugin calls."""
    return make_service(options.settings)


def service_from_environment() -> EchodService:
    """The daemon of `echod.tac`, from `ECHOD_*` variables alone; a SystemExit says in one line what is wrong."""
    options = Options()
    options.parseOptions([])
    return makeService(options)
