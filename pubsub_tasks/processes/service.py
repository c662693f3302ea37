"""Assembles the worker of a queue with its tasks and dead-letter queue, and checks them before it starts."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..dead_letters.dead_letter_copy import build_dead_letter
from ..dispatching.dispatcher import Dispatcher
from ..dispatching.unknown_messages import UnknownPolicy
from ..doctor.queue_checks import DeadLetterFacts, QueueFacts, check_queue
from ..errors import ConfigurationError
from ..in_flight.capacity import DEFAULT_CAPACITY, Capacity
from ..in_flight.in_flight_message import InFlightMessage
from ..in_flight.polls import RunLimit
from ..publishing.routes import NO_URLS, QueueUrls
from ..tasks.events import Observer
from ..tasks.observers import Observers
from ..tasks.registry import Tasks
from ..tasks.task import Task
from ..telemetry.structlog_context import structlog_layer
from ..transports.protocols import Queue, Transport
from ..verdicts import DeadLetter
from ..version import VERSION
from ..wire.records import Outgoing, QueueAttributes
from ..wire.s3_pointer import ClaimStore
from ..worker.settler import DeadLetterTarget
from ..worker.worker import Worker
from .served_queue import choose_queue, find_dead_letter_queue

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """How to serve a queue.

    Attributes:
        dead_letter_queue_url: the dead-letter queue; None for the one of the queue's redrive policy.
        celery_rest_queue_url: the queue for messages of Celery tasks that no task names; None to leave them.
        unknown: what to do with media types that no task handles; None for `dead-letter`, with a guard
            against a queue from which no message can be handled.
        queue: the logical queue whose tasks serve it; None to derive it from the URL.
        queue_urls: the configured URLs of logical queues, used to derive it.
        strict: refuse to start where something is warned about.
    """

    capacity: Capacity = DEFAULT_CAPACITY
    dead_letter_queue_url: str | None = None
    celery_rest_queue_url: str | None = None
    unknown: UnknownPolicy | None = None
    queue: str | None = None
    queue_urls: QueueUrls = NO_URLS
    run_limit: RunLimit = field(default_factory=RunLimit)
    observers: Sequence[Observer] | Observers = ()
    claims: ClaimStore | None = None
    strict: bool = False


class Service(NamedTuple):
    """A queue and the worker, tasks and dead-letter queue that serve it."""

    worker: Worker
    queue: Queue
    tasks: Sequence[Task[..., object]]
    attributes: QueueAttributes
    dead_letter_queue: Queue | None


SHORTEST_LEASE = 5
"""Shortest visibility timeout that is not warned about, in seconds.

An extension call without an answer takes at least half a second, and its repetition up to a second more: too
little would be left of a shorter lease.
"""


def create_service(transport: Transport, tasks: Tasks, url: str, options: ServiceOptions) -> Service:
    """Assemble the service of the queue at `url`, without starting it.

    Raises ConfigurationError for tasks or a dead-letter queue that do not fit, with `strict` for anything
    that is warned about, and TransportError.
    """
    queue = transport.queue(url)
    logical_name = choose_queue(tasks, url, options.queue, options.queue_urls)
    attributes = queue.attributes()
    dead_letter_queue = find_dead_letter_queue(transport, attributes, options.dead_letter_queue_url)
    rest = transport.queue(options.celery_rest_queue_url) if options.celery_rest_queue_url else None
    letters = dead_letter_queue.attributes() if dead_letter_queue else None
    attempts = tuple(task.policy.attempts for task in tasks.for_queue(logical_name))
    facts = _facts(queue, attributes, attempts, dead_letter_queue, letters)
    _warn([*map(str, check_queue(facts)), *_short_lease(options.capacity.visibility)], options.strict)
    dispatcher = Dispatcher(
        tasks,
        logical_name,
        unknown=options.unknown,
        max_receive_count=attributes.max_receive_count,
        fifo=queue.fifo,
        claims=options.claims,
        name=queue.name,
        forwards_celery=options.celery_rest_queue_url is not None,
        layers=[layer] if (layer := structlog_layer()) else [],
    )
    worker = Worker(
        queue,
        dispatcher,
        dead_letters=dead_letter_target(dead_letter_queue, queue, letters) if dead_letter_queue else None,
        forward=None if rest is None else rest.send,
        capacity=options.capacity,
        observers=options.observers,
        run_limit=replace(options.run_limit),
        retention=attributes.retention,
    )
    return Service(worker, queue, tasks.for_queue(logical_name), attributes, dead_letter_queue)


def _facts(
    queue: Queue,
    attributes: QueueAttributes,
    attempts: tuple[int | None, ...],
    dead_letter_queue: Queue | None,
    letters: QueueAttributes | None,
) -> QueueFacts:
    """What is known of the queue without a further call."""
    dead_letters = None
    if dead_letter_queue is not None and letters is not None:
        # Only what SQS itself moves keeps its age; a worker sends letters anew.
        keeps_age = attributes.dead_letter_arn is not None
        retention = letters.retention if keeps_age else attributes.retention + 1
        dead_letters = DeadLetterFacts(
            dead_letter_queue.name, dead_letter_queue.fifo, retention, letters.max_message_size
        )
    return QueueFacts(
        queue.name,
        queue.fifo,
        attributes.visibility_timeout,
        attributes.retention,
        attributes.max_message_size,
        attributes.max_receive_count,
        attempts,
        0,  # each receive of a worker asks for its own lease
        dead_letters,
        dead_letter_queue is not None,
    )


def _short_lease(visibility: int) -> list[str]:
    if visibility >= SHORTEST_LEASE:
        return []
    return [
        f"a visibility timeout of {visibility} s is too short to be extended reliably: one unanswered call "
        f"can cost the lease, and the message is handled again. Choose {SHORTEST_LEASE} s or more "
        "(--visibility-timeout)"
    ]


def _warn(warnings: Sequence[str], strict: bool) -> None:
    """Log what is valid, and yet a likely mistake. With `strict`, raise ConfigurationError for it."""
    for warning in warnings:
        logger.warning(warning)
    if strict and warnings:
        count = "a warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
        raise ConfigurationError(f"--strict: {count} above")


def dead_letter_target(
    dead_letter_queue: Queue, queue: Queue, letters: QueueAttributes | None = None
) -> DeadLetterTarget:
    """Return how dead letters of `queue` are written for `dead_letter_queue`.

    `letters` are the attributes of `dead_letter_queue`, if they are known already.
    Raises ConfigurationError if only one of the two is FIFO.
    """
    limit = (letters or dead_letter_queue.attributes()).max_message_size
    fifo = dead_letter_queue.fifo
    if fifo is not queue.fifo:
        raise ConfigurationError(
            f"{dead_letter_queue.name} cannot take the dead letters of {queue.name}: "
            "either both must be FIFO queues or neither"
        )

    def write(message: InFlightMessage, verdict: DeadLetter) -> Outgoing:
        return build_dead_letter(
            message.delivery,
            verdict,
            task=message.task,
            queue=queue.url,
            now=time.time(),
            version=VERSION,
            size_limit=limit,
            fifo=fifo,
        )

    return DeadLetterTarget(dead_letter_queue, write)
