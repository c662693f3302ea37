"""The AWS transport: boto3's clients, and a fast path for the hot calls."""
