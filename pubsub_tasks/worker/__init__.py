"""The worker: threads, event loop, receiving, settling and time limits."""
