"""The `pubsub-tasks dlq` commands."""
