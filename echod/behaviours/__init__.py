"""Fault injection on demand: a module for each group of the table; knows nothing of the callback API.

`handshake`, `replies`, `unsolicited`, `pings`, `reading`, `ending` and `violations` have the effects of the parameters
of their group; `pacing` is the way out below them, `script` composes them, `protocol` puts that around an endpoint's
own protocol, and `endpoint` gives each connection its own.
"""
