"""Consumes one queue: the threads and the event loop that receive, handle and settle messages."""
