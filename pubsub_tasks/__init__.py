"""Celery's ergonomics on SNS and SQS."""
