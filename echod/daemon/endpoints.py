"""Endpoint strings: where to listen, with which certificates, and whether behind a proxy.

`tcp:` and `tcp6:`, and those of other packages, are Twisted's. `ssl:`, `tls:`, `unix:`, `systemd:` and `haproxy:` have
its grammar and are made here; the module of each says what was at fault.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint, serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python.filepath import FilePath

from echod.daemon.inherited import inherit
from echod.daemon.local_socket import LocalSocket
from echod.daemon.private import parse_endpoint
from echod.errors import TLS_MISSING
from echod.transport.interfaces import Reactor

if TYPE_CHECKING:
    # pyOpenSSL is an extra: echod[tls].
    from echod.daemon.contexts import Contexts

Load = Callable[[], "Contexts"]
"""Reads certificates; a ValueError names the file that does not load."""

log = Logger(namespace="echod")

METHODS = {"TLS_METHOD": "TLSv1_3", "SSLv23_METHOD": "TLSv1_3", "TLSv1_2_METHOD": "TLSv1_2"}
"""What `sslmethod=` may say, and the highest version then; the lowest is always 1.2. No client could use another."""
MOST_MODE = 0o777
"""Permissions of a socket file; Linux would take -1, or more digits, for all that there are."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen, and with what above the socket."""

    endpoint: IStreamServerEndpoint
    """The socket, without TLS."""
    load: Load | None = None
    """What loads its certificates."""
    is_proxied: bool = False
    """Whether a PROXY header comes first."""


def parse_place(reactor: Reactor, text: str) -> Place:
    """What an endpoint string says.

    Raises:
        ValueError: it says nothing that can be listened on. Parsers of other packages may raise anything.
    """
    kind, _, rest = text.partition(":")
    kind = kind.lower()
    if kind == "haproxy":
        return parse_proxied(reactor, rest)
    if kind == "stdio":
        raise ValueError("standard input is no place to accept connections")
    make = KINDS.get(kind)
    if make is None:
        return Place(serverFromString(reactor, text))
    words, named = parse_endpoint(text)
    try:
        arguments = inspect.signature(make).bind(reactor, *words[1:], **named)
    except TypeError as error:
        raise ValueError(f"{kind}: {error}") from error
    return make(*arguments.args, **arguments.kwargs)


def parse_proxied(reactor: Reactor, text: str) -> Place:
    """What stands behind `haproxy:`. TLS of another package would want the header within it."""
    kind = text.partition(":")[0].lower()
    if kind not in (*KINDS, "tcp", "tcp6"):
        raise ValueError(f"haproxy: goes before tcp, tcp6, {', '.join(KINDS)}; not before {kind or 'nothing'}")
    return replace(parse_place(reactor, text), is_proxied=True)


def parse_tls(reactor: Reactor, path: str, port: str = "443", backlog: str = "50", interface: str = "::") -> Place:
    """A folder of certificates, chosen by name."""
    return Place(TCP6ServerEndpoint(reactor, int(port), int(backlog), interface), partial(load_folder, path))


def parse_ssl(
    reactor: Reactor,
    port: str,
    privateKey: str = "server.pem",
    certKey: str | None = None,
    sslmethod: str | None = None,
    interface: str = "",
    backlog: str = "50",
    extraCertChain: str | None = None,
    dhParameters: str | None = None,
) -> Place:
    """One key with its certificate and chain, by Twisted's names."""
    load = partial(load_pair, (privateKey, certKey or privateKey, extraCertChain), sslmethod, dhParameters)
    return Place(TCP4ServerEndpoint(reactor, int(port), int(backlog), interface), load)


def parse_unix(
    reactor: Reactor,
    address: str,
    mode: str = "666",
    backlog: str = "50",
    lockfile: str = "1",  # noqa: ARG001  # Of Twisted: what is stale is found out without.
) -> Place:
    """A local socket."""
    permissions = int(mode, 8)
    if not 0 <= permissions <= MOST_MODE:
        raise ValueError(f"mode={mode}: from 0 to {MOST_MODE:o}")
    return Place(LocalSocket(reactor, address, permissions, int(backlog)))


def parse_systemd(reactor: Reactor, domain: str, index: str | None = None, name: str | None = None) -> Place:
    """A socket that was handed over."""
    return Place(inherit(reactor, domain, index, name))


KINDS: dict[str, Callable[..., Place]] = {
    "ssl": parse_ssl,
    "tls": parse_tls,
    "unix": parse_unix,
    "systemd": parse_systemd,
}


def load_folder(path: str) -> Contexts:
    """What makes TLS with the certificates of a folder; a key without a certificate is told in the log."""
    require_extra()
    from echod.daemon.certificates import read_folder
    from echod.daemon.contexts import Contexts

    return Contexts(read_folder(path))


def load_pair(files: tuple[str, str, str | None], method: str | None, parameters: str | None) -> Contexts:
    """What makes TLS with a key, its certificate and its chain; Twisted's names for a version, and a file for DHE."""
    require_extra()
    from twisted.internet.ssl import DiffieHellmanParameters, TLSVersion

    from echod.daemon.certificates import read_pair
    from echod.daemon.contexts import Contexts

    options: dict[str, object] = {}
    if method is not None:
        if method not in METHODS:
            raise ValueError(f"sslmethod={method}: one of {', '.join(METHODS)}")
        options["lowerMaximumSecurityTo"] = getattr(TLSVersion, METHODS[method])
    if parameters is not None:
        check_parameters(parameters)
        options["dhParameters"] = DiffieHellmanParameters.fromFile(FilePath(parameters))
    return Contexts([read_pair(*files)], options)


def check_parameters(path: str) -> None:
    """Raise a ValueError that names a file without parameters for DHE; Twisted reads it with the certificate."""
    from OpenSSL.SSL import TLS_METHOD, Context, Error

    try:
        Context(TLS_METHOD).load_tmp_dh(path)
    except Error as error:
        raise ValueError(f"{path}: no file with DH parameters in PEM") from error


def require_extra() -> None:
    """Raise a ValueError where pyOpenSSL is missing."""
    try:
        import OpenSSL  # noqa: F401
    except ImportError as error:
        raise ValueError(TLS_MISSING) from error
