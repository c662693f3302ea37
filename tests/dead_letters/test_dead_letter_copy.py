import json
from typing import Any

import pytest

from pubsub_tasks.dead_letters.dead_letter_attribute import DEAD_LETTER, MAX_FAILURE_SIZE, Failure
from pubsub_tasks.dead_letters.dead_letter_copy import build_dead_letter
from pubsub_tasks.dead_letters.redriven_message import restore_message
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.signals import Reject
from pubsub_tasks.verdicts import DeadLetter
from pubsub_tasks.wire.records import Attribute, Outgoing, Record, text
from pubsub_tasks.wire.resend_attribute import RESENT, ResendState

BODY = '{ "mediaType":"application/vnd.shop.order",\n"opaqueData":{"x-message-id":"ours"} , "é":1}'
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
LIMIT = 1_048_576
TEN = {f"a{number}": text("x" * number + "é") for number in range(1, 10)} | {
    "b": Attribute("Binary", b"\x00\xff")
}


def received(attributes: dict[str, Attribute] | None = None, body: str = BODY, **known: Any) -> Record:
    told = {"receive_count": 3, "sent_at": 100.0, "first_received_at": 101.0, **known}
    return Record(body, "handle", "sqs-id", attributes=attributes or {}, **told)


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def lettered(record: Record, error: BaseException | None = None, **told: Any) -> Outgoing:
    known = {
        "task": "shop.bill",
        "queue": QUEUE,
        "now": 200.0,
        "version": "1.2.3",
        "size_limit": LIMIT,
        "fifo": False,
    }
    return build_dead_letter(decode_record(record), DeadLetter("exhausted", error), **{**known, **told})


def arrived(sent: Outgoing, **known: Any) -> Record:
    """The copy as the dead-letter queue leased it out."""
    return Record(
        sent.body,
        "handle-there",
        "id-there",
        sent_at=201.0,
        attributes=sent.attributes,
        group_id=sent.group_id,
        deduplication_id=sent.deduplication_id,
        **known,
    )


def failure(sent: Outgoing) -> Failure:
    told = Failure.read(arrived(sent))
    assert told
    return told


def test_a_letter_tells_why() -> None:
    # When
    sent = lettered(received({"tenant": text("t")}), raised(LookupError("no such customer: é")))

    # Then
    assert sent.body == BODY
    assert sent.attributes["tenant"] == text("t")
    told = failure(sent)
    assert told.traceback.endswith("LookupError: no such customer: é\n")
    assert told == Failure(
        reason="exhausted",
        error_type="LookupError",
        message="no such customer: é",
        traceback=told.traceback,
        task="shop.bill",
        attempts=3,
        first_received_at=101.0,
        failed_at=200.0,
        published_at=100.0,
        queue=QUEUE,
        message_id="ours",
        sqs_message_id="sqs-id",
        version="1.2.3",
    )


def test_a_letter_is_ascii_so_that_it_weighs_what_it_is_long() -> None:
    sent = lettered(received(), raised(LookupError("é\x00\ud800\uffff")))

    value = sent.attributes[DEAD_LETTER].value
    assert isinstance(value, str)
    assert value.isascii()
    assert value.isprintable()


def test_a_letter_without_an_error_or_a_task_says_so() -> None:
    told = failure(lettered(received(), task=None))

    assert (told.error_type, told.message, told.traceback, told.task) == ("", "", "", None)


def test_a_signal_is_named_with_its_module() -> None:
    told = failure(lettered(received(), raised(Reject("not ours"))))

    assert told.error_type == "pubsub_tasks.signals.Reject"
    assert told.message == "not ours"


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("even this fails")


def test_an_error_that_cannot_be_told_does_not_keep_the_letter() -> None:
    told = failure(lettered(received(), raised(Unspeakable())))

    assert told.error_type.endswith("Unspeakable")
    assert told.message == "(the error cannot be written as text)"


class Untraceable(Exception):
    @property
    def __notes__(self) -> list[str]:
        raise RuntimeError("even this fails")


def test_a_traceback_that_cannot_be_written_does_not_keep_the_letter() -> None:
    assert failure(lettered(received(), raised(Untraceable("said")))).message == "said"


def test_attempts_on_earlier_copies_count() -> None:
    resent = {RESENT: ResendState(first_published=5.0, attempts=4).attribute()}

    sent = lettered(received(resent))

    assert failure(sent).attempts == 7
    assert failure(sent).published_at == 5.0
    assert sent.attributes[RESENT] == resent[RESENT]


def test_what_cannot_be_read_goes_as_it_came() -> None:
    # Given
    record = received(body="\x7fnonsense")
    delivery = decode_record(record)

    # When
    sent = build_dead_letter(
        delivery,
        DeadLetter("undecodable", delivery.defect),
        task=None,
        queue="orders",
        now=200.0,
        version="1.2.3",
        size_limit=LIMIT,
        fifo=False,
    )

    # Then
    assert sent.body == "\x7fnonsense"
    assert failure(sent).error_type == "pubsub_tasks.errors.DecodeError"
    assert failure(sent).message_id == "sqs-id"


def test_a_fifo_copy_keeps_its_group_and_has_an_id_of_its_own() -> None:
    # Given
    record = received(group_id="customer-7", deduplication_id="theirs", sequence_number="1")

    # When
    sent = lettered(record, fifo=True)
    back = restore_message(arrived(sent, sequence_number="2"))

    # Then
    assert (sent.group_id, sent.deduplication_id) == ("customer-7", "sqs-id")
    assert (back.group_id, back.deduplication_id) == ("customer-7", "id-there")


@pytest.mark.parametrize("known", [{"sequence_number": "2"}, {"deduplication_id": "sqs-id"}])
def test_a_record_of_a_fifo_queue_is_known_by_either_mark(known: dict[str, str]) -> None:
    record = received(group_id="g", **known)

    assert restore_message(record).deduplication_id == "sqs-id"


def test_a_fifo_queue_needs_a_group_where_there_was_none() -> None:
    assert lettered(received(), fifo=True).group_id == "sqs-id"


def test_a_fair_group_of_a_standard_queue_is_kept() -> None:
    # When
    sent = lettered(received(group_id="tenant"))
    back = restore_message(arrived(sent))

    # Then
    assert (sent.group_id, sent.deduplication_id) == ("tenant", None)
    assert (back.group_id, back.deduplication_id) == ("tenant", None)


def test_the_traceback_is_cut_before_the_message_and_to_its_tail() -> None:
    # Given
    error = raised(LookupError("m" * 1_000))
    error.add_note("n" * MAX_FAILURE_SIZE + "end")

    # When
    sent = lettered(received(), error)

    # Then
    told = failure(sent)
    assert told.message == "m" * 1_000
    assert told.traceback.endswith("nnnend\n")
    assert len(sent.attributes[DEAD_LETTER].value) == MAX_FAILURE_SIZE


def deep(frames: int) -> None:
    if frames:
        deeper(frames)
    raise LookupError("at last")


def deeper(frames: int) -> None:
    deep(frames - 1)


def test_of_a_deep_stack_the_inner_frames_are_told() -> None:
    with pytest.raises(LookupError) as caught:
        deep(100)

    told = failure(lettered(received(), caught.value)).traceback
    assert 20 < told.count("File ") <= 50
    assert told.endswith("LookupError: at last\n")


def test_an_endless_id_is_cut() -> None:
    body = json.dumps({"mediaType": "x", "opaqueData": {"x-message-id": "i" * MAX_FAILURE_SIZE}})

    sent = lettered(received(body=body), raised(LookupError("told all the same")))

    assert failure(sent).message == "told all the same"


def test_an_endless_message_is_cut_to_its_start() -> None:
    told = failure(lettered(received(), raised(LookupError("start" + "é" * 1_000_000))))

    assert told.message.startswith("starté")
    assert told.traceback == ""


def test_the_copy_never_passes_the_limit_of_its_queue() -> None:
    # Given
    record = received({"tenant": text("té")})
    bare = Outgoing(record.body, record.attributes).size
    error = raised(LookupError('quoted "text" é\n\U0001f600' * 50))
    sizes = []
    said = []

    # When
    for limit in range(bare, bare + 2_000):
        sent = lettered(record, error, size_limit=limit)

        # Then
        assert sent.size <= limit
        assert sent.body == record.body
        assert sent.attributes["tenant"] == text("té")
        sizes.append(sent.size)
        said.extend([failure(sent).message] if DEAD_LETTER in sent.attributes else [])
    first = sizes.index(next(size for size in sizes if size > bare))
    assert sizes[first] == bare + first
    assert said[0] == ""
    assert sizes[-1] > bare + 2_000 - 20


def test_the_copy_goes_even_where_it_is_too_large_itself() -> None:
    sent = lettered(received(), size_limit=10)

    assert sent == Outgoing(BODY)


@pytest.mark.parametrize(
    "attributes", [TEN, dict(list(TEN.items())[1:]) | {RESENT: ResendState(5.0, 2).attribute()}]
)
def test_ten_attributes_are_folded_into_the_letter(attributes: dict[str, Attribute]) -> None:
    # When
    sent = lettered(received(attributes), raised(LookupError("x")))

    # Then
    assert set(sent.attributes) == {DEAD_LETTER}
    assert failure(sent).attributes == attributes
    assert failure(sent).error_type == "LookupError"


def test_folded_attributes_do_not_use_up_the_room_for_telling() -> None:
    # Given
    heavy = TEN | {"b": text("x" * 2 * MAX_FAILURE_SIZE)}

    # When
    sent = lettered(received(heavy), raised(LookupError("told all the same")))

    # Then
    assert failure(sent).message == "told all the same"
    assert failure(sent).traceback
    assert restore_message(arrived(sent)).attributes == heavy


def test_attributes_that_cannot_be_folded_stay_where_they_are() -> None:
    record = received(TEN)

    sent = lettered(record, size_limit=Outgoing(BODY, TEN).size)

    assert sent.attributes == TEN


def test_a_letter_replaces_an_earlier_one() -> None:
    """As when a dead letter is moved back by hand, with its attribute, and fails again."""
    # Given
    first = lettered(received(TEN), raised(LookupError("first")))

    # When
    second = lettered(arrived(first), raised(LookupError("second")))

    # Then
    assert failure(second).message == "second"
    assert failure(second).attributes == TEN


def test_a_restored_message_is_as_it_was_with_its_limits_waived() -> None:
    # Given
    record = received({"tenant": text("t"), RESENT: ResendState(5.0, 4).attribute()})

    # When
    back = restore_message(arrived(lettered(record)))

    # Then
    assert back.body == BODY
    assert set(back.attributes) == {"tenant", RESENT}
    assert back.attributes["tenant"] == text("t")
    assert ResendState.read(back.attributes) == ResendState(first_published=5.0, attempts=0, waive=True)
    assert (back.group_id, back.deduplication_id, back.delay) == (None, None, 0)


def test_a_restored_message_starts_anew() -> None:
    # Given
    back = restore_message(arrived(lettered(received())))

    # When
    delivery = decode_record(Record(back.body, "h", "id-back", 1, 300.0, 301.0, back.attributes))

    # Then
    assert delivery.attempt == 1
    assert delivery.waived
    assert delivery.published_at == 100.0
    assert delivery.id == "ours"


def test_a_waiver_takes_the_place_of_what_an_earlier_resend_told() -> None:
    # Given
    nine_and_told = dict(list(TEN.items())[1:]) | {RESENT: ResendState(5.0, 4).attribute()}

    # When
    back = restore_message(arrived(lettered(received(nine_and_told))))

    # Then
    assert ResendState.read(back.attributes) == ResendState(first_published=5.0, waive=True)
    assert len(back.attributes) == 10


def test_ten_attributes_leave_no_place_for_a_waiver() -> None:
    back = restore_message(arrived(lettered(received(TEN))))

    assert back.attributes == TEN


def test_what_sqs_itself_moved_is_restored_too() -> None:
    # Given
    record = received({"tenant": text("t")})

    # Then
    assert Failure.read(record) is None
    assert ResendState.read(restore_message(record).attributes) == ResendState(
        first_published=100.0, waive=True
    )


@pytest.mark.parametrize(
    "value",
    ["", "nonsense", "[]", "[" * 100_000, b"\xff", "5", '{"attributes": [1]}', '{"attributes": {"a": {}}}'],
)
def test_a_strangers_attribute_of_that_name_is_taken_away(value: str | bytes) -> None:
    record = received({DEAD_LETTER: Attribute("String", value), "tenant": text("t")})

    assert set(restore_message(record).attributes) == {"tenant", RESENT}
    assert failure(lettered(record)).reason == "exhausted"


def test_a_strangers_letter_is_read_as_far_as_it_makes_sense() -> None:
    told = {"reason": 5, "task": ["x"], "attempts": "many", "failed_at": "NaN", "queue": "q", "more": {}}
    record = received({DEAD_LETTER: text(json.dumps(told))})

    assert Failure.read(record) == Failure(queue="q")
