"""Messages that are written as CloudEvents."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from marshmallow import fields

from pubsub_tasks import PubSubMessageSchema
from pubsub_tasks.content.codec import Codec
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.messages.envelope import decode_record, encode_message
from pubsub_tasks.messages.message import Message
from pubsub_tasks.wire.records import Record

HEADERS = {"x-request-id": "r-1", "x-request-ttl": "31", "tenant": "north"}


class Structured(PubSubMessageSchema):
    MEDIA_TYPE = "com.shop.order.placed"
    CLOUD_EVENT = "structured"
    CLOUD_EVENT_SOURCE = "/shop"
    order_id = fields.Integer(required=True)


class Binary(Structured):
    CLOUD_EVENT = "binary"


def encoded(schema: type[PubSubMessageSchema], headers: Mapping[str, str] = HEADERS) -> Any:
    message = Message(schema.MEDIA_TYPE, {"order_id": 7}, headers, "m-1", 1_793_623_507.0)
    return encode_message(Codec(schema), message)


def test_a_structured_event_has_its_context_in_the_body() -> None:
    outgoing = encoded(Structured)

    assert json.loads(outgoing.body) == {
        "specversion": "1.0",
        "id": "m-1",
        "source": "/shop",
        "type": "com.shop.order.placed",
        "time": "2026-11-02T12:45:07+00:00",
        "datacontenttype": "application/json",
        "xrequestid": "r-1",
        "xrequestttl": "31",
        "tenant": "north",
        "data": {"order_id": 7},
    }
    assert set(outgoing.attributes) == {"media_type"}


def test_a_binary_event_has_its_context_in_attributes() -> None:
    outgoing = encoded(Binary)

    assert json.loads(outgoing.body) == {"order_id": 7}
    assert outgoing.attributes["ce-id"].value == "m-1"
    assert outgoing.attributes["ce-type"].value == "com.shop.order.placed"
    assert outgoing.attributes["ce-xrequestid"].value == "r-1"


@pytest.mark.parametrize("schema", [Structured, Binary])
def test_what_is_written_is_read(schema: type[PubSubMessageSchema]) -> None:
    outgoing = encoded(schema)

    delivery = decode_record(Record(outgoing.body, "r", "sqs-1", attributes=outgoing.attributes))

    assert delivery.defect is None
    assert (delivery.media_type, delivery.id, delivery.published_at) == (
        "com.shop.order.placed",
        "m-1",
        1_793_623_507.0,
    )
    assert delivery.fields == {"order_id": 7}
    assert HEADERS.items() <= delivery.headers.items()


@pytest.mark.parametrize("schema", [Structured, Binary])
def test_headers_do_not_replace_the_context_of_an_event(schema: type[PubSubMessageSchema]) -> None:
    """A handler of a CloudEvent passes on its `source` with the other headers."""
    odd = {"source": "/elsewhere", "Type": "other", "id": "5", "specversion": "0.3", "data": "text"}

    given, wanted = encoded(schema, odd), encoded(schema, {"data": "text"})

    assert json.loads(given.body) == json.loads(wanted.body)
    assert given.attributes == wanted.attributes


def test_headers_that_no_attribute_can_carry_are_left_out_of_an_event() -> None:
    assert encoded(Binary, {"empty": "", "\u00e9": "no name"}) == encoded(Binary, {})


def test_an_event_without_a_source_or_of_no_mode_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ConfigurationError, match="CLOUD_EVENT_SOURCE"):
        type("Bad", (PubSubMessageSchema,), {"CLOUD_EVENT": "structured"})
    with pytest.raises(ConfigurationError, match="give structured or binary"):
        type("Bad", (PubSubMessageSchema,), {"CLOUD_EVENT": "batch", "CLOUD_EVENT_SOURCE": "/shop"})
    with pytest.raises(ConfigurationError, match="JSON"):
        type("Bad", (Structured,), {"CONTENT_TYPE": "yaml"})
