"""Which of two forms a client wants (RFC 9110, 12.5.1). Pure."""

from __future__ import annotations

from collections.abc import Iterable

JSON, HTML = "application/json", "text/html"


def prefers_json(accept: Iterable[str]) -> bool:
    """Whether these Accept values want JSON rather than HTML; who does not care gets HTML."""
    wishes = dict(read_wish(element) for value in accept for element in value.split(","))
    return weigh(wishes, JSON) > weigh(wishes, HTML)


def read_wish(element: str) -> tuple[str, float]:
    """A media range and its weight; what cannot be read weighs nothing."""
    media, *parameters = (part.strip().lower() for part in element.split(";"))
    weights = [part.removeprefix("q=") for part in parameters if part.startswith("q=")]
    try:
        return media, float(weights[0]) if weights else 1.0
    except ValueError:
        return media, 0.0


def weigh(wishes: dict[str, float], media: str) -> float:
    """The weight of this type: its own, that of its family, or that of all."""
    family = media.partition("/")[0] + "/*"
    return next((wishes[name] for name in (media, family, "*/*") if name in wishes), 0.0)
