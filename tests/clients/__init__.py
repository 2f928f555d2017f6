"""Six WebSocket clients against ten behaviours: `make clients` runs them and writes docs/clients.md.

The programs here that are named after a client run in an environment of their own, without echod.
"""
