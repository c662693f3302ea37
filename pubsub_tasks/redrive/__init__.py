"""Working with a dead-letter queue: looking, moving, replaying."""
