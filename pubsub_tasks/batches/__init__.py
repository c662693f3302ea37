"""Calls of up to ten entries: what goes together, what is tried again, and when."""
