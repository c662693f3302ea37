"""The actions of SQS, SNS and STS that the local broker answers."""
