"""A client endpoint for every name that can be looked up."""

from __future__ import annotations

from twisted.internet.endpoints import HostnameEndpoint


class NameEndpoint(HostnameEndpoint):
    """Connects to the first address of a host that answers, IPv6 or IPv4; `host` is ASCII.

    Twisted's own refuses each name that is none of IDNA 2008, such as `web_1` or `ab--c`, which hosts files,
    containers and DNS have.
    """

    @staticmethod
    def _hostAsBytesAndText(host: bytes | str) -> tuple[bool, bytes, str]:
        """Whether the host is bad, and both its forms."""
        text = host if isinstance(host, str) else host.decode("ascii")
        return False, text.encode("ascii"), text
