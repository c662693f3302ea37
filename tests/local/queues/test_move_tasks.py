"""Move tasks: dead letters go back, a few at a time, until there are none or somebody cancels."""

import pytest


@pytest.fixture
def letters(client):
    """A dead-letter queue of `orders`; fill it with `dead(client, body, …)`."""
    return client.queue("letters")


@pytest.fixture
def orders(client, letters):
    return client.queue("orders", RedrivePolicy=client.redrive(letters))


def dead(client, url, *bodies):
    for body in bodies:
        client.send(url, body)
        client.change_visibility(url, client.receive_one(url), 0)
    assert client.receive(url) == []


def start(client, url, **params):
    return client.sqs("StartMessageMoveTask", SourceArn=client.arn(url), **params)["TaskHandle"]


def tasks(client, url, **params):
    return client.sqs("ListMessageMoveTasks", SourceArn=client.arn(url), **params)["Results"]


def test_dead_letters_go_back_where_they_came_from_as_new_messages(client, letters, orders):
    # Given dead letters of two queues, one of them with attributes
    other = client.queue("other", RedrivePolicy=client.redrive(letters))
    dead(client, orders, "a")
    dead(client, other, "b")
    old = client.receive_one(letters, VisibilityTimeout=0)
    client.clock.advance(100)

    # When they are moved back
    start(client, letters)
    client.clock.advance(1)

    # Then each is in its queue, with another id, a new age, and no receive counted
    moved = client.receive_one(orders)
    assert client.bodies(other) == ["b"]
    assert (moved["Body"], moved["MessageId"] == old["MessageId"]) == ("a", False)
    assert moved["Attributes"]["ApproximateReceiveCount"] == "1"
    assert moved["Attributes"]["SentTimestamp"] > old["Attributes"]["SentTimestamp"]
    assert "DeadLetterQueueSourceArn" not in moved["Attributes"]
    assert client.counts(letters) == (0, 0, 0)


def test_a_task_moves_at_the_requested_rate(client, letters, orders):
    dead(client, orders, *"abcde")

    handle = start(client, letters, MaxNumberOfMessagesPerSecond=2)
    assert client.counts(orders) == (0, 0, 0)
    client.clock.advance(1)
    assert (client.counts(letters)[0], client.counts(orders)[0]) == (3, 2)

    (result,) = tasks(client, letters)
    assert result["TaskHandle"] == handle
    assert result["Status"] == "RUNNING"
    assert result["ApproximateNumberOfMessagesMoved"] == 2
    assert result["ApproximateNumberOfMessagesToMove"] == 5
    assert result["MaxNumberOfMessagesPerSecond"] == 2
    client.clock.advance(100)
    (result,) = tasks(client, letters)
    assert (result["Status"], result["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 5)
    assert "TaskHandle" not in result


def test_a_cancelled_task_leaves_what_it_has_not_moved(client, letters, orders, refused):
    dead(client, orders, *"abcd")
    handle = start(client, letters, MaxNumberOfMessagesPerSecond=1)
    client.clock.advance(2)

    assert client.sqs("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 2}

    client.clock.advance(100)
    assert (client.counts(letters)[0], client.counts(orders)[0]) == (2, 2)
    assert tasks(client, letters)[0]["Status"] == "CANCELLED"
    assert refused(client.sqs, "CancelMessageMoveTask", TaskHandle=handle).code == "UnsupportedOperation"
    start(client, letters)
    client.clock.advance(1)
    assert client.counts(orders)[0] == 4


def test_a_task_may_move_to_another_queue(client, letters, orders):
    elsewhere = client.queue("elsewhere", DelaySeconds="5")
    client.send(letters, "sent by hand")

    start(client, letters, DestinationArn=client.arn(elsewhere))
    client.clock.advance(1)

    assert client.counts(elsewhere) == (0, 0, 1)


def test_without_a_source_or_a_destination_a_task_fails(client, letters, orders):
    client.send(letters, "sent by hand")
    start(client, letters)
    client.clock.advance(1)

    (result,) = tasks(client, letters)

    assert (result["Status"], result["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert client.counts(letters) == (1, 0, 0)


def test_a_task_fails_when_a_queue_goes(client, letters, orders):
    dead(client, orders, "a")
    other = client.queue("other", RedrivePolicy=client.redrive(letters))
    start(client, letters)
    client.sqs("DeleteQueue", QueueUrl=orders)
    client.clock.advance(1)

    (result,) = tasks(client, letters)

    assert result["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert client.counts(letters) == (1, 0, 0)
    assert client.receive(other) == []


def test_fifo_letters_go_back_in_order(client):
    letters = client.queue("letters.fifo")
    url = client.queue("orders.fifo", RedrivePolicy=client.redrive(letters))
    for body in ("a0", "a1", "a2"):
        client.send(url, body)
    for message in client.receive(url):
        client.change_visibility(url, message, 0)
    client.receive(url)

    start(client, letters)
    client.clock.advance(1)

    assert client.bodies(url) == ["a0", "a1", "a2"]


def test_one_task_at_a_time_and_ten_are_remembered(client, letters, orders, refused):
    dead(client, orders, "a")
    start(client, letters)
    assert refused(start, client, letters).code == "UnsupportedOperation"
    for _ in range(11):
        client.clock.advance(1)
        start(client, letters)

    assert len(tasks(client, letters)) == 1
    assert len(tasks(client, letters, MaxResults=10)) == 10
    started = [result["StartedTimestamp"] for result in tasks(client, letters, MaxResults=10)]
    assert started == sorted(started, reverse=True)
    assert refused(tasks, client, letters, MaxResults=11).code == "InvalidParameterValue"


def test_illegal_moves_are_refused(client, letters, orders, refused):
    fifo = client.queue("some.fifo")
    arn = client.arn(letters)

    def code(**params):
        return refused(client.sqs, "StartMessageMoveTask", **params).code

    assert code() == "MissingParameter"
    assert code(SourceArn=arn + "-gone") == "ResourceNotFoundException"
    assert code(SourceArn=client.arn(orders)) == "InvalidParameterValue"
    assert code(SourceArn=arn, DestinationArn=arn) == "InvalidParameterValue"
    assert code(SourceArn=arn, DestinationArn=client.arn(fifo)) == "InvalidParameterValue"
    assert code(SourceArn=arn, DestinationArn=arn + "-gone") == "ResourceNotFoundException"
    assert code(SourceArn=arn, MaxNumberOfMessagesPerSecond=501) == "InvalidParameterValue"
    assert refused(client.sqs, "CancelMessageMoveTask", TaskHandle="x").code == "ResourceNotFoundException"
    assert refused(client.sqs, "CancelMessageMoveTask").code == "MissingParameter"


def test_a_waiting_receive_is_woken_when_a_task_will_add_messages(client, letters, orders):
    dead(client, orders, "a")
    result: list[str] = []
    client.broker.on_arrival = result.append
    now = client.clock()

    start(client, letters, MaxNumberOfMessagesPerSecond=1)

    assert "orders" in result
    assert client.broker.wake_at(orders, now) == now + 1
