from dataclasses import replace
from json import dumps

import pytest

from pubsub_tasks.dead_letters.letter import Letter
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.redrive.dead_letter_queue import Targets, find
from pubsub_tasks.wire.records import Record, text
from tests.redrive.queues import Room

STRANGER = Letter.of(Record("{}", "receipt", "sqs-1"))


def told(url: str) -> Letter:
    """A letter that tells this as its queue."""
    return Letter.of(
        Record("{}", "receipt", "sqs-1", attributes={"dead_letter": text(dumps({"queue": url}))})
    )


def test_a_dead_letter_queue_is_found_by_its_own_url_and_by_its_source_s() -> None:
    room = Room()

    own, by_source = find(room.transport, room.letters.url), find(room.transport, room.source.url)

    assert own.queue.url == by_source.queue.url == room.letters.url
    assert own.sources == by_source.sources == (room.source.url,)
    assert (own.named, by_source.named) == (None, room.source.url)


def test_a_queue_that_is_both_is_taken_for_the_dead_letter_queue() -> None:
    room = Room()
    grave = room.queue("grave").attributes().arn
    policy = dumps({"deadLetterTargetArn": grave, "maxReceiveCount": 3})
    room.sqs.set_queue_attributes(QueueUrl=room.letters.url, Attributes={"RedrivePolicy": policy})

    assert find(room.transport, room.letters.url).queue.url == room.letters.url


def test_a_queue_without_any_redrive_is_taken_as_it_is() -> None:
    room = Room()
    other = room.queue("other")

    assert find(room.transport, other.url).sources == ()


def test_no_queue_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="there is no queue at"):
        find(Room().transport, "http://127.0.0.1:4566/000000000000/nowhere")


def test_a_letter_goes_to_the_queue_that_it_tells() -> None:
    room = Room()
    billing = room.queue("billing")

    queue, attributes = Targets(room.transport, find(room.transport, room.letters.url)).of(told(billing.url))

    assert (queue.url, attributes.arn) == (billing.url, billing.attributes().arn)


def test_what_sqs_moved_goes_to_the_queue_that_sqs_took_it_from() -> None:
    room = Room()
    billing = room.queue("billing")
    letter = Letter.of(replace(STRANGER.record, source_arn=billing.attributes().arn))

    assert Targets(room.transport, find(room.transport, room.letters.url)).of(letter)[0].url == billing.url


@pytest.mark.parametrize("letter", [STRANGER, told("orders")])
def test_what_tells_nothing_goes_to_the_queue_whose_dead_letters_these_are(letter: Letter) -> None:
    room = Room()

    assert (
        Targets(room.transport, find(room.transport, room.letters.url)).of(letter)[0].url == room.source.url
    )


def test_where_two_queues_share_dead_letters_the_one_that_was_named_counts() -> None:
    room = Room()
    policy = dumps({"deadLetterTargetArn": room.letters.attributes().arn, "maxReceiveCount": 1})
    second = room.queue("second", RedrivePolicy=policy)

    assert Targets(room.transport, find(room.transport, second.url)).of(STRANGER)[0].url == second.url
    with pytest.raises(ConfigurationError, match="2 queues have their dead letters here: name one with --to"):
        Targets(room.transport, find(room.transport, room.letters.url)).of(STRANGER)


def test_what_belongs_nowhere_needs_to_be_told_where() -> None:
    room = Room()
    place = find(room.transport, room.queue("other").url)

    with pytest.raises(
        ConfigurationError, match="sqs-1 does not tell which queue it is from: name one with --to"
    ):
        Targets(room.transport, place).of(STRANGER)

    assert Targets(room.transport, place, room.source.url).of(STRANGER)[0].url == room.source.url


def test_what_is_said_wins_over_what_a_letter_tells() -> None:
    room = Room()
    place = find(room.transport, room.letters.url)
    other = room.queue("other")

    assert Targets(room.transport, place, other.url).of(told(room.source.url))[0].url == other.url


def test_no_letter_goes_to_where_it_stands() -> None:
    room = Room()
    place = find(room.transport, room.letters.url)

    with pytest.raises(ConfigurationError, match="where it stands"):
        Targets(room.transport, place).of(told(room.letters.url))
