"""When a batch is due."""

from pubsub_tasks.batches.buffer import BatchBuffer


def filled(count, linger=0.1, now=0.0):
    buffer = BatchBuffer(linger)
    for item in range(count):
        buffer.put(item, now)
    return buffer


def test_a_full_batch_is_due_at_once():
    buffer = filled(10)

    assert buffer.full
    assert buffer.take(0.0) == [list(range(10))]
    assert len(buffer) == 0


def test_a_smaller_batch_waits_for_the_linger_time():
    buffer = filled(3)

    assert buffer.take(0.05) == []
    assert buffer.wake_at() == 0.1
    buffer.put(3, 0.09)
    assert buffer.take(0.1) == [[0, 1, 2, 3]]
    assert buffer.wake_at() is None


def test_a_batch_has_ten_items_at_most():
    assert [len(batch) for batch in filled(25).take(0.1)] == [10, 10, 5]
    assert [len(batch) for batch in filled(25).take(0.0)] == [10, 10]


def test_everything_excludes_items_that_back_off():
    buffer = filled(3)
    buffer.put_later("failed", 5.0)

    assert buffer.take(0.0, everything=True) == [[0, 1, 2]]
    assert buffer.wake_at() == 5.0
    assert buffer.take(5.0) == [["failed"]]


def test_a_delayed_item_leads_the_next_batch_once_it_is_due():
    buffer = filled(2)
    buffer.put_later("failed", 0.1)

    assert len(buffer) == 3
    assert buffer.take(0.1) == [["failed", 0, 1]]
