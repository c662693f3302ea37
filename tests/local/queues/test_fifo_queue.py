"""A FIFO queue on a virtual clock: order per group, deduplication, repeated receives."""

import pytest

FIFO = "orders.fifo"


def group(client, url, name, *bodies):
    for body in bodies:
        client.send(url, body, MessageGroupId=name)


def test_nothing_of_a_group_comes_while_any_of_it_is_in_hand(client):
    url = client.queue(FIFO)
    group(client, url, "a", "a0", "a1", "a2")
    group(client, url, "b", "b0")

    first = client.receive(url, 2)
    assert [message["Body"] for message in first] == ["a0", "a1"]
    assert client.bodies(url) == ["b0"]

    client.delete(url, first[0])
    assert client.receive(url) == []
    client.delete(url, first[1])
    assert client.bodies(url) == ["a2"]


def test_a_group_comes_back_in_order_whatever_comes_back_first(client):
    # Given three of a group in flight, the last of them released first
    url = client.queue(FIFO)
    group(client, url, "a", "a0", "a1", "a2", "a3")
    taken = client.receive(url, 3)
    for message in reversed(taken):
        assert client.receive(url) == []
        client.change_visibility(url, message, 0)

    assert client.bodies(url) == ["a0", "a1", "a2", "a3"]


def test_groups_take_turns(client):
    url = client.queue(FIFO)
    group(client, url, "a", "a0", "a1")
    group(client, url, "b", "b0", "b1")

    seen = []
    for _ in range(4):
        message = client.receive_one(url)
        seen.append(message["Body"])
        client.delete(url, message)

    assert seen == ["a0", "b0", "a1", "b1"]


def test_a_duplicate_is_accepted_and_not_delivered_for_five_minutes(client):
    url = client.queue(FIFO)
    first = client.send(url, "one", MessageDeduplicationId="d")
    client.delete(url, client.receive_one(url))

    client.clock.advance(299)
    again = client.send(url, "other", MessageDeduplicationId="d", MessageGroupId="elsewhere")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert again["MD5OfMessageBody"] != first["MD5OfMessageBody"]
    assert client.receive(url) == []

    # The first send counts, not the latest duplicate
    client.clock.advance(1)
    assert client.send(url, "other", MessageDeduplicationId="d")["MessageId"] != first["MessageId"]
    assert client.bodies(url) == ["other"]


def test_deduplication_may_be_within_a_group(client):
    url = client.queue(FIFO, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for name in ("a", "b", "a"):
        client.send(url, name, MessageDeduplicationId="d", MessageGroupId=name)

    assert sorted(client.bodies(url)) == ["a", "b"]


def test_content_is_deduplicated_by_the_body_alone(client, refused):
    url = client.queue(FIFO, ContentBasedDeduplication="true")
    attribute = {"DataType": "String", "StringValue": "x"}
    client.sqs("SendMessage", QueueUrl=url, MessageBody="same", MessageGroupId="g")
    client.sqs(
        "SendMessage",
        QueueUrl=url,
        MessageBody="same",
        MessageGroupId="g",
        MessageAttributes={"a": attribute},
    )
    (message,) = client.receive(url)
    # The content's id and an explicit one are the same thing
    content_id = message["Attributes"]["MessageDeduplicationId"]
    client.send(url, "different", MessageDeduplicationId=content_id)
    client.delete(url, message)
    assert client.receive(url) == []

    bare = client.queue("bare.fifo")
    error = refused(client.sqs, "SendMessage", QueueUrl=bare, MessageBody="x", MessageGroupId="g")
    assert error.code == "InvalidParameterValue"


def test_sequence_numbers_grow_over_all_groups(client):
    url = client.queue(FIFO)

    numbers = [int(client.send(url, body, MessageGroupId=body)["SequenceNumber"]) for body in "abc"]

    assert numbers == sorted(set(numbers))
    assert {len(str(number)) for number in numbers} == {20}


def test_an_expired_handle_can_neither_delete_nor_change_visibility(client, refused):
    url = client.queue(FIFO)
    client.send(url, "hello")
    message = client.receive_one(url)
    client.clock.advance(30)

    assert refused(client.delete, url, message).code == "InvalidParameterValue"
    assert refused(client.change_visibility, url, message, 1).code == "MessageNotInflight"
    again = client.receive_one(url)
    client.delete(url, again)
    client.delete(url, again)


def test_a_lost_receive_can_be_repeated_with_a_new_visibility_timeout(client):
    # Given a receive whose answer was lost
    url = client.queue(FIFO, VisibilityTimeout="30")
    group(client, url, "a", "a0", "a1", "a2")
    lost = client.receive(url, 2, ReceiveRequestAttemptId="try-1")
    client.clock.advance(20)

    # When it is repeated, then it has the same messages and handles, and another thirty seconds
    again = client.receive(url, 2, ReceiveRequestAttemptId="try-1")
    assert [m["ReceiptHandle"] for m in again] == [m["ReceiptHandle"] for m in lost]
    assert again[0]["Attributes"]["ApproximateReceiveCount"] == "1"
    client.clock.advance(29)
    assert client.receive(url) == []
    assert client.counts(url) == (1, 2, 0)


def test_a_repeated_receive_ends_within_twelve_hours_too(client):
    url = client.queue(FIFO)
    group(client, url, "a", "a0")
    held = {"ReceiveRequestAttemptId": "try-1", "VisibilityTimeout": 43_200}
    client.receive(url, **held)
    client.clock.advance(200)
    assert len(client.receive(url, **held)) == 1

    client.clock.advance(43_000)

    assert client.bodies(url) == ["a0"]


def test_an_attempt_whose_messages_were_touched_is_a_new_receive(client):
    url = client.queue(FIFO)
    group(client, url, "a", "a0", "a1")
    group(client, url, "b", "b0")
    taken = client.receive(url, 2, ReceiveRequestAttemptId="try-1")
    client.delete(url, taken[0])

    assert client.bodies(url, ReceiveRequestAttemptId="try-1") == ["b0"]
    assert client.bodies(url, ReceiveRequestAttemptId="try-1") == ["b0"]


def test_an_attempt_is_remembered_for_five_minutes(client):
    url = client.queue(FIFO, VisibilityTimeout="1000")
    group(client, url, "a", "a0")
    client.receive(url, ReceiveRequestAttemptId="try-1")
    client.clock.advance(299)
    assert client.bodies(url, ReceiveRequestAttemptId="try-1") == ["a0"]

    client.clock.advance(300)
    assert client.receive(url, ReceiveRequestAttemptId="try-1") == []


def test_a_receive_cannot_be_repeated_after_a_purge(client):
    url = client.queue(FIFO)
    group(client, url, "a", "a0")
    client.receive(url, ReceiveRequestAttemptId="try-1")

    client.sqs("PurgeQueue", QueueUrl=url)
    assert client.receive(url, ReceiveRequestAttemptId="try-1") == []
    client.clock.advance(60)

    assert client.counts(url) == (0, 0, 0)
    group(client, url, "a", "a1")
    assert client.bodies(url) == ["a1"]


@pytest.mark.parametrize(
    ("attempt", "queue"), [("with space", FIFO), ("x" * 129, FIFO), ("fine", "standard")]
)
def test_an_illegal_attempt_id_is_refused(client, refused, attempt, queue):
    url = client.queue(queue)

    assert refused(client.receive, url, ReceiveRequestAttemptId=attempt).code == "InvalidParameterValue"


def test_a_changed_delay_applies_to_delayed_messages_and_keeps_order(client):
    # Given a message delayed by a minute
    url = client.queue(FIFO, DelaySeconds="60")
    group(client, url, "a", "a0")
    client.clock.advance(10)

    # When the queue's delay is dropped, and another is sent before anybody receives
    client.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "0"})
    group(client, url, "a", "a1")

    assert client.bodies(url) == ["a0", "a1"]


def test_a_longer_delay_counts_from_the_send(client):
    url = client.queue(FIFO, DelaySeconds="5")
    group(client, url, "a", "a0")
    client.clock.advance(4)

    client.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "10"})

    client.clock.advance(5)
    assert client.receive(url) == []
    client.clock.advance(1)
    assert client.bodies(url) == ["a0"]


def test_delays_of_single_messages_are_for_standard_queues(client, refused):
    url = client.queue(FIFO)

    assert refused(client.send, url, DelaySeconds=1).code == "InvalidParameterValue"


def test_a_group_whose_head_expired_goes_on(client):
    url = client.queue(FIFO, MessageRetentionPeriod="60", VisibilityTimeout="100")
    group(client, url, "a", "a0")
    client.receive(url)
    client.clock.advance(30)
    group(client, url, "a", "a1")
    assert client.receive(url) == []

    client.clock.advance(30)

    assert client.bodies(url) == ["a1"]


def test_an_expired_visible_head_is_skipped(client):
    url = client.queue(FIFO, MessageRetentionPeriod="60")
    group(client, url, "a", "a0")
    client.clock.advance(30)
    group(client, url, "a", "a1")
    client.clock.advance(30)

    assert client.bodies(url) == ["a1"]
    assert client.counts(url) == (0, 1, 0)


def test_with_too_many_in_flight_receives_are_empty(client, monkeypatch):
    monkeypatch.setattr("pubsub_tasks.local.queues.fifo_queue.IN_FLIGHT", 2)
    url = client.queue(FIFO)
    for name in "abc":
        group(client, url, name, name)

    assert client.bodies(url) == ["a", "b"]
    assert client.receive(url) == []


def test_unlocking_a_group_wakes_waiting_receives(client):
    url = client.queue(FIFO)
    group(client, url, "a", "a0", "a1")
    message = client.receive_one(url)
    result: list[str] = []
    client.broker.on_arrival = result.append

    client.delete(url, message)

    assert result == [FIFO]
