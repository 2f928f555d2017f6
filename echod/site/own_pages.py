"""The pages that come with echod: where they are, and what browsers may do with them. Needs no twisted.web."""

from __future__ import annotations

from pathlib import Path

PACKED = Path(__file__).parent.parent / "web"
CHECKOUT = Path(__file__).parent.parent.parent / "web"
"""An editable install has no echod/web: the pages stand beside the package."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws: wss:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy; a page may be pointed at another host and port, so it may connect to any."""


def own_folder() -> Path:
    """The folder of these pages: in the installed package, or in the checkout."""
    return PACKED if PACKED.is_dir() else CHECKOUT
