from pubsub_tasks.dead_letters.letter_view import MOVED_BY_SQS, UNKNOWN_REASON, Letter
from pubsub_tasks.wire.records import Record
from tests.dead_letters.samples import a_letter, moved_by_sqs, order
from tests.samples import NOW, ORDER


def test_a_letter_of_ours_tells_why_and_since_when() -> None:
    letter = a_letter()

    assert (letter.reason, letter.error) == ("exhausted", "LookupError: no such customer")
    assert (letter.task, letter.media_type, letter.attempts) == ("shop.tasks.bill", ORDER, 5)
    assert letter.age(NOW + 7) == 7


def test_it_is_known_by_the_message_its_copy_and_the_copy_that_failed() -> None:
    assert {"id-of-o-1", "sqs-copy", "sqs-original"} == set(a_letter().ids)


def test_what_sqs_moved_says_so_and_is_as_old_as_its_message() -> None:
    letter = moved_by_sqs()

    assert (letter.reason, letter.error, letter.task) == (MOVED_BY_SQS, "", None)
    assert letter.attempts == 16
    assert letter.age(NOW) == 3600


def test_a_stranger_in_the_queue_is_a_letter_too() -> None:
    letter = Letter.of(Record("no json", "receipt", "sqs-1"))

    assert (letter.reason, letter.media_type, letter.content) == (UNKNOWN_REASON, None, {})


def test_it_is_shown_in_one_short_line() -> None:
    assert (
        repr(a_letter()) == "<Letter id-of-o-1 of shop.tasks.bill: exhausted, LookupError: no such customer>"
    )
    assert repr(moved_by_sqs()).endswith(f": {MOVED_BY_SQS}>")
    assert len(repr(Letter.of(Record("x" * 100_000, "receipt", "sqs-1")))) < 300


def test_a_clock_behind_the_worker_s_makes_no_negative_age() -> None:
    assert a_letter().age(NOW - 100) == 0


def test_content_is_what_the_schema_names() -> None:
    assert a_letter(order("o-2")).content == {"order_id": "o-2", "total": "9.99"}
