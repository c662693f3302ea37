"""Handles the messages of queues and topics in AWS Lambda: `handler = lambda_handler(tasks)`."""

from .event_source import EventSource
from .function import InvocationFailed, lambda_handler

__all__ = ["EventSource", "InvocationFailed", "lambda_handler"]
