"""Reads what stands in an account."""
