"""Offers the leaner reactor as `--reactor echod`."""

from twisted.application.reactors import Reactor

lean = Reactor("echod", "echod.daemon.reactor", "epoll, with less between an event and its transport.")
