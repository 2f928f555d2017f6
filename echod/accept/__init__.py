"""Admission control, refusals, and the gate, which hands a connection to its protocol."""
