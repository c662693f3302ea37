"""Schemas of events that AWS's services send, of CloudEvents and of plain text, to handle them with tasks."""

from .cloud_events import CloudEvent
from .cloudwatch import CloudWatchAlarm
from .eventbridge import EventBridgeEvent
from .plain_text import PlainText
from .s3 import S3Event, S3ObjectCreated, S3ObjectRemoved
from .ses import SESReceipt

__all__ = [
    "CloudEvent",
    "CloudWatchAlarm",
    "EventBridgeEvent",
    "PlainText",
    "S3Event",
    "S3ObjectCreated",
    "S3ObjectRemoved",
    "SESReceipt",
]
