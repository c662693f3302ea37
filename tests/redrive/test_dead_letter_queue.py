from json import dumps

import pytest

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.redrive.dead_letter_queue import find_dead_letter_queue
from tests.redrive.queues import Room


def test_a_dead_letter_queue_is_found_by_its_own_url_and_by_its_source_s() -> None:
    room = Room()

    own, by_source = (
        find_dead_letter_queue(room.transport, room.letters.url),
        find_dead_letter_queue(room.transport, room.source.url),
    )

    assert own.queue.url == by_source.queue.url == room.letters.url
    assert own.sources == by_source.sources == (room.source.url,)
    assert (own.found_by, by_source.found_by) == (None, room.source.url)


def test_a_queue_that_is_both_is_taken_for_the_dead_letter_queue() -> None:
    room = Room()
    grave = room.queue("grave").attributes().arn
    policy = dumps({"deadLetterTargetArn": grave, "maxReceiveCount": 3})
    room.sqs.set_queue_attributes(QueueUrl=room.letters.url, Attributes={"RedrivePolicy": policy})

    assert find_dead_letter_queue(room.transport, room.letters.url).queue.url == room.letters.url


def test_a_queue_without_any_redrive_is_taken_as_it_is() -> None:
    room = Room()
    other = room.queue("other")

    assert find_dead_letter_queue(room.transport, other.url).sources == ()


def test_no_queue_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="there is no queue at"):
        find_dead_letter_queue(Room().transport, "http://127.0.0.1:4566/000000000000/nowhere")
