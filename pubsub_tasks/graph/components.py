"""microcosm components for publishing and consuming, under microcosm-pubsub's names.

Importing this module binds them; this takes precedence over entry points of the same names in other packages.
Configuration is microcosm's: from code, then the environment, then a command's flags. boto3 finds the
credentials. What only some graphs need is imported when a factory first needs it: boto3, which a testing
graph never does; `environments.memory`, which only a testing graph does; the consumer, which a worker
never does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from microcosm.api import typed
from microcosm.config.types import comma_separated_list
from microcosm.errors import NotBoundError

from ..content.schema_registry import SchemaRegistry
from ..graph import extensions  # noqa: F401 - binds them
from ..publishing.producer import MAX_SIZE, Producer, PublishContext
from ..publishing.routes import Routes
from ..publishing.topics import Topics
from ..tasks.middleware import Middleware, Next, compose
from ..tasks.registry import Tasks, default_tasks
from ..untrusted.queue_names import FIFO
from ..wire.media_types import wildcard
from ..wire.records import MAX_BATCH
from .connections import WIRE, Graph, factory, json_object, transport_of
from .handler_instances import served
from .opaque import OpaqueHeaders

if TYPE_CHECKING:
    from ..consumer.consumer import Consumer
    from ..consumer.message_dispatcher import MessageDispatcher

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
        from ..environments.memory import MemoryTopics

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
def configure_sqs_consumer(graph: Graph) -> "Consumer":
    """The consumer of `sqs_queue_url`.

    Without it, a testing graph consumes `queue`, or the queues of all tasks.
    """
    from .consuming import make_consumer

    return make_consumer(graph)


@factory("pubsub_served_tasks")
def configure_served_tasks(graph: Graph) -> Tasks:
    """The tasks, with instances of handler classes created by this graph."""
    return served(graph, graph.sqs_message_handler_registry)


@factory("sqs_message_dispatcher")
def configure_sqs_message_dispatcher(graph: Graph) -> "MessageDispatcher":
    """Dispatches a batch of messages in the calling thread."""
    from .consuming import make_dispatcher

    return make_dispatcher(graph)
