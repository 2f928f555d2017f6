"""A daemon on several endpoints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.child import ROOT, TWISTD, Child

COMMAND = (TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "echod")


class Listening(Child):
    """A daemon that listens at these endpoints, in their order."""

    def __init__(
        self,
        *texts: str,
        argv: Sequence[str | Path] = (),
        command: Sequence[str | Path] = COMMAND,
        pass_fds: Sequence[int] = (),
    ) -> None:
        listen = [f"--listen={text}" for text in texts]
        super().__init__([*argv, *command, *listen], {"PYTHONPATH": str(ROOT)}, pass_fds=pass_fds)
        self.texts = texts
        try:
            self.where = self.wait_for_line(r"echod ready: (.*)")[1]
        except BaseException:
            self.__exit__()
            raise

    def port(self, place: int) -> int:
        """The number of a TCP port."""
        found = re.search(rf":(\d+) \({re.escape(self.texts[place])}\)", self.where)
        assert found is not None, self.where
        return int(found[1])


def refused(*texts: str, argv: Sequence[str | Path] = (), pass_fds: Sequence[int] = ()) -> str:
    """The one line with which a daemon refuses to start at these endpoints."""
    listen = [f"--listen={text}" for text in texts]
    with Child([*argv, *COMMAND, *listen], {"PYTHONPATH": str(ROOT)}, pass_fds=pass_fds) as child:
        assert child.wait() == 1
    assert "Traceback" not in child.text
    [line] = [line for line in child.out if line.startswith("echod: ")]
    return line
