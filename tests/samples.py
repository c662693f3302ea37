"""Samples: an order, its schema, its deliveries as a queue hands them out, and a topic that remembers."""

import json
from random import Random

from marshmallow import fields

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.messages.publish_options import DEFAULT
from pubsub_tasks.wire.records import Record, Sent

NOW = 1_700_000_000.0
ORDER = "application/vnd.shop.pubsub._.created.order"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"


class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = ORDER

    order_id = fields.String(required=True)
    total = fields.Decimal(required=True, as_string=True)
    note = fields.String()
    currency = fields.String(load_default="EUR")


def noise(length):
    """Text that no compression makes much smaller."""
    return Random(7).randbytes(length).hex()[:length]


def body(media_type=ORDER, headers=None, **content):
    return json.dumps(
        {
            "mediaType": media_type,
            "opaqueData": headers or {},
            **(content or {"order_id": "o-1", "total": "9.99"}),
        }
    )


def delivery(text=None, *, attempt=1, first_received_at=NOW, attributes=None, **said):
    """A delivery of an order, received at NOW; `said` is what `body` takes."""
    record = Record(
        body=body(**said) if text is None else text,
        receipt_handle="receipt",
        message_id="sqs-1",
        receive_count=attempt,
        sent_at=NOW,
        first_received_at=first_received_at,
        attributes=attributes or {},
    )
    return decode_record(record)


class RememberingPublisher:
    """Takes every message, and remembers which topic it was for; or answers as it is told to."""

    def __init__(self, answer=None):
        self.published = []
        self.answer = answer or Sent("sns-1")

    def publish(self, topic_arn, entries):
        self.published += [(topic_arn, entry) for entry in entries]
        return [self.answer for _ in entries]

    @property
    def last(self):
        return self.published[-1][1]

    @property
    def bodies(self):
        return [json.loads(entry.body) for _, entry in self.published]


class RememberingProducer:
    """What a registry is bound to, where only that it publishes matters."""

    def __init__(self):
        self.published = []

    def publish(self, codec, content, options=DEFAULT):
        self.published.append((codec.media_type, dict(content), options))
        return f"message-{len(self.published)}"
