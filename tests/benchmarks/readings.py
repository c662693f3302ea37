"""Readings: the message that the benchmarks consume, small as most are: seven fields, one of them a time."""

import json

from marshmallow import fields

from pubsub_tasks import PubSubMessageSchema, schema


@schema
class Reading(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.bench.pubsub._.created.reading"

    reading_id = fields.UUID(required=True)
    sensor = fields.String(required=True)
    value = fields.Float(required=True)
    unit = fields.String(required=True)
    taken_at = fields.DateTime(required=True)
    tags = fields.List(fields.String(), load_default=list)
    valid = fields.Boolean(load_default=True)


BODY = json.dumps(
    {
        "mediaType": Reading.MEDIA_TYPE,
        "opaqueData": {"x-request-id": "r-1", "x-request-ttl": "31"},
        "reading_id": "5f1c3d0e-6a53-4bb5-8d5c-0a9f5a0d7b11",
        "sensor": "cellar-7",
        "value": 21.5,
        "unit": "C",
        "taken_at": "2026-11-24T08:00:00+00:00",
        "tags": ["cellar", "north"],
        "valid": True,
    }
)
