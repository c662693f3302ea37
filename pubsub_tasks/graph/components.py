"""microcosm components for publishing and consuming, under microcosm-pubsub's names.

Importing this module binds them; this takes precedence over entry points of the same names in other packages.
Configuration is microcosm's: from code, then the environment, then a command's flags. boto3 finds the
credentials. boto3 is imported when a factory first needs it, and never by a testing graph, which uses
`environments.memory`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from microcosm.api import typed
from microcosm.config.types import comma_separated_list
from microcosm.errors import NotBoundError

from ..consumer.consumer import Consumer
from ..consumer.message_dispatcher import MessageDispatcher
from ..content.schema_registry import SchemaRegistry
from ..dispatching.dispatcher import Dispatcher
from ..environments.memory import MemoryTopics
from ..errors import ConfigurationError
from ..graph import extensions  # noqa: F401 - binds them
from ..processes.served_queue import choose_queue, find_dead_letter_queue, package_version
from ..publishing.producer import MAX_SIZE, Producer, PublishContext
from ..publishing.routes import QueueUrls, Routes
from ..publishing.topics import Topics
from ..tasks.middleware import Middleware, Next, compose
from ..tasks.registry import Tasks, default_tasks
from ..tasks.task import DEFAULT_QUEUE
from ..telemetry.structlog_context import structlog_layer
from ..transports.protocols import Queue
from ..untrusted.queue_names import FIFO
from ..wire.media_types import wildcard
from ..wire.records import MAX_BATCH
from .connections import WIRE, Graph, factory, json_object, transport_of
from .handler_instances import served
from .opaque import OpaqueHeaders

LONGEST_WAIT = 20
"""Seconds of a long poll. Source: SQS API reference, ReceiveMessage."""


@factory("sqs_message_handler_registry")
def configure_handler_registry(graph: Graph) -> Tasks:
    """The tasks and handlers. To use another registry, assign it before resolving anything else."""
    return default_tasks


@factory("pubsub_message_schema_registry")
def configure_schema_registry(graph: Graph) -> SchemaRegistry:
    """The schemas of those tasks, and those declared with `@schema`."""
    schemas: SchemaRegistry = graph.sqs_message_handler_registry.schemas
    return schemas


@factory(
    "sns_topic_arns",
    prefix=typed(str, default_value=None),
    default=typed(str, default_value=None),
    mappings=typed(json_object, default_factory=dict),
    fifo=typed(comma_separated_list, default_value=""),
)
def configure_sns_topic_arns(graph: Graph) -> Topics:
    """Topics by media type: in `mappings`, or by the media type itself, or as `created.order`; else `prefix`
    with the media type's encoded name; else `default`. A testing graph needs no configuration.

    With `prefix`, the media types in `fifo`, and those that a task on a `.fifo` queue handles, have FIFO
    topics."""
    topics = Topics.of(graph.config.sns_topic_arns)
    if graph.metadata.testing and topics == Topics():
        return MemoryTopics(environment=graph.pubsub_world)
    named, tasks = frozenset(graph.config.sns_topic_arns.fifo), graph.sqs_message_handler_registry
    return replace(topics, is_fifo=partial(_is_fifo, named, tasks))


def _is_fifo(named: frozenset[str], tasks: Tasks, media_type: str) -> bool:
    if not named.isdisjoint((media_type, wildcard(media_type))):
        return True
    return any(queue.endswith(FIFO) and tasks.find(media_type, queue) for queue in tasks.queues)


@factory(
    "sns_producer",
    **{
        **WIRE,
        "connect_timeout": typed(float, default_value=2.0),  # a caller may wait for it, as in a web
        "read_timeout": typed(float, default_value=5.0),  # request does, and boto3 tries three times
    },
    max_size=typed(int, default_value=MAX_SIZE),
)
def configure_sns_producer(graph: Graph) -> Producer:
    """The producer, which is also bound to the tasks of the registry.

    The producer of a testing graph is bound weakly: after the graph is garbage-collected, the tasks publish
    with the producer that was bound before.
    """
    config = graph.config.sns_producer
    transport = transport_of(graph, config)
    producer = Producer(
        Routes(transport.publisher(), transport.queue, graph.sqs_queue_urls, graph.pubsub_scheduler),
        _topics(graph.sns_topic_arns),
        graph.pubsub_message_schema_registry,
        observers=graph.pubsub_observers,
        middleware=list(_publishing(graph)),
        max_size=config.max_size,
        claims=graph.pubsub_claims,
    )
    graph.sqs_message_handler_registry.bind(producer, weak=graph.metadata.testing)
    return producer


def _topics(given: Topics | Mapping[str, str]) -> Topics:
    """Topics from a value assigned to the graph, which may be a plain mapping."""
    return given if isinstance(given, Topics) else Topics(given)


def _publishing(graph: Graph) -> Iterator[Middleware]:
    headers: OpaqueHeaders | None = graph.pubsub_opaque_headers
    if headers is not None:

        def carry(call_next: Next, publication: PublishContext) -> Any:
            return call_next(replace(publication, options=headers.added(publication.options)))

        yield carry
    yield from graph.pubsub_middleware.publishing
    tasks: Tasks = graph.sqs_message_handler_registry

    def used(call_next: Next, publication: PublishContext) -> Any:
        """Middleware of `tasks.use(..., publishing=True)`, including any that is added later."""
        return compose(tasks.publishing, call_next)(publication)

    yield used


@factory("pubsub_opaque_headers")
def configure_opaque_headers(graph: Graph) -> OpaqueHeaders | None:
    """Carries `graph.opaque` in message headers; None if nothing is bound to `opaque`."""
    try:
        return OpaqueHeaders(graph.opaque)
    except NotBoundError:
        return None


@factory(
    "sqs_consumer",
    **WIRE,
    sqs_queue_url=typed(str, default_value=None),
    dead_letter_queue_url=typed(str, default_value=None),
    queue=typed(str, default_value=None),
    limit=typed(int, default_value=MAX_BATCH),
    wait_seconds=typed(int, default_value=LONGEST_WAIT),
    visibility_timeout=typed(int, default_value=None),
    unknown=typed(str, default_value=None),
)
def configure_sqs_consumer(graph: Graph) -> Consumer:
    """The consumer of `sqs_queue_url`.

    Without it, a testing graph consumes `queue`, or the queues of all tasks.
    """
    config = graph.config.sqs_consumer
    url = config.sqs_queue_url or config.queue
    if graph.metadata.testing and url is None:
        tasks = graph.get("pubsub_served_tasks") or graph.sqs_message_handler_registry
        first, *others = sorted(tasks.queues) or [DEFAULT_QUEUE]
        return _consumer(graph, first, [_consumer(graph, other) for other in others])
    if config.sqs_queue_url is None and not graph.metadata.testing:
        raise ConfigurationError(
            "no queue to consume: configure sqs_consumer.sqs_queue_url, as with --sqs-queue-url or "
            f"{graph.metadata.name.upper().replace('-', '_')}__SQS_CONSUMER__SQS_QUEUE_URL"
        )
    return _consumer(graph, url)


def _consumer(graph: Graph, url: str, others: Sequence[Consumer] = ()) -> Consumer:
    config, tasks = graph.config.sqs_consumer, graph.sqs_message_handler_registry
    transport = transport_of(graph, config)
    queue = transport.queue(url)
    return Consumer(
        queue,
        tasks,
        queue_name=_logical_queue(tasks, url, config.queue, graph.sqs_queue_urls),
        limit=config.limit,
        wait=0 if graph.metadata.testing else config.wait_seconds,
        visibility=config.visibility_timeout,
        claims=graph.pubsub_claims,
        dead_letters=lambda: find_dead_letter_queue(
            transport, queue.attributes(), config.dead_letter_queue_url
        ),
        version=package_version(),
        observers=graph.pubsub_observers,
        others=others,
    )


def _logical_queue(tasks: Tasks, url: str, wanted: str | None, urls: QueueUrls) -> str | None:
    """The queue whose tasks' policies apply; None if no task names it.

    Raises ConfigurationError if the `wanted` queue does not exist.
    """
    try:
        return choose_queue(tasks, url, wanted, urls)
    except ConfigurationError:
        if wanted is not None:
            raise
        return None


@factory("pubsub_served_tasks")
def configure_served_tasks(graph: Graph) -> Tasks:
    """The tasks, with instances of handler classes created by this graph."""
    return served(graph, graph.sqs_message_handler_registry)


@factory("sqs_message_dispatcher")
def configure_sqs_message_dispatcher(graph: Graph) -> MessageDispatcher:
    """Dispatches a batch of messages in the calling thread."""
    consumer: Consumer = graph.sqs_consumer
    config, tasks = graph.config.sqs_consumer, graph.pubsub_served_tasks
    layers = [layer] if (layer := structlog_layer()) else []

    def dispatcher(queue: Queue) -> Dispatcher:
        return Dispatcher(
            tasks,
            choose_queue(tasks, queue.url, config.queue, graph.sqs_queue_urls),
            unknown=config.unknown or "dead-letter",
            fifo=queue.fifo,
            claims=graph.pubsub_claims,
            name=queue.name,
            layers=layers,
        )

    others = {other: dispatcher(other.queue) for other in consumer.others}
    return MessageDispatcher(consumer, dispatcher(consumer.queue), others)
