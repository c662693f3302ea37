from pubsub_tasks.redrive.browse import browse
from tests.redrive.queues import QueuePair


def test_browsing_receives_every_letter_and_removes_none() -> None:
    queues = QueuePair()
    queues.put(*map(str, range(25)))

    browsed = browse(queues.leased, 100, queues.stop)
    queues.leased.release()

    assert sorted(letter.record.body for letter in browsed.letters) == sorted(map(str, range(25)))
    assert browsed.complete
    assert len(queues.visible_bodies()) == 25


def test_browsing_stops_at_the_limit_and_is_then_incomplete() -> None:
    queues = QueuePair()
    queues.put(*map(str, range(25)))

    browsed = browse(queues.leased, 12, queues.stop)

    assert len(browsed.letters) == 12
    assert not browsed.complete


def test_browsing_ends_when_stop_is_set() -> None:
    queues = QueuePair()
    queues.put(*map(str, range(25)))

    browsed = browse(queues.leased, 100, queues.stop, on_progress=lambda count: queues.stop.set())

    assert (len(browsed.letters), browsed.complete) == (10, False)


def test_browsing_ends_at_the_letter_that_is_enough() -> None:
    queues = QueuePair()
    queues.put(*map(str, range(25)))

    browsed = browse(queues.leased, 100, queues.stop, is_enough=lambda letter: letter.record.body == "3")

    assert len(browsed.letters) == 10


def test_of_a_fifo_group_only_the_letters_of_one_receive_are_visible() -> None:
    queues = QueuePair(fifo=True)
    queues.put(*(f"a{number:02}" for number in range(15)), "b0")

    browsed = browse(queues.leased, 100, queues.stop)

    assert [letter.record.body for letter in browsed.letters] == [f"a{number:02}" for number in range(10)] + [
        "b0"
    ]


def test_letters_that_come_again_after_their_lease_expired_end_the_browsing() -> None:
    # Given so slow a look that what was seen first comes again
    queues = QueuePair()
    queues.put("a")

    browsed = browse(queues.leased, 100, queues.stop, on_progress=lambda count: queues.clock.advance(1000))

    assert [letter.record.body for letter in browsed.letters] == ["a"]
