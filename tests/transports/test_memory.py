"""The memory transport: long polls from any thread, on the real and on a virtual clock."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest

from pubsub_tasks.local.rules.service_errors import ServiceError
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.transports.protocols import Queue
from pubsub_tasks.wire.records import Outgoing


def test_a_poll_on_the_real_clock_wakes_when_a_message_arrives() -> None:
    queue = _queue(MemoryTransport())
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(queue.receive, 10, 20, None)

        queue.send([Outgoing("hello")])

        assert [record.body for record in poll.result(timeout=10)] == ["hello"]


def test_a_poll_on_the_real_clock_wakes_when_a_message_is_seen_again() -> None:
    queue = _queue(MemoryTransport())
    queue.send([Outgoing("hello")])
    queue.receive(1, 0, 1)

    (record,) = queue.receive(1, 20, None)

    assert record.receive_count == 2


def test_a_poll_wakes_when_another_receiver_releases_a_message() -> None:
    queue = _queue(MemoryTransport())
    queue.send([Outgoing("hello")])
    (record,) = queue.receive(1, 0, None)
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(queue.receive, 1, 20, None)

        queue.change_visibility([(record.receipt_handle, 0)])

        assert len(poll.result(timeout=10)) == 1


def test_a_poll_ends_with_nothing_when_its_wait_is_over() -> None:
    assert _queue(MemoryTransport()).receive(1, 1, None) == []


def test_a_poll_on_a_virtual_clock_never_waits() -> None:
    clock = VirtualClock()
    queue = _queue(MemoryTransport(clock=clock))
    queue.send([Outgoing("later", delay=20)])

    assert queue.receive(1, 20, None) == []
    clock.advance(20)
    assert len(queue.receive(1, 20, None)) == 1


def test_the_broker_time_never_decreases_when_the_clock_is_set_back() -> None:
    times = cycle([1_000.0, 900.0])
    queue = _queue(MemoryTransport(clock=lambda: next(times)))

    queue.send([Outgoing("hello")])

    assert len(queue.receive(1, 0, None)) == 1


def test_many_threads_share_a_queue_and_each_message_goes_to_one() -> None:
    queue = _queue(MemoryTransport())
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            pool.submit(queue.send, [Outgoing(f"{number}-{entry}") for entry in range(10)])
        taken = [pool.submit(_take_all, queue) for _ in range(4)]

    bodies = [body for future in taken for body in future.result()] + _take_all(queue)
    assert len(bodies) == len(set(bodies)) == 200


def test_two_transports_share_nothing() -> None:
    one, other = MemoryTransport(), MemoryTransport()
    _queue(one).send([Outgoing("hello")])

    assert _queue(other).receive(1, 0, None) == []


def test_an_error_names_the_action_and_its_code() -> None:
    with pytest.raises(ServiceError, match="a/b"):
        MemoryTransport().client("sqs").create_queue(QueueName="a/b")


def _queue(transport: MemoryTransport) -> Queue:
    return transport.queue(transport.client("sqs").create_queue(QueueName="orders")["QueueUrl"])


def test_messages_can_be_looked_at_in_any_state_without_receiving_them() -> None:
    clock = VirtualClock()
    transport = MemoryTransport(clock=clock)
    queue = _queue(transport)
    queue.send([Outgoing("in flight")])
    (received,) = queue.receive(1, 0, 30)
    queue.send([Outgoing("delayed", delay=60), Outgoing("visible")])

    looked_at = transport.messages(queue.url)

    assert [record.body for record in looked_at] == ["in flight", "delayed", "visible"]
    assert looked_at[0].message_id == received.message_id
    assert transport.wake_at(queue.url) == clock() + 30
    assert [record.body for record in queue.receive(10, 0, None)] == ["visible"]


def _take_all(queue: Queue) -> list[str]:
    taken = []
    while records := queue.receive(10, 0, None):
        taken += [record.body for record in records]
        queue.delete([record.receipt_handle for record in records])
    return taken
