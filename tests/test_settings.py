"""The defaults of a daemon, and that settings are values."""

from __future__ import annotations

import inspect
from dataclasses import Field, FrozenInstanceError, fields, replace
from typing import Any

import pytest

from echod.settings import Limits, Settings


def test_the_default_port_is_that_of_the_note() -> None:
    assert Settings().port == 9001


def test_by_default_everybody_may_connect_to_the_pages_of_echod_with_compression() -> None:
    settings = Settings()
    assert (settings.listen, settings.web, settings.origins, settings.compression) == ((), None, None, True)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("max_header_bytes", 16384),
        ("max_header_count", 100),
        ("handshake_timeout_s", 5),
        ("max_message_bytes", 16 * 1024 * 1024),
    ],
)
def test_a_limit_has_this_default(limit: str, value: float) -> None:
    assert getattr(Limits(), limit) == value


@pytest.mark.parametrize("field", fields(Limits), ids=lambda field: field.name)
def test_the_docstring_of_limits_explains_each_as_the_help_does(field: Field[object]) -> None:
    lines = (inspect.getdoc(Limits) or "").splitlines()
    assert [line for line in lines if line.strip() == f"{field.name}: {field.metadata['doc']}"]
    assert field.metadata["doc"].endswith(".")


def test_limits_are_values_that_can_be_made_anew_with_another() -> None:
    changed = replace(Limits(max_fragments=5), max_per_address=2)
    assert changed == Limits(max_fragments=5, max_per_address=2) != Limits()
    assert hash(changed) == hash(Limits(max_fragments=5, max_per_address=2))


@pytest.mark.parametrize(("values", "name"), [(Settings(), "port"), (Limits(), "max_header_bytes")])
def test_settings_cannot_be_changed(values: Any, name: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(values, name, 1)
