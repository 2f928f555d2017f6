"""The pages in a real browser."""

import pytest

# A failed comparison of lines inside the helper is shown in full.
pytest.register_assert_rewrite("tests.browser.chamber")
