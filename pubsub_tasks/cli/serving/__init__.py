"""From the flags of `pubsub-worker` to running workers."""
