"""Sockets as Twisted and Linux have them: addresses, sending, and what the peer has read."""
