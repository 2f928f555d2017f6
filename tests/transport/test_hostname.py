"""Names that Twisted's own endpoint refuses are looked up as they are."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import DNSLookupError
from twisted.internet.protocol import Factory

from echod.transport.hostname import NameEndpoint
from tests.resolver import resolving

NAMES = ["web_1", "_sip._tcp.example", "ab--c"]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [str, str.encode])
async def test_every_name_is_looked_up(name: str, form: Any) -> None:
    with resolving() as resolver, pytest.raises(DNSLookupError, match=name):
        await NameEndpoint(reactor, form(name), 1).connect(Factory())
    assert resolver.asked == [name]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("name", NAMES)
async def test_twisteds_own_endpoint_refuses_them(name: str) -> None:
    """A canary: when this fails, Twisted's endpoint is mended, and ours may go."""
    with resolving(), pytest.raises(ValueError, match="invalid hostname"):
        await HostnameEndpoint(reactor, name, 1).connect(Factory())
