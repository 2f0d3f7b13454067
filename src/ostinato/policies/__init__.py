"""Policies: pure functions from facts and an instant to a verdict with reasons. No I/O, no clock."""
