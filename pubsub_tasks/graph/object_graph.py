"""Creates object graphs for scripts, workers and daemons that do not bring their own.

Importing this binds the components of this package. Configuration is microcosm's: from code, then the
environment, then a command's flags.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from microcosm.api import create_object_graph, load_each, load_from_dict, load_from_environ
from microcosm.config.types import boolean
from microcosm.errors import ValidationError
from microcosm.object_graph import ObjectGraph
from microcosm.registry import Registry, _registry, get_defaults

from ..errors import ConfigurationError
from ..graph import components  # noqa: F401 - binds them
from ..tasks.publishable import SupportsPublish
from ..tasks.registry import Tasks
from .connections import Graph, json_object
from .unknown_settings import FURTHER_KEYS, unknown_settings

logger = logging.getLogger("pubsub_tasks.configuration")

NAME = "pubsub-tasks"
"""The name of these graphs: their environment variables start with PUBSUB_TASKS__."""

MISSING = "Missing required configuration for: "
"""How microcosm's errors begin, about missing values and about those of another type."""

KINDS = {int: "a whole number", float: "a number", boolean: "true or false", json_object: "a JSON object"}
"""The types of settings in words."""

VARIABLES = NAME.upper().replace("-", "_")

EAGER = "PUBSUB_TASKS_EAGER"
"""The variable that makes publishing call the handlers."""


class _ExplicitBindings(Registry):
    """The components bound by `@binding`, without entry points.

    Entry points import every installed package that has some; a broken one must not prevent publishing.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.factories = _registry.factories

    def _iter_entry_points(self) -> Iterator[Any]:
        return iter(())


def graph_for(
    tasks: Tasks,
    config: Mapping[str, Any] | None = None,
    *,
    testing: bool = False,
    debug: bool = False,
    entry_points: bool = True,
    environ: bool = True,
) -> Graph:
    """Create a graph for these tasks, configured by environment variables and, with precedence, by `config`.

    Without `environ` the environment is not read. Raises ConfigurationError. Logs a warning for each variable
    that is misspelt.
    """
    if environ:
        _warn_of_unknown_settings()
    given = load_from_dict(dict(config or {}))
    with refuse_broken():
        graph: Graph = create_object_graph(
            NAME,
            debug=debug,
            testing=testing,
            loader=load_each(load_from_environ, given) if environ else given,
            registry=_registry if entry_points else _ExplicitBindings(),
        )
    graph.assign("sqs_message_handler_registry", tasks)
    return graph


def _warn_of_unknown_settings() -> None:
    settings = {
        name: (*get_defaults(factory), *FURTHER_KEYS.get(name, ()))
        for name, factory in _registry.factories.items()
        if factory.__module__.partition(".")[0] == __name__.partition(".")[0]
    }
    for sentence in unknown_settings(
        os.environ, VARIABLES, {name: keys for name, keys in settings.items() if keys}
    ):
        logger.warning("%s", sentence)


@contextmanager
def refuse_broken() -> Iterator[None]:
    """Raise ConfigurationError for microcosm's errors about invalid configuration and broken packages."""
    try:
        yield
    except ValidationError as error:
        raise ConfigurationError(f"the configuration is wrong: {_sense_of(error)}") from error
    except ImportError as error:
        raise ConfigurationError(f"an installed package's microcosm.factories are broken: {error}") from error


def _sense_of(error: ValidationError) -> str:
    """What is wrong, where microcosm says of a value that it does not understand that it is missing."""
    path, sign, value = str(error).removeprefix(MISSING).partition(": ")
    component, _, key = path.partition(".")
    wanted = get_defaults(_registry.factories.get(component, len)).get(key)
    kind = KINDS.get(getattr(wanted, "type", None), "of the right type")
    return f"{path}: {value!r} is not {kind}" if sign else str(error)


def is_graph(given: object) -> bool:
    """Whether the value is an object graph."""
    return isinstance(given, ObjectGraph)


def producer_from_environment(tasks: Tasks, eager: bool | None = None) -> SupportsPublish:
    """Create a producer for tasks without one, configured by environment variables (PUBSUB_TASKS__…).

    With `eager`, or if it is None and the variable PUBSUB_TASKS_EAGER is true, publishing calls the handlers.
    Raises ConfigurationError.
    """
    if _is_eager() if eager is None else eager:
        from ..environments.eager import eager_producer

        return eager_producer(tasks, graph_for)
    graph = _publishing.get(tasks) or graph_for(tasks, entry_points=False)
    graph.unlock()
    producer: SupportsPublish = graph.sns_producer
    graph.lock()
    return producer


_publishing: dict[Tasks, Graph] = {}


@contextmanager
def publishing_with(graph: Graph) -> Iterator[None]:
    """Use this graph, in place of a new one, for what its tasks publish as the environment configures.

    So a worker's observers are notified of what its handlers publish. The producer is made at the first
    publish, as many workers never do.
    """
    tasks: Tasks = graph.sqs_message_handler_registry
    _publishing[tasks] = graph
    try:
        yield
    finally:
        del _publishing[tasks]


def _is_eager() -> bool:
    given = os.environ.get(EAGER)
    try:
        return given is not None and boolean(given)
    except ValueError as error:
        raise ConfigurationError(f"{EAGER}={given!r}: write 1 or 0") from error
