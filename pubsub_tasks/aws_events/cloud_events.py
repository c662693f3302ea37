"""CloudEvents of any type, one or a batch: structured, and in binary mode with `ce-` attributes.

A task of a schema whose media type is the `type` of an event gets its data without this.
Source: CloudEvents 1.0.2, "JSON event format" and "JSON batch format".
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, Schema, fields

from ..errors import EnvelopeError
from ..messages.cloud_event import binary_event, data_in_base64
from ..messages.foreign_body import ForeignBody, ForeignSchema


class CloudEventRecord(Schema):
    """One event. `data` is JSON of any kind, or bytes if the event has `data_base64`."""

    class Meta:
        unknown = INCLUDE  # extension attributes

    specversion = fields.String(required=True)
    id = fields.String(required=True)
    source = fields.String(required=True)
    type = fields.String(required=True)
    time = fields.AwareDateTime(load_default=None, allow_none=True)
    subject = fields.String(load_default=None, allow_none=True)
    data = fields.Raw(load_default=None, allow_none=True)


class CloudEvent(ForeignSchema):
    """CloudEvents of one type, one or more in a message. Field: `events`, see `CloudEventRecord`."""

    MEDIA_TYPE = "application/cloudevents+json"
    IS_GENERIC = True

    events = fields.List(fields.Nested(CloudEventRecord, unknown=INCLUDE), required=True)

    @classmethod
    def recognize(cls, body: ForeignBody) -> Mapping[str, Any] | None:
        """Recognize an event or a batch. Raises EnvelopeError for a batch of several types."""
        events = _binary(body) or _structured(body.document)
        types = {str(event.get("type")) for event in events}
        if len(types) > 1:
            raise EnvelopeError(f"one message has CloudEvents of several types: {', '.join(sorted(types))}")
        return {"events": events} if events else None


def _structured(document: Any) -> list[dict[str, Any]]:
    found = document if isinstance(document, list) else [document]
    if not all(isinstance(each, dict) and "specversion" in each for each in found):
        return []
    return [_with_data(each) for each in found]


def _with_data(event: Mapping[str, Any]) -> dict[str, Any]:
    if "data_base64" not in event:
        return dict(event)
    named = {name: value for name, value in event.items() if name != "data_base64"}
    return {**named, "data": data_in_base64(event)}


def _binary(body: ForeignBody) -> list[dict[str, Any]]:
    event = binary_event(body.text if body.document is None else body.document, body.attributes)
    return [] if event is None else [event]
