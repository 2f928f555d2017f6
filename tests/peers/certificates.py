"""Keys, certificates and authorities in files, and who trusts them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.tls import share


@dataclass(frozen=True)
class Authority:
    """An authority, and a folder for what it issues; its own certificate is in a file for other programs."""

    folder: Path
    made: trustme.CA

    @property
    def root(self) -> Path:
        path = self.folder / "root.crt"
        if not path.exists():
            self.made.cert_pem.write_to_path(str(path))
        return path

    def issue(self, name: str, *names: str) -> Path:
        """A file with a key, its certificate for these names, and the chain."""
        path = self.folder / name
        self.made.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(path))
        return path

    def trusting(self) -> ssl.SSLContext:
        """A client that trusts this authority."""
        context = share(ssl.create_default_context())
        self.made.configure_trust(context)
        return context


def make_authority(folder: Path) -> Authority:
    folder.mkdir(exist_ok=True)
    return Authority(folder, trustme.CA())
