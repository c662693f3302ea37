from pubsub_tasks.dead_letters.dead_letter_attribute import DEAD_LETTER
from pubsub_tasks.dead_letters.redriven_message import import_copy, redrive_copy
from pubsub_tasks.wire.records import Record, text
from pubsub_tasks.wire.resend_attribute import RESENT, ResendState
from tests.dead_letters.samples import arrived, failed, order

LIMIT = 1_048_576


def test_a_redriven_message_is_as_it_was_with_its_limits_waived() -> None:
    record = arrived(failed(attributes={"tenant": text("t")}))

    sent = redrive_copy(record, fifo=False, size_limit=LIMIT)

    assert sent.body == order()
    assert sent.attributes.keys() == {"tenant", RESENT}
    resent = ResendState.read(sent.attributes)
    assert (resent.attempts, resent.waive) == (0, True)
    assert (sent.group_id, sent.deduplication_id) == (None, None)


def test_on_fifo_the_letter_s_own_id_is_for_deduplication_and_the_group_stays() -> None:
    record = arrived(failed(fifo=True, group_id="g"), sequence_number="7")

    sent = redrive_copy(record, fifo=True, size_limit=LIMIT)

    assert (sent.group_id, sent.deduplication_id) == ("g", "sqs-copy")


def test_a_letter_without_group_is_alone_in_one_on_a_fifo_queue() -> None:
    assert redrive_copy(arrived(failed()), fifo=True, size_limit=LIMIT).group_id == "sqs-copy"


def test_a_standard_queue_gets_no_deduplication_id_whatever_the_letter_had() -> None:
    record = arrived(failed(fifo=True, group_id="g"), sequence_number="7")

    sent = redrive_copy(record, fifo=False, size_limit=LIMIT)

    assert (sent.group_id, sent.deduplication_id) == ("g", None)


def test_a_message_as_large_as_the_queue_takes_goes_without_what_tells_of_the_waiver() -> None:
    record = Record(order(), "receipt", "sqs-1")
    limit = len(order())

    sent = redrive_copy(record, fifo=False, size_limit=limit)

    assert sent.size == limit


def test_an_imported_letter_keeps_its_failure() -> None:
    record = arrived(failed(attributes={"tenant": text("t")}))

    sent = import_copy(record, fifo=False, fresh_id="fresh")

    assert sent.attributes.keys() == {"tenant", DEAD_LETTER}
    assert (sent.group_id, sent.deduplication_id) == (None, None)


def test_an_import_to_fifo_is_never_taken_for_what_was_sent_before() -> None:
    record = arrived(failed(fifo=True, group_id="g"), sequence_number="7")

    assert import_copy(record, fifo=True, fresh_id="fresh").deduplication_id == "fresh"
    assert import_copy(record, fifo=True, fresh_id="fresh").group_id == "g"
    assert import_copy(Record("x", "", ""), fifo=True, fresh_id="fresh").group_id == "fresh"
