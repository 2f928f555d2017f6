"""The benchmark itself: its load generator against servers that err, and what it makes of figures."""
