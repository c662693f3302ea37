"""Environments without AWS: a local broker process, memory, and messages replayed from a file."""
