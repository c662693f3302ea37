"""A standard queue on a virtual clock: visibility, handles, delays, retention, counts."""

from pubsub_tasks.local.rules import limits

HOUR = 3_600


def test_a_message_in_flight_is_hidden_until_its_visibility_timeout_ends(client):
    url = client.queue()
    client.send(url)
    first = client.receive_one(url)

    client.clock.advance(29.999)
    assert client.receive(url) == []

    client.clock.advance(0.001)
    again = client.receive_one(url)
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_receive_can_set_another_visibility_timeout(client):
    url = client.queue(VisibilityTimeout="100")
    client.send(url)

    client.receive(url, VisibilityTimeout=0)
    assert len(client.receive(url, VisibilityTimeout=5)) == 1
    client.clock.advance(5)
    assert len(client.receive(url)) == 1
    client.clock.advance(99)
    assert client.receive(url) == []


def test_times_are_in_milliseconds(client):
    url = client.queue()
    sent_at = client.clock()
    client.send(url)
    client.clock.advance(1.5)
    client.receive(url, VisibilityTimeout=0)
    client.clock.advance(10)

    result = client.receive_one(url)["Attributes"]

    assert result["SentTimestamp"] == str(round(sent_at * 1000))
    assert result["ApproximateFirstReceiveTimestamp"] == str(round((sent_at + 1.5) * 1000))


def test_the_visibility_timeout_ends_within_twelve_hours_of_the_receive(client, refused):
    # Given a message in flight for two hours, half an hour after its receive
    url = client.queue()
    client.send(url)
    message = client.receive_one(url)
    client.change_visibility(url, message, 2 * HOUR)
    client.clock.advance(HOUR / 2)

    # When more is asked for than is left, then nothing changes
    error = refused(client.change_visibility, url, message, int(11.5 * HOUR) + 1)
    assert error.code == "InvalidParameterValue"
    assert "Total VisibilityTimeout for the message is beyond the limit" in error.message
    client.clock.advance(1.5 * HOUR - 1)
    assert client.receive(url) == []

    # And what is left may be asked for
    client.change_visibility(url, message, 10 * HOUR)
    client.clock.advance(10 * HOUR)
    assert refused(client.change_visibility, url, message, 1).code == "MessageNotInflight"


def test_a_change_counts_from_now_and_may_shorten(client):
    url = client.queue(VisibilityTimeout="100")
    client.send(url)
    message = client.receive_one(url)
    client.clock.advance(50)

    client.change_visibility(url, message, 10)

    client.clock.advance(9)
    assert client.receive(url) == []
    client.clock.advance(1)
    assert len(client.receive(url)) == 1


def test_a_changed_visibility_timeout_does_not_apply_to_the_next_receive(client):
    url = client.queue(VisibilityTimeout="10")
    client.send(url)
    client.change_visibility(url, client.receive_one(url), 100)
    client.clock.advance(100)
    client.receive(url)

    client.clock.advance(10)

    assert len(client.receive(url)) == 1


def test_only_the_latest_handle_settles_the_message(client, refused):
    # Given a message that went on to another receiver
    url = client.queue()
    client.send(url)
    mine = client.receive_one(url)
    client.clock.advance(30)
    theirs = client.receive_one(url)

    # When the first one settles it, then the other still has it
    client.delete(url, mine)
    assert refused(client.change_visibility, url, mine, 0).code == "MessageNotInflight"
    assert client.counts(url) == (0, 1, 0)
    client.change_visibility(url, theirs, 60)


def test_the_latest_handle_deletes_a_message_after_its_visibility_timeout(client):
    url = client.queue()
    client.send(url)
    message = client.receive_one(url)
    client.clock.advance(60)

    client.delete(url, message)

    assert client.receive(url) == []
    assert client.counts(url) == (0, 0, 0)


def test_the_visibility_of_a_deleted_message_cannot_be_changed(client, refused):
    url = client.queue()
    client.send(url)
    message = client.receive_one(url)
    client.delete(url, message)
    client.delete(url, message)

    error = refused(client.change_visibility, url, message, 10)

    assert (error.code, "does not exist" in error.message) == ("InvalidParameterValue", True)


def test_a_handle_of_another_queue_is_invalid(client, refused):
    url, other = client.queue(), client.queue("other")
    client.send(other)
    message = client.receive_one(other)

    client.send(url)
    mine = client.receive_one(url)["ReceiptHandle"]
    forged = [{"ReceiptHandle": text} for text in ("garbage", "x" * len(mine), mine[:-32] + "z" * 32)]
    for handle in (message, *forged):
        assert refused(client.delete, url, handle).code == "ReceiptHandleIsInvalid"
        assert refused(client.change_visibility, url, handle, 1).code == "ReceiptHandleIsInvalid"
    assert client.counts(url) == client.counts(other) == (0, 1, 0)


def test_a_delayed_message_is_not_visible(client):
    url = client.queue(DelaySeconds="10")
    client.send(url, "queue's")
    client.send(url, "own", DelaySeconds=900)
    client.send(url, "none", DelaySeconds=0)
    assert client.counts(url) == (1, 0, 2)
    assert client.bodies(url) == ["none"]

    client.clock.advance(10)
    assert client.bodies(url) == ["queue's"]
    client.clock.advance(890)
    assert "own" in client.bodies(url)


def test_another_delay_does_not_apply_to_delayed_messages(client):
    url = client.queue(DelaySeconds="100")
    client.send(url)

    client.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "0"})

    assert client.receive(url) == []
    client.clock.advance(100)
    assert len(client.receive(url)) == 1


def test_retention_ends_for_visible_delayed_and_in_flight_messages(client, refused):
    url = client.queue(MessageRetentionPeriod="60", VisibilityTimeout="1000")
    client.send(url, "in flight")
    held = client.receive_one(url)
    client.send(url, "visible")
    client.send(url, "delayed", DelaySeconds=900)
    assert client.counts(url) == (1, 1, 1)

    client.clock.advance(60)

    assert client.counts(url) == (0, 0, 0)
    assert client.receive(url) == []
    assert refused(client.change_visibility, url, held, 10).code == "InvalidParameterValue"


def test_a_shorter_retention_expires_what_is_already_older(client):
    url = client.queue()
    client.send(url, "old")
    client.clock.advance(100)
    client.send(url, "new")

    client.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})

    assert client.bodies(url) == ["new"]


def test_a_purge_empties_the_queue_once_a_minute(client, refused):
    url = client.queue()
    client.send(url, "in flight")
    held = client.receive_one(url)
    client.send(url, "visible")
    client.send(url, "delayed", DelaySeconds=5)

    client.sqs("PurgeQueue", QueueUrl=url)

    assert client.counts(url) == (0, 0, 0)
    client.clock.advance(59)
    assert client.receive(url) == []
    assert refused(client.change_visibility, url, held, 1).code == "InvalidParameterValue"
    assert refused(client.sqs, "PurgeQueue", QueueUrl=url).code == "PurgeQueueInProgress"
    client.clock.advance(1)
    client.sqs("PurgeQueue", QueueUrl=url)


def test_a_message_that_becomes_visible_again_comes_after_the_others(client):
    url = client.queue()
    for body in ("failing", "a", "b"):
        client.send(url, body)
    client.change_visibility(url, client.receive_one(url), 0)

    assert client.bodies(url) == ["a", "b", "failing"]


def test_too_many_in_flight_is_an_error_on_a_standard_queue(client, refused, monkeypatch):
    monkeypatch.setattr("pubsub_tasks.local.queues.queue.IN_FLIGHT", 3)
    assert limits.IN_FLIGHT == 120_000
    url = client.queue()
    for number in range(5):
        client.send(url, str(number))

    assert len(client.receive(url)) == 3
    assert refused(client.receive, url).code == "OverLimit"
    client.clock.advance(30)
    assert len(client.receive(url)) == 3


def test_changing_visibility_repeatedly_uses_no_more_memory(client):
    url = client.queue()
    client.send(url)
    message = client.receive_one(url)
    queue = client.broker._account.queues["orders"]

    for _ in range(1_000):
        client.change_visibility(url, message, 60)

    assert len(queue._ends._heap) < 200


def test_wake_at_is_the_end_of_a_delay_or_visibility_timeout(client):
    url, empty = client.queue(), client.queue("empty")
    now = client.clock()
    client.send(url, "later", DelaySeconds=20)
    client.send(url, "now")
    client.receive(url)

    assert client.broker.wake_at(url, now) == now + 20
    client.clock.advance(20)
    client.receive(url)
    assert client.broker.wake_at(url, client.clock()) == now + 30
    assert client.broker.wake_at(empty, now) is None


def test_arrivals_are_reported_by_queue(client):
    url, other = client.queue(), client.queue("other")
    result: list[str] = []
    client.broker.on_arrival = result.append

    client.send(url)
    message = client.receive_one(url)
    assert result == ["orders"]
    client.change_visibility(url, message, 100)
    assert result == ["orders"]
    client.change_visibility(url, message, 10)
    client.change_visibility(url, message, 0)
    assert result == ["orders"] * 3
    client.send(other)
    assert result[3:] == ["other"]
