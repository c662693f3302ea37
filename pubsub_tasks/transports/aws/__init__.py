"""Calls to AWS: boto3's clients, and a fast path for the calls that are made most."""
