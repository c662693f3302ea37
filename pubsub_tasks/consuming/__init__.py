"""Consuming: from what a queue hands out to what becomes of it."""
