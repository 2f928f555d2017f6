"""One Chromium for the whole session, and the pages in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from websockets.sync.client import connect

from tests.browser.chamber import Chamber
from tests.browser.trial import Trial
from tests.child import ROOT, Daemon

CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = Path("/usr/bin/chromedriver")
DEBIAN_PACKAGES = {CHROMIUM: "chromium", CHROMEDRIVER: "chromium-driver"}
FLAGS = (
    "--headless=new",
    "--window-size=1000,800",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def require_programs() -> None:
    """Without a browser: a skip on a desk, a failure where CI=true, so that nothing is left out unseen."""
    missing = [package for program, package in DEBIAN_PACKAGES.items() if not program.exists()]
    if missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"missing Debian packages: {', '.join(missing)}")


@pytest.fixture(scope="session")
def started_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    require_programs()
    with starting_browser(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@contextmanager
def starting_browser(profile: Path) -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    options.accept_insecure_certs = True
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    # Both programs are named, so selenium has nothing to look for and downloads nothing.
    with webdriver.Chrome(options=options, service=Service(str(CHROMEDRIVER))) as driver:
        yield driver


@pytest.fixture
def browser(started_browser: WebDriver) -> WebDriver:
    """The browser, with an empty log; the page of the test before goes when the next one is loaded."""
    started_browser.get_log("browser")
    return started_browser


@pytest.fixture
def chamber(browser: WebDriver) -> Chamber:
    return Chamber(browser)


@pytest.fixture(params=["client.html", "client2.html"])
def page(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["daemon", "file"])
def page_url(request: pytest.FixtureRequest, page: str, daemon: Daemon) -> str:
    """Each of the two pages, from the daemon and from a file."""
    return daemon.url(f"/{page}") if request.param == "daemon" else file_url(daemon.port, page=page)


@pytest.fixture
def trial(browser: WebDriver, daemon: Daemon) -> Iterator[Trial]:
    """The page of behaviours."""
    trial = Trial(browser)
    trial.visit(daemon.url("/behaviours.html"))
    yield trial
    # The browser logs that a query was refused, too.
    assert [error for error in trial.errors if "/behaviours?" not in error] == []


@pytest.fixture
def tls_daemon(tmp_path: Path) -> Iterator[Daemon]:
    """With a certificate that only this browser takes."""
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "localhost.pem")
    with Daemon("--listen", f"ssl:0:privateKey={tmp_path / 'localhost.pem'}:interface=127.0.0.1") as running:
        yield running


@pytest.fixture
def shared_mode_off(daemon: Daemon) -> Iterator[None]:
    """For tests that switch the shared mode on: it is off afterwards, whatever happened."""
    yield
    with connect(daemon.uri("/simple-echo"), proxy=None) as client:
        client.send("none")
        assert client.recv(timeout=10) == "none"


def file_url(port: int | str, host: str = "", page: str = "client.html") -> str:
    """A page opened as a file, and told where to connect to."""
    query = f"?port={port}" + (f"&host={host}" if host else "")
    return (ROOT / "web" / page).as_uri() + query
