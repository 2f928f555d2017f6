"""Pages that are generated: the list of behaviours, what the server sees of a request, and its health."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template

from echod.endpoints.inspection import see_request, to_json
from echod.rules.behaviours.listing import example_of, explain, list_json, parameters_of
from echod.rules.behaviours.names import list_ignored, list_names
from echod.rules.behaviours.parameter import GROUPS
from echod.rules.behaviours.query import read_behaviour
from echod.rules.http.head import Head, Refusal
from echod.rules.http.response import HTML, JSON, PLAIN, Page, prefers_json
from echod.site.own_pages import POLICY
from echod.transport.interfaces import Transport

VARY = ("Vary", "Accept")
MARK = re.compile(r"<!-- .* -->\n")
"""In the template: before and behind what stands there for each group, and in that for each parameter."""


def answer_behaviours(_transport: Transport, head: Head) -> Page | Refusal:
    """The list, in the form that the client prefers; a query is checked as if a WebSocket had asked for it."""
    asked = read_behaviour(head.query)
    if isinstance(asked, Refusal):
        return asked
    if prefers_json(head.values("accept")):
        return Page(JSON, list_json(list_ignored(head.query)), (VARY,))
    page = list_html(Path(__file__).with_name("behaviours.html").read_text())
    return Page(f"{HTML}; charset=utf-8", page.encode(), (VARY, ("Content-Security-Policy", POLICY)))


def list_html(template: str) -> str:
    """The list as a page that needs no script: the template, filled in for all groups and their parameters."""
    before, head, parameter, tail, after = MARK.split(template)
    groups = []
    for name, about in GROUPS.items():
        rows = [fill(parameter, example=example_of(each), text=explain(each)) for each in parameters_of(name)]
        groups += [fill(head, name=name.capitalize(), about=about), *rows, tail]
    return "".join((before, *groups, after))


def fill(template: str, **values: str) -> str:
    """The template with these texts in the places of their names."""
    return Template(template).substitute({name: escape(text) for name, text in values.items()})


def answer_info(instance: str, transport: Transport, head: Head) -> Page:
    """What the server sees of a request, which asks for no behaviour whatever its query is.

    `instance` names the process among several on one address.
    """
    return Page(JSON, to_json(see_request(transport, head, instance, list_names(head.query))))


def answer_live(_transport: Transport, _head: Head) -> Page:
    """`/health/live`: 200 while the process serves."""
    return Page(PLAIN, b"live\n", cache_control="no-store")


def answer_ready(is_ready: Callable[[], bool], _transport: Transport, _head: Head) -> Page:
    """`/health/ready`: 200, or 503 from the moment a graceful shutdown begins."""
    text, status = (b"ready\n", 200) if is_ready() else (b"leaving\n", 503)
    return Page(PLAIN, text, status=status, cache_control="no-store")
