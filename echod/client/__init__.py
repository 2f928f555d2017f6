"""What a person or a script does with a connection. The only place that prints."""
