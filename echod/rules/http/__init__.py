"""HTTP as it precedes a WebSocket: heads, upgrades, origins, URIs, responses (RFC 9110, 9112). Pure."""
