"""Assembles the worker of a queue with its tasks and dead-letter queue, and checks them before it starts."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..dead_letters.dead_letter_copy import build_dead_letter
from ..dispatching.dispatcher import Dispatcher
from ..dispatching.unknown_messages import UnknownPolicy
from ..errors import ConfigurationError
from ..in_flight.capacity import Capacity
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
from ..wire.records import Outgoing, QueueAttributes
from ..wire.s3_pointer import ClaimStore
from ..worker.settler import DeadLetterTarget
from ..worker.worker import Worker
from .served_queue import choose_queue, find_dead_letter_queue, package_version

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
    """

    capacity: Capacity = field(default_factory=Capacity)
    dead_letter_queue_url: str | None = None
    celery_rest_queue_url: str | None = None
    unknown: UnknownPolicy | None = None
    queue: str | None = None
    queue_urls: QueueUrls = NO_URLS
    run_limit: RunLimit = field(default_factory=RunLimit)
    observers: Sequence[Observer] | Observers = ()
    claims: ClaimStore | None = None


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

    Raises ConfigurationError for tasks or a dead-letter queue that do not fit, and TransportError.
    """
    queue = transport.queue(url)
    logical_name = choose_queue(tasks, url, options.queue, options.queue_urls)
    attributes = queue.attributes()
    dead_letter_queue = find_dead_letter_queue(transport, attributes, options.dead_letter_queue_url)
    rest = transport.queue(options.celery_rest_queue_url) if options.celery_rest_queue_url else None
    _warn(queue, dead_letter_queue, options.capacity.visibility)
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
        dead_letters=dead_letter_target(dead_letter_queue, queue, attributes) if dead_letter_queue else None,
        forward=None if rest is None else rest.send,
        capacity=options.capacity,
        observers=options.observers,
        run_limit=replace(options.run_limit),
        retention=attributes.retention,
    )
    return Service(worker, queue, tasks.for_queue(logical_name), attributes, dead_letter_queue)


def _warn(queue: Queue, dead_letter_queue: Queue | None, visibility: int) -> None:
    """Log what is valid, and yet a likely mistake."""
    if dead_letter_queue is None:
        logger.warning(
            "%s has no dead-letter queue: messages that cannot be handled stay on it. Give it a redrive "
            "policy, or name a queue with --dead-letter-queue-url",
            queue.name,
        )
    if visibility < SHORTEST_LEASE:
        logger.warning(
            "a visibility timeout of %s s is too short to be extended reliably: one unanswered call can cost "
            "the lease, and the message is handled again. Choose %s s or more (--visibility-timeout)",
            visibility,
            SHORTEST_LEASE,
        )


def dead_letter_target(
    dead_letter_queue: Queue, queue: Queue, attributes: QueueAttributes | None = None
) -> DeadLetterTarget:
    """Return how dead letters of `queue` are written for `dead_letter_queue`.

    With the `attributes` of `queue`, logs a warning if the dead-letter queue accepts only smaller messages.
    Raises ConfigurationError if only one of the two is FIFO.
    """
    limit = dead_letter_queue.attributes().max_message_size
    fifo = dead_letter_queue.fifo
    if fifo is not queue.fifo:
        raise ConfigurationError(
            f"{dead_letter_queue.name} cannot take the dead letters of {queue.name}: "
            "either both must be FIFO queues or neither"
        )
    if attributes is not None and limit < attributes.max_message_size:
        logger.warning(
            "%s accepts messages of up to %d bytes, and %s of up to %d: a larger message cannot be "
            "dead-lettered and comes back every 15 minutes; raise the MaximumMessageSize of %s",
            dead_letter_queue.name,
            limit,
            queue.name,
            attributes.max_message_size,
            dead_letter_queue.name,
        )

    def write(message: InFlightMessage, verdict: DeadLetter) -> Outgoing:
        return build_dead_letter(
            message.delivery,
            verdict,
            task=message.task,
            queue=queue.url,
            now=time.time(),
            version=package_version(),
            size_limit=limit,
            fifo=fifo,
        )

    return DeadLetterTarget(dead_letter_queue, write)
