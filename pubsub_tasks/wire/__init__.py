"""Values as SNS and SQS carry them, and how bodies are written and read."""
