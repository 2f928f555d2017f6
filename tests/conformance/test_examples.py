"""The configuration of the original TestSuite that users are given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from echod.settings import DEFAULT_PORT
from tests.child import ROOT, Daemon

FOLDER = ROOT / "examples" / "wstest"
FILES = ["fuzzingclient.json", "fuzzingserver.json"]


def read(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / file).read_text())
    return found


@pytest.mark.parametrize("file", FILES)
def test_no_case_is_excluded(file: str) -> None:
    spec = read(file)
    assert (spec["cases"], spec["exclude-cases"], spec["exclude-agent-cases"]) == (["*"], [], {})


@pytest.mark.parametrize("file", FILES)
def test_reports_are_left_in_the_mounted_folder(file: str) -> None:
    assert Path(read(file)["outdir"]).parent == Path("/reports")


def test_both_endpoints_are_named_on_the_default_port() -> None:
    urls = [urlsplit(server["url"]) for server in read("fuzzingclient.json")["servers"]]
    assert [(url.scheme, url.port, url.path) for url in urls] == [
        ("ws", DEFAULT_PORT, "/simple-echo"),
        ("ws", DEFAULT_PORT, "/multi-echo"),
    ]


def test_each_endpoint_has_reports_of_its_own() -> None:
    agents = {server["agent"] for server in read("fuzzingclient.json")["servers"]}
    assert len(agents) == 2


@pytest.mark.parametrize("server", read("fuzzingclient.json")["servers"], ids=lambda server: server["agent"])
def test_the_daemon_has_each_endpoint_that_is_named(daemon: Daemon, server: dict[str, str]) -> None:
    with connect(daemon.uri(urlsplit(server["url"]).path), proxy=None) as client:
        client.send("hello")
        assert client.recv(timeout=10) == "hello"


@pytest.mark.parametrize("file", FILES)
def test_the_readme_names_each_file(file: str) -> None:
    assert f"/config/{file}" in (FOLDER / "README.md").read_text()
