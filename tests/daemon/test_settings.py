"""Settings from options and variables: what each may be, and who wins. In process; nothing is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from echod.daemon.configuration import OPTIONS, check_unknown, read_settings
from echod.daemon.options import Options
from echod.daemon.service import make_service
from echod.errors import BadSetting
from echod.settings import Limits, Settings

KIB = 1024


def test_without_options_and_variables_everything_is_the_default() -> None:
    assert read_settings({}, {}) == Settings()


def test_the_default_port_is_that_of_the_note() -> None:
    assert read_settings({}, {}).port == 9001


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"port": ["0"]}, Settings(port=0)),
        ({"port": ["65535"]}, Settings(port=65535)),
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
        ({"head-size": ["8K"]}, Settings(limits=Limits(head_bytes=8 * KIB))),
        ({"head-lines": ["7"]}, Settings(limits=Limits(head_lines=7))),
        ({"head-timeout": ["250ms"]}, Settings(limits=Limits(head_timeout_s=0.25))),
        ({"max-fragments": ["9"]}, Settings(limits=Limits(max_fragments=9))),
        ({"unfinished": ["1M"]}, Settings(limits=Limits(unfinished_bytes=KIB**2))),
        ({"inflate-rate": ["1M"]}, Settings(limits=Limits(inflated_bytes_per_s=KIB**2))),
        ({"write-buffer": ["1K"]}, Settings(limits=Limits(write_buffer_bytes=KIB))),
        ({"stall-timeout": ["2s"]}, Settings(limits=Limits(stall_timeout_s=2.0))),
        ({"ping-interval": ["0"]}, Settings(limits=Limits(ping_interval_s=0.0))),
        ({"ping-timeout": ["1.5"]}, Settings(limits=Limits(ping_timeout_s=1.5))),
        ({"close-timeout": ["1m"]}, Settings(limits=Limits(close_timeout_s=60.0))),
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
def test_a_variable_of_blanks_is_as_good_as_none(variable: str) -> None:
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


def test_a_port_on_the_command_line_beats_endpoints_in_the_environment() -> None:
    settings = read_settings({"port": ["7000"]}, {"ECHOD_LISTEN": "tcp:1"})
    assert (settings.port, settings.listen) == (7000, ())


def test_a_port_in_the_environment_does_not_beat_endpoints_there() -> None:
    assert read_settings({}, {"ECHOD_PORT": "7000", "ECHOD_LISTEN": "tcp:1"}).listen == ("tcp:1",)


def test_an_endpoint_beats_a_port_where_both_are_options() -> None:
    assert read_settings({"port": ["7000"], "listen": ["tcp:1"]}, {}).listen == ("tcp:1",)


def test_endpoints_on_the_command_line_replace_those_in_the_environment() -> None:
    assert read_settings({"listen": ["tcp:1"]}, {"ECHOD_LISTEN": "tcp:2 tcp:3"}).listen == ("tcp:1",)


@pytest.mark.parametrize(
    ("name", "word", "wanted"),
    [
        ("port", "x", "a port number from 0 (any free one) to 65535"),
        ("port", "65536", "a port number from 0 (any free one) to 65535"),
        ("port", "-1", "a port number from 0 (any free one) to 65535"),
        ("port", "9001 ", "a port number from 0 (any free one) to 65535"),
        ("port", "٣", "a port number from 0 (any free one) to 65535"),
        ("web", "/no/such/folder", "a folder"),
        ("origin", "https://*.example.com", "an origin such as https://example.com or http://localhost:8080, or null"),
        ("origin", "example.com", "an origin such as https://example.com or http://localhost:8080, or null"),
        ("origin", "http://a/page", "an origin such as https://example.com or http://localhost:8080, or null"),
        ("max-message", "0", "a size such as 65536, 64K or 16M"),
        ("max-message", "0K", "a size such as 65536, 64K or 16M"),
        ("max-message", "12X", "a size such as 65536, 64K or 16M"),
        ("max-message", "64k", "a size such as 65536, 64K or 16M"),
        ("max-message", "-1", "a size such as 65536, 64K or 16M"),
        ("max-message", "1.5M", "a size such as 65536, 64K or 16M"),
        ("compression", "maybe", "on or off"),
        ("max-connections", "0", "a number from 1 to 2147483647"),
        ("max-connections", "-1", "a number from 1 to 2147483647"),
        ("max-connections", "many", "a number from 1 to 2147483647"),
        ("backlog", "99999999999", "a number from 1 to 2147483647"),
        ("backlog", "٣", "a number from 1 to 2147483647"),
        ("close-timeout", "0", "a time above zero, such as 250ms, 2s or 1m"),
        ("close-timeout", "0.0s", "a time above zero, such as 250ms, 2s or 1m"),
        ("close-timeout", "5h", "a time such as 250ms, 2s or 1m"),
        ("ping-interval", "-1s", "a time such as 250ms, 2s or 1m"),
        ("ping-interval", "soon", "a time such as 250ms, 2s or 1m"),
        ("ping-interval", "inf", "a time such as 250ms, 2s or 1m"),
        ("head-timeout", "0.0001ms1", "a time such as 250ms, 2s or 1m"),
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
        ({"PORT": "x"}, "PORT: 'x' is not a port number from 0 (any free one) to 65535"),
        ({"ECHOD_DEBUG": "maybe"}, "ECHOD_DEBUG: 'maybe' is not 1 or 0"),
    ],
)
def test_a_bad_variable_without_an_option_of_that_form_is_named(environ: dict[str, str], line: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings({}, environ)
    assert str(refused.value) == line


def test_a_bad_variable_that_an_option_beats_does_no_harm() -> None:
    assert read_settings({"port": ["7000"]}, {"ECHOD_PORT": "x"}).port == 7000


def test_an_unknown_variable_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BadSetting, match=r"'ECHOD_PROT' is not one of ECHOD_BACKLOG, .*ECHOD_PORT, .*ECHOD_WEB"):
        check_unknown({"ECHOD_PORT": "0", "ECHOD_PROT": "9001"})


def test_the_variables_of_others_are_none_of_our_business() -> None:
    check_unknown({option.variable: "" for option in OPTIONS} | {"HOME": "/", "XECHOD_PORT": ""})


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
            "--port 1 --listen tcp:2 --listen=tcp:3 --web / --origin null --max-message 64K --compression off --debug"
        )
        options.parseOptions(line.split())
        assert options.settings == Settings(
            port=1,
            listen=("tcp:2", "tcp:3"),
            web=Path("/"),
            origins=("null",),
            compression=False,
            debug=True,
            limits=Limits(max_message_bytes=64 * KIB),
        )

    def test_an_empty_line_gives_the_defaults(self) -> None:
        options = Options()
        options.parseOptions([])
        assert options.settings == Settings()

    def test_variables_are_read_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ECHOD_PORT", "7000")
        options = Options()
        options.parseOptions(["--debug"])
        assert (options.settings.port, options.settings.debug) == (7000, True)

    @pytest.mark.parametrize("option", ["port", "listen", "web", "origin", "max-message", "compression"])
    def test_an_empty_value_is_a_mistake_and_not_the_default(self, option: str) -> None:
        options = Options()
        with pytest.raises(SystemExit, match=f"^echod: --{option}: '' is not "):
            make_service_of(options, f"--{option}", "")


def make_service_of(options: Options, *words: str) -> None:
    """What twistd does before it starts anything: a bad endpoint shows in the second step only."""
    options.parseOptions(words)
    make_service(options.settings)
