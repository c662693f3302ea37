"""Makes a graph's producer and its topics. Imported when one is resolved, as many workers never do."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import ConfigurationError
from ..publishing.producer import Producer, PublishContext
from ..publishing.routes import Routes
from ..publishing.topics import Topics
from ..tasks.middleware import Middleware, Next, compose
from ..tasks.registry import Tasks
from ..untrusted.queue_names import FIFO
from ..wire.media_types import wildcard
from .connections import Graph, transport_of
from .opaque import OpaqueHeaders


def make_topics(graph: Graph) -> Topics:
    """The topics of the configuration; a testing graph without any has topics in memory.

    Raises ConfigurationError for what is no ARN, except in a testing graph.
    """
    topics = Topics.of(graph.config.sns_topic_arns)
    if not graph.metadata.testing:
        _check_arns(topics)
    if graph.metadata.testing and topics == Topics():
        from ..environments.memory import MemoryTopics

        return MemoryTopics(environment=graph.pubsub_world)
    named, tasks = frozenset(graph.config.sns_topic_arns.fifo), graph.sqs_message_handler_registry
    return replace(topics, is_fifo=partial(_is_fifo, named, tasks))


def _check_arns(topics: Topics) -> None:
    for name, arn in {"prefix": topics.prefix, "default": topics.default, **topics.arns}.items():
        if arn and not arn.startswith("arn:"):
            raise ConfigurationError(
                f"{arn!r} in sns_topic_arns is not the ARN of a topic: see sns_topic_arns.{name}, and write "
                "arn:aws:sns:<region>:<account>:<name>"
            )


def _is_fifo(named: frozenset[str], tasks: Tasks, media_type: str) -> bool:
    if not named.isdisjoint((media_type, wildcard(media_type))):
        return True
    return any(queue.endswith(FIFO) and tasks.find(media_type, queue) for queue in tasks.queues)


def make_producer(graph: Graph) -> Producer:
    """The producer, bound to the tasks of the registry."""
    config = graph.config.sns_producer
    transport = transport_of(graph, config)
    producer = Producer(
        Routes(transport.publisher(), transport.queue, graph.sqs_queue_urls, graph.pubsub_scheduler),
        _topics(graph.sns_topic_arns),
        graph.pubsub_message_schema_registry,
        observers=graph.pubsub_observers,
        middleware=list(_publishing(graph)),
        sending=graph.pubsub_middleware.sending,
        max_size=config.max_size,
        claims=graph.pubsub_claims,
        clock=graph.pubsub_world.clock if graph.metadata.testing else time.time,
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
