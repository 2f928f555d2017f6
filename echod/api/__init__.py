"""The note's callback API for both ends of a connection; knows no behaviours."""
