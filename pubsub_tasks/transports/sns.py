"""The `Publisher` protocol as SNS API calls."""

from collections.abc import Sequence

from ..errors import PublishFailed
from ..transports import boto_shapes
from ..wire.records import EntryFailure, Outgoing, Sent
from .sqs import ApiCall


class SnsPublisher:
    """Publishes to any topic through `call`. Safe to share between threads if `call` is."""

    def __init__(self, call: ApiCall) -> None:
        self._call = call

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        params = {"TopicArn": topic_arn, "PublishBatchRequestEntries": boto_shapes.publish_entries(entries)}
        return boto_shapes.parse_sent(self._call("PublishBatch", params, PublishFailed), len(entries))
