"""Measurements that take minutes; what they print is quoted in docs/. Loopback only, bounded in count and time."""
