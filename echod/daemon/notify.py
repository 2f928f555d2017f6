"""What systemd, or another supervisor that has its protocol, is told of the daemon's state (sd_notify(3))."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

log = Logger(namespace="echod")


class Supervisor:
    """The socket that `NOTIFY_SOCKET` names; without it nothing is sent.

    Where `WATCHDOG_USEC` asks for heartbeats the reactor sends two in that time: a loop that hangs sends none.
    """

    def __init__(self, environment: Mapping[str, str], clock: IReactorTime) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._watchdog_s = watchdog_of(environment)
        self._heartbeat = LoopingCall(self._tell, "WATCHDOG=1")
        self._heartbeat.clock = clock
        self.is_ready = False

    def ready(self) -> None:
        """Connections are accepted."""
        self.is_ready = True
        self._tell("READY=1")
        if self._address and self._watchdog_s and not self._heartbeat.running:
            self._heartbeat.start(self._watchdog_s / 2)

    def reloading(self) -> None:
        """Certificates are read again, until `ready`."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """A drain begins; heartbeats are sent until `stopped`."""
        self.is_ready = False
        self._tell("STOPPING=1")

    def stopped(self) -> None:
        """All connections have ended."""
        if self._heartbeat.running:
            self._heartbeat.stop()

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as teller:
                # A name that begins with @ is in Linux's abstract namespace (unix(7)).
                teller.connect(re.sub("^@", "\0", self._address))
                teller.send(state.encode())
        except OSError as error:
            log.warn("echod cannot tell {address} {state!r}: {why}", address=self._address, state=state, why=error)


def watchdog_of(environment: Mapping[str, str]) -> float:
    """Seconds within which a heartbeat is expected of this process; 0 for none (sd_watchdog_enabled(3))."""
    asked, asked_of = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    is_ours = asked_of in ("", str(os.getpid()))
    return int(asked) / 1e6 if is_ours and asked.isdecimal() else 0.0
