"""Bytes on sockets: Twisted and Autobahn. These classes translate and guard, nothing else."""
