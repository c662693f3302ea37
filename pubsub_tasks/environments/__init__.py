"""Topics and queues that need no AWS: a local broker, memory, lines of a file."""
