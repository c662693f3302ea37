"""SQS's own redrive: the net under workers that die. And what a queue refuses to carry."""

from json import dumps

import pytest

from pubsub_tasks.errors import SettleFailed, TransportError
from pubsub_tasks.transports.protocols import Queue
from pubsub_tasks.wire.records import EntryFailure, MoveTaskStatus, Outgoing, Sent, text
from tests.contract.environments import Environment, bodies, receive, send


def test_a_message_received_too_often_moves_to_the_dead_letter_queue(environment: Environment) -> None:
    # Given a queue that hands a message out twice
    letters = environment.queue()
    queue = _queue_with(environment, letters, receives=2)
    (message_id,) = send(queue, "poison", attributes={"a": text("kept")})

    # When it was received twice and given back
    for _ in range(2):
        _give_back(queue)

    # Then the next receive moves it, as it is
    assert receive(queue) == []
    (letter,) = receive(letters)
    assert (letter.body, letter.message_id) == ("poison", message_id)
    assert letter.attributes == {"a": text("kept")}


def test_the_receive_count_goes_on_in_the_dead_letter_queue(environment: Environment) -> None:
    letters = environment.queue()
    queue = _queue_with(environment, letters, receives=1)
    send(queue, "poison")
    _give_back(queue)
    receive(queue)

    (letter,) = receive(letters)

    assert letter.receive_count >= 2


def test_a_dead_letter_names_its_source_queue(environment: Environment) -> None:
    environment.lacks("move_tasks", "DeadLetterQueueSourceArn is not told")
    letters = environment.queue()
    queue = _queue_with(environment, letters, receives=1)
    send(queue, "poison")
    _give_back(queue)
    receive(queue)

    (letter,) = receive(letters)

    assert letter.source_arn == queue.attributes().arn


def test_a_dead_lettered_head_unlocks_its_group(environment: Environment) -> None:
    letters = environment.queue(fifo=True)
    queue = _queue_with(environment, letters, receives=1, fifo=True)
    for body in ("head", "follower"):
        send(queue, body, group_id="g", deduplication_id=body)
    (head,) = receive(queue, limit=1)
    queue.change_visibility([(head.receipt_handle, 0)])

    assert bodies(receive(queue)) == ["follower"]

    (letter,) = receive(letters)
    assert (letter.body, letter.group_id) == ("head", "g")


def test_a_whole_group_keeps_its_order_as_dead_letters(environment: Environment) -> None:
    environment.lacks("fifo_order", "reversed in the dead-letter queue")
    letters = environment.queue(fifo=True)
    queue = _queue_with(environment, letters, receives=1, fifo=True)
    for body in ("A0", "A1", "A2"):
        send(queue, body, group_id="A", deduplication_id=body)
    queue.change_visibility([(record.receipt_handle, 0) for record in receive(queue)])

    assert receive(queue) == []

    assert bodies(receive(letters)) == ["A0", "A1", "A2"]


def test_dead_letters_move_back_by_the_native_task(environment: Environment) -> None:
    environment.lacks("move_tasks", "StartMessageMoveTask answers 500")
    letters = environment.queue()
    queue = _queue_with(environment, letters, receives=1)
    send(queue, "poison")
    _give_back(queue)
    receive(queue)

    environment.sqs.start_message_move_task(SourceArn=letters.attributes().arn)

    (record,) = environment.receive_after(queue, 1)
    assert (record.body, record.receive_count) == ("poison", 1)


def test_a_dead_letter_queue_has_sources(environment: Environment) -> None:
    letters, nobody_s = environment.queue(), environment.queue()
    first, second = (_queue_with(environment, letters, receives=1) for _ in range(2))

    assert sorted(letters.sources()) == sorted([first.url, second.url])
    assert nobody_s.sources() == []


def test_a_move_task_reports_its_progress(environment: Environment) -> None:
    environment.lacks("move_tasks", "StartMessageMoveTask answers 500")
    letters, elsewhere = environment.queue(), environment.queue()
    _queue_with(environment, letters, receives=1)
    send(letters, "poison")
    assert letters.last_move() is None

    letters.start_move(elsewhere.attributes().arn, 500)

    assert bodies(environment.receive_after(elsewhere, 1)) == ["poison"]
    assert letters.last_move() == MoveTaskStatus("COMPLETED", moved=1, to_move=1)


def test_a_move_task_is_cancelled_by_its_handle(environment: Environment) -> None:
    environment.lacks("move_tasks", "StartMessageMoveTask answers 500")
    letters, elsewhere = environment.queue(), environment.queue()
    _queue_with(environment, letters, receives=1)
    send(letters, *map(str, range(9)))
    letters.start_move(elsewhere.attributes().arn, 1)
    running = letters.last_move()
    assert running is not None
    assert running.status == "RUNNING"

    letters.cancel_move(running.handle or "")

    cancelled = letters.last_move()
    assert cancelled is not None
    assert (cancelled.status, cancelled.handle) == ("CANCELLED", None)


def test_a_message_without_a_source_fails_its_move_task(environment: Environment) -> None:
    environment.lacks("move_tasks", "StartMessageMoveTask answers 500")
    letters = environment.queue()
    source = _queue_with(environment, letters, receives=1)
    send(letters, "sent here by hand")

    letters.start_move(None, None)

    failed = environment.ended_move(letters)
    assert receive(source) == []
    assert (failed.status, failed.failure) == ("FAILED", "CouldNotDetermineMessageSource")


def test_a_queue_that_is_nobody_s_dead_letter_queue_moves_nothing(environment: Environment) -> None:
    environment.lacks("move_tasks", "StartMessageMoveTask answers 500")

    with pytest.raises(TransportError):
        environment.queue().start_move(None, None)


def test_a_move_may_go_elsewhere_and_is_listed(environment: Environment) -> None:
    environment.lacks("move_tasks", "StartMessageMoveTask answers 500")
    letters, elsewhere = environment.queue(), environment.queue()
    _queue_with(environment, letters, receives=1)
    send(letters, "sent by hand")
    arn = letters.attributes().arn

    environment.sqs.start_message_move_task(SourceArn=arn, DestinationArn=elsewhere.attributes().arn)

    assert bodies(environment.receive_after(elsewhere, 1)) == ["sent by hand"]
    (task,) = environment.sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)


def test_a_dead_letter_queue_lists_its_sources(environment: Environment) -> None:
    letters = environment.queue()
    queue = _queue_with(environment, letters, receives=1)

    listed = environment.sqs.list_dead_letter_source_queues(QueueUrl=letters.url)

    assert listed["queueUrls"] == [queue.url]


def test_a_redrive_policy_needs_a_queue_of_the_same_type(environment: Environment) -> None:
    queue, letters = environment.queue(), environment.queue()

    def refusal(arn: str, receives: int) -> str:
        policy = dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})
        told = {"QueueUrl": queue.url, "Attributes": {"RedrivePolicy": policy}}
        return environment.refusal(environment.sqs.set_queue_attributes, **told)

    arn = letters.attributes().arn
    assert refusal(arn + "-gone", 1).endswith(("InvalidParameterValue", "NonExistentQueue"))
    environment.lacks("limits", "any count and type of queue is taken")
    assert refusal(arn, 0) == refusal(arn, 1001) == "InvalidParameterValue"
    assert refusal(environment.queue(fifo=True).attributes().arn, 1) == "InvalidParameterValue"


def test_a_queue_may_refuse_to_take_dead_letters(environment: Environment) -> None:
    environment.lacks("limits", "RedriveAllowPolicy is not enforced")
    closed = environment.queue(RedriveAllowPolicy={"redrivePermission": "denyAll"})
    policy = dumps({"deadLetterTargetArn": closed.attributes().arn, "maxReceiveCount": 1})

    refusal = environment.refusal(
        environment.sqs.set_queue_attributes,
        QueueUrl=environment.queue().url,
        Attributes={"RedrivePolicy": policy},
    )

    assert refusal == "InvalidParameterValue"


def test_a_queue_takes_its_limit_in_bytes_and_no_more(environment: Environment) -> None:
    environment.lacks("limits", "counts characters, and the body alone")
    queue = environment.queue(MaximumMessageSize="1024")
    attributes = {"name": text("é")}
    weight = len("name") + len("String") + 2

    (full,) = queue.send([Outgoing("x" * (1024 - weight), attributes)])
    full_alone = bodies(receive(queue))
    (over,) = queue.send([Outgoing("x" * (1025 - weight), attributes)])

    assert isinstance(full, Sent)
    assert full_alone == ["x" * (1024 - weight)]
    assert isinstance(over, EntryFailure)
    assert not over.retriable


def test_a_character_that_sqs_forbids_fails_its_entry_alone(environment: Environment) -> None:
    environment.lacks("limits", "accepts every character")
    queue = environment.queue()

    bad, good = queue.send([Outgoing("a\x00b"), Outgoing("good")])

    assert isinstance(good, Sent)
    assert isinstance(bad, EntryFailure)
    assert bad.code.endswith("InvalidMessageContents")


def test_more_than_ten_attributes_are_discarded_by_raw_delivery(environment: Environment) -> None:
    environment.lacks("limits", "delivers what SQS would never take")
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)

    many = {f"a{number}": text("v") for number in range(11)}
    environment.publisher().publish(topic, [Outgoing("eleven", many), Outgoing("none")])

    assert bodies(receive(queue)) == ["none"]


def test_a_batch_of_eleven_is_refused(environment: Environment) -> None:
    with pytest.raises(SettleFailed) as caught:
        environment.queue().send([Outgoing("x")] * 11)

    assert caught.value.code == "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"


def _queue_with(environment: Environment, letters: Queue, *, receives: int, fifo: bool = False) -> Queue:
    policy = {"deadLetterTargetArn": letters.attributes().arn, "maxReceiveCount": receives}
    return environment.queue(fifo=fifo, RedrivePolicy=policy)


def _give_back(queue: Queue) -> None:
    (record,) = receive(queue)
    queue.change_visibility([(record.receipt_handle, 0)])
