"""A delivery for a test of one's own."""

import json
import time

from pubsub_tasks import Delivery
from pubsub_tasks.messages.envelope import decode_record
from tests.samples import ORDER


def test_all_arguments_are_optional() -> None:
    delivery = Delivery.for_test()

    assert (delivery.id, delivery.attempt, delivery.receives, delivery.headers) == ("message-1", 1, 1, {})
    assert (delivery.lost, delivery.remaining(), delivery.group, delivery.defect) == (
        False,
        float("inf"),
        None,
        None,
    )
    assert delivery.age(time.time()) < 60


def test_arguments_are_what_a_handler_reads() -> None:
    delivery = Delivery.for_test(
        {"order_id": "o-1"},
        id="m-7",
        media_type=ORDER,
        headers={"x-request-id": "r-1"},
        attempt=3,
        published_at=100.0,
        group="customer-7",
        lost=True,
        remaining=4.5,
    )

    assert (delivery.id, delivery.media_type, delivery.attempt, delivery.group) == (
        "m-7",
        ORDER,
        3,
        "customer-7",
    )
    assert (delivery.lost, delivery.remaining(), delivery.age(160.0)) == (True, 4.5, 60.0)
    assert delivery.headers == {"x-request-id": "r-1"}


def test_the_body_decodes_to_the_same_message() -> None:
    delivery = Delivery.for_test({"order_id": "o-1"}, media_type=ORDER, headers={"x-request-id": "r-1"})

    opened = decode_record(delivery.record)

    assert (opened.media_type, opened.fields, opened.headers) == (ORDER, delivery.fields, delivery.headers)
    assert json.loads(delivery.record.body)["order_id"] == "o-1"
