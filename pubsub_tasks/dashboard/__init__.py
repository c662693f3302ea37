"""The dashboard: pages about an app's queues, workers and dead letters. An extra."""
