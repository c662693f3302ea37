"""Tasks: how they are declared, registered, called and retried, with middleware and observers."""
