"""A parameter is found in the module that has the name of its group."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from echod.rules.behaviours.parameter import Row
from echod.rules.behaviours.table import PARAMETERS


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_the_module_of_its_group_has_the_effect_of_a_parameter(parameter: Row) -> None:
    source = inspect.getsource(importlib.import_module(f"echod.behaviours.{parameter.group}"))
    assert re.search(rf"\b{parameter.field}\b", source)
