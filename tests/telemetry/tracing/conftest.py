"""Finished spans of the process's tracer provider, and an app in memory that makes them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from microcosm.api import create_object_graph, load_from_dict
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import pubsub_tasks.graph.object_graph  # noqa: F401 - binds the factories
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.testing.pubsub import PubSub

EXPORTER = InMemorySpanExporter()


@pytest.fixture
def spans() -> Callable[[], dict[str, Any]]:
    """The finished spans by name; those that share a name in a list."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):  # may be set once for each process
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
        trace.set_tracer_provider(provider)
    EXPORTER.clear()

    def finished() -> dict[str, Any]:
        found: dict[str, list[Any]] = {}
        for span in EXPORTER.get_finished_spans():
            found.setdefault(span.name, []).append(span)
        return {name: each[0] if len(each) == 1 else each for name, each in found.items()}

    return finished


@pytest.fixture
def pubsub_of() -> Iterator[Callable[..., PubSub]]:
    """Makes the test kit of a registry whose app has tracing enabled."""

    def make(tasks: Tasks, *, testing: bool = True, **config: Any) -> PubSub:
        settings = {"pubsub_tracing": {"enabled": "true"}, **config}
        graph = create_object_graph("shop", testing=testing, loader=load_from_dict(settings))
        graph.assign("sqs_message_handler_registry", tasks)
        graph.use("sns_producer", "sqs_message_dispatcher")
        graph.lock()
        return stack.enter_context(PubSub(graph).opened())

    with ExitStack() as stack:
        yield make
