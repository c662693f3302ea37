"""The commands `pubsub-worker` and `pubsub-tasks`."""
