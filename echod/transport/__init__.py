"""Sockets, clocks and reactors as Twisted and Linux have them: addresses, sending, what the peer has read, the time."""
