"""Consuming without a worker: one receive at a time, in the calling thread."""
