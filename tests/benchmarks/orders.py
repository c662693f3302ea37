"""Orders: the message of the README, which the benchmarks publish and consume."""

import json

from marshmallow import fields

from pubsub_tasks import PubSubMessageSchema, schema


@schema
class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.bench.pubsub._.created.order"

    order_id = fields.UUID(required=True)
    total = fields.Decimal(required=True, as_string=True)


CONTENT = {"order_id": "5f1c3d0e-6a53-4bb5-8d5c-0a9f5a0d7b11", "total": "9.99"}

BODY = json.dumps(
    {
        "mediaType": OrderPlaced.MEDIA_TYPE,
        "opaqueData": {"x-request-id": "r-1", "x-request-ttl": "31"},
        **CONTENT,
    }
)
