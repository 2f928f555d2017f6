"""From options to a listening service."""
