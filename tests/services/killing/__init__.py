"""Killing the processes that accept and build, at every step, and counting what is doubled or lost (M13, R3)."""
