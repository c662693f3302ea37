"""What an execution environment of Lambda makes once: tasks, observers, and the way to AWS.

A cold start should import little. So for a registry of functions without settings the object graph is left
out, and boto3 is imported at the first call.
"""

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Self, get_args

from ..dispatching.unknown_messages import UnknownPolicy
from ..errors import ConfigurationError
from ..publishing.routes import NO_URLS, QueueUrls
from ..tasks.observers import Observers
from ..tasks.registry import Tasks
from ..telemetry.log_observer import observe as log_events
from ..transports.protocols import Transport
from ..wire.s3_pointer import ClaimStore

OBSERVERS = "pubsub_tasks.observers"
"""The entry point group of observers."""

SETTINGS = "PUBSUB_TASKS__"
PUBLISHING = "PUBSUB_TASKS__SNS_"
"""Settings of the producer: publishing makes a graph for itself, at its first use."""


@dataclass(frozen=True, slots=True)
class FunctionSetup:
    """The parts that a function is made of.

    Attributes:
        tasks: the registry.
        observers: notified of events.
        connect: returns the transport.
        claims: the store of large bodies, or None.
        queue_urls: the configured URLs of logical queues.
        queue, dead_letter_queue_url, unknown: as for `lambda_handler`; from the settings of `sqs_consumer`.
    """

    tasks: Tasks
    observers: Observers
    connect: Callable[[], Transport]
    claims: ClaimStore | None = None
    queue_urls: QueueUrls = NO_URLS
    queue: str | None = None
    dead_letter_queue_url: str | None = None
    unknown: UnknownPolicy = "dead-letter"

    def __post_init__(self) -> None:
        if self.unknown not in get_args(UnknownPolicy):
            raise ConfigurationError(f"unknown={self.unknown!r}: give dead-letter, release or drop")

    @classmethod
    def of(cls, app: Any) -> Self:
        """Make the parts for a `Tasks` or an object graph. Raises ConfigurationError for anything else."""
        if not isinstance(app, Tasks):
            return cls._of_graph(_checked_graph(app))
        if not needs_graph(app):
            observers = Observers([log_events], parent=app.observers)
            return cls(app, observers, cache(lambda: _aws(observers)))
        graph = importlib.import_module("pubsub_tasks.graph.object_graph")
        classes = any(task.factory for task in app)
        made = graph.graph_for(app, entry_points=classes)
        if classes:  # their collaborators may publish
            made.use("sns_producer")
        return cls._of_graph(made)

    def having(
        self, queue: str | None, dead_letter_queue_url: str | None, unknown: UnknownPolicy | None
    ) -> Self:
        """Return a copy with these settings; None keeps a setting."""
        return replace(
            self,
            queue=queue or self.queue,
            dead_letter_queue_url=dead_letter_queue_url or self.dead_letter_queue_url,
            unknown=unknown or self.unknown,
        )

    @classmethod
    def _of_graph(cls, graph: Any) -> Self:
        connections = importlib.import_module("pubsub_tasks.graph.connections")
        config = graph.config.sqs_consumer
        # Resolved here: microcosm's resolution is not thread-safe.
        return cls(
            graph.pubsub_served_tasks,
            graph.pubsub_observers,
            cache(lambda: connections.transport_of(graph, config)),
            graph.pubsub_claims,
            graph.sqs_queue_urls,
            config.queue,
            config.dead_letter_queue_url,
            config.unknown or "dead-letter",
        )


def needs_graph(tasks: Tasks) -> bool:
    """Whether handler classes, settings in the environment or installed observers need an object graph."""
    return (
        any(task.factory for task in tasks)
        or any(name.startswith(SETTINGS) and not name.startswith(PUBLISHING) for name in os.environ)
        or bool(entry_points(group=OBSERVERS))
    )


def _aws(observers: Observers) -> Transport:
    module = importlib.import_module("pubsub_tasks.transports.aws.transport")
    transport: Transport = module.AwsTransport(observers=observers)
    return transport


def _checked_graph(app: Any) -> Any:
    module = importlib.import_module("pubsub_tasks.graph.object_graph")
    if not module.is_graph(app):
        raise ConfigurationError(
            f"lambda_handler({app!r:.100}): give a Tasks registry, an object graph, or nothing for "
            "the default registry"
        )
    app.use("sqs_message_handler_registry", "sns_producer", "pubsub_served_tasks", "pubsub_observers")
    return app
