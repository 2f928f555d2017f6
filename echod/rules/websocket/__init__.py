"""WebSocket frames, messages and the opening handshake as functions of bytes (RFC 6455, 7692). Pure."""
