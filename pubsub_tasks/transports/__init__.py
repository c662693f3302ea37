"""SNS and SQS by boto3 and in memory, behind two protocols."""
