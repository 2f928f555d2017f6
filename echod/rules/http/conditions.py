"""Conditional requests (RFC 9110, 13): whether a client may have the page, has it already, or must not get it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

CONDITIONS = ("if-match", "if-unmodified-since", "if-none-match", "if-modified-since")
"""The headers that make a request conditional; If-Range is one of ranges, which are not served."""

Values = Callable[[str], list[str]]
"""The values of all lines with one header name, which is in lower case."""

ANY = "*"
ETAG = re.compile(r'(W/)?("[!#-~\x80-\xff]*")')
"""An entity tag (RFC 9110, 8.8.3): whether it is weak, and its opaque part."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH = rf"(?P<month>{'|'.join(MONTHS)})"
TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
HTTP_DATES = (
    re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>[0-9]{{2}}) {MONTH} (?P<year>[0-9]{{4}}) {TIME} GMT"),
    re.compile(
        rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>[0-9]{{2}})-{MONTH}-(?P<year>[0-9]{{2}}) {TIME} GMT"
    ),
    re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {MONTH} (?P<day>[ 0-9][0-9]) {TIME} (?P<year>[0-9]{{4}})"),
)
"""IMF-fixdate, and the two forms of old programs (RFC 9110, 5.6.7)."""
FIRST_YEAR_OF_LAST_CENTURY = 69
"""Of years in two digits, as POSIX has it."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells two states of a page apart: a strong entity tag, and in Unix time when it was modified, if known."""

    etag: str
    modified_s: int | None = None


def evaluate(values: Values, validators: Validators) -> HTTPStatus | None:
    """304 or 412 instead of the page that GET or HEAD would get with 200; None: it is sent (RFC 9110, 13.2.2)."""
    if not _may_be_had(values, validators):
        return HTTPStatus.PRECONDITION_FAILED
    return HTTPStatus.NOT_MODIFIED if _is_had_already(values, validators) else None


def _may_be_had(values: Values, validators: Validators) -> bool:
    if lines := values("if-match"):
        return _matches(lines, validators.etag, is_strong=True)
    since_s = _read_only_date(values("if-unmodified-since"))
    return since_s is None or validators.modified_s is None or validators.modified_s <= since_s


def _is_had_already(values: Values, validators: Validators) -> bool:
    if lines := values("if-none-match"):
        return _matches(lines, validators.etag, is_strong=False)
    since_s = _read_only_date(values("if-modified-since"))
    return since_s is not None and validators.modified_s is not None and validators.modified_s <= since_s


def _matches(lines: list[str], etag: str, *, is_strong: bool) -> bool:
    """Whether one of the tags in these lines is that of the page, which is strong; a weak one is none to If-Match."""
    if lines == [ANY]:
        return True
    tags = ETAG.findall(", ".join(lines))
    return any(tag == etag and not (is_strong and weak) for weak, tag in tags)


def _read_only_date(lines: list[str]) -> int | None:
    """The Unix time of a header that is one valid date; any other is ignored (RFC 9110, 13.1.3 and 13.1.4)."""
    return read_http_date(lines[0]) if len(lines) == 1 else None


def read_http_date(text: str) -> int | None:
    """The Unix time of a date in one of the three forms; None for anything else."""
    found = next(filter(None, (form.fullmatch(text) for form in HTTP_DATES)), None)
    if found is None:
        return None
    year, day, hour, minute, second = (int(found[name]) for name in ("year", "day", "hour", "minute", "second"))
    if len(found["year"]) == 2:
        year += 1900 if year >= FIRST_YEAR_OF_LAST_CENTURY else 2000
    try:
        # A leap second is a second late.
        moment = datetime(year, MONTHS.index(found["month"]) + 1, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp())
