"""`twistd -y echod.tac`: the daemon, set by ECHOD_* variables."""

from twisted.application.service import Application

from echod.daemon.command_line import service_from_environment

application = Application("echod")
service_from_environment().setServiceParent(application)
