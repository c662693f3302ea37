"""SNS and SQS in one process, and an HTTP server for them that any SDK can use."""
