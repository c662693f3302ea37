"""A standard queue on a given clock: holds, handles, delays, retention, counts."""

from pubsub_tasks.local.rules import limits

HOUR = 3_600


def test_a_message_in_hand_is_hidden_until_its_hold_ends(desk):
    url = desk.queue()
    desk.send(url)
    first = desk.one(url)

    desk.clock.advance(29.999)
    assert desk.receive(url) == []

    desk.clock.advance(0.001)
    again = desk.one(url)
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_receive_may_hold_for_another_time_than_the_queues(desk):
    url = desk.queue(VisibilityTimeout="100")
    desk.send(url)

    desk.receive(url, VisibilityTimeout=0)
    assert len(desk.receive(url, VisibilityTimeout=5)) == 1
    desk.clock.advance(5)
    assert len(desk.receive(url)) == 1
    desk.clock.advance(99)
    assert desk.receive(url) == []


def test_times_are_told_in_milliseconds(desk):
    url = desk.queue()
    sent_at = desk.clock()
    desk.send(url)
    desk.clock.advance(1.5)
    desk.receive(url, VisibilityTimeout=0)
    desk.clock.advance(10)

    told = desk.one(url)["Attributes"]

    assert told["SentTimestamp"] == str(round(sent_at * 1000))
    assert told["ApproximateFirstReceiveTimestamp"] == str(round((sent_at + 1.5) * 1000))


def test_a_hold_ends_twelve_hours_after_the_receive_however_often_it_is_changed(desk, refused):
    # Given a message in hand for two hours, half an hour after its receive
    url = desk.queue()
    desk.send(url)
    message = desk.one(url)
    desk.hold(url, message, 2 * HOUR)
    desk.clock.advance(HOUR / 2)

    # When more is asked for than is left, then nothing changes
    error = refused(desk.hold, url, message, int(11.5 * HOUR) + 1)
    assert error.code == "InvalidParameterValue"
    assert "Total VisibilityTimeout for the message is beyond the limit" in error.message
    desk.clock.advance(1.5 * HOUR - 1)
    assert desk.receive(url) == []

    # And what is left may be asked for
    desk.hold(url, message, 10 * HOUR)
    desk.clock.advance(10 * HOUR)
    assert refused(desk.hold, url, message, 1).code == "MessageNotInflight"


def test_a_change_counts_from_now_and_may_shorten(desk):
    url = desk.queue(VisibilityTimeout="100")
    desk.send(url)
    message = desk.one(url)
    desk.clock.advance(50)

    desk.hold(url, message, 10)

    desk.clock.advance(9)
    assert desk.receive(url) == []
    desk.clock.advance(1)
    assert len(desk.receive(url)) == 1


def test_a_changed_hold_is_not_remembered_for_the_next_receive(desk):
    url = desk.queue(VisibilityTimeout="10")
    desk.send(url)
    desk.hold(url, desk.one(url), 100)
    desk.clock.advance(100)
    desk.receive(url)

    desk.clock.advance(10)

    assert len(desk.receive(url)) == 1


def test_only_the_latest_handle_has_the_message(desk, refused):
    # Given a message that went on to another receiver
    url = desk.queue()
    desk.send(url)
    mine = desk.one(url)
    desk.clock.advance(30)
    theirs = desk.one(url)

    # When the first one settles it, then the other still has it
    desk.delete(url, mine)
    assert refused(desk.hold, url, mine, 0).code == "MessageNotInflight"
    assert desk.counts(url) == (0, 1, 0)
    desk.hold(url, theirs, 60)


def test_a_message_is_deleted_by_its_latest_handle_even_after_the_hold(desk):
    url = desk.queue()
    desk.send(url)
    message = desk.one(url)
    desk.clock.advance(60)

    desk.delete(url, message)

    assert desk.receive(url) == []
    assert desk.counts(url) == (0, 0, 0)


def test_what_is_deleted_cannot_be_held(desk, refused):
    url = desk.queue()
    desk.send(url)
    message = desk.one(url)
    desk.delete(url, message)
    desk.delete(url, message)

    error = refused(desk.hold, url, message, 10)

    assert (error.code, "does not exist" in error.message) == ("InvalidParameterValue", True)


def test_a_handle_of_another_queue_is_no_handle(desk, refused):
    url, other = desk.queue(), desk.queue("other")
    desk.send(other)
    message = desk.one(other)

    desk.send(url)
    mine = desk.one(url)["ReceiptHandle"]
    forged = [{"ReceiptHandle": text} for text in ("garbage", "x" * len(mine), mine[:-32] + "z" * 32)]
    for handle in (message, *forged):
        assert refused(desk.delete, url, handle).code == "ReceiptHandleIsInvalid"
        assert refused(desk.hold, url, handle, 1).code == "ReceiptHandleIsInvalid"
    assert desk.counts(url) == desk.counts(other) == (0, 1, 0)


def test_a_delay_hides_a_message_that_nobody_has(desk):
    url = desk.queue(DelaySeconds="10")
    desk.send(url, "queue's")
    desk.send(url, "own", DelaySeconds=900)
    desk.send(url, "none", DelaySeconds=0)
    assert desk.counts(url) == (1, 0, 2)
    assert desk.bodies(url) == ["none"]

    desk.clock.advance(10)
    assert desk.bodies(url) == ["queue's"]
    desk.clock.advance(890)
    assert "own" in desk.bodies(url)


def test_another_delay_leaves_what_is_delayed_as_it_is(desk):
    url = desk.queue(DelaySeconds="100")
    desk.send(url)

    desk.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "0"})

    assert desk.receive(url) == []
    desk.clock.advance(100)
    assert len(desk.receive(url)) == 1


def test_retention_ends_whether_a_message_is_visible_delayed_or_in_hand(desk, refused):
    url = desk.queue(MessageRetentionPeriod="60", VisibilityTimeout="1000")
    desk.send(url, "in hand")
    held = desk.one(url)
    desk.send(url, "visible")
    desk.send(url, "delayed", DelaySeconds=900)
    assert desk.counts(url) == (1, 1, 1)

    desk.clock.advance(60)

    assert desk.counts(url) == (0, 0, 0)
    assert desk.receive(url) == []
    assert refused(desk.hold, url, held, 10).code == "InvalidParameterValue"


def test_a_shorter_retention_expires_what_is_already_older(desk):
    url = desk.queue()
    desk.send(url, "old")
    desk.clock.advance(100)
    desk.send(url, "new")

    desk.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})

    assert desk.bodies(url) == ["new"]


def test_a_purge_empties_the_queue_once_a_minute(desk, refused):
    url = desk.queue()
    desk.send(url, "in hand")
    held = desk.one(url)
    desk.send(url, "visible")
    desk.send(url, "delayed", DelaySeconds=5)

    desk.sqs("PurgeQueue", QueueUrl=url)

    assert desk.counts(url) == (0, 0, 0)
    desk.clock.advance(59)
    assert desk.receive(url) == []
    assert refused(desk.hold, url, held, 1).code == "InvalidParameterValue"
    assert refused(desk.sqs, "PurgeQueue", QueueUrl=url).code == "PurgeQueueInProgress"
    desk.clock.advance(1)
    desk.sqs("PurgeQueue", QueueUrl=url)


def test_a_returned_message_stands_behind_the_others(desk):
    url = desk.queue()
    for body in ("failing", "a", "b"):
        desk.send(url, body)
    desk.hold(url, desk.one(url), 0)

    assert desk.bodies(url) == ["a", "b", "failing"]


def test_too_many_in_flight_is_an_error_on_a_standard_queue(desk, refused, monkeypatch):
    monkeypatch.setattr("pubsub_tasks.local.queues.queue.IN_FLIGHT", 3)
    assert limits.IN_FLIGHT == 120_000
    url = desk.queue()
    for number in range(5):
        desk.send(url, str(number))

    assert len(desk.receive(url)) == 3
    assert refused(desk.receive, url).code == "OverLimit"
    desk.clock.advance(30)
    assert len(desk.receive(url)) == 3


def test_holding_for_the_same_time_again_and_again_costs_no_memory(desk):
    url = desk.queue()
    desk.send(url)
    message = desk.one(url)
    queue = desk.broker._account.queues["orders"]

    for _ in range(1_000):
        desk.hold(url, message, 60)

    assert len(queue._ends._heap) < 200


def test_a_wake_up_is_told_for_what_time_brings(desk):
    url, empty = desk.queue(), desk.queue("empty")
    now = desk.clock()
    desk.send(url, "later", DelaySeconds=20)
    desk.send(url, "now")
    desk.receive(url)

    assert desk.broker.wake_at(url, now) == now + 20
    desk.clock.advance(20)
    desk.receive(url)
    assert desk.broker.wake_at(url, desk.clock()) == now + 30
    assert desk.broker.wake_at(empty, now) is None


def test_arrivals_are_told_by_queue(desk):
    url, other = desk.queue(), desk.queue("other")
    told: list[str] = []
    desk.broker.on_arrival = told.append

    desk.send(url)
    message = desk.one(url)
    assert told == ["orders"]
    desk.hold(url, message, 100)
    assert told == ["orders"]
    desk.hold(url, message, 10)
    desk.hold(url, message, 0)
    assert told == ["orders"] * 3
    desk.send(other)
    assert told[3:] == ["other"]
