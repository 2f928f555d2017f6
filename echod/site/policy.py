"""What browsers may do with echod's own pages. Apart from those, so that nobody has to import twisted.web for it."""

from __future__ import annotations

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        # The pages may be pointed at another host and port.
        "connect-src 'self' ws: wss:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Of the header Content-Security-Policy."""
