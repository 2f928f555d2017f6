"""Echo servers to compare with, each a program of its own, written the way its library's manual writes one.

None compresses. Each listens on a free port of 127.0.0.1 and prints `ready PORT`.
"""
