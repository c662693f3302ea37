"""Tasks: declaring, registering, retry policies, middleware and observers."""
