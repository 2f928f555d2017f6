"""The command line of `twistd echod` and `twist echod`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from twisted.application.service import IService
from twisted.python import usage

from echod.daemon.configuration import OPTIONS, read_settings
from echod.daemon.reactor import install_by_default
from echod.daemon.service import make_service
from echod.errors import BadSetting
from echod.settings import Settings


class Options(usage.Options):
    """The command line of `twistd echod` and `twist echod`; `settings` after parsing."""

    optFlags = [[option.name, None, option.help] for option in OPTIONS if option.is_flag]  # noqa: RUF012
    optParameters = [  # noqa: RUF012
        [option.name, None, None, option.help] for option in OPTIONS if not option.is_flag and not option.is_repeatable
    ]
    synopsis = "[options]"
    longdesc = "A WebSocket echo and test daemon. Each option may also be set as ECHOD_NAME in the environment."
    settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self["listen"], self["origin"] = [], []

    def opt_listen(self, endpoint: str) -> None:
        self["listen"].append(endpoint)

    def opt_origin(self, origin: str) -> None:
        self["origin"].append(origin)

    opt_listen.__doc__ = next(option.help for option in OPTIONS if option.name == "listen")
    opt_origin.__doc__ = next(option.help for option in OPTIONS if option.name == "origin")

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
            hint = "; --help lists the options" if "not recognized" in str(error) else ""
            raise SystemExit(f"echod: {error}{hint}") from None


def as_words(value: object) -> list[str]:
    """What `usage.Options` keeps of an option, as words: a list, a text, 1 for a flag, nothing."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == 0 else [str(value)]


def makeService(options: Options) -> IService:
    """What the plugin calls."""
    return make_service(options.settings)
