"""Content negotiation between two media types (RFC 9110, 12.5.1). Pure."""

from __future__ import annotations

from collections.abc import Iterable

JSON, HTML, PLAIN = "application/json", "text/html", "text/plain; charset=utf-8"


def prefers_json(accept: Iterable[str]) -> bool:
    """Whether these Accept values prefer JSON to HTML; without a preference it is HTML."""
    ranges = dict(read_range(element) for value in accept for element in value.split(","))
    return weigh(ranges, JSON) > weigh(ranges, HTML)


def read_range(element: str) -> tuple[str, float]:
    """A media range and its weight; an invalid weight is 0."""
    media, *parameters = (part.strip().lower() for part in element.split(";"))
    weights = [part.removeprefix("q=") for part in parameters if part.startswith("q=")]
    try:
        return media, float(weights[0]) if weights else 1.0
    except ValueError:
        return media, 0.0


def weigh(ranges: dict[str, float], media: str) -> float:
    """The weight of this type: its own, that of its family, or that of all."""
    family = media.partition("/")[0] + "/*"
    return next((ranges[name] for name in (media, family, "*/*") if name in ranges), 0.0)
