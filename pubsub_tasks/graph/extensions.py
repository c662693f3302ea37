"""Middleware, observers and metrics from configuration and from the entry points of installed packages.

Code adds its own with `tasks.use` and `tasks.observe`.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, distributions, entry_points
from pkgutil import resolve_name
from typing import Any, NamedTuple

from microcosm.api import typed
from microcosm.config.types import boolean, comma_separated_list

from ..errors import ConfigurationError
from ..tasks.middleware import Layer, Middleware, require_plain_function
from ..tasks.observers import Observers
from ..telemetry.log_observer import observe as log_events
from ..untrusted.exceptions import error_class, error_text
from .connections import Graph, factory
from .tracing_and_sentry import Tracing

ENTRY_POINTS = "pubsub_tasks.observers"
"""The entry point group of observers. Testing graphs do not load it."""

logger = logging.getLogger(__name__)


class Configured(NamedTuple):
    """Middleware from configuration, around handlers, publishes and calls; the first is outermost."""

    handling: Sequence[Layer]
    publishing: Sequence[Middleware]
    sending: Sequence[Middleware]


@factory(
    "pubsub_middleware",
    handling=typed(comma_separated_list, default_value=""),
    publishing=typed(comma_separated_list, default_value=""),
    sending=typed(comma_separated_list, default_value=""),
)
def configure_middleware(graph: Graph) -> Configured:
    """Middleware by dotted names, such as `shop.tracing.around`, or (`def`, `async def`) pairs of them."""
    config = graph.config.pubsub_middleware
    publishing = [_named(name, "pubsub_middleware.publishing") for name in config.publishing]
    sending = [_named(name, "pubsub_middleware.sending") for name in config.sending]
    for middleware in (*publishing, *sending):
        require_plain_function(middleware, "a publish")
    handling = [_layer(name) for name in config.handling]
    if graph.pubsub_sentry is not None:
        handling.insert(0, graph.pubsub_sentry.layer)
    tracing: Tracing | None = graph.pubsub_tracing
    if tracing is not None:
        handling.insert(0, tracing.handling.layer)
        publishing.append(tracing.publish.publishing)
        sending.append(tracing.publish.sending)
    return Configured(handling, publishing, sending)


@factory(
    "pubsub_observers",
    names=typed(comma_separated_list, default_value=""),
    entry_points=typed(boolean, default_value=True),
)
def configure_observers(graph: Graph) -> Observers:
    """The graph's observers: the log, those in `names`, those from entry points, and the registry's."""
    config = graph.config.pubsub_observers
    observers = Observers([log_events], parent=graph.sqs_message_handler_registry.observers)
    for name in config.names:
        observers.add(_named(name, "pubsub_observers.names"))
    if graph.pubsub_sentry is not None:
        observers.add(graph.pubsub_sentry)
    if graph.pubsub_tracing is not None:
        observers.add(graph.pubsub_tracing.handling)
        observers.add(graph.pubsub_tracing.metrics)
    for point in _installed() if config.entry_points and not graph.metadata.testing else ():
        _add(observers, point)
    return observers


@factory(
    "pubsub_metrics",
    queue_depth=typed(boolean, default_value=False),
    statsd=typed(str, default_value=""),
)
def configure_metrics(graph: Graph) -> Mapping[str, Any]:
    """The configured values, for the worker's metrics."""
    config: Mapping[str, Any] = graph.config.pubsub_metrics
    return config


def _layer(name: str) -> Layer:
    named = _named(name, "pubsub_middleware.handling")
    return Layer.of(*named) if isinstance(named, tuple) else Layer.of(named)


def _named(name: str, setting: str) -> Any:
    """Import a dotted name; a class is instantiated without arguments. Raises ConfigurationError."""
    try:
        found = resolve_name(name)
        made = found() if isinstance(found, type) else found
    except Exception as error:
        raise ConfigurationError(
            f"{setting} names {name!r}, which cannot be imported or created: "
            f"{error_class(error)}: {error_text(error)}"
        ) from error
    if not (callable(made) or isinstance(made, tuple)):
        raise ConfigurationError(f"{setting} names {name!r}, which is {made!r:.100}, not a function")
    return made


@cache
def _installed() -> Sequence[EntryPoint]:
    # To parse those of all packages takes four times as long as to look for the name of the group.
    texts = (package.read_text("entry_points.txt") for package in distributions())
    return (
        list(entry_points(group=ENTRY_POINTS)) if any(ENTRY_POINTS in (text or "") for text in texts) else []
    )


def _add(observers: Observers, point: EntryPoint) -> None:
    try:
        found = point.load()
        observers.add(found() if isinstance(found, type) else found)
    except Exception as error:  # a broken package must not prevent publishing
        reason = f"{error_class(error)}: {error_text(error)}"
        logger.warning("entry point %s in %s is left out: %s", point.value, ENTRY_POINTS, reason)
