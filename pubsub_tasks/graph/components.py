"""microcosm components for publishing and consuming, under microcosm-pubsub's names.

Importing this module binds them; this takes precedence over entry points of the same names in other packages.
Configuration is microcosm's: from code, then the environment, then a command's flags. boto3 finds the
credentials. What only some graphs need is imported when a factory first needs it: boto3, which a testing
graph never does; `environments.memory`, which only a testing graph does; the producer and the consumer, which
a worker may never need.
"""

from typing import TYPE_CHECKING

from microcosm.api import typed
from microcosm.config.types import comma_separated_list
from microcosm.errors import NotBoundError

from ..content.schema_registry import SchemaRegistry
from ..graph import extensions, provisioning_config  # noqa: F401 - binds them
from ..messages.size_limit import MAX_SIZE
from ..tasks.registry import Tasks, default_tasks
from ..wire.records import MAX_BATCH
from .connections import WIRE, Graph, factory, json_object
from .handler_instances import served
from .opaque import OpaqueHeaders

if TYPE_CHECKING:
    from ..consumer.consumer import Consumer
    from ..consumer.message_dispatcher import MessageDispatcher
    from ..publishing.producer import Producer
    from ..publishing.topics import Topics

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
def configure_sns_topic_arns(graph: Graph) -> "Topics":
    """Topics by media type: in `mappings`, or by the media type itself, or as `created.order`; else `prefix`
    with the media type's encoded name; else `default`. A testing graph needs no configuration.

    With `prefix`, the media types in `fifo`, and those that a task on a `.fifo` queue handles, have FIFO
    topics."""
    from .producing import make_topics

    return make_topics(graph)


@factory(
    "sns_producer",
    **{
        **WIRE,
        "connect_timeout": typed(float, default_value=2.0),  # a caller may wait for it, as in a web
        "read_timeout": typed(float, default_value=5.0),  # request does, and boto3 tries three times
    },
    max_size=typed(int, default_value=MAX_SIZE),
)
def configure_sns_producer(graph: Graph) -> "Producer":
    """The producer, which is also bound to the tasks of the registry.

    The producer of a testing graph is bound weakly: after the graph is garbage-collected, the tasks publish
    with the producer that was bound before.
    """
    from .producing import make_producer

    return make_producer(graph)


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
