"""Runs workers: assembles services, runs them until a signal, supervises several processes."""
