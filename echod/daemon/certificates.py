"""The certificates of a `tls:` endpoint: a folder of PEM files, read whole or not at all.

Twisted itself takes a file without a key or a certificate for nothing, and a folder without any for a good one: it
would listen, and send an alert to everybody. Names of Twisted's own: `_parse` of its endpoints, and `PEMObjects`.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import _parse
from twisted.python.filepath import FilePath

PROXY, TLS = "haproxy", "tls"


def folder_of(text: str) -> str | None:
    """The folder of a `tls:` endpoint, also behind `haproxy:`; None for any other."""
    words, named = _parse(text)
    words = words[1:] if words[:1] == [PROXY] else words
    if words[:1] != [TLS]:
        return None
    return named.get("path") or next(iter(words[1:]), None)


def read_folder(path: str) -> Any:
    """What makes contexts with the certificates in this folder: of the name that a client asks for, or of the first.

    Raises:
        ValueError: a file does not load, or no key has its certificate; which, and why.
        Exception: the folder cannot be read.
    """
    # pyOpenSSL is an extra: echod[tls].
    from twisted.protocols._sni import PEMObjects

    if not FilePath(path).isdir():
        raise ValueError(f"{path}: no such folder")
    found = PEMObjects([], [])
    for file in FilePath(path).walk():
        if file.basename().endswith(".pem") and not file.isdir():
            read = read_file(file)
            found._certificates += read._certificates
            found._keyPairs += read._keyPairs
    for options in found.inferDomainMapping().values():
        return options
    raise ValueError(f"{path}: no .pem file with a key and its certificate for a name")


def read_file(file: FilePath[str]) -> Any:
    """Its keys and certificates.

    Raises:
        ValueError: it has none, or one that does not load.
    """
    from twisted.protocols._sni import PEMObjects

    try:
        read = PEMObjects.fromFile(file)
    except Exception as error:
        # OpenSSL, cryptography and the system each have their own, and some say nothing.
        raise ValueError(f"{file.path}: {error or type(error).__name__}") from error
    if not read._certificates and not read._keyPairs:
        raise ValueError(f"{file.path}: neither a key nor a certificate")
    return read
