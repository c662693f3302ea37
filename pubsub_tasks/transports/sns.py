"""SnsPublisher: the Publisher protocol in SNS's own call. Knows what to ask, and not who carries it out."""

from collections.abc import Sequence

from ..errors import PublishFailed
from ..wire import EntryFailure, Outgoing, Sent
from . import shapes
from .sqs import Call


class SnsPublisher:
    """Publishes to any topic. Safe to share between threads when its `call` is."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        params = {"TopicArn": topic_arn, "PublishBatchRequestEntries": shapes.publish_entries(entries)}
        return shapes.sent(self._call("PublishBatch", params, PublishFailed), len(entries))
