"""A server of published paths: listening, draining, and what a daemon publishes."""
