"""Tells twistd and twist that there is an `echod` command."""

from twisted.application.service import ServiceMaker

echod = ServiceMaker("echod", "echod.daemon.command_line", "A WebSocket echo and test daemon.", "echod")
