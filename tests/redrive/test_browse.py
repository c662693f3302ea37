from pubsub_tasks.redrive.browse import browse
from tests.redrive.queues import Room


def test_a_look_sees_all_and_takes_nothing_away() -> None:
    room = Room()
    room.put(*map(str, range(25)))

    browsed = browse(room.leased, 100, room.stop)
    room.leased.release()

    assert sorted(letter.record.body for letter in browsed.letters) == sorted(map(str, range(25)))
    assert browsed.complete
    assert len(room.seen_by_others()) == 25


def test_a_look_is_bounded_and_says_that_there_is_more() -> None:
    room = Room()
    room.put(*map(str, range(25)))

    browsed = browse(room.leased, 12, room.stop)

    assert len(browsed.letters) == 12
    assert not browsed.complete


def test_a_look_ends_when_somebody_says_so() -> None:
    room = Room()
    room.put(*map(str, range(25)))

    browsed = browse(room.leased, 100, room.stop, on_progress=lambda count: room.stop.set())

    assert (len(browsed.letters), browsed.complete) == (10, False)


def test_a_look_for_one_letter_ends_with_it() -> None:
    room = Room()
    room.put(*map(str, range(25)))

    browsed = browse(room.leased, 100, room.stop, is_enough=lambda letter: letter.record.body == "3")

    assert len(browsed.letters) == 10


def test_of_a_fifo_group_the_letters_of_one_receive_are_seen() -> None:
    room = Room(fifo=True)
    room.put(*(f"a{number:02}" for number in range(15)), "b0")

    browsed = browse(room.leased, 100, room.stop)

    assert [letter.record.body for letter in browsed.letters] == [f"a{number:02}" for number in range(10)] + [
        "b0"
    ]


def test_letters_whose_leases_lapse_end_the_look_instead_of_going_round() -> None:
    # Given so slow a look that what was seen first comes again
    room = Room()
    room.put("a")

    browsed = browse(room.leased, 100, room.stop, on_progress=lambda count: room.clock.advance(1000))

    assert [letter.record.body for letter in browsed.letters] == ["a"]
