"""The files of pages: which one a path names, and how twisted.web sends it: whole, or not at all.

Four pages need no ranges, no conditions but ours and no listings: `WholeFile` keeps from twisted.web's `File` what it
would get wrong, and tells it the size of the file that is open, whatever becomes of its name meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast
from unicodedata import category
from urllib.parse import unquote_to_bytes

from twisted.logger import Logger
from twisted.web.server import Request
from twisted.web.static import File, NoRangeStaticProducer

from echod.rules.http.conditions import Validators
from echod.rules.http.head import Refusal
from echod.rules.http.response import FAILED, PLAIN, text_of

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".ico": "image/x-icon",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": PLAIN,
}

INVISIBLE = ("Cc", "Cf", "Zl", "Zp")
"""Categories of letters that no file name needs: controls, marks of direction, line ends."""

log = Logger()


def refuse(request: Request, refusal: Refusal) -> bytes:
    """The refusal as twisted.web answers; HEAD gets its headers alone."""
    text = text_of(refusal)
    for name in ("ETag", "Last-Modified", "Accept-Ranges"):
        request.responseHeaders.removeHeader(name)
    request.lastModified = None
    request.setResponseCode(refusal.status)
    request.setHeader("Content-Type", PLAIN)
    request.setHeader("Content-Length", str(len(text)))
    return b"" if request.method == b"HEAD" else text


def find_file(folder: Path, path: str) -> Path | None:
    """The file that a request path names, or None: only plain names, no links."""
    names = (unquote_to_bytes(path).decode("utf-8", "replace").removeprefix("/") or "index.html").split("/")
    if not all(map(is_plain, names)):
        return None
    plain = folder.joinpath(*names)
    try:
        return plain if plain.is_file() and plain.resolve() == plain else None
    except OSError:
        # A name can be too long for the file system.
        return None


def is_plain(name: str) -> bool:
    """Whether this names something in its folder, and says so to its reader."""
    has_odd = "\\" in name or any(category(letter) in INVISIBLE for letter in name)
    return bool(name) and not name.startswith(".") and not has_odd


class WholeFile(File):
    """A file that is open from the beginning. To be rendered, or closed."""

    isLeaf = True

    def __init__(self, found: Path) -> None:
        super().__init__(str(found))
        self.type, self.encoding = TYPES.get(found.suffix, "application/octet-stream"), None
        self.opened = cast("BinaryIO", self.open())
        self._status = os.fstat(self.opened.fileno())

    @property
    def validators(self) -> Validators:
        """Of the file as it was opened."""
        status = self._status
        return Validators(f'"{status.st_mtime_ns:x}-{status.st_size:x}"', int(status.st_mtime))

    def render_GET(self, request: Request) -> bytes | int:
        for name in ("range", "if-range", "if-modified-since", "if-none-match"):
            request.requestHeaders.removeHeader(name)
        answer = cast("bytes | int", super().render_GET(request))
        # It says "bytes"; nothing is written before the next turn of the event loop.
        request.setHeader("Accept-Ranges", "none")
        return answer

    def exists(self) -> bool:
        return True

    def isdir(self) -> bool:
        return False

    def openForReading(self) -> BinaryIO:
        return self.opened

    def getFileSize(self) -> int:
        return self._status.st_size

    def getModificationTime(self) -> float:
        """For Last-Modified, which cannot be later than twisted.web's Date (RFC 9110, 8.8.2.1)."""
        return min(int(self._status.st_mtime), int(time.time()))

    def makeProducer(self, request: Request, file: BinaryIO) -> ExactProducer:
        super().makeProducer(request, file)
        return ExactProducer(request, file, self.getFileSize())


class ExactProducer(NoRangeStaticProducer):
    """Sends as many bytes as were announced; twisted.web's also sends what a file has grown by.

    A file that gets shorter, or cannot be read on, ends the connection early, by which the client sees that its page
    is not whole.
    """

    def __init__(self, request: Request, file: BinaryIO, size: int) -> None:
        super().__init__(request, file)
        self._left = size

    def resumeProducing(self) -> None:
        try:
            data = self._read()
        except Exception:  # Whatever a file system raises.
            log.failure("a page cannot be read to its end")
            self._end(self._fail)
            return
        if data:
            self._left -= len(data)
            self.request.write(data)
        else:
            self._end(self.request.finish)

    def _read(self) -> bytes:
        data = cast("bytes", self.fileObject.read(min(self.bufferSize, self._left)))
        if not data and self._left:
            raise EOFError(f"the file was {self._left} bytes longer when it was opened")
        return data

    def _fail(self) -> None:
        request = self.request
        if request.startedWriting:
            request.channel.loseConnection()
        else:
            request.write(refuse(request, FAILED))
            request.finish()

    def _end(self, end: Callable[[], object]) -> None:
        self.request.unregisterProducer()
        end()
        self.stopProducing()
