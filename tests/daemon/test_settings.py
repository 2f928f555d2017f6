"""Settings from options and variables: what each may be, and who wins. In process; nothing is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.logger import capturedLogs, formatEvent

from echod.daemon.command_line import Options
from echod.daemon.options import OPTIONS, check_variables, read_settings
from echod.daemon.service import make_service
from echod.errors import BadSetting
from echod.settings import Limits, Settings

KIB = 1024
SIZE = "a size such as 1, 64K or 1M, from 1 to 1024G"
TIME = "a time such as 250ms, 2s or 1m, or plain seconds, from 1ms to 24h"
TIME_OR_ZERO = "a time such as 250ms, 2s or 1m, or plain seconds, from 0s to 24h"
HOST = "an IPv4 or IPv6 address, or a name such as localhost"


def test_without_options_and_variables_everything_is_the_default() -> None:
    assert read_settings({}, {}) == Settings()


def test_the_default_port_is_that_of_the_note() -> None:
    assert read_settings({}, {}).port == 9001


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"port": ["0"]}, Settings(port=0)),
        ({"port": ["65535"]}, Settings(port=65535)),
        ({"host": ["::1"]}, Settings(host="::1")),
        ({"host": ["127.0.0.1"]}, Settings(host="127.0.0.1")),
        ({"host": ["localhost"]}, Settings(host="localhost")),
        ({"listen": ["tcp:0", "unix:/run/echod"]}, Settings(listen=("tcp:0", "unix:/run/echod"))),
        ({"web": ["/"]}, Settings(web=Path("/"))),
        ({"origin": ["HTTPS://Example.com"]}, Settings(origins=("https://example.com:443",))),
        ({"origin": ["http://a:8080", "null"]}, Settings(origins=("http://a:8080", "null"))),
        ({"max-message": ["1"]}, Settings(limits=Limits(max_message_bytes=1))),
        ({"max-message": ["64K"]}, Settings(limits=Limits(max_message_bytes=64 * KIB))),
        ({"max-message": ["2M"]}, Settings(limits=Limits(max_message_bytes=2 * KIB**2))),
        ({"max-message": ["1G"]}, Settings(limits=Limits(max_message_bytes=KIB**3))),
        ({"compression": ["on"]}, Settings(compression=True)),
        ({"compression": ["off"]}, Settings(compression=False)),
        ({"behaviours": ["off"]}, Settings(behaviours=False)),
        ({"debug": ["1"]}, Settings(debug=True)),
        ({"backlog": ["5"]}, Settings(backlog=5)),
        ({"max-header-size": ["8K"]}, Settings(limits=Limits(max_header_bytes=8 * KIB))),
        ({"max-header-count": ["7"]}, Settings(limits=Limits(max_header_count=7))),
        ({"handshake-timeout": ["250ms"]}, Settings(limits=Limits(handshake_timeout_s=0.25))),
        ({"max-fragments": ["9"]}, Settings(limits=Limits(max_fragments=9))),
        ({"max-unfinished": ["1M"]}, Settings(limits=Limits(max_unfinished_bytes=KIB**2))),
        ({"inflate-rate": ["1M"]}, Settings(limits=Limits(inflated_bytes_per_s=KIB**2))),
        ({"write-buffer": ["1K"]}, Settings(limits=Limits(write_buffer_bytes=KIB))),
        ({"stall-timeout": ["2s"]}, Settings(limits=Limits(stall_timeout_s=2.0))),
        ({"ping-interval": ["0"]}, Settings(limits=Limits(ping_interval_s=0.0))),
        ({"ping-timeout": ["1.5"]}, Settings(limits=Limits(ping_timeout_s=1.5))),
        ({"close-timeout": ["1m"]}, Settings(limits=Limits(close_timeout_s=60.0))),
        ({"close-timeout": ["1h"]}, Settings(limits=Limits(close_timeout_s=3600.0))),
        ({"max-connections": ["3"]}, Settings(limits=Limits(max_connections=3))),
        ({"max-per-address": ["4"]}, Settings(limits=Limits(max_per_address=4))),
        ({"drain-timeout": ["5s"]}, Settings(limits=Limits(drain_timeout_s=5.0))),
        ({"drain-spread": ["0s"]}, Settings(limits=Limits(drain_spread_s=0.0))),
    ],
)
def test_an_option_sets_its_field_and_no_other(given: dict[str, list[str]], expected: Settings) -> None:
    assert read_settings(given, {}) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"ECHOD_PORT": "8000"}, Settings(port=8000)),
        ({"PORT": "8000"}, Settings(port=8000)),
        (
            {"ECHOD_LISTEN": "tcp:1 unix:/run/echod"},
            Settings(listen=("tcp:1", "unix:/run/echod"), listen_source="ECHOD_LISTEN"),
        ),
        ({"ECHOD_WEB": "/"}, Settings(web=Path("/"))),
        ({"ECHOD_ORIGIN": "null http://a"}, Settings(origins=("null", "http://a:80"))),
        ({"ECHOD_MAX_MESSAGE": "64K"}, Settings(limits=Limits(max_message_bytes=64 * KIB))),
        ({"ECHOD_COMPRESSION": "off"}, Settings(compression=False)),
        ({"ECHOD_DEBUG": "1"}, Settings(debug=True)),
        ({"ECHOD_DEBUG": "TRUE"}, Settings(debug=True)),
        ({"ECHOD_DEBUG": "on"}, Settings(debug=True)),
        ({"ECHOD_DEBUG": "0"}, Settings(debug=False)),
        ({"ECHOD_DEBUG": "off"}, Settings(debug=False)),
        ({"ECHOD_DEBUG": "false"}, Settings(debug=False)),
    ],
)
def test_a_variable_sets_its_field_and_no_other(environ: dict[str, str], expected: Settings) -> None:
    assert read_settings({}, environ) == expected


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_empty_variable_is_as_good_as_none(option: Any) -> None:
    assert read_settings({}, {option.variable: "", "PORT": ""}) == Settings()


@pytest.mark.parametrize("variable", ["ECHOD_LISTEN", "ECHOD_ORIGIN"])
def test_a_variable_of_spaces_is_as_good_as_none(variable: str) -> None:
    assert read_settings({}, {variable: "  "}) == Settings()


@pytest.mark.parametrize(
    ("given", "environ", "port"),
    [
        ({"port": ["1"]}, {"ECHOD_PORT": "2", "PORT": "3"}, 1),
        ({"port": ["0"]}, {"ECHOD_PORT": "2"}, 0),
        ({}, {"ECHOD_PORT": "2", "PORT": "3"}, 2),
        ({}, {"ECHOD_PORT": "", "PORT": "3"}, 3),
        ({}, {"PORT": "3"}, 3),
        ({}, {}, 9001),
    ],
)
def test_an_option_beats_its_variable_which_beats_the_bare_port(
    given: dict[str, list[str]], environ: dict[str, str], port: int
) -> None:
    assert read_settings(given, environ).port == port


@pytest.mark.parametrize(("name", "word", "value"), [("port", "7000", 7000), ("host", "::1", "::1")])
def test_a_port_or_a_host_on_the_command_line_beats_endpoints_in_the_environment(
    name: str, word: str, value: object
) -> None:
    with capturedLogs() as events:
        settings = read_settings({name: [word]}, {"ECHOD_LISTEN": "tcp:1"})
    assert (getattr(settings, name), settings.listen) == (value, ())
    assert events == []


@pytest.mark.parametrize(("name", "word"), [("port", "7000"), ("host", "::1"), ("backlog", "5")])
def test_where_endpoints_in_the_environment_beat_another_variable_the_log_says_so(name: str, word: str) -> None:
    with capturedLogs() as events:
        settings = read_settings({}, {f"ECHOD_{name.upper()}": word, "ECHOD_LISTEN": "tcp:1", "PORT": "1"})
    assert settings.listen == ("tcp:1",)
    assert [formatEvent(event) for event in events] == [
        f"echod ignores ECHOD_{name.upper()}: ECHOD_LISTEN says where to listen"
    ]


@pytest.mark.parametrize(("name", "word"), [("port", "7000"), ("host", "::1"), ("backlog", "5")])
def test_what_belongs_to_a_port_contradicts_an_endpoint_where_both_are_options(name: str, word: str) -> None:
    with pytest.raises(BadSetting, match=f"^--{name}: '{word}' is not allowed with --listen, "):
        read_settings({name: [word], "listen": ["tcp:1"]}, {})


def test_a_backlog_on_the_command_line_contradicts_endpoints_in_the_environment() -> None:
    """It would have no effect on them, and is no reason to listen elsewhere."""
    with pytest.raises(BadSetting, match=r"^--backlog: '5' is not allowed with ECHOD_LISTEN, "):
        read_settings({"backlog": ["5"]}, {"ECHOD_LISTEN": "tcp:1"})


def test_endpoints_on_the_command_line_beat_variables_silently() -> None:
    with capturedLogs() as events:
        settings = read_settings({"listen": ["tcp:1"]}, {"ECHOD_PORT": "7000", "ECHOD_HOST": "::1"})
    assert (settings.listen, settings.listen_source) == (("tcp:1",), "--listen")
    assert events == []


def test_endpoints_on_the_command_line_replace_those_in_the_environment() -> None:
    assert read_settings({"listen": ["tcp:1"]}, {"ECHOD_LISTEN": "tcp:2 tcp:3"}).listen == ("tcp:1",)


@pytest.mark.parametrize(
    ("name", "word", "wanted"),
    [
        ("port", "x", "a port number from 0 to 65535"),
        ("port", "65536", "a port number from 0 to 65535"),
        ("port", "-1", "a port number from 0 to 65535"),
        ("port", "9001 ", "a port number from 0 to 65535"),
        ("port", "٣", "a port number from 0 to 65535"),
        ("web", "/no/such/folder", "a folder"),
        ("origin", "https://*.example.com", "an origin such as https://example.com or http://localhost:8080, or null"),
        ("origin", "example.com", "an origin such as https://example.com or http://localhost:8080, or null"),
        ("origin", "http://a/page", "an origin such as https://example.com or http://localhost:8080, or null"),
        ("max-message", "0", SIZE),
        ("max-message", "0K", SIZE),
        ("max-message", "12X", SIZE),
        ("max-message", "64k", SIZE),
        ("max-message", "-1", SIZE),
        ("max-message", "1.5M", SIZE),
        ("max-message", "1025G", SIZE),
        ("host", "-x", HOST),
        ("host", "::g", HOST),
        ("host", "[::1]", HOST),
        ("host", "a b", HOST),
        ("compression", "maybe", "on or off"),
        ("max-connections", "0", "a number from 1 to 2147483647"),
        ("max-connections", "-1", "a number from 1 to 2147483647"),
        ("max-connections", "many", "a number from 1 to 2147483647"),
        ("backlog", "99999999999", "a number from 1 to 2147483647"),
        ("backlog", "٣", "a number from 1 to 2147483647"),
        ("close-timeout", "0", TIME),
        ("close-timeout", "0.0s", TIME),
        ("close-timeout", "86401", TIME),
        ("close-timeout", "0.0001s", TIME),
        ("close-timeout", "25h", TIME),
        ("ping-interval", "-1s", TIME_OR_ZERO),
        ("ping-interval", "soon", TIME_OR_ZERO),
        ("ping-interval", "inf", TIME_OR_ZERO),
        ("handshake-timeout", "0.0001ms1", TIME),
    ],
)
def test_a_bad_value_is_named_with_its_source_and_what_is_right(name: str, word: str, wanted: str) -> None:
    with pytest.raises(BadSetting) as from_option:
        read_settings({name: [word]}, {})
    assert str(from_option.value) == f"--{name}: {word!r} is not {wanted}"
    variable = "ECHOD_" + name.upper().replace("-", "_")
    with pytest.raises(BadSetting) as from_variable:
        read_settings({}, {variable: word})
    assert str(from_variable.value) == f"{variable}: {word!r} is not {wanted}"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"PORT": "x"}, "PORT: 'x' is not a port number from 0 to 65535"),
        ({"ECHOD_DEBUG": "maybe"}, "ECHOD_DEBUG: 'maybe' is not on or off"),
    ],
)
def test_a_bad_variable_without_an_option_of_that_form_is_named(environ: dict[str, str], line: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings({}, environ)
    assert str(refused.value) == line


def test_a_bad_variable_that_an_option_beats_does_no_harm() -> None:
    assert read_settings({"port": ["7000"]}, {"ECHOD_PORT": "x"}).port == 7000


RENAMED = {
    "head-size": "max-header-size",
    "head-lines": "max-header-count",
    "head-timeout": "handshake-timeout",
    "unfinished": "max-unfinished",
}


@pytest.mark.parametrize(("name", "meant"), [*RENAMED.items(), ("prot", "port"), ("max-mesage", "max-message")])
def test_a_misspelt_or_former_variable_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    wrong, right = ("ECHOD_" + word.upper().replace("-", "_") for word in (name, meant))
    with pytest.raises(BadSetting) as refused:
        check_variables({"ECHOD_PORT": "0", wrong: "1"})
    assert str(refused.value) == f"variable: {wrong!r} is not known, did you mean {right}?; --help lists the options"


def test_an_unknown_variable_that_is_near_to_none_is_refused_too() -> None:
    with pytest.raises(BadSetting, match=r"^variable: 'ECHOD_XYZZY' is not known; --help lists the options$"):
        check_variables({"ECHOD_XYZZY": ""})


def test_the_variables_of_others_are_ignored() -> None:
    check_variables({option.variable: "" for option in OPTIONS} | {"HOME": "/", "XECHOD_PORT": ""})


class TestTheCommandLine:
    """`Options`, as twistd parses it."""

    @pytest.fixture(autouse=True)
    def _no_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for option in OPTIONS:
            monkeypatch.delenv(option.variable, raising=False)
        monkeypatch.delenv("PORT", raising=False)

    def test_every_option_arrives_in_the_settings(self) -> None:
        options = Options()
        line = (
            "--listen tcp:2 --listen=tcp:3 --web / --origin null --origin http://a --max-message 64K --compression off "
            "--debug"
        )
        options.parseOptions(line.split())
        assert options.settings == Settings(
            listen=("tcp:2", "tcp:3"),
            web=Path("/"),
            origins=("null", "http://a:80"),
            compression=False,
            debug=True,
            limits=Limits(max_message_bytes=64 * KIB),
        )

    @pytest.mark.parametrize(("name", "meant"), [*RENAMED.items(), ("prot", "port"), ("hots", "host")])
    def test_a_misspelt_or_former_option_is_one_line_with_the_one_that_was_meant(self, name: str, meant: str) -> None:
        line = f"echod: option --{name} not recognized, did you mean --{meant}?; --help lists the options"
        with pytest.raises(SystemExit) as refused:
            Options().parseOptions([f"--{name}", "1"])
        assert str(refused.value) == line

    def test_an_unknown_option_that_is_near_to_none_is_one_line_too(self) -> None:
        with pytest.raises(SystemExit, match=r"^echod: option --xyzzy not recognized; --help lists the options$"):
            Options().parseOptions(["--xyzzy"])

    def test_of_an_option_that_takes_one_value_the_last_counts(self) -> None:
        options = Options()
        options.parseOptions(["--port", "x", "--max-message=1K", "--port", "7000", "--max-message", "2K"])
        assert options.settings == Settings(port=7000, limits=Limits(max_message_bytes=2 * KIB))

    def test_an_empty_line_gives_the_defaults(self) -> None:
        options = Options()
        options.parseOptions([])
        assert options.settings == Settings()

    def test_variables_are_read_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ECHOD_PORT", "7000")
        options = Options()
        options.parseOptions(["--debug"])
        assert (options.settings.port, options.settings.debug) == (7000, True)

    @pytest.mark.parametrize("option", ["port", "host", "listen", "web", "origin", "max-message", "compression"])
    def test_an_empty_value_is_a_mistake_and_not_the_default(self, option: str) -> None:
        options = Options()
        with pytest.raises(SystemExit, match=f"^echod: --{option}: '' is not "):
            make_service_of(options, f"--{option}", "")


def make_service_of(options: Options, *words: str) -> None:
    """What twistd does before it starts anything: a bad endpoint shows in the second step only."""
    options.parseOptions(words)
    make_service(options.settings)
