"""The variables of Kubernetes and of Docker's links are no settings; a misspelt setting beside them is still named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from twisted.logger import capturedLogs, formatEvent

from echod.daemon.options import read_settings
from echod.errors import BadSetting
from echod.settings import Settings
from tests.child import Daemon


def links_of(service: str, port: int = 9001, protocol: str = "tcp", host: str = "10.0.0.1") -> dict[str, str]:
    """What the kubelet sets for a Service with one port, which has a name."""
    url, one = f"{protocol}://{host}:{port}", f"{service}_PORT_{port}_{protocol.upper()}"
    return {
        f"{service}_SERVICE_HOST": host,
        f"{service}_SERVICE_PORT": str(port),
        f"{service}_SERVICE_PORT_WEB": str(port),
        f"{service}_PORT": url,
        one: url,
        f"{one}_PROTO": protocol,
        f"{one}_PORT": str(port),
        f"{one}_ADDR": host,
    }


DOCKER = {
    "ECHOD_NAME": "/web/echod",
    "ECHOD_PORT": "tcp://172.17.0.2:9001",
    "ECHOD_PORT_9001_TCP": "tcp://172.17.0.2:9001",
    "ECHOD_PORT_9001_TCP_PROTO": "tcp",
    "ECHOD_PORT_9001_TCP_PORT": "9001",
    "ECHOD_PORT_9001_TCP_ADDR": "172.17.0.2",
    "ECHOD_ENV_LANG": "C.UTF-8",
}


@pytest.mark.parametrize(
    ("environ", "services"),
    [
        (links_of("ECHOD"), "ECHOD"),
        (links_of("ECHOD_WEB"), "ECHOD_WEB"),
        (links_of("ECHOD") | links_of("ECHOD_WEB", 80), "ECHOD, ECHOD_WEB"),
        (links_of("ECHOD", protocol="udp"), "ECHOD"),
        (links_of("ECHOD", protocol="sctp"), "ECHOD"),
        (links_of("ECHOD", host="fd00::1") | {"ECHOD_PORT": "tcp://[fd00::1]:9001"}, "ECHOD"),
        (links_of("ECHOD_MAX_MESSAGE"), "ECHOD_MAX_MESSAGE"),
        (links_of("ECHOD") | links_of("ECHOD", 9002), "ECHOD"),
        (DOCKER, "ECHOD"),
    ],
    ids=["echod", "echod-web", "both", "UDP", "SCTP", "IPv6", "named as a setting", "two ports", "a link of Docker"],
)
def test_links_are_no_settings_and_are_told_once(environ: Mapping[str, str], services: str) -> None:
    with capturedLogs() as events:
        assert read_settings({}, environ) == Settings()
    assert [formatEvent(event) for event in events] == [
        f"echod ignores the service links of {services} in its variables"
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ECHOD_PORT": "8000"}, Settings(port=8000)),
        ({"PORT": "8000"}, Settings(port=8000)),
        ({"ECHOD_LISTEN": "tcp:1"}, Settings(listen=("tcp:1",), listen_source="ECHOD_LISTEN")),
        ({"ECHOD_COMPRESSION": "off"}, Settings(compression=False)),
    ],
)
def test_settings_beside_them_count(given: dict[str, str], expected: Settings) -> None:
    assert read_settings({}, {**links_of("ECHOD"), **links_of("ECHOD_WEB"), **given}) == expected


@pytest.mark.parametrize(
    ("wrong", "value", "hint"),
    [
        ("ECHOD_PROT", "9001", ", did you mean ECHOD_PORT?"),
        ("ECHOD_PROT", "tcp://10.0.0.1:9001", ", did you mean ECHOD_PORT?"),
        ("ECHOD_MAX_MESAGE", "1M", ", did you mean ECHOD_MAX_MESSAGE?"),
        ("ECHOD_SERVICE_PROT", "9001", ""),
        ("ECHOD_SERVICE_PORT", "many", ""),
        ("ECHOD_NAME", "echod", ""),
    ],
)
def test_a_misspelt_setting_beside_them_is_named(wrong: str, value: str, hint: str) -> None:
    with pytest.raises(BadSetting, match=f"^variable: '{wrong}' is not known"[:-1]) as refused:
        read_settings({}, {**links_of("ECHOD"), wrong: value})
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"ECHOD_PORT": "tcp://10.0.0.1:9001"}, "ECHOD_PORT: 'tcp://10.0.0.1:9001' is not a port number"),
        (links_of("ECHOD_WEB") | {"ECHOD_PORT": "tcp://a:1"}, "ECHOD_PORT: 'tcp://a:1' is not a port number"),
        (links_of("ECHOD") | {"ECHOD_PORT": "http://a:1"}, "ECHOD_PORT: 'http://a:1' is not a port number"),
        (links_of("ECHOD") | {"ECHOD_WEB": "tcp://a:1"}, "ECHOD_WEB: 'tcp://a:1' is not a folder"),
        ({"ECHOD_ENV_LANG": "C"}, "variable: 'ECHOD_ENV_LANG' is not known"),
    ],
    ids=["no Service", "of another Service", "no link", "a setting with the name of a Service", "no link of Docker"],
)
def test_what_only_looks_like_a_link_is_a_bad_setting(environ: Mapping[str, str], line: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings({}, environ)
    assert str(refused.value).startswith(line)


def test_links_of_other_names_are_never_mentioned() -> None:
    with capturedLogs() as events:
        assert read_settings({}, {**links_of("KUBERNETES"), **links_of("MY_ECHOD")}) == Settings()
    assert events == []


def test_a_daemon_starts_beside_services_of_its_name() -> None:
    with Daemon(env={**links_of("ECHOD"), **links_of("ECHOD_WEB")}) as running:
        assert "echod ignores the service links of ECHOD, ECHOD_WEB in its variables" in running.text
        assert running.terminate() == 0
