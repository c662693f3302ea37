"""Wiring: what stands behind the graph's producer and consumer, and how each part of it is reached.

In memory for a graph that is testing, else at AWS as boto3 finds it; boto3 is loaded when first needed.
"""

import importlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from microcosm.api import binding, defaults, typed
from microcosm.config.types import boolean, comma_separated_list

from ..environments.memory import MemoryEnvironment
from ..environments.memory_claims import MemoryClaims
from ..publishing.routes import QueueUrls, Scheduler
from ..transports.protocols import Transport
from ..wire.s3_pointer import ClaimStore

Graph = Any
"""A microcosm graph: its components are what their factories make."""

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
"""How a component reaches AWS. Times in seconds."""


def factory(name: str, **config: Any) -> Callable[[Factory], Factory]:
    """`@binding` and `@defaults` in one, and with types."""

    def bind(make: Factory) -> Factory:
        binding(name)(defaults(**config)(make))  # type: ignore[no-untyped-call]
        return make

    return bind


@factory("pubsub_world")
def configure_world(graph: Graph) -> MemoryEnvironment:
    """The topics and queues of a graph that is testing."""
    config = graph.config.sqs_consumer
    world = MemoryEnvironment(graph.sqs_message_handler_registry)
    if config.sqs_queue_url is not None:
        world.serve(config.sqs_queue_url, config.queue)
    return world


def json_object(value: Any) -> Mapping[str, str]:
    """A mapping as it is, or as JSON, since no variable's name can hold a media type."""
    read = json.loads(value) if isinstance(value, str) else value
    return dict(read)


def transport_of(graph: Graph, config: Any, **held: Any) -> Transport:
    """In memory for a graph that is testing; else AWS, as the component's own configuration has it.

    `held` are `wait` and `lease` of `aws.ClientSettings`, for a worker.
    """
    if graph.metadata.testing:
        world: MemoryEnvironment = graph.pubsub_world
        return world
    aws = importlib.import_module("pubsub_tasks.transports.aws.transport")
    transport: Transport = aws.AwsTransport(
        aws.ClientSettings(
            region=config.region_name,
            endpoint_url=config.endpoint_url,
            profile=config.profile_name,
            max_pool_connections=config.max_pool_connections,
            connect_timeout=config.connect_timeout,
            read_timeout=config.read_timeout,
            fast_path=config.fast_path,
            **held,
        ),
        graph.pubsub_observers,
    )
    return transport


@factory(
    "pubsub_claims",
    **WIRE,
    bucket=typed(str, default_value=None),
    allowed_buckets=typed(comma_separated_list, default_value=""),
)
def configure_claims(graph: Graph) -> ClaimStore | None:
    """Where large bodies are parked in S3, and fetched from; None where no bucket is named."""
    config = graph.config.pubsub_claims
    if not (config.bucket or config.allowed_buckets):
        return None
    if graph.metadata.testing:
        return MemoryClaims()
    transport = transport_of(graph, config)
    module = importlib.import_module("pubsub_tasks.transports.aws.s3_claims")
    claims: ClaimStore = module.S3Claims(
        partial(transport.client, "s3"),  # type: ignore[attr-defined]
        config.bucket,
        config.allowed_buckets,
    )
    return claims


@factory(
    "sqs_queue_urls",
    prefix=typed(str, default_value=None),
    mappings=typed(json_object, default_factory=dict),
)
def configure_queue_urls(graph: Graph) -> QueueUrls:
    """Where delayed tasks go: URLs by a queue's logical name in `mappings`, or by the name itself; else
    `prefix` with the name added. A graph that is testing needs none of them."""
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
    """EventBridge Scheduler with the role that it may assume; None where no role is named."""
    config = graph.config.pubsub_scheduler
    if not config.role_arn or graph.metadata.testing:
        return None
    transport = transport_of(graph, config)
    module = importlib.import_module("pubsub_tasks.publishing.scheduler")
    schedules: Scheduler = module.Schedules(
        partial(transport.client, "scheduler"),  # type: ignore[attr-defined]
        config.role_arn,
        config.group,
        config.dead_letter_arn,
    )
    return schedules
