"""Pages that are made and not read: the list of behaviours, and what the server sees of a request."""

from __future__ import annotations

from typing import Any

from echod.endpoints.inspection import see_request, to_json
from echod.rules.behaviours.listing import list_html, list_json
from echod.rules.behaviours.query import read_behaviour
from echod.rules.http.head import Head, Refusal
from echod.rules.http.media_types import HTML, JSON, prefers_json
from echod.rules.http.response import Page
from echod.site.policy import POLICY
from echod.site.response import Make

VARY = ("Vary", "Accept")
POLICIES = (("Content-Security-Policy", POLICY),)


def answer_behaviours(_transport: Any, head: Head) -> Page | Refusal:
    """The list, in the form that the client prefers; a query is checked as if a WebSocket had asked for it."""
    asked = read_behaviour(head.query)
    if isinstance(asked, Refusal):
        return asked
    if prefers_json(head.values("accept")):
        return Page(JSON, list_json(), (VARY,))
    return Page(f"{HTML}; charset=utf-8", list_html(), (VARY, *POLICIES))


def answer_info(instance: str) -> Make:
    """What is seen of a request, for the one who sent it."""

    def answer(transport: Any, head: Head) -> Page:
        return Page(JSON, to_json(see_request(transport, head, instance)))

    return answer
