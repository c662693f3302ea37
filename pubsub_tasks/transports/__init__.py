"""Transports: SNS and SQS through boto3, and in memory, behind the protocols in `protocols.py`.

To add a transport, implement `Transport`, `Publisher` and `Queue`, and run the contract tests against it.
"""
