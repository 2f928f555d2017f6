"""A folder of pages, and sites in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogEvent, globalLogPublisher

from echod.site.pages import make_pages
from tests.site.visitor import Site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the user's own, with a secret file beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "pages"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text("<p>index</p>")
    (folder / "sub" / "page.html").write_text("<p>page</p>")
    return folder


@pytest.fixture
def site(folder: Path) -> Site:
    """A site with the pages of that folder."""
    clock = MemoryReactorClock()
    return Site(make_pages(folder, clock), clock)


@pytest.fixture
def own_site() -> Site:
    """A site with the pages that come with echod."""
    clock = MemoryReactorClock()
    return Site(make_pages(None, clock), clock)


@pytest.fixture
def bare_site() -> Site:
    """A site without pages."""
    return Site(None, MemoryReactorClock())


@pytest.fixture
def events() -> Iterator[list[LogEvent]]:
    """Everything that is logged."""
    seen: list[LogEvent] = []
    globalLogPublisher.addObserver(seen.append)
    yield seen
    globalLogPublisher.removeObserver(seen.append)
