"""A FIFO queue on a given clock: order per group, deduplication, receives that can be asked for again."""

import pytest

FIFO = "orders.fifo"


def group(desk, url, name, *bodies):
    for body in bodies:
        desk.send(url, body, MessageGroupId=name)


def test_nothing_of_a_group_comes_while_any_of_it_is_in_hand(desk):
    url = desk.queue(FIFO)
    group(desk, url, "a", "a0", "a1", "a2")
    group(desk, url, "b", "b0")

    first = desk.receive(url, 2)
    assert [message["Body"] for message in first] == ["a0", "a1"]
    assert desk.bodies(url) == ["b0"]

    desk.delete(url, first[0])
    assert desk.receive(url) == []
    desk.delete(url, first[1])
    assert desk.bodies(url) == ["a2"]


def test_a_group_comes_back_in_order_whatever_comes_back_first(desk):
    # Given three of a group in hand, the last of them released first
    url = desk.queue(FIFO)
    group(desk, url, "a", "a0", "a1", "a2", "a3")
    taken = desk.receive(url, 3)
    for message in reversed(taken):
        assert desk.receive(url) == []
        desk.hold(url, message, 0)

    assert desk.bodies(url) == ["a0", "a1", "a2", "a3"]


def test_groups_take_turns(desk):
    url = desk.queue(FIFO)
    group(desk, url, "a", "a0", "a1")
    group(desk, url, "b", "b0", "b1")

    seen = []
    for _ in range(4):
        message = desk.one(url)
        seen.append(message["Body"])
        desk.delete(url, message)

    assert seen == ["a0", "b0", "a1", "b1"]


def test_a_duplicate_is_accepted_and_not_delivered_for_five_minutes(desk):
    url = desk.queue(FIFO)
    first = desk.send(url, "one", MessageDeduplicationId="d")
    desk.delete(url, desk.one(url))

    desk.clock.advance(299)
    again = desk.send(url, "other", MessageDeduplicationId="d", MessageGroupId="elsewhere")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert again["MD5OfMessageBody"] != first["MD5OfMessageBody"]
    assert desk.receive(url) == []

    # The first send counts, not the latest duplicate
    desk.clock.advance(1)
    assert desk.send(url, "other", MessageDeduplicationId="d")["MessageId"] != first["MessageId"]
    assert desk.bodies(url) == ["other"]


def test_deduplication_may_be_within_a_group(desk):
    url = desk.queue(FIFO, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for name in ("a", "b", "a"):
        desk.send(url, name, MessageDeduplicationId="d", MessageGroupId=name)

    assert sorted(desk.bodies(url)) == ["a", "b"]


def test_content_is_deduplicated_by_the_body_alone(desk, refused):
    url = desk.queue(FIFO, ContentBasedDeduplication="true")
    attribute = {"DataType": "String", "StringValue": "x"}
    desk.sqs("SendMessage", QueueUrl=url, MessageBody="same", MessageGroupId="g")
    desk.sqs(
        "SendMessage",
        QueueUrl=url,
        MessageBody="same",
        MessageGroupId="g",
        MessageAttributes={"a": attribute},
    )
    (message,) = desk.receive(url)
    # The content's id and an explicit one are the same thing
    content_id = message["Attributes"]["MessageDeduplicationId"]
    desk.send(url, "different", MessageDeduplicationId=content_id)
    desk.delete(url, message)
    assert desk.receive(url) == []

    bare = desk.queue("bare.fifo")
    error = refused(desk.sqs, "SendMessage", QueueUrl=bare, MessageBody="x", MessageGroupId="g")
    assert error.code == "InvalidParameterValue"


def test_sequence_numbers_grow_over_all_groups(desk):
    url = desk.queue(FIFO)

    numbers = [int(desk.send(url, body, MessageGroupId=body)["SequenceNumber"]) for body in "abc"]

    assert numbers == sorted(set(numbers))
    assert {len(str(number)) for number in numbers} == {20}


def test_a_handle_that_ran_out_can_neither_delete_nor_hold(desk, refused):
    url = desk.queue(FIFO)
    desk.send(url, "hello")
    message = desk.one(url)
    desk.clock.advance(30)

    assert refused(desk.delete, url, message).code == "InvalidParameterValue"
    assert refused(desk.hold, url, message, 1).code == "MessageNotInflight"
    again = desk.one(url)
    desk.delete(url, again)
    desk.delete(url, again)


def test_a_lost_receive_can_be_asked_for_again_and_is_held_anew(desk):
    # Given a receive whose answer was lost
    url = desk.queue(FIFO, VisibilityTimeout="30")
    group(desk, url, "a", "a0", "a1", "a2")
    lost = desk.receive(url, 2, ReceiveRequestAttemptId="try-1")
    desk.clock.advance(20)

    # When it is repeated, then it has the same messages and handles, and another thirty seconds
    again = desk.receive(url, 2, ReceiveRequestAttemptId="try-1")
    assert [m["ReceiptHandle"] for m in again] == [m["ReceiptHandle"] for m in lost]
    assert again[0]["Attributes"]["ApproximateReceiveCount"] == "1"
    desk.clock.advance(29)
    assert desk.receive(url) == []
    assert desk.counts(url) == (1, 2, 0)


def test_a_receive_that_is_asked_for_again_ends_within_its_twelve_hours_too(desk):
    url = desk.queue(FIFO)
    group(desk, url, "a", "a0")
    held = {"ReceiveRequestAttemptId": "try-1", "VisibilityTimeout": 43_200}
    desk.receive(url, **held)
    desk.clock.advance(200)
    assert len(desk.receive(url, **held)) == 1

    desk.clock.advance(43_000)

    assert desk.bodies(url) == ["a0"]


def test_an_attempt_whose_messages_were_touched_is_a_new_receive(desk):
    url = desk.queue(FIFO)
    group(desk, url, "a", "a0", "a1")
    group(desk, url, "b", "b0")
    taken = desk.receive(url, 2, ReceiveRequestAttemptId="try-1")
    desk.delete(url, taken[0])

    assert desk.bodies(url, ReceiveRequestAttemptId="try-1") == ["b0"]
    assert desk.bodies(url, ReceiveRequestAttemptId="try-1") == ["b0"]


def test_an_attempt_is_remembered_for_five_minutes(desk):
    url = desk.queue(FIFO, VisibilityTimeout="1000")
    group(desk, url, "a", "a0")
    desk.receive(url, ReceiveRequestAttemptId="try-1")
    desk.clock.advance(299)
    assert desk.bodies(url, ReceiveRequestAttemptId="try-1") == ["a0"]

    desk.clock.advance(300)
    assert desk.receive(url, ReceiveRequestAttemptId="try-1") == []


def test_a_purge_is_the_end_of_what_a_receive_took(desk):
    url = desk.queue(FIFO)
    group(desk, url, "a", "a0")
    desk.receive(url, ReceiveRequestAttemptId="try-1")

    desk.sqs("PurgeQueue", QueueUrl=url)
    assert desk.receive(url, ReceiveRequestAttemptId="try-1") == []
    desk.clock.advance(60)

    assert desk.counts(url) == (0, 0, 0)
    group(desk, url, "a", "a1")
    assert desk.bodies(url) == ["a1"]


@pytest.mark.parametrize(
    ("attempt", "queue"), [("with space", FIFO), ("x" * 129, FIFO), ("fine", "standard")]
)
def test_an_attempt_id_that_is_not_legal_is_refused(desk, refused, attempt, queue):
    url = desk.queue(queue)

    assert refused(desk.receive, url, ReceiveRequestAttemptId=attempt).code == "InvalidParameterValue"


def test_a_changed_delay_applies_to_what_is_still_delayed_and_keeps_order(desk):
    # Given a message delayed by a minute
    url = desk.queue(FIFO, DelaySeconds="60")
    group(desk, url, "a", "a0")
    desk.clock.advance(10)

    # When the queue's delay is dropped, and another is sent before anybody receives
    desk.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "0"})
    group(desk, url, "a", "a1")

    assert desk.bodies(url) == ["a0", "a1"]


def test_a_longer_delay_counts_from_the_send(desk):
    url = desk.queue(FIFO, DelaySeconds="5")
    group(desk, url, "a", "a0")
    desk.clock.advance(4)

    desk.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "10"})

    desk.clock.advance(5)
    assert desk.receive(url) == []
    desk.clock.advance(1)
    assert desk.bodies(url) == ["a0"]


def test_delays_of_single_messages_are_for_standard_queues(desk, refused):
    url = desk.queue(FIFO)

    assert refused(desk.send, url, DelaySeconds=1).code == "InvalidParameterValue"


def test_a_group_whose_head_expired_goes_on(desk):
    url = desk.queue(FIFO, MessageRetentionPeriod="60", VisibilityTimeout="100")
    group(desk, url, "a", "a0")
    desk.receive(url)
    desk.clock.advance(30)
    group(desk, url, "a", "a1")
    assert desk.receive(url) == []

    desk.clock.advance(30)

    assert desk.bodies(url) == ["a1"]


def test_a_visible_head_that_expired_is_passed_over(desk):
    url = desk.queue(FIFO, MessageRetentionPeriod="60")
    group(desk, url, "a", "a0")
    desk.clock.advance(30)
    group(desk, url, "a", "a1")
    desk.clock.advance(30)

    assert desk.bodies(url) == ["a1"]
    assert desk.counts(url) == (0, 1, 0)


def test_too_many_in_flight_is_no_error_but_receives_dry_up(desk, monkeypatch):
    monkeypatch.setattr("pubsub_tasks.local.queues.fifo_queue.IN_FLIGHT", 2)
    url = desk.queue(FIFO)
    for name in "abc":
        group(desk, url, name, name)

    assert desk.bodies(url) == ["a", "b"]
    assert desk.receive(url) == []


def test_a_released_group_wakes_who_waits(desk):
    url = desk.queue(FIFO)
    group(desk, url, "a", "a0", "a1")
    message = desk.one(url)
    told: list[str] = []
    desk.broker.on_arrival = told.append

    desk.delete(url, message)

    assert told == [FIFO]
