"""The messages that Celery sends and reads: their format, and their arguments as content of a schema."""
