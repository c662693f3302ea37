from json import dumps

import pytest

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.redrive.dead_letter_queue import find_dead_letter_queue
from tests.redrive.queues import QueuePair


def test_a_dead_letter_queue_is_found_by_its_own_url_and_by_its_source_s() -> None:
    queues = QueuePair()

    own, by_source = (
        find_dead_letter_queue(queues.transport, queues.letters.url),
        find_dead_letter_queue(queues.transport, queues.source.url),
    )

    assert own.queue.url == by_source.queue.url == queues.letters.url
    assert own.sources == by_source.sources == (queues.source.url,)
    assert (own.found_by, by_source.found_by) == (None, queues.source.url)


def test_a_dead_letter_queue_with_a_redrive_policy_is_used_itself() -> None:
    queues = QueuePair()
    grave = queues.queue("grave").attributes().arn
    policy = dumps({"deadLetterTargetArn": grave, "maxReceiveCount": 3})
    queues.sqs.set_queue_attributes(QueueUrl=queues.letters.url, Attributes={"RedrivePolicy": policy})

    assert find_dead_letter_queue(queues.transport, queues.letters.url).queue.url == queues.letters.url


def test_a_queue_without_redrive_policy_or_sources_is_used_itself() -> None:
    queues = QueuePair()
    other = queues.queue("other")

    assert find_dead_letter_queue(queues.transport, other.url).sources == ()


def test_a_queue_that_does_not_exist_raises_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="there is no queue at"):
        find_dead_letter_queue(QueuePair().transport, "http://127.0.0.1:4566/000000000000/nowhere")
