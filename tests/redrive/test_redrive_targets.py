from dataclasses import replace
from json import dumps

import pytest

from pubsub_tasks.dead_letters.letter import Letter
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.redrive.dead_letter_queue import find_dead_letter_queue
from pubsub_tasks.redrive.redrive_targets import RedriveTargets
from pubsub_tasks.wire.records import Record, text
from tests.redrive.queues import Room

STRANGER = Letter.of(Record("{}", "receipt", "sqs-1"))


def letter_from(url: str) -> Letter:
    """A letter whose failure names this queue."""
    return Letter.of(
        Record("{}", "receipt", "sqs-1", attributes={"dead_letter": text(dumps({"queue": url}))})
    )


def target_url(room: Room, letter: Letter, *, found_by: str | None = None, to: str | None = None) -> str:
    """The URL of the queue that a letter goes back to; `found_by` is the URL given on the command line."""
    dlq = find_dead_letter_queue(room.transport, found_by or room.letters.url)
    return RedriveTargets(room.transport, dlq, to).of(letter)[0].url


def test_a_letter_goes_back_to_the_queue_that_its_failure_names() -> None:
    room = Room()
    billing = room.queue("billing")

    dlq = find_dead_letter_queue(room.transport, room.letters.url)
    queue, attributes = RedriveTargets(room.transport, dlq).of(letter_from(billing.url))

    assert (queue.url, attributes.arn) == (billing.url, billing.attributes().arn)


def test_a_letter_moved_by_sqs_goes_back_to_the_queue_it_was_moved_from() -> None:
    room = Room()
    billing = room.queue("billing")
    letter = Letter.of(replace(STRANGER.record, source_arn=billing.attributes().arn))

    assert target_url(room, letter) == billing.url


@pytest.mark.parametrize("letter", [STRANGER, letter_from("orders")])
def test_a_letter_that_names_no_queue_goes_back_to_the_only_source_queue(letter: Letter) -> None:
    room = Room()

    assert target_url(room, letter) == room.source.url


def test_of_two_source_queues_the_one_given_on_the_command_line_is_the_target() -> None:
    room = Room()
    policy = dumps({"deadLetterTargetArn": room.letters.attributes().arn, "maxReceiveCount": 1})
    second = room.queue("second", RedrivePolicy=policy)

    assert target_url(room, STRANGER, found_by=second.url) == second.url
    with pytest.raises(ConfigurationError, match="2 queues send their dead letters here: name one with --to"):
        target_url(room, STRANGER)


def test_without_any_source_queue_the_target_must_be_named() -> None:
    room = Room()
    other = room.queue("other").url

    with pytest.raises(
        ConfigurationError, match="sqs-1 does not say which queue it is from: name one with --to"
    ):
        target_url(room, STRANGER, found_by=other)

    assert target_url(room, STRANGER, found_by=other, to=room.source.url) == room.source.url


def test_the_queue_named_with_to_wins_over_the_letter_s_own() -> None:
    room = Room()
    other = room.queue("other")

    assert target_url(room, letter_from(room.source.url), to=other.url) == other.url


def test_a_letter_never_goes_back_to_the_queue_it_is_in() -> None:
    room = Room()

    with pytest.raises(ConfigurationError, match="the queue it is in: name another with --to"):
        target_url(room, letter_from(room.letters.url))
