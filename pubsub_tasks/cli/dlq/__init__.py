"""pubsub-tasks dlq: working with dead letters on a command line."""
