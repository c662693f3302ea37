"""ConsumerDaemon: a service's own worker command, of microcosm lineage. The engine is pubsub-worker's.

A daemon names its graph, and so the variables that configure it: `name` "example" reads EXAMPLE__*. It serves
the handlers of the default registry; where its `components` name some handler classes, those and none of the
others.
"""

from collections.abc import Callable, Mapping
from typing import Any, Self

from microcosm.api import create_object_graph, load_each, load_from_dict, load_from_environ

from .cli.apps import App
from .cli.daemon import run
from .graph.connections import Graph
from .graph.handler_instances import served
from .graph.object_graph import refuse_broken
from .tasks.registry import Tasks, default_tasks

Loader = Callable[[Any], Any]


class ConsumerDaemon:
    """Override `name`, and whatever else is to differ; then `run()`.

    Attributes:
        graph: the object graph, once the daemon runs or was made for testing.
    """

    graph: Graph

    @property
    def name(self) -> str:
        """The name of the graph. Must be overridden."""
        raise NotImplementedError(f"{type(self).__name__} has no name: override it")

    @property
    def components(self) -> list[str]:
        """Bindings that are resolved before anything starts; extend what `super()` gives."""
        return [
            "opaque",
            "pubsub_message_schema_registry",
            "sns_producer",
            "sqs_message_handler_registry",
        ]

    @property
    def loader(self) -> Loader:
        """Where configuration comes from; what the command's flags say goes over it."""
        return load_each(load_from_dict(self.defaults), load_from_environ)

    @property
    def defaults(self) -> dict[str, Any]:
        """Configuration that neither the environment nor a flag gives."""
        return {}

    @property
    def tasks(self) -> Tasks:
        """The registry whose handlers are served."""
        return default_tasks

    def run(self) -> None:
        """Read the command line, and consume until a signal; exits."""
        run(type(self).__doc__ or "", self.name, App(self.tasks, self.create_object_graph))

    def create_object_graph(
        self,
        config: Mapping[str, Any],
        *,
        testing: bool = False,
        debug: bool = False,
        loader: Loader | None = None,
    ) -> Graph:
        """The graph, with its components resolved, and locked. Raises ConfigurationError."""
        loaders = [self.loader, *([loader] if loader else []), load_from_dict(dict(config))]
        with refuse_broken():
            graph: Graph = create_object_graph(
                self.name, debug=debug, testing=testing, loader=load_each(*loaders)
            )
        graph.assign("sqs_message_handler_registry", self.tasks)
        graph.use(*self.components)
        graph.assign("pubsub_served_tasks", served(graph, self.tasks, self.components))
        self.graph = graph
        return graph

    @classmethod
    def create_for_testing(cls, loader: Loader | None = None, **config: Mapping[str, Any]) -> Self:
        """A daemon that is not started, its graph testing: topics and queues are in memory.

        Publish with `daemon.graph.sns_producer`, and let `daemon.graph.sqs_message_dispatcher.handle_batch()`
        handle what came. `config` is the graph's, such as `sqs_consumer={"queue": "billing"}`.
        """
        daemon = cls()
        graph = daemon.create_object_graph(config, testing=True, loader=loader)
        graph.use("sqs_message_dispatcher")
        graph.lock()
        return daemon
