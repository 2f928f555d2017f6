"""The certificates of a `tls:` endpoint: a folder of PEM files, read whole or not at all.

Twisted itself ignores a file without a key or a certificate, and accepts a folder without any:
it would listen, and answer every handshake with an alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.python.filepath import FilePath

from echod.daemon.private import is_empty, join_pems, parse_endpoint, read_pems

if TYPE_CHECKING:
    # pyOpenSSL is an extra: echod[tls].
    from twisted.internet.ssl import CertificateOptions
    from twisted.protocols._sni import PEMObjects

PROXY, TLS = "haproxy", "tls"


def folder_of(text: str) -> str | None:
    """The folder of a `tls:` endpoint, also behind `haproxy:`; None for any other."""
    words, named = parse_endpoint(text)
    words = words[1:] if words[:1] == [PROXY] else words
    if words[:1] != [TLS]:
        return None
    return named.get("path") or next(iter(words[1:]), None)


def read_folder(path: str) -> CertificateOptions:
    """What makes contexts with the certificates in this folder: of the name that a client asks for, or of the first.

    Raises:
        ValueError: a file does not load, or no key has its certificate; which, and why.
        Exception: the folder cannot be read.
    """
    if not FilePath(path).isdir():
        raise ValueError(f"{path}: no such folder")
    files = [file for file in FilePath(path).walk() if file.basename().endswith(".pem") and not file.isdir()]
    for options in join_pems([read_file(file) for file in files]).inferDomainMapping().values():
        return options
    raise ValueError(f"{path}: no .pem file with a key and its certificate for a name")


def read_file(file: FilePath[str]) -> PEMObjects:
    """Its keys and certificates.

    Raises:
        ValueError: it has none, or one that does not load.
    """
    try:
        read = read_pems(file)
    except Exception as error:
        # OpenSSL, cryptography and the system each have their own, and some say nothing.
        raise ValueError(f"{file.path}: {error or type(error).__name__}") from error
    if is_empty(read):
        raise ValueError(f"{file.path}: neither a key nor a certificate")
    return read
