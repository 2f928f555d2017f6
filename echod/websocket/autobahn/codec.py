"""permessage-deflate where Autobahn's frame parser asks for it: ours, by the names that Autobahn calls.

Only the names and Autobahn's exception are here; what is done is in `rules/websocket/deflate.py`.
"""

from __future__ import annotations

from typing import ClassVar

from autobahn.exception import PayloadCorruptError

from echod.rules.websocket.deflate import Agreement, CorruptMessage, Inflater
from echod.rules.websocket.deflate_negotiation import NAME


class Codec:
    """Both directions of one connection; a message of more than `max_message_bytes` is inflated to one byte more."""

    __slots__ = ("agreement", "deflate", "deflater", "inflater", "start_decompress_message")

    EXTENSION_NAME: ClassVar[str] = NAME
    agreement: Agreement
    inflater: Inflater

    def __init__(self, agreement: Agreement, is_server: bool, max_message_bytes: int) -> None:
        self.agreement = agreement
        self.deflater = agreement.deflater(is_server)
        self.inflater = agreement.inflater(is_server, max_message_bytes)
        # As they are, for each message.
        self.deflate = self.deflater.deflate
        self.start_decompress_message = self.inflater.begin

    def decompress_message_data(self, data: bytes, max_output_len: int | None = None) -> bytes:
        """What it comes to; the guard has the limit, and `max_output_len` is None."""
        try:
            return self.inflater.inflate(data)
        except CorruptMessage as error:
            raise PayloadCorruptError(str(error)) from error

    def end_decompress_message(self) -> None:
        try:
            self.inflater.finish()
        except CorruptMessage as error:
            raise PayloadCorruptError(str(error)) from error

    def start_compress_message(self) -> None:
        """The zlib object is made with the first payload."""

    def compress_message_data(self, data: bytes) -> bytes:
        return self.deflater.add(data)

    def end_compress_message(self) -> bytes:
        return self.deflater.finish()

    def forget(self) -> None:
        """The connection is lost."""
        self.deflater.forget()
        self.inflater.forget()
