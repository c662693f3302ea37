"""A receive gives up to ten messages, tells what SQS knows of each, and hides them for a while."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from typing import Any

import pytest

from pubsub_tasks.errors import ConfigurationError, ReceiveFailed
from pubsub_tasks.wire.records import Attribute, Outgoing, text
from tests.contract.environments import Environment, bodies, receive, send


def test_a_receive_gives_no_more_than_asked_for(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "a", "b", "c", "d", "e")

    first = receive(queue, limit=3)
    rest = receive(queue)

    assert len(first) == 3
    assert sorted(bodies(first) + bodies(rest)) == ["a", "b", "c", "d", "e"]


def test_a_receive_gives_ten_at_most(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, *"abcdefghij")
    send(queue, "k")

    assert len(receive(queue)) == 10


def test_an_empty_queue_gives_nothing(environment: Environment) -> None:
    assert receive(environment.queue()) == []


def test_a_record_has_the_system_attributes(environment: Environment) -> None:
    queue = environment.queue()
    (message_id,) = send(queue, "hello")

    (record,) = receive(queue)

    assert record.body == "hello"
    assert record.message_id == message_id
    assert record.receive_count == 1
    assert record.sent_at > 1_700_000_000
    assert record.first_received_at >= record.sent_at
    assert record.group_id is None
    assert record.source_arn is None


def test_attributes_come_back_as_they_were_sent(environment: Environment) -> None:
    queue = environment.queue()
    attributes = {"a": text("é"), "n": Attribute("Number", "1.5"), "c": Attribute("String.json", "{}")}

    send(queue, "hello", attributes=attributes)

    (record,) = receive(queue)
    assert record.attributes == attributes


def test_binary_attributes_come_back_as_bytes(environment: Environment) -> None:
    queue = environment.queue()

    send(queue, "hello", attributes={"seal": Attribute("Binary", b"\x00\xff")})

    (record,) = receive(queue)
    assert record.attributes == {"seal": Attribute("Binary", b"\x00\xff")}


def test_a_received_message_is_hidden_then_comes_back_counted(environment: Environment) -> None:
    # Given a message in flight for a second
    queue = environment.queue()
    send(queue, "hello")
    (first,) = receive(queue, visibility=1)
    assert receive(queue) == []

    # When the second has passed
    (again,) = environment.receive_after(queue, 1)

    # Then it is back, with another receipt handle, and counted
    assert again.message_id == first.message_id
    assert again.receive_count == 2
    assert again.receipt_handle != first.receipt_handle
    assert again.sent_at == first.sent_at
    assert again.first_received_at == first.first_received_at


def test_the_default_visibility_timeout_is_the_queues(environment: Environment) -> None:
    queue = environment.queue(VisibilityTimeout="1")
    send(queue, "hello")
    assert bodies(receive(queue)) == ["hello"]

    assert bodies(environment.receive_after(queue, 1)) == ["hello"]


def test_a_delayed_message_comes_when_it_is_due(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "later", delay=1)
    assert receive(queue) == []

    assert bodies(environment.receive_after(queue, 1)) == ["later"]


def test_a_long_poll_wakes_on_arrival(environment: Environment) -> None:
    if environment.clock is not None:
        pytest.skip("memory: on a clock that stands still no poll waits; see tests/transports/test_memory.py")
    queue = environment.queue()

    # Given a poll that may wait for twenty seconds
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(queue.receive, 10, 20, None)

        # When a message arrives
        send(queue, "hello")

        # Then the poll has it, long before it would have ended
        assert bodies(poll.result(timeout=10)) == ["hello"]


def test_many_receivers_never_share_a_message(environment: Environment) -> None:
    environment.lacks("stale_handles", "receives are not locked, and now and then two get the same message")
    queue = environment.queue()
    for number in range(12):
        send(queue, *(f"{number}-{entry}" for entry in range(10)))

    with ThreadPoolExecutor(4) as pool:
        taken = [record for records in pool.map(lambda _: receive(queue), range(16)) for record in records]

    assert len({record.message_id for record in taken}) == len(taken) == 120


def test_a_receive_returns_only_requested_attributes(environment: Environment) -> None:
    queue = environment.queue()
    send(queue, "hello", attributes={"a": text("x"), "b.c": text("y"), "b.d": text("z")})

    def told(**names: list[str]) -> dict[str, Any]:
        (message,) = environment.sqs.receive_message(QueueUrl=queue.url, VisibilityTimeout=0, **names)[
            "Messages"
        ]
        return message

    bare = told()
    assert "Attributes" not in bare
    assert "MessageAttributes" not in bare
    assert set(told(MessageAttributeNames=["b.*"])["MessageAttributes"]) == {"b.c", "b.d"}
    assert set(told(MessageSystemAttributeNames=["SentTimestamp"])["Attributes"]) == {"SentTimestamp"}
    everything = told(MessageAttributeNames=["All"])
    assert set(everything["MessageAttributes"]) == {"a", "b.c", "b.d"}


def test_digests_are_those_that_sdks_compare(environment: Environment) -> None:
    queue = environment.queue()
    attributes = {
        "n": {"DataType": "Number", "StringValue": "1493147359900"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }

    sent = environment.sqs.send_message(
        QueueUrl=queue.url, MessageBody="h\u00e9", MessageAttributes=attributes
    )

    assert sent["MD5OfMessageBody"] == md5("h\u00e9".encode()).hexdigest()
    assert sent["MD5OfMessageAttributes"] == "a44fec20f9a7aca335b46e663bd702ee"


def test_a_trace_header_comes_along(environment: Environment) -> None:
    queue = environment.queue()
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2"}}
    environment.sqs.send_message(QueueUrl=queue.url, MessageBody="x", MessageSystemAttributes=header)

    (message,) = environment.sqs.receive_message(QueueUrl=queue.url, MessageSystemAttributeNames=["All"])[
        "Messages"
    ]

    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-2"


@pytest.mark.parametrize("limit", [0, 11])
def test_a_limit_out_of_range_is_refused(environment: Environment, limit: int) -> None:
    with pytest.raises(ReceiveFailed) as caught:
        receive(environment.queue(), limit=limit)

    assert caught.value.code.endswith(("InvalidParameterValue", "ReadCountOutOfRange"))


def test_a_wait_over_twenty_seconds_is_refused(environment: Environment) -> None:
    with pytest.raises(ReceiveFailed) as caught:
        environment.queue().receive(1, 21, None)

    assert caught.value.code == "InvalidParameterValue"
    assert caught.value.__cause__ is not None


def test_a_missing_queue_is_named(environment: Environment) -> None:
    missing = environment.transport.queue(environment.queue().url + "-gone")

    with pytest.raises(ReceiveFailed, match="-gone") as caught:
        receive(missing)
    with pytest.raises(ConfigurationError, match="-gone"):
        missing.attributes()

    assert caught.value.code == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_queue_is_found_by_its_arn(environment: Environment) -> None:
    queue = environment.queue()
    arn = queue.attributes().arn

    assert environment.transport.queue_url(arn) == queue.url
    with pytest.raises(ConfigurationError, match="-gone"):
        environment.transport.queue_url(arn + "-gone")


def test_the_settings_and_counts_of_a_queue(environment: Environment) -> None:
    # Given a queue with settings, and one message of each state
    letters = environment.queue()
    queue = environment.queue(
        VisibilityTimeout="7",
        MessageRetentionPeriod="3600",
        MaximumMessageSize="2048",
        RedrivePolicy={"deadLetterTargetArn": letters.attributes().arn, "maxReceiveCount": 5},
    )
    send(queue, "in hand")
    receive(queue)
    queue.send([Outgoing("waiting"), Outgoing("delayed", delay=900)])

    attributes = queue.attributes()

    assert not attributes.fifo
    assert attributes.visibility_timeout == 7
    assert attributes.retention == 3600
    assert attributes.max_message_size == 2048
    assert attributes.dead_letter_arn == letters.attributes().arn
    assert attributes.max_receive_count == 5
    assert (attributes.visible, attributes.in_flight, attributes.delayed) == (1, 1, 1)


def test_a_fifo_queue_says_so(environment: Environment) -> None:
    queue = environment.queue(fifo=True)

    assert queue.fifo
    assert queue.name.endswith(".fifo")
    assert queue.attributes().fifo
