"""The certificates of a `tls:` endpoint: a folder of PEM files, read whole or not at all.

Twisted itself ignores a file without a key or a certificate, and accepts a folder without any:
it would listen, and answer every handshake with an alert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.python.filepath import FilePath

from echod.daemon.private import parse_endpoint, read_pems

if TYPE_CHECKING:
    # pyOpenSSL is an extra: echod[tls].
    from twisted.internet.ssl import CertificateOptions


def folder_of(text: str) -> str | None:
    """The folder of a `tls:` endpoint, also behind `haproxy:`; None for any other."""
    match parse_endpoint(text):
        case (["tls", *words] | ["haproxy", "tls", *words], named):
            return named.get("path") or next(iter(words), None)
    return None


def read_folder(path: str) -> CertificateOptions:
    """What makes contexts with the certificates in this folder: of the name that a client asks for, or of the first.

    A ValueError names the file that does not load, or says that no key has its certificate.
    """
    if not FilePath(path).isdir():
        raise ValueError(f"{path}: no such folder")
    files = [file for file in FilePath(path).walk() if file.basename().endswith(".pem") and not file.isdir()]
    for options in read_pems(files).inferDomainMapping().values():
        return options
    raise ValueError(f"{path}: no .pem file with a key and its certificate for a name")
