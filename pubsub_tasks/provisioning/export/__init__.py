"""Writes what is wanted for other tools. No I/O."""
