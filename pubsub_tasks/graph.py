"""Graph: microcosm's factories for all that publishes and consumes, under microcosm-pubsub's names.

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

from microcosm.api import binding, create_object_graph, defaults, load_from_environ, typed
from microcosm.errors import NotBoundError
from microcosm.registry import Registry, _registry

from .errors import ConfigurationError
from .media_types import changed, created, deleted
from .middleware import Middleware, Next
from .opaque import OpaqueHeaders
from .publishing.producer import MAX_SIZE, Producer, Publication
from .publishing.topics import Topics
from .schemas import Schemas
from .tasks import Tasks, default_tasks
from .telemetry import logging as log_lines
from .testing.world import TOPICS, World
from .transports import Transport

NAME = "pubsub-tasks"
"""The name of graphs that are made here: their variables begin with PUBSUB_TASKS__."""

Graph = Any
"""A microcosm graph: its components are what their factories make."""

Factory = TypeVar("Factory", bound=Callable[[Graph], Any])

_CHANGES = {"created": created, "changed": changed, "deleted": deleted}


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
    config = graph.config.sns_topic_arns
    arns = {**{key: value for key, value in config.items() if "/" in key}, **config.mappings}
    for change, media_type in _CHANGES.items():
        arns.update({media_type(resource): arn for resource, arn in _leaves(config.get(change) or {})})
    for media_type, arn in arns.items():
        if not isinstance(arn, str):
            raise ConfigurationError(f"sns_topic_arns: the topic of {media_type} must be an ARN, not {arn!r}")
    anything = graph.metadata.testing and not (arns or config.prefix or config.default)
    return Topics(arns, TOPICS if anything else config.prefix, config.default)


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What stands at `a` then `b`, as `a.b`: a variable's name holds no dots."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{rest}", leaf) for rest, leaf in _leaves(value))
        else:
            yield key, value


_WIRE = {
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
        _transport(graph, config).publisher(),
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
    headers = opaque_headers(graph)
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


def opaque_headers(graph: Graph) -> OpaqueHeaders | None:
    """The same, as a value with a type."""
    headers: OpaqueHeaders | None = graph.pubsub_opaque_headers
    return headers


def _transport(graph: Graph, config: Any) -> Transport:
    """In memory for a graph that is testing; else AWS, as the component's own configuration has it."""
    if graph.metadata.testing:
        world: World = graph.pubsub_world
        return world
    aws = importlib.import_module("pubsub_tasks.transports.aws")
    transport: Transport = aws.AwsTransport(
        aws.Settings(
            region=config.region_name,
            endpoint_url=config.endpoint_url,
            profile=config.profile_name,
            connect_timeout=config.connect_timeout,
            read_timeout=config.read_timeout,
        )
    )
    return transport


class _ExplicitBindings(Registry):
    """What `@binding` bound, without entry points: they load every installed package that has some, and one
    that is broken must not keep a script from publishing."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.factories = _registry.factories

    def _iter_entry_points(self) -> Iterator[Any]:
        return iter(())


def producer_from_environment(tasks: Tasks) -> Producer:
    """A producer for tasks that nobody bound, configured by the variables that begin with PUBSUB_TASKS__."""
    graph: Graph = create_object_graph(NAME, loader=load_from_environ, registry=_ExplicitBindings())
    graph.assign("sqs_message_handler_registry", tasks)
    producer: Producer = graph.sns_producer
    graph.lock()
    return producer
