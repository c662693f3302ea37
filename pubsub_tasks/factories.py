"""Factories: microcosm's components for all that publishes and consumes, under microcosm-pubsub's names.

They are bound when this module is imported, which wins over another installed package's entry points of the
same names. Configuration is microcosm's: from code, then the environment, then a command's flags; credentials
are boto3's to find. boto3 is loaded when a factory first needs it, and never by a graph that is testing: its
world is in memory (`testing.world`).
"""

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from microcosm.api import binding, defaults, typed
from microcosm.errors import NotBoundError

from .bound import served
from .consuming.consumer import Consumer
from .consuming.dispatch import Dispatcher
from .consuming.one_by_one import MessageDispatcher
from .errors import ConfigurationError
from .middleware import Middleware, Next
from .opaque import OpaqueHeaders
from .publishing.producer import MAX_SIZE, Producer, Publication
from .publishing.topics import Topics
from .schemas import Schemas
from .serving import choose_queue, find_dead_letters, our_version
from .tasks import DEFAULT_QUEUE, Tasks, default_tasks
from .telemetry import logging as log_lines
from .testing.world import TOPICS, World
from .transports import Transport
from .wire import MAX_BATCH

Graph = Any
"""A microcosm graph: its components are what their factories make."""

Factory = TypeVar("Factory", bound=Callable[[Graph], Any])

LONGEST_WAIT = 20
"""Seconds of a long poll. Source: SQS API reference, ReceiveMessage."""


def _factory(name: str, **config: Any) -> Callable[[Factory], Factory]:
    """`@binding` and `@defaults` in one, and with types."""

    def bind(factory: Factory) -> Factory:
        binding(name)(defaults(**config)(factory))  # type: ignore[no-untyped-call]
        return factory

    return bind


@_factory("sqs_message_handler_registry")
def configure_handler_registry(graph: Graph) -> Tasks:
    """The tasks and handlers; assign another registry before anything else is resolved."""
    return default_tasks


@_factory("pubsub_message_schema_registry")
def configure_schema_registry(graph: Graph) -> Schemas:
    """The schemas of those tasks, and of all that `@schema` declared."""
    schemas: Schemas = graph.sqs_message_handler_registry.schemas
    return schemas


def _json_object(value: Any) -> Mapping[str, str]:
    """A mapping as it is, or as JSON, since no variable's name can hold a media type."""
    read = json.loads(value) if isinstance(value, str) else value
    return dict(read)


@_factory(
    "sns_topic_arns",
    prefix=typed(str, default_value=None),
    default=typed(str, default_value=None),
    mappings=typed(_json_object, default_factory=dict),
)
def configure_sns_topic_arns(graph: Graph) -> Topics:
    """Topics by media type: in `mappings`, or by the media type itself, or as `created.order`; else `prefix`
    with the media type's encoded name; else `default`. A graph that is testing needs none of them."""
    topics = Topics.of(graph.config.sns_topic_arns)
    return Topics(prefix=TOPICS) if graph.metadata.testing and topics == Topics() else topics


_WIRE: dict[str, Any] = {
    "profile_name": typed(str, default_value=None),
    "region_name": typed(str, default_value=None),
    "endpoint_url": typed(str, default_value=None),
    "connect_timeout": typed(float, default_value=5.0),
    "read_timeout": typed(float, default_value=10.0),
}


@_factory("pubsub_world")
def configure_world(graph: Graph) -> World:
    """The topics and queues of a graph that is testing."""
    return World(graph.sqs_message_handler_registry)


@_factory("sns_producer", **_WIRE, max_size=typed(int, default_value=MAX_SIZE))
def configure_sns_producer(graph: Graph) -> Producer:
    """The producer; from here on the tasks publish with it."""
    config = graph.config.sns_producer
    producer = Producer(
        transport_of(graph, config).publisher(),
        _topics(graph.sns_topic_arns),
        graph.pubsub_message_schema_registry,
        observers=[log_lines.observe],
        middleware=list(_publishing(graph)),
        max_size=config.max_size,
    )
    graph.sqs_message_handler_registry.bind(producer)
    return producer


def _topics(given: Topics | Mapping[str, str]) -> Topics:
    """What was assigned to the graph may be a plain mapping."""
    return given if isinstance(given, Topics) else Topics(given)


def _publishing(graph: Graph) -> Iterator[Middleware]:
    headers: OpaqueHeaders | None = graph.pubsub_opaque_headers
    if headers is not None:

        def carry(call_next: Next, publication: Publication) -> Any:
            return call_next(replace(publication, options=headers.added(publication.options)))

        yield carry


@_factory("pubsub_opaque_headers")
def configure_opaque_headers(graph: Graph) -> OpaqueHeaders | None:
    """Keeps `graph.opaque` and the headers of messages in step; None where nothing is bound to `opaque`."""
    try:
        return OpaqueHeaders(graph.opaque)
    except NotBoundError:
        return None


def transport_of(graph: Graph, config: Any, threads: int = 16) -> Transport:
    """In memory for a graph that is testing; else AWS, as the component's own configuration has it, for so
    many threads."""
    if graph.metadata.testing:
        world: World = graph.pubsub_world
        return world
    aws = importlib.import_module("pubsub_tasks.transports.aws")
    transport: Transport = aws.AwsTransport(
        aws.Settings(
            region=config.region_name,
            endpoint_url=config.endpoint_url,
            profile=config.profile_name,
            threads=threads,
            connect_timeout=config.connect_timeout,
            read_timeout=config.read_timeout,
        )
    )
    return transport


@_factory(
    "sqs_consumer",
    **_WIRE,
    sqs_queue_url=typed(str, default_value=None),
    dead_letter_queue_url=typed(str, default_value=None),
    queue=typed(str, default_value=None),
    limit=typed(int, default_value=MAX_BATCH),
    wait_seconds=typed(int, default_value=LONGEST_WAIT),
    visibility_timeout=typed(int, default_value=None),
    unknown="dead-letter",
)
def configure_sqs_consumer(graph: Graph) -> Consumer:
    """The consumer of `sqs_queue_url`, which a graph that is testing need not have."""
    config, tasks = graph.config.sqs_consumer, graph.sqs_message_handler_registry
    url = config.sqs_queue_url
    if url is None and graph.metadata.testing:
        url = config.queue or min(tasks.queues, default=DEFAULT_QUEUE)
    if url is None:
        raise ConfigurationError(
            "no queue to consume: configure sqs_consumer.sqs_queue_url, as with --sqs-queue-url or "
            f"{graph.metadata.name.upper().replace('-', '_')}__SQS_CONSUMER__SQS_QUEUE_URL"
        )
    transport = transport_of(graph, config)
    queue = transport.queue(url)
    return Consumer(
        queue,
        tasks,
        queue_name=_logical_queue(tasks, queue.name, config.queue),
        limit=config.limit,
        wait=0 if graph.metadata.testing else config.wait_seconds,
        visibility=config.visibility_timeout,
        dead_letters=lambda: find_dead_letters(transport, queue.attributes(), config.dead_letter_queue_url),
        version=our_version(),
        observers=[log_lines.observe],
    )


def _logical_queue(tasks: Tasks, name: str, wanted: str | None) -> str | None:
    """The queue whose tasks' policies apply; None for a queue that no task names, which one may read too."""
    if wanted is None and name not in tasks.queues and len(tasks.queues) != 1:
        return None
    return choose_queue(tasks, name, wanted)


@_factory("pubsub_served_tasks")
def configure_served_tasks(graph: Graph) -> Tasks:
    """The tasks with an instance of each handler class, made by this graph."""
    return served(graph, graph.sqs_message_handler_registry)


@_factory("sqs_message_dispatcher")
def configure_sqs_message_dispatcher(graph: Graph) -> MessageDispatcher:
    """Handles a batch in the calling thread."""
    consumer, tasks = graph.sqs_consumer, graph.pubsub_served_tasks
    queue = consumer.queue
    dispatcher = Dispatcher(
        tasks,
        choose_queue(tasks, queue.name, graph.config.sqs_consumer.queue),
        unknown=graph.config.sqs_consumer.unknown,
        fifo=queue.fifo,
    )
    return MessageDispatcher(consumer, dispatcher)
