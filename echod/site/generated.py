"""Pages that are generated: the list of behaviours, and what the server sees of a request."""

from __future__ import annotations

import re
from html import escape
from string import Template

from echod.endpoints.inspection import see_request, to_json
from echod.rules.behaviours.listing import example_of, explain, list_json, parameters_of
from echod.rules.behaviours.parameter import GROUPS
from echod.rules.behaviours.query import read_behaviour
from echod.rules.http.head import Head, Refusal
from echod.rules.http.media_types import HTML, JSON, prefers_json
from echod.rules.http.response import Page
from echod.site.own_pages import POLICY, own_folder
from echod.site.response import Make
from echod.transport.interfaces import Transport

VARY = ("Vary", "Accept")
POLICIES = (("Content-Security-Policy", POLICY),)
TEMPLATE = "templates/behaviours.html"
MARK = re.compile(r"<!-- .* -->\n")
"""In the template: before and behind what stands there for each group, and in that for each parameter."""


def answer_behaviours(_transport: Transport, head: Head) -> Page | Refusal:
    """The list, in the form that the client prefers; a query is checked as if a WebSocket had asked for it."""
    asked = read_behaviour(head.query)
    if isinstance(asked, Refusal):
        return asked
    if prefers_json(head.values("accept")):
        return Page(JSON, list_json(), (VARY,))
    page = list_html((own_folder() / TEMPLATE).read_text())
    return Page(f"{HTML}; charset=utf-8", page.encode(), (VARY, *POLICIES))


def list_html(template: str) -> str:
    """The list as a page that needs no script: the template, filled in for all groups and their parameters."""
    before, head, parameter, tail, after = MARK.split(template)
    groups = []
    for name, about in GROUPS.items():
        groups.append(fill(head, name=name.capitalize(), about=about))
        groups += [fill(parameter, example=example_of(each), text=explain(each)) for each in parameters_of(name)]
        groups.append(tail)
    return "".join((before, *groups, after))


def fill(template: str, **values: str) -> str:
    """The template with these texts in the places of their names."""
    return Template(template).substitute({name: escape(text) for name, text in values.items()})


def answer_info(instance: str) -> Make:
    """What the server sees of a request; `instance` names the process among several on one address."""

    def answer(transport: Transport, head: Head) -> Page:
        return Page(JSON, to_json(see_request(transport, head, instance)))

    return answer
