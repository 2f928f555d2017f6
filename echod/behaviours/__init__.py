"""Fault injection on demand: a module for each group of the table; knows nothing of the callback API."""
