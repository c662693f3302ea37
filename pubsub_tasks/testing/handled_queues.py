"""All queues of the app under test, on one clock."""

from collections.abc import Iterator
from datetime import timedelta
from math import inf
from typing import Any

from ..dispatching.dispatcher import Dispatcher
from ..environments.memory import MemoryEnvironment
from ..errors import ConfigurationError
from ..graph.handler_instances import served
from ..messages.delivery import Delivery
from ..tasks.registry import Tasks
from ..telemetry.structlog_context import structlog_layer
from .clock import VirtualClock
from .handled_queue import HandledQueue
from .recording_transport import RecordingTransport

MAX_DELIVERIES = 100_000
"""Deliveries of one run, after which it is taken for endless."""


class HandledQueues:
    """The queues of the tasks of an object graph, those that are declared meanwhile included."""

    def __init__(self, graph: Any, memory: RecordingTransport, clock: VirtualClock) -> None:
        self._graph = graph
        self._memory = memory
        self._clock = clock
        self._tasks: Tasks = graph.sqs_message_handler_registry
        self._served: Tasks = graph.pubsub_served_tasks
        self._count = len(list(self._tasks))
        self._queues: dict[str, HandledQueue] = {}

    def __iter__(self) -> Iterator[HandledQueue]:
        if len(list(self._tasks)) > self._count:
            self._served, self._queues = served(self._graph, self._tasks), {}
            self._count = len(list(self._tasks))
        for name in sorted(self._served.queues - self._queues.keys()):
            self._queues[name] = self._handled_queue(name)
        return iter(list(self._queues.values()))

    def named(self, name: str | None) -> HandledQueue:
        """The queue of this logical name; None for the only one. Raises ConfigurationError."""
        found = list(self)
        if name is None and len(found) == 1:
            return found[0]
        if name not in self._queues:
            asked = "name one" if name is None else f"there is no {name!r}"
            raise ConfigurationError(f"queue=: {asked} (queues: {', '.join(self._queues) or 'none'})")
        return self._queues[name]

    def deliveries(self, within: float | timedelta | None) -> Iterator[tuple[HandledQueue, Delivery]]:
        """Each message that is due; the caller settles it before it takes the next.

        The clock is turned to when the next message is due, by `within` seconds at most.
        """
        seconds = within.total_seconds() if isinstance(within, timedelta) else within
        deadline = inf if seconds is None else self._clock() + seconds
        count = 0
        while True:
            before = count
            for queue in self:
                delivery = queue.receive()
                if delivery is not None:
                    count += 1
                    yield queue, delivery
            if count > MAX_DELIVERIES:
                raise RuntimeError(
                    f"still not done after {MAX_DELIVERIES:,} deliveries: do tasks publish in a circle?"
                )
            if count == before and not self._turn_clock(deadline):
                return

    def _turn_clock(self, deadline: float) -> bool:
        """Turn the clock to when the next message is due. Returns False if none is by `deadline`."""
        due = min((moment for queue in self if (moment := queue.wake_at()) is not None), default=inf)
        if due == inf or due > deadline:
            return False
        self._clock.advance_to(due)
        return True

    def _handled_queue(self, name: str) -> HandledQueue:
        environment: MemoryEnvironment = self._graph.pubsub_world
        queue = environment.queue(name)
        dispatcher = Dispatcher(
            self._served,
            name,
            fifo=queue.fifo,
            claims=self._graph.pubsub_claims,
            name=queue.name,
            layers=[layer] if (layer := structlog_layer()) else [],
        )
        return HandledQueue(self._memory, queue.url, dispatcher, self._graph.pubsub_observers)
