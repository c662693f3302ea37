"""The local broker: SNS and SQS in one process, and an HTTP server for them that any AWS SDK can use."""
