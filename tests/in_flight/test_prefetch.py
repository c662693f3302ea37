"""Credit: how many messages to prefetch, and how many polls to keep open."""

import pytest

from pubsub_tasks.in_flight.in_flight_message import Limits, SlotKind
from pubsub_tasks.in_flight.prefetch import Credit


def test_polls_that_use_more_cpu_time_than_they_wait_run_one_at_a_time():
    # Given a queue on the same machine, where a poll is mostly CPU time
    credit = Credit(Limits(threads=8, receivers=8))
    credit.poll_started(10)

    # When polls return full batches
    credit.poll_finished(10, 10, polls_per_core=1.6)

    # Then no second poll is opened
    credit.poll_started(10)
    assert credit.poll_size(10, 0) == 0


def test_over_a_network_as_many_polls_are_open_as_one_core_carries():
    credit = Credit(Limits(threads=8, receivers=8))

    for _ in range(10):
        credit.poll_started(10)
        credit.poll_finished(10, 10, polls_per_core=4.5)

    asked = [
        credit.poll_size(10, 0) for _ in range(8) if credit.poll_size(10, 0) and not credit.poll_started(10)
    ]
    assert len(asked) == 4


def test_a_poll_that_waited_for_messages_is_not_mistaken_for_a_slow_network():
    credit = Credit(Limits(threads=8, receivers=8))
    for polls_per_core in (1.2, 400.0, 300.0):
        credit.poll_started(10)
        credit.poll_finished(10, 10, polls_per_core)

    credit.poll_started(10)
    assert credit.poll_size(10, 0) == 0


def room(credit, *, running=0, ready=0, waiting=0, in_flight=0, kind=SlotKind.THREAD):
    counts = dict.fromkeys(SlotKind, 0)
    return credit.room({**counts, kind: running}, {**counts, kind: ready}, waiting, in_flight)


def test_there_is_room_for_the_free_slots_until_a_handling_time_is_known():
    credit = Credit(Limits(threads=8))

    assert room(credit) == 8
    assert room(credit, running=5) == 3
    assert room(credit, running=5, ready=3) == 0


def test_open_polls_count_as_the_messages_that_they_may_return():
    credit = Credit(Limits(threads=8))

    credit.poll_started(5)
    assert room(credit) == 3
    credit.poll_finished(5, 0)
    assert room(credit) == 8
    assert credit.polls == 0


@pytest.mark.parametrize(
    ("mean", "prefetch"), [(None, 0), (0.001, 80), (0.1, 80), (0.2, 10), (0.8, 10), (0.9, 0), (60.0, 0)]
)
def test_prefetch_is_as_many_messages_as_start_within_a_second(mean, prefetch):
    credit = Credit(Limits(threads=8, receivers=8))
    if mean is not None:
        credit.handler_finished(mean)

    assert credit.prefetch == prefetch


def test_prefetch_can_be_configured():
    credit = Credit(Limits(threads=2, prefetch=7))

    assert room(credit) == 9


def test_one_handler_moves_the_mean_handling_time_a_little():
    credit = Credit(Limits())
    for _ in range(100):
        credit.handler_finished(1.0)

    credit.handler_finished(2.0)

    assert credit.mean_seconds == pytest.approx(1.02)


def test_recent_handlers_count_more():
    credit = Credit(Limits())
    for seconds in (2.0, 1.0):
        for _ in range(200):
            credit.handler_finished(seconds)

    assert 1.0 < credit.mean_seconds < 1.1


def test_a_slow_first_handler_is_soon_outweighed():
    # Given a first handler that took long, since what is made once was made for it
    credit = Credit(Limits())
    credit.handler_finished(0.005)
    assert not credit.handlers_are_quick

    # When some quick ones have finished
    for _ in range(9):
        credit.handler_finished(0.0002)

    # Then handlers are quick
    assert credit.handlers_are_quick


def test_one_poll_is_open_while_the_queue_is_empty_and_more_while_it_is_not():
    credit = Credit(Limits(threads=100, receivers=3))
    credit.poll_started(10)
    assert credit.poll_size(90, 0) == 0

    credit.poll_finished(10, 10)
    credit.poll_started(10)
    assert credit.poll_size(90, 0) == 10

    credit.poll_started(10)
    assert credit.poll_size(80, 0) == 0
    credit.poll_finished(10, 10)
    credit.poll_finished(10, 0)
    credit.poll_started(10)
    assert credit.poll_size(90, 0) == 0


def test_there_are_never_more_polls_than_receivers():
    credit = Credit(Limits(threads=100, receivers=2))
    for _ in range(5):
        credit.poll_started(10)
        credit.poll_finished(10, 10)

    credit.poll_started(10)
    credit.poll_started(10)
    assert credit.poll_size(80, 0) == 0


def test_a_poll_for_less_than_a_batch_is_opened_for_idle_slots_only():
    credit = Credit(Limits(threads=8))

    assert credit.poll_size(3, 0) == 3
    assert credit.poll_size(3, 1) == 0
    assert credit.poll_size(12, 1) == 10


def test_a_full_buffer_of_one_kind_of_slot_stops_receiving():
    credit = Credit(Limits(threads=2, coroutines=100, prefetch=5))

    assert room(credit, ready=7) > 0
    assert room(credit, ready=8) == 0


def test_no_more_messages_of_a_fifo_queue_are_received_than_may_wait():
    credit = Credit(Limits(threads=8))

    assert room(credit, waiting=95) == 5
    credit.poll_started(5)
    assert room(credit, waiting=95) == 0
    assert room(credit, waiting=200) == 0


def test_pending_settlements_limit_the_room():
    credit = Credit(Limits(threads=8))

    assert room(credit, in_flight=credit.unsettled_limit - 5) == 5
    credit.poll_started(5)
    assert room(credit, in_flight=credit.unsettled_limit - 5) == 0
    assert room(credit, in_flight=4 * credit.unsettled_limit) == 0


@pytest.mark.parametrize("prefetch", [None, 0, 5_000])
def test_the_limit_of_settlements_leaves_room_for_all_slots_and_the_prefetch(prefetch):
    credit = Credit(Limits(threads=8, prefetch=prefetch))

    assert credit.unsettled_limit > 8 + (prefetch or 80)
