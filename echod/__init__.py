"""A WebSocket echo and test daemon, and the small callback API that it is made of.

For Twisted programs: functions return Deferreds. At a prompt or in a script use `from echod.blocking import *`,
which has the same names and waits.

    publish_websocket, start, shutdown, default_server      a server of your own
    open_websocket, websocket_send, close_websocket         a client
    echo_server, multi_server                               the note's two servers
    echo_client, echo_send, echo_close                      the note's client
    Contract, State, CloseCode                              a connection, and how it is and ends
    Server, Limits                                          several servers in one process
    Echo, SimpleEcho, MultiEcho, EndpointFactory            Autobahn protocols, to subclass

"The note" is the description of the WebSocket API of Allegro Common Lisp: its two servers, its client at a prompt and
its names are here, in Python.
"""

from __future__ import annotations

from echod import blocking as _blocking
from echod.api.contract import Contract
from echod.blocking import note as _note
from echod.endpoints.echo import MultiEcho, SimpleEcho
from echod.errors import (
    BadArgument,
    BadCertificate,
    BadSetting,
    CannotListen,
    CannotWait,
    CloseCode,
    ConnectFailed,
    ConnectionClosed,
    EchodError,
    HandshakeRefused,
    NoClient,
    NotWebSocket,
    OpenFailed,
    OpenTimeout,
)
from echod.server.server import Server
from echod.settings import Limits
from echod.websocket.autobahn.state import State
from echod.websocket.factory import EndpointFactory
from echod.websocket.protocol import Echo

__all__ = ["CloseCode", "Contract", "Limits", "Server", "State"]
__all__ += ["Echo", "EndpointFactory", "MultiEcho", "SimpleEcho"]
__all__ += ["BadArgument", "BadCertificate", "BadSetting", "CannotListen", "CannotWait", "ConnectFailed"]
__all__ += [
    "ConnectionClosed",
    "EchodError",
    "HandshakeRefused",
    "NoClient",
    "NotWebSocket",
    "OpenFailed",
    "OpenTimeout",
]
__all__ += _blocking.__all__

publish_websocket, open_websocket = _note.publish_websocket, _note.open_websocket
websocket_send, close_websocket = _note.websocket_send, _note.close_websocket
start, shutdown, default_server = _note.start, _note.shutdown, _note.default_server
echo_server, multi_server = _note.echo_server, _note.multi_server
echo_client, echo_send, echo_close = _note.echo_client, _note.echo_send, _note.echo_close
