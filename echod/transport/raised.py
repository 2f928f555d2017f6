"""What hooks and callbacks raise, as it is logged: its text may hold what a peer has sent."""

from __future__ import annotations

from twisted.python.failure import Failure

from echod.errors import printable


class Raised(Failure):
    """What is being handled, or another failure, with a traceback whose lines are printable."""

    def __init__(self, failure: Failure | None = None) -> None:
        if failure is None:
            super().__init__()
        else:
            super().__init__(failure.value, failure.type, failure.getTracebackObject())

    def getTraceback(self, elideFrameworkCode: int = 0, detail: str = "default") -> str:
        return "\n".join(map(printable, super().getTraceback(elideFrameworkCode, detail).split("\n")))
