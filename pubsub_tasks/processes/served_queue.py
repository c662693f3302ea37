"""Which tasks serve a queue, and where its dead letters go."""

from collections.abc import Sequence
from difflib import get_close_matches

from ..errors import ConfigurationError
from ..publishing.routes import NO_URLS, QueueUrls
from ..tasks.registry import Tasks
from ..tasks.task import DEFAULT_QUEUE
from ..transports.protocols import Queue, Transport
from ..wire.records import QueueAttributes


def choose_queue(tasks: Tasks, url: str, wanted: str | None, urls: QueueUrls = NO_URLS) -> str:
    """Return the logical queue whose tasks serve the queue at `url`.

    Without `wanted`, the last part of the URL names the queue: as is, without `.fifo`, or by the configured
    URLs. Tasks with a `queue=` are served on that queue only. Tasks without one are served on any queue,
    provided that no task has one.

    Args:
        url: a queue's URL or name; empty for messages that come from no queue, such as a file.
        wanted: the logical queue, if given by the user.
        urls: the configured URLs of logical queues.

    Raises ConfigurationError if no task serves the queue.
    """
    queues = sorted(tasks.queues)
    if not queues:
        raise ConfigurationError(
            "the app declares no task, so there is nothing to run: import the modules that declare tasks"
        )
    name = url.rstrip("/").rpartition("/")[2]
    for known in (wanted,) if wanted else (name, urls.queue(name)):
        for candidate in (known, known.removesuffix(".fifo")):
            if candidate in queues:
                return candidate
    if not wanted and (queues == [DEFAULT_QUEUE] or (len(queues) == 1 and not name)):
        return queues[0]
    raise ConfigurationError(_refusal(queues, name, wanted))


def _refusal(queues: Sequence[str], name: str, wanted: str | None) -> str:
    have = f"the app's {'queue is' if len(queues) == 1 else 'queues are'} {', '.join(queues)}"
    choice = f"--queue {' or --queue '.join(queues)} (sqs_consumer.queue in a graph's configuration)"
    if wanted:
        near = get_close_matches(wanted, queues, 1)
        advice = f"did you mean {near[0]}? " if near else ""
        return f"no task names the queue {wanted!r}: {advice}there is {choice}"
    if not name:
        return f"these messages come from no queue: choose the tasks to handle them with {choice}"
    return f"no task names the queue {name!r}: {have}. Check the URL, or choose the tasks with {choice}"


def find_dead_letter_queue(
    transport: Transport, attributes: QueueAttributes, url: str | None
) -> Queue | None:
    """Return the dead-letter queue at `url`, or that of the redrive policy, or None if there is neither."""
    if url is None and attributes.dead_letter_arn is not None:
        url = transport.queue_url(attributes.dead_letter_arn)
    return None if url is None else transport.queue(url)
