"""Coroutine functions as handlers, in an event loop: what a worker of plain functions never imports."""
