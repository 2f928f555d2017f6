"""Programs that are not ours, as peers of the daemon: each missing one is a skip on a desk, and a failure in CI."""
