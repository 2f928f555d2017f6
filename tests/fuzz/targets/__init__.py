"""A module for each target; see `tests.fuzz`."""
