"""The queues of the local broker."""
