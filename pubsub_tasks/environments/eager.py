"""Eager mode: publishing a message calls its handlers at once, in the calling thread, without SNS and SQS.

Content is validated, serialized, read back and dispatched as over the wire. There are no retries, delays or
dead letters: what a handler raises is raised by `publish`.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any
from uuid import uuid4

from ..consumer.message_dispatcher import handle_delivery
from ..dispatching.dispatcher import Dispatcher
from ..errors import ConfigurationError
from ..graph.handler_instances import served
from ..messages.delivery import Delivery
from ..messages.envelope import MEDIA_TYPE_ATTRIBUTE, decode_record
from ..publishing.prepared_message import PreparedMessage, ScheduledDestination
from ..publishing.producer import Producer
from ..publishing.routes import QueueUrls, Routes
from ..publishing.topics import Topics
from ..tasks.middleware import Next, compose
from ..tasks.observers import Observers
from ..tasks.registry import Tasks
from ..telemetry.log_observer import observe as log_events
from ..untrusted.queue_names import FIFO
from ..verdicts import Ack, Drop, Verdict
from ..wire.records import EntryFailure, Outgoing, Record, Sent

TOPICS = "arn:aws:sns:us-east-1:000000000000:"


def eager_producer(tasks: Tasks, make_graph: Callable[[Tasks], Any]) -> Producer:
    """A producer that calls the handlers of these tasks, those that are declared later included.

    `make_graph` makes the object graph in which handler classes find what they need.
    """
    handlers = EagerHandlers(tasks, make_graph)

    def used(call_next: Next, publication: Any) -> Any:
        return compose(tasks.publishing, call_next)(publication)

    producer = Producer(
        Routes(handlers, handlers.queue, QueueUrls(prefix=""), handlers),
        Topics(prefix=TOPICS, is_fifo=handlers.is_fifo),
        tasks.schemas,
        observers=Observers([log_events], parent=tasks.observers),
        middleware=[used],
    )
    handlers.producer = producer
    return producer


class EagerHandlers:
    """Handlers in the place of topics, queues and the scheduler. `producer` is what handlers publish with."""

    def __init__(self, tasks: Tasks, make_graph: Callable[[Tasks], Any]) -> None:
        self.producer: Producer | None = None
        self._tasks = tasks
        self._make_graph = make_graph
        self._graph: Any = None
        self._seen: Sequence[object] = ()
        self._dispatchers: dict[str, Dispatcher] = {}

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        """Call the handlers of each queue. Raises what a handler raises."""
        return [self._handle(entry, self._queues_of(entry)) for entry in entries]

    def queue(self, url: str) -> Any:
        """The queue of this name, to send delayed tasks to."""
        return _EagerQueue(lambda entries: [self._handle(entry, [url]) for entry in entries])

    def schedule(self, prepared: PreparedMessage, due: ScheduledDestination) -> Sent:
        """Call the handlers now."""
        named = not due.target.startswith(TOPICS)
        return self._handle(prepared.outgoing, [due.target] if named else self._queues_of(prepared.outgoing))

    def is_fifo(self, media_type: str) -> bool:
        """Whether a FIFO queue has a task for this media type."""
        return any(
            queue.endswith(FIFO) and self._tasks.find(media_type, queue) for queue in self._tasks.queues
        )

    def _queues_of(self, entry: Outgoing) -> list[str]:
        media_type = str(entry.attributes[MEDIA_TYPE_ATTRIBUTE].value)
        return [queue for queue in sorted(self._tasks.queues) if self._tasks.find(media_type, queue)]

    def _handle(self, entry: Outgoing, queues: Sequence[str]) -> Sent:
        now, message_id = time.time(), str(uuid4())
        for queue in queues:
            record = Record(entry.body, "eager", message_id, 1, now, now, entry.attributes, entry.group_id)
            _raise_failure(self._dispatch(queue, decode_record(record)))
        return Sent(message_id)

    def _dispatch(self, queue: str, delivery: Delivery) -> Verdict:
        dispatcher = self._dispatcher(queue)

        def clock() -> float:
            return max(time.time(), delivery.not_before)

        if dispatcher.is_coroutine(delivery) and _is_in_event_loop():
            # As in a notebook: a coroutine cannot be awaited here, and its loop is this thread's.
            with ThreadPoolExecutor(1) as thread:
                context = copy_context()
                return thread.submit(context.run, handle_delivery, dispatcher, delivery, clock).result()[1]
        return handle_delivery(dispatcher, delivery, clock)[1]

    def _dispatcher(self, queue: str) -> Dispatcher:
        tasks = list(self._tasks)
        if tasks != self._seen:  # a notebook declares its tasks one by one, and again
            self._seen, self._dispatchers = tasks, {}
        if queue not in self._dispatchers:
            self._dispatchers[queue] = Dispatcher(self._served(), queue, fifo=queue.endswith(FIFO))
        return self._dispatchers[queue]

    def _served(self) -> Tasks:
        """The tasks; those of handler classes with instances, which an object graph makes."""
        if not any(task.factory for task in self._tasks):
            return self._tasks
        if self._graph is None:
            self._graph = self._make_graph(self._tasks)
            self._graph.assign("sns_producer", self.producer)
        return served(self._graph, self._tasks)


class _EagerQueue:
    """A queue to which only messages are sent."""

    def __init__(self, send: Callable[[Sequence[Outgoing]], list[Sent | EntryFailure]]) -> None:
        self.send = send


def _raise_failure(verdict: Verdict) -> None:
    if isinstance(verdict, Ack | Drop):
        return
    error = getattr(verdict, "error", None)
    raise error or ConfigurationError(f"the message cannot be handled in eager mode: {verdict}")


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
