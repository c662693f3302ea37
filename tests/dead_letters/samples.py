"""Letters as a worker writes them and as SQS moves them, and orders to write them about."""

import json

from pubsub_tasks.dead_letters.dead_letter_copy import build_dead_letter as write
from pubsub_tasks.dead_letters.letter_view import Letter
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.verdicts import DeadLetter
from pubsub_tasks.wire.records import Outgoing, Record
from tests.samples import NOW, ORDER

SOURCE = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
SOURCE_ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"


def order(order_id="o-1", media_type=ORDER, **content):
    headers = {"x-message-id": f"id-of-{order_id}"}
    return json.dumps(
        {"mediaType": media_type, "opaqueData": headers, "order_id": order_id, "total": "9.99", **content}
    )


def failed(body=None, *, error=None, reason="exhausted", task="shop.tasks.bill", **told) -> Outgoing:
    """The copy that a worker sends to the dead-letter queue."""
    record = Record(
        order() if body is None else body,
        "receipt",
        told.pop("message_id", "sqs-original"),
        receive_count=5,
        sent_at=NOW - 60,
        first_received_at=NOW - 50,
        attributes=told.pop("attributes", {}),
        group_id=told.pop("group_id", None),
    )
    known = {
        "task": task,
        "queue": SOURCE,
        "now": NOW,
        "version": "1",
        "size_limit": 1_048_576,
        "fifo": False,
    }
    verdict = DeadLetter(reason, LookupError("no such customer") if error is None else error)
    return write(decode_record(record), verdict, **{**known, **told})


def arrived(sent: Outgoing, message_id="sqs-copy", **known) -> Record:
    """A copy as the dead-letter queue leased it out."""
    return Record(
        sent.body,
        "receipt-there",
        message_id,
        sent_at=NOW + 1,
        attributes=sent.attributes,
        group_id=sent.group_id,
        deduplication_id=sent.deduplication_id,
        **known,
    )


def a_letter(body=None, *, message_id="sqs-copy", **told) -> Letter:
    return Letter.of(arrived(failed(body, **told), message_id))


def moved_by_sqs(body=None) -> Letter:
    record = Record(
        order() if body is None else body,
        "receipt-there",
        "sqs-original",
        receive_count=16,
        sent_at=NOW - 3600,
        source_arn=SOURCE_ARN,
    )
    return Letter.of(record)
