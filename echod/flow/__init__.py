"""Flow control, timeouts, quotas and fair shares of the event loop; knows no WebSocket."""
