"""A worker command of an application's own, with the API of microcosm-pubsub's ConsumerDaemon.

It runs the same worker as `pubsub-worker`. Its `name` is the name of the object graph and the prefix of its
environment variables: "example" reads EXAMPLE__*. It serves the handlers of the default registry, or only
those handler classes that its `components` name, if any.
"""

from collections.abc import Callable, Mapping
from typing import Any, Self

from microcosm.api import create_object_graph, load_each, load_from_dict, load_from_environ

from .cli.daemon import run
from .cli.find_app import App
from .graph.connections import Graph
from .graph.handler_instances import served
from .graph.object_graph import refuse_broken
from .tasks.registry import Tasks, default_tasks

Loader = Callable[[Any], Any]


class ConsumerDaemon:
    """Base class of daemons. Override `name` and call `run()`.

    Attributes:
        graph: the object graph, set by `run` and `create_for_testing`.
    """

    graph: Graph

    @property
    def name(self) -> str:
        """The name of the graph. Must be overridden."""
        raise NotImplementedError(f"{type(self).__name__} has no name: override it")

    @property
    def components(self) -> list[str]:
        """Bindings of the graph that are resolved at the start. Extend the list that `super()` returns."""
        return [
            "opaque",
            "pubsub_message_schema_registry",
            "sns_producer",
            "sqs_message_handler_registry",
        ]

    @property
    def loader(self) -> Loader:
        """The source of configuration. The command's flags take precedence over it."""
        return load_each(load_from_dict(self.defaults), load_from_environ)

    @property
    def defaults(self) -> dict[str, Any]:
        """Configuration by component; the environment and flags take precedence over it."""
        return {}

    @property
    def tasks(self) -> Tasks:
        """The registry whose handlers are served."""
        return default_tasks

    def run(self) -> None:
        """Parse the command line, handle messages until a signal arrives, and exit the process."""
        run(type(self).__doc__ or "", self.name, App(self.tasks, self.create_object_graph))

    def create_object_graph(
        self,
        config: Mapping[str, Any],
        *,
        testing: bool = False,
        debug: bool = False,
        loader: Loader | None = None,
    ) -> Graph:
        """Create the graph and resolve its components. Raises ConfigurationError."""
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
        """Create a daemon for a test, with topics and queues in memory. It is not started.

        Publish with `daemon.graph.sns_producer`, and handle what was published with
        `daemon.graph.sqs_message_dispatcher.handle_batch()`. `config` is that of the graph, such as
        `sqs_consumer={"queue": "billing"}`.
        """
        daemon = cls()
        graph = daemon.create_object_graph(config, testing=True, loader=loader)
        graph.use("sqs_message_dispatcher")
        graph.lock()
        return daemon
