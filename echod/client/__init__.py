"""The functions of the note for one process, and the command for a terminal. The only place that prints."""
