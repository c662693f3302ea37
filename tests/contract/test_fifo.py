"""A FIFO queue: strict order within a group, groups apart, and each deduplication id once in five minutes."""

from pubsub_tasks.wire.records import Outgoing, Sent
from tests.contract.environments import Environment, bodies, receive, send


def test_one_receive_gives_several_of_a_group_in_order(environment: Environment) -> None:
    queue = environment.queue(fifo=True)
    _send(queue, "A0", "A1", "B0", "A2")

    records = receive(queue)

    assert [body for body in bodies(records) if body.startswith("A")] == ["A0", "A1", "A2"]
    assert {record.body: record.group_id for record in records} == {
        "A0": "A",
        "A1": "A",
        "A2": "A",
        "B0": "B",
    }


def test_a_group_in_flight_is_locked(environment: Environment) -> None:
    # Given the head of a group in flight
    queue = environment.queue(fifo=True)
    _send(queue, "A0", "A1", "B0")
    (head,) = receive(queue, limit=1)

    # When the rest is received, then only another group's come
    assert bodies(receive(queue)) == ["B0"]

    # And once the head is done, its follower
    queue.delete([head.receipt_handle])
    assert bodies(receive(queue)) == ["A1"]


def test_a_released_head_comes_before_its_followers(environment: Environment) -> None:
    queue = environment.queue(fifo=True)
    _send(queue, "A0", "A1", "A2")
    records = receive(queue)

    queue.change_visibility([(record.receipt_handle, 0) for record in records])

    assert bodies(receive(queue)) == ["A0", "A1", "A2"]


def test_order_survives_an_expired_visibility(environment: Environment) -> None:
    environment.lacks("fifo_order", "A2 comes before A0 after the expiry")
    queue = environment.queue(fifo=True)
    _send(queue, "A0", "A1", "A2")
    assert bodies(receive(queue, limit=2, visibility=1)) == ["A0", "A1"]

    assert bodies(environment.receive_after(queue, 1)) == ["A0", "A1", "A2"]


def test_sequence_numbers_grow(environment: Environment) -> None:
    environment.lacks("fifo_order", "sequence numbers are random")
    queue = environment.queue(fifo=True)
    _send(queue, "A0", "A1", "B0")

    records = receive(queue)

    numbers = {record.body: int(record.sequence_number or 0) for record in records}
    assert 0 < numbers["A0"] < numbers["A1"]


def test_the_same_deduplication_id_is_taken_once(environment: Environment) -> None:
    environment.lacks("deduplication", "the second send gets a MessageId of its own")
    queue = environment.queue(fifo=True)

    first = send(queue, "first", group_id="g", deduplication_id="d")
    second = send(queue, "second", group_id="g", deduplication_id="d")

    assert first == second
    assert bodies(receive(queue)) == ["first"]


def test_a_deduplication_id_may_count_within_its_group(environment: Environment) -> None:
    environment.lacks("deduplication", "the scope messageGroup is stored and not honoured")
    queue = environment.queue(
        fifo=True, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId"
    )

    for group in ("A", "B", "A"):
        send(queue, group, group_id=group, deduplication_id="d")

    assert sorted(bodies(receive(queue))) == ["A", "B"]


def test_a_deduplication_id_is_remembered_after_the_delete(environment: Environment) -> None:
    environment.lacks("deduplication", "forgotten with the message")
    queue = environment.queue(fifo=True)
    send(queue, "first", group_id="g", deduplication_id="d")
    queue.delete([record.receipt_handle for record in receive(queue)])

    send(queue, "again", group_id="g", deduplication_id="d")

    assert receive(queue) == []


def test_the_body_is_its_own_deduplication_id_where_the_queue_says_so(environment: Environment) -> None:
    queue = environment.queue(fifo=True, ContentBasedDeduplication="true")

    queue.send([Outgoing("same", group_id="g")])
    queue.send([Outgoing("same", group_id="g"), Outgoing("other", group_id="g")])

    assert bodies(receive(queue)) == ["same", "other"]


def test_an_entry_without_group_fails_alone(environment: Environment) -> None:
    environment.lacks("limits", "one bad entry fails the whole call")
    queue = environment.queue(fifo=True)

    bad, good = queue.send(
        [Outgoing("no group", deduplication_id="1"), Outgoing("ok", group_id="g", deduplication_id="2")]
    )

    assert isinstance(good, Sent)
    assert not isinstance(bad, Sent)
    assert bad.code.endswith("MissingParameter")
    assert not bad.retriable


def test_an_attempt_id_gives_the_same_messages_again(environment: Environment) -> None:
    environment.lacks("deduplication", "ReceiveRequestAttemptId is ignored")
    # Given a receive whose answer was lost on its way
    queue = environment.queue(fifo=True)
    _send(queue, "A0", "A1")
    lost = queue.receive(1, 0, 30, "attempt-1")

    # When it is repeated with the same id
    again = queue.receive(1, 0, 30, "attempt-1")

    # Then it has the same messages, and a handle that settles them
    assert bodies(again) == bodies(lost) == ["A0"]
    assert queue.delete([again[0].receipt_handle]) == [None]


def _send(queue: object, *names: str) -> None:
    """Each name is a body; its first letter is the group."""
    for name in names:
        send(queue, name, group_id=name[0], deduplication_id=name)  # type: ignore[arg-type]
