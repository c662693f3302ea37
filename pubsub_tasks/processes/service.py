"""Serving: a worker for a given queue, made ready and not started.

It finds the queue's tasks and dead-letter queue, and says before anything starts what is wrong with them.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from ..dead_letters.dead_letter_copy import letter
from ..dispatching.dispatcher import Dispatcher, UnknownPolicy
from ..errors import ConfigurationError
from ..inflight.in_flight_message import InFlightMessage
from ..inflight.run_limit import RunLimit
from ..publishing.routes import NO_URLS, QueueUrls
from ..tasks.events import Observer
from ..tasks.observers import Observers
from ..tasks.registry import Tasks
from ..tasks.task import DEFAULT_QUEUE, Task
from ..telemetry.structlog_context import structlog_layer
from ..transports.protocols import Queue, Transport
from ..verdicts import DeadLetter
from ..wire.records import Outgoing, QueueAttributes
from ..wire.s3_pointer import ClaimStore
from ..worker.settler import DeadLetterTarget
from ..worker.worker import Capacity, Worker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """How to serve a queue.

    Attributes:
        unknown: what to do with media types that no task handles; None for `dead-letter`, guarded against a
            queue of which nothing can be handled.
        queue: the logical name of its tasks, or None to tell it from the URL.
        queue_urls: the configured URLs of logical queues, which tell it too.
    """

    capacity: Capacity = field(default_factory=Capacity)
    dead_letter_queue_url: str | None = None
    unknown: UnknownPolicy | None = None
    queue: str | None = None
    queue_urls: QueueUrls = NO_URLS
    run_limit: RunLimit = field(default_factory=RunLimit)
    observers: Sequence[Observer] | Observers = ()
    claims: ClaimStore | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One queue with all that serves it."""

    worker: Worker
    queue: Queue
    tasks: Sequence[Task[..., object]]
    attributes: QueueAttributes
    dead_letter_queue: Queue | None


SHORTEST_LEASE = 5
"""Seconds. A call that extends a lease and gets no answer takes at least half a second, and its repetition up
to a second more: of a shorter lease not enough would be left."""


@cache
def our_version() -> str:
    """The installed version of this package; read once, since each dead letter tells it."""
    try:
        return version("pubsub-tasks")
    except PackageNotFoundError:
        return "not installed"


def service(transport: Transport, tasks: Tasks, url: str, options: ServiceOptions) -> Service:
    """Make ready to serve the queue at `url`. Raises ConfigurationError, TransportError; starts nothing."""
    queue = transport.queue(url)
    logical_name = choose_queue(tasks, url, options.queue, options.queue_urls)
    attributes = queue.attributes()
    dead_letter_queue = find_dead_letters(transport, attributes, options.dead_letter_queue_url)
    if dead_letter_queue is None:
        logger.warning(
            "%s has no dead-letter queue: what cannot be handled stays on it. Give it a redrive policy, or "
            "name a queue with --dead-letter-queue-url",
            queue.name,
        )
    if options.capacity.visibility < SHORTEST_LEASE:
        logger.warning(
            "a visibility timeout of %s s is too short to be extended for certain: one call without an "
            "answer can cost the lease, and its message is handled again. Choose %s s or more "
            "(--visibility-timeout)",
            options.capacity.visibility,
            SHORTEST_LEASE,
        )
    dispatcher = Dispatcher(
        tasks,
        logical_name,
        unknown=options.unknown,
        max_receive_count=attributes.max_receive_count,
        fifo=queue.fifo,
        claims=options.claims,
        name=queue.name,
        layers=[layer] if (layer := structlog_layer()) else [],
    )
    worker = Worker(
        queue,
        dispatcher,
        dead_letters=dead_letters_to(dead_letter_queue, queue, attributes) if dead_letter_queue else None,
        capacity=options.capacity,
        observers=options.observers,
        run_limit=replace(options.run_limit),
        retention=attributes.retention,
    )
    return Service(worker, queue, tasks.for_queue(logical_name), attributes, dead_letter_queue)


def choose_queue(tasks: Tasks, url: str, wanted: str | None, urls: QueueUrls = NO_URLS) -> str:
    """The logical queue whose tasks serve the queue at `url`.

    `wanted` decides where it is given. Else the URL's last part names the queue: as it is, without `.fifo`,
    or as `urls` (the configured URLs) tell. A `queue=` that a task names is a claim: on any other URL it is
    not served. Tasks that name no queue are served anywhere, if there are no others.

    Args:
        url: a queue's URL or its name; empty where the messages come from no queue, as from a file.

    Raises ConfigurationError.
    """
    queues = sorted(tasks.queues)
    if not queues:
        raise ConfigurationError("the app declares no task, so there is nothing to run")
    name = url.rstrip("/").rpartition("/")[2]
    for known in (wanted,) if wanted else (name, urls.queue(name)):
        for candidate in (known, known.removesuffix(".fifo")):
            if candidate in queues:
                return candidate
    if not wanted and (queues == [DEFAULT_QUEUE] or (len(queues) == 1 and not name)):
        return queues[0]
    have = "queue is" if len(queues) == 1 else "queues are"
    raise ConfigurationError(
        f"no task names the queue {wanted or name!r}: the app's {have} {', '.join(queues)}. Check the URL, "
        f"or choose the tasks to serve it with --queue {' or --queue '.join(queues)} "
        "(sqs_consumer.queue in a graph's configuration)"
    )


def find_dead_letters(transport: Transport, attributes: QueueAttributes, url: str | None) -> Queue | None:
    """The dead-letter queue at `url`, else the one of the redrive policy, else None."""
    if url is None and attributes.dead_letter_arn is not None:
        url = transport.queue_url(attributes.dead_letter_arn)
    return None if url is None else transport.queue(url)


def dead_letters_to(
    dead_letter_queue: Queue, queue: Queue, attributes: QueueAttributes | None = None
) -> DeadLetterTarget:
    """How dead letters of `queue` are written for another. Raises ConfigurationError where they cannot be.

    With the `attributes` of `queue`, a dead-letter queue that takes less than it is a warning.
    """
    limit = dead_letter_queue.attributes().max_message_size
    fifo = dead_letter_queue.fifo
    if fifo is not queue.fifo:
        raise ConfigurationError(
            f"{dead_letter_queue.name} cannot take the dead letters of {queue.name}: "
            "of two such queues both are FIFO or neither is"
        )

    if attributes is not None and limit < attributes.max_message_size:
        logger.warning(
            "%s takes messages of up to %d bytes, and %s of up to %d: a larger one cannot be dead-lettered "
            "and comes back every 15 minutes; raise the MaximumMessageSize of %s",
            dead_letter_queue.name,
            limit,
            queue.name,
            attributes.max_message_size,
            dead_letter_queue.name,
        )

    def write(held: InFlightMessage, verdict: DeadLetter) -> Outgoing:
        return letter(
            held.delivery,
            verdict,
            task=held.task,
            queue=queue.url,
            now=time.time(),
            version=our_version(),
            size_limit=limit,
            fifo=fifo,
        )

    return DeadLetterTarget(dead_letter_queue, write)
