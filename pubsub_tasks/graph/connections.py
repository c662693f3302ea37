"""Connections of a graph's producer and consumer: transports, claim store, queue URLs, scheduler.

They are in memory for a testing graph, and to AWS otherwise. boto3 is imported when first needed.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from microcosm.api import binding, defaults, typed
from microcosm.config.types import boolean, comma_separated_list

from ..environments.memory_claims import MemoryClaims
from ..publishing.routes import QueueUrls, Scheduler
from ..transports.protocols import Transport
from ..wire.s3_pointer import ClaimStore

if TYPE_CHECKING:
    from ..environments.memory import MemoryEnvironment

Graph = Any
"""A microcosm object graph. Its components have no static types."""

Factory = TypeVar("Factory", bound=Callable[[Graph], Any])

WIRE: dict[str, Any] = {
    "profile_name": typed(str, default_value=None),
    "region_name": typed(str, default_value=None),
    "endpoint_url": typed(str, default_value=None),
    "connect_timeout": typed(float, default_value=5.0),
    "read_timeout": typed(float, default_value=10.0),
    "max_pool_connections": typed(int, default_value=1_000),
    "fast_path": typed(boolean, default_value=True),
}
"""Configuration of a component's connection to AWS. Times in seconds."""


def factory(name: str, **config: Any) -> Callable[[Factory], Factory]:
    """`@binding` and `@defaults` in one decorator, with types."""

    def bind(make: Factory) -> Factory:
        binding(name)(defaults(**config)(make))  # type: ignore[no-untyped-call]
        return make

    return bind


@factory("pubsub_world")
def configure_world(graph: Graph) -> "MemoryEnvironment":
    """The topics and queues of a testing graph, in memory."""
    from ..environments.memory import MemoryEnvironment

    config = graph.config.sqs_consumer
    environment = MemoryEnvironment(graph.sqs_message_handler_registry)
    if config.sqs_queue_url is not None:
        environment.serve(config.sqs_queue_url, config.queue)
    return environment


def json_object(value: Any) -> Mapping[str, str]:
    """A mapping, or one parsed from JSON, since a variable's name cannot contain a media type."""
    read = json.loads(value) if isinstance(value, str) else value
    return dict(read)


def transport_of(graph: Graph, config: Any, **settings: Any) -> Transport:
    """The memory environment for a testing graph, otherwise AWS with the component's configuration.

    `settings` are further `ClientSettings`: `wait` and `lease`, for a worker.
    """
    if graph.metadata.testing:
        environment: Transport = graph.pubsub_world
        return environment
    from ..transports.aws.transport import AwsTransport, ClientSettings

    return AwsTransport(
        ClientSettings(
            region=config.region_name,
            endpoint_url=config.endpoint_url,
            profile=config.profile_name,
            max_pool_connections=config.max_pool_connections,
            connect_timeout=config.connect_timeout,
            read_timeout=config.read_timeout,
            fast_path=config.fast_path,
            **settings,
        ),
        graph.pubsub_observers,
    )


@factory(
    "pubsub_claims",
    **WIRE,
    bucket=typed(str, default_value=None),
    allowed_buckets=typed(comma_separated_list, default_value=""),
)
def configure_claims(graph: Graph) -> ClaimStore | None:
    """The S3 claim store for large bodies; None if no bucket is configured."""
    config = graph.config.pubsub_claims
    if not (config.bucket or config.allowed_buckets):
        return None
    if graph.metadata.testing:
        return MemoryClaims()
    from ..transports.aws.s3_claims import S3Claims

    client = partial(transport_of(graph, config).client, "s3")  # type: ignore[attr-defined]
    return S3Claims(client, config.bucket, config.allowed_buckets)


@factory(
    "sqs_queue_urls",
    prefix=typed(str, default_value=None),
    mappings=typed(json_object, default_factory=dict),
)
def configure_queue_urls(graph: Graph) -> QueueUrls:
    """Queue URLs for delayed tasks, by logical name: in `mappings`, or under the name itself, or `prefix` +
    name.

    A testing graph needs no configuration.
    """
    config = graph.config.sqs_queue_urls
    named = {key: value for key, value in config.items() if key not in ("prefix", "mappings")}
    urls = QueueUrls({**named, **config.mappings}, config.prefix)
    return QueueUrls(prefix="") if graph.metadata.testing and urls == QueueUrls() else urls


@factory(
    "pubsub_scheduler",
    **WIRE,
    role_arn=typed(str, default_value=None),
    group=typed(str, default_value="default"),
    dead_letter_arn=typed(str, default_value=None),
)
def configure_scheduler(graph: Graph) -> Scheduler | None:
    """EventBridge Scheduler with the role that it assumes; None if no role is configured."""
    config = graph.config.pubsub_scheduler
    if not config.role_arn or graph.metadata.testing:
        return None
    from ..publishing.scheduler import Schedules

    client = partial(transport_of(graph, config).client, "scheduler")  # type: ignore[attr-defined]
    return Schedules(client, config.role_arn, config.group, config.dead_letter_arn)
