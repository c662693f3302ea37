"""Move tasks: dead letters go back, a few at a time, until there are none or somebody cancels."""

import pytest


@pytest.fixture
def letters(desk):
    """A dead-letter queue of `orders`; fill it with `dead(desk, body, …)`."""
    return desk.queue("letters")


@pytest.fixture
def orders(desk, letters):
    return desk.queue("orders", RedrivePolicy=desk.redrive(letters))


def dead(desk, url, *bodies):
    for body in bodies:
        desk.send(url, body)
        desk.hold(url, desk.one(url), 0)
    assert desk.receive(url) == []


def start(desk, url, **params):
    return desk.sqs("StartMessageMoveTask", SourceArn=desk.arn(url), **params)["TaskHandle"]


def tasks(desk, url, **params):
    return desk.sqs("ListMessageMoveTasks", SourceArn=desk.arn(url), **params)["Results"]


def test_dead_letters_go_back_where_they_came_from_as_new_messages(desk, letters, orders):
    # Given dead letters of two queues, one of them with attributes
    other = desk.queue("other", RedrivePolicy=desk.redrive(letters))
    dead(desk, orders, "a")
    dead(desk, other, "b")
    old = desk.one(letters, VisibilityTimeout=0)
    desk.clock.advance(100)

    # When they are moved back
    start(desk, letters)
    desk.clock.advance(1)

    # Then each is in its queue, with another id, a new age, and no receive counted
    moved = desk.one(orders)
    assert desk.bodies(other) == ["b"]
    assert (moved["Body"], moved["MessageId"] == old["MessageId"]) == ("a", False)
    assert moved["Attributes"]["ApproximateReceiveCount"] == "1"
    assert moved["Attributes"]["SentTimestamp"] > old["Attributes"]["SentTimestamp"]
    assert "DeadLetterQueueSourceArn" not in moved["Attributes"]
    assert desk.counts(letters) == (0, 0, 0)


def test_a_task_moves_no_faster_than_it_is_told(desk, letters, orders):
    dead(desk, orders, *"abcde")

    handle = start(desk, letters, MaxNumberOfMessagesPerSecond=2)
    assert desk.counts(orders) == (0, 0, 0)
    desk.clock.advance(1)
    assert (desk.counts(letters)[0], desk.counts(orders)[0]) == (3, 2)

    (told,) = tasks(desk, letters)
    assert told["TaskHandle"] == handle
    assert told["Status"] == "RUNNING"
    assert told["ApproximateNumberOfMessagesMoved"] == 2
    assert told["ApproximateNumberOfMessagesToMove"] == 5
    assert told["MaxNumberOfMessagesPerSecond"] == 2
    desk.clock.advance(100)
    (told,) = tasks(desk, letters)
    assert (told["Status"], told["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 5)
    assert "TaskHandle" not in told


def test_a_cancelled_task_leaves_what_it_has_not_moved(desk, letters, orders, refused):
    dead(desk, orders, *"abcd")
    handle = start(desk, letters, MaxNumberOfMessagesPerSecond=1)
    desk.clock.advance(2)

    assert desk.sqs("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 2}

    desk.clock.advance(100)
    assert (desk.counts(letters)[0], desk.counts(orders)[0]) == (2, 2)
    assert tasks(desk, letters)[0]["Status"] == "CANCELLED"
    assert refused(desk.sqs, "CancelMessageMoveTask", TaskHandle=handle).code == "UnsupportedOperation"
    start(desk, letters)
    desk.clock.advance(1)
    assert desk.counts(orders)[0] == 4


def test_a_task_may_move_to_another_queue(desk, letters, orders):
    elsewhere = desk.queue("elsewhere", DelaySeconds="5")
    desk.send(letters, "sent by hand")

    start(desk, letters, DestinationArn=desk.arn(elsewhere))
    desk.clock.advance(1)

    assert desk.counts(elsewhere) == (0, 0, 1)


def test_without_a_source_or_a_destination_a_task_fails(desk, letters, orders):
    desk.send(letters, "sent by hand")
    start(desk, letters)
    desk.clock.advance(1)

    (told,) = tasks(desk, letters)

    assert (told["Status"], told["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert desk.counts(letters) == (1, 0, 0)


def test_a_task_fails_when_a_queue_goes(desk, letters, orders):
    dead(desk, orders, "a")
    other = desk.queue("other", RedrivePolicy=desk.redrive(letters))
    start(desk, letters)
    desk.sqs("DeleteQueue", QueueUrl=orders)
    desk.clock.advance(1)

    (told,) = tasks(desk, letters)

    assert told["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert desk.counts(letters) == (1, 0, 0)
    assert desk.receive(other) == []


def test_fifo_letters_go_back_in_order(desk):
    letters = desk.queue("letters.fifo")
    url = desk.queue("orders.fifo", RedrivePolicy=desk.redrive(letters))
    for body in ("a0", "a1", "a2"):
        desk.send(url, body)
    for message in desk.receive(url):
        desk.hold(url, message, 0)
    desk.receive(url)

    start(desk, letters)
    desk.clock.advance(1)

    assert desk.bodies(url) == ["a0", "a1", "a2"]


def test_one_task_at_a_time_and_ten_are_remembered(desk, letters, orders, refused):
    dead(desk, orders, "a")
    start(desk, letters)
    assert refused(start, desk, letters).code == "UnsupportedOperation"
    for _ in range(11):
        desk.clock.advance(1)
        start(desk, letters)

    assert len(tasks(desk, letters)) == 1
    assert len(tasks(desk, letters, MaxResults=10)) == 10
    started = [told["StartedTimestamp"] for told in tasks(desk, letters, MaxResults=10)]
    assert started == sorted(started, reverse=True)
    assert refused(tasks, desk, letters, MaxResults=11).code == "InvalidParameterValue"


def test_what_cannot_be_moved_is_refused(desk, letters, orders, refused):
    fifo = desk.queue("some.fifo")
    arn = desk.arn(letters)

    def code(**params):
        return refused(desk.sqs, "StartMessageMoveTask", **params).code

    assert code() == "MissingParameter"
    assert code(SourceArn=arn + "-gone") == "ResourceNotFoundException"
    assert code(SourceArn=desk.arn(orders)) == "InvalidParameterValue"
    assert code(SourceArn=arn, DestinationArn=arn) == "InvalidParameterValue"
    assert code(SourceArn=arn, DestinationArn=desk.arn(fifo)) == "InvalidParameterValue"
    assert code(SourceArn=arn, DestinationArn=arn + "-gone") == "ResourceNotFoundException"
    assert code(SourceArn=arn, MaxNumberOfMessagesPerSecond=501) == "InvalidParameterValue"
    assert refused(desk.sqs, "CancelMessageMoveTask", TaskHandle="x").code == "ResourceNotFoundException"
    assert refused(desk.sqs, "CancelMessageMoveTask").code == "MissingParameter"


def test_a_waiting_receiver_is_told_when_a_task_will_bring_something(desk, letters, orders):
    dead(desk, orders, "a")
    told: list[str] = []
    desk.broker.on_arrival = told.append
    now = desk.clock()

    start(desk, letters, MaxNumberOfMessagesPerSecond=1)

    assert "orders" in told
    assert desk.broker.wake_at(orders, now) == now + 1
