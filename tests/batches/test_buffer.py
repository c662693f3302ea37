"""BatchBuffer: when a batch is due."""

from pubsub_tasks.batches.buffer import BatchBuffer


def filled(count, linger=0.1, now=0.0):
    outbox = BatchBuffer(linger)
    for item in range(count):
        outbox.put(item, now)
    return outbox


def test_a_full_batch_is_due_at_once():
    outbox = filled(10)

    assert outbox.full
    assert outbox.take(0.0) == [list(range(10))]
    assert len(outbox) == 0


def test_a_smaller_one_lingers_for_company():
    outbox = filled(3)

    assert outbox.take(0.05) == []
    assert outbox.wake_at() == 0.1
    outbox.put(3, 0.09)
    assert outbox.take(0.1) == [[0, 1, 2, 3]]
    assert outbox.wake_at() is None


def test_batches_are_of_ten_at_most():
    assert [len(batch) for batch in filled(25).take(0.1)] == [10, 10, 5]
    assert [len(batch) for batch in filled(25).take(0.0)] == [10, 10]


def test_everything_means_all_but_what_backs_off():
    outbox = filled(3)
    outbox.put_later("failed", 5.0)

    assert outbox.take(0.0, everything=True) == [[0, 1, 2]]
    assert outbox.wake_at() == 5.0
    assert outbox.take(5.0) == [["failed"]]


def test_what_failed_comes_back_when_its_time_has_come_and_leads_the_next_batch():
    outbox = filled(2)
    outbox.put_later("failed", 0.1)

    assert len(outbox) == 3
    assert outbox.take(0.1) == [["failed", 0, 1]]
