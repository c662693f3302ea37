"""SNS and SQS in one process: the rules as AWS documents them, and an HTTP face that any SDK speaks to."""
