"""What the daemon's paths do with a message: the note's two echoes, and `/info`."""
