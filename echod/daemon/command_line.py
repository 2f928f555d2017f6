"""The command line of `twistd echod` and `twist echod`: what is given, and what `--help` says."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence

from twisted.application.service import IService
from twisted.python import usage

from echod.daemon.options import GROUPS, OPTIONS, WHERE_LISTED, Option, read_settings, suggest_option
from echod.daemon.reactor import install_by_default
from echod.daemon.service import make_service
from echod.errors import BadSetting
from echod.settings import Settings

UNKNOWN = re.compile(r"option --?(.+) not recognized", re.DOTALL)
"""What `getopt` says, which Twisted passes on."""

ABOUT = """\
A WebSocket echo and test daemon, with faults on demand. Each option may also be set as a variable: ECHOD_MAX_MESSAGE \
is --max-message. An option wins over its variable. A SIZE is a number of bytes or 64K, 16M, 1G; a TIME is a number of \
seconds or 250ms, 1.5s, 2m."""
EXAMPLES = """

Examples:
  twistd -n echod --host localhost --port 9001 --max-message 1M
  twistd -n echod --listen ssl:443:privateKey=key.pem:certKey=cert.pem

docs/operating.md has more on each option, TLS, proxies, signals and the log.
"""
COLUMN = 28
"""Where the texts begin; must leave room for the longest option."""


class Options(usage.Options):
    """The command line of `twistd echod` and `twist echod`; `settings` after parsing."""

    optFlags = [[option.name, None, option.help] for option in OPTIONS if option.is_flag]  # noqa: RUF012
    optParameters = [  # noqa: RUF012
        [option.name, None, None, option.help] for option in OPTIONS if not option.is_flag and not option.is_repeatable
    ]
    synopsis = "[options]"
    settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.update({option.name: [] for option in OPTIONS if option.is_repeatable})

    def parseArgs(self, *words: str) -> None:
        if words:
            raise usage.UsageError(f"{words[0]!r} is not an option; options begin with --")

    def postOptions(self) -> None:
        try:
            self.settings = read_settings(self.given(), os.environ)
        except BadSetting as error:
            raise usage.UsageError(str(error)) from None
        install_by_default()

    def given(self) -> dict[str, list[str]]:
        """What stands on the command line: option name to words."""
        return {name: words for name in self if (words := as_words(self[name]))}

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
        inherited = [(f"--{name}", self.docs[name].strip()) for name in ("help", "version")]
        groups = {title: [(show_option(option), option.help) for option in group] for title, group in GROUPS.items()}
        parts = (show_group(title, rows, width) for title, rows in {**groups, "Other": inherited}.items())
        return "\n".join(["", textwrap.fill(ABOUT, width), *parts]) + EXAMPLES


def collector(option: Option) -> Callable[[Options, str], None]:
    """The method that Twisted calls for each value of a repeatable option."""

    def collect(self: Options, word: str) -> None:
        self[option.name].append(word)

    collect.__doc__ = option.help
    return collect


for _option in OPTIONS:
    if _option.is_repeatable:
        setattr(Options, f"opt_{_option.name}", collector(_option))


def show_option(option: Option) -> str:
    """`--port=PORT`, as it stands before its text."""
    return f"--{option.name}" + (f"={option.kind.word}" if option.kind.word else "")


def show_group(title: str, rows: Sequence[tuple[str, str]], width: int) -> str:
    """The title, and each option beside its text."""
    return "\n".join(["", f"{title}:", *(line for name, text in rows for line in show_row(name, text, width))])


def show_row(name: str, text: str, width: int) -> Iterator[str]:
    # The default stays in one piece.
    wrapped = textwrap.fill(text.replace("[default: ", "[default:\xa0"), width - COLUMN, break_on_hyphens=False)
    lines = wrapped.replace("\xa0", " ").split("\n")
    return (f"{first:{COLUMN}}{line}" for first, line in zip([f"  {name}", *[""] * len(lines)], lines, strict=False))


def as_words(value: object) -> list[str]:
    """What `usage.Options` keeps of an option, as words: a list, a text, 1 for a flag, nothing."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == 0 else [str(value)]


def makeService(options: Options) -> IService:
    """What the plugin calls."""
    return make_service(options.settings)
