"""What travels through SNS and SQS: records, attributes, media types, and how bodies are encoded."""
