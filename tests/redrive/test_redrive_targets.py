from dataclasses import replace
from json import dumps

import pytest

from pubsub_tasks.dead_letters.letter_view import Letter
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.redrive.dead_letter_queue import find_dead_letter_queue
from pubsub_tasks.redrive.redrive_targets import RedriveTargets
from pubsub_tasks.wire.records import Record, text
from tests.redrive.queues import QueuePair

STRANGER = Letter.of(Record("{}", "receipt", "sqs-1"))


def letter_from(url: str) -> Letter:
    """A letter whose failure names this queue."""
    return Letter.of(
        Record("{}", "receipt", "sqs-1", attributes={"dead_letter": text(dumps({"queue": url}))})
    )


def target_url(
    queues: QueuePair, letter: Letter, *, found_by: str | None = None, to: str | None = None
) -> str:
    """The URL of the queue that a letter goes back to; `found_by` is the URL given on the command line."""
    dlq = find_dead_letter_queue(queues.transport, found_by or queues.letters.url)
    return RedriveTargets(queues.transport, dlq, to).of(letter)[0].url


def test_a_letter_goes_back_to_the_queue_that_its_failure_names() -> None:
    queues = QueuePair()
    billing = queues.queue("billing")

    dlq = find_dead_letter_queue(queues.transport, queues.letters.url)
    queue, attributes = RedriveTargets(queues.transport, dlq).of(letter_from(billing.url))

    assert (queue.url, attributes.arn) == (billing.url, billing.attributes().arn)


def test_a_letter_moved_by_sqs_goes_back_to_the_queue_it_was_moved_from() -> None:
    queues = QueuePair()
    billing = queues.queue("billing")
    letter = Letter.of(replace(STRANGER.record, source_arn=billing.attributes().arn))

    assert target_url(queues, letter) == billing.url


@pytest.mark.parametrize("letter", [STRANGER, letter_from("orders")])
def test_a_letter_that_names_no_queue_goes_back_to_the_only_source_queue(letter: Letter) -> None:
    queues = QueuePair()

    assert target_url(queues, letter) == queues.source.url


def test_of_two_source_queues_the_one_given_on_the_command_line_is_the_target() -> None:
    queues = QueuePair()
    policy = dumps({"deadLetterTargetArn": queues.letters.attributes().arn, "maxReceiveCount": 1})
    second = queues.queue("second", RedrivePolicy=policy)

    assert target_url(queues, STRANGER, found_by=second.url) == second.url
    with pytest.raises(ConfigurationError, match="2 queues send their dead letters here: name one with --to"):
        target_url(queues, STRANGER)


def test_without_any_source_queue_the_target_must_be_named() -> None:
    queues = QueuePair()
    other = queues.queue("other").url

    with pytest.raises(
        ConfigurationError, match="sqs-1 does not say which queue it is from: name one with --to"
    ):
        target_url(queues, STRANGER, found_by=other)

    assert target_url(queues, STRANGER, found_by=other, to=queues.source.url) == queues.source.url


def test_the_queue_named_with_to_wins_over_the_letter_s_own() -> None:
    queues = QueuePair()
    other = queues.queue("other")

    assert target_url(queues, letter_from(queues.source.url), to=other.url) == other.url


def test_a_letter_never_goes_back_to_the_queue_it_is_in() -> None:
    queues = QueuePair()

    with pytest.raises(ConfigurationError, match="the queue it is in: name another with --to"):
        target_url(queues, letter_from(queues.letters.url))
