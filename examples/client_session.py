"""The note's client session as a script: both servers, one after the other.

    python examples/client_session.py [PORT]

A server must be running there: `python examples/echo_servers.py`, or `twistd -n echod`.
No Twisted is in sight: `echod.blocking` runs it in a thread of its own.
"""

from __future__ import annotations

import sys

from echod.blocking import echo_client, echo_close, echo_send

port = int(sys.argv[1]) if len(sys.argv) > 1 else 9001

# Everything that comes is printed as it comes: RECEIVED message1, and so on.
echo_client(port=port)
echo_send("message1")
echo_send("message2")
echo_send("add")
echo_send("none")
echo_send("after browser")
# Waits for the answers to all of these, prints the CLOSED line, and returns the code.
assert echo_close() == 1000

echo_client(url="multi", port=port)
echo_send("from Lisp client")
echo_send("after web add")
assert echo_close() == 1000
