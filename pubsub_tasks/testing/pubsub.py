"""The test kit: an app's topics and queues in memory, on a clock that the test turns."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from datetime import timedelta
from math import floor
from typing import Any
from uuid import uuid4

from ..content.codec import declared_media_type
from ..dead_letters.letter_view import Letter
from ..environments.memory import MEMORY, MemoryEnvironment
from ..local.rules.broker import Broker
from ..tasks.registry import Tasks, default_tasks
from ..tasks.task import Task
from ..wire.attributes import Plain, checked_attributes
from ..wire.records import Outgoing, Sent, text
from .app_under_test import App, graph_of
from .clock import VirtualClock
from .handled_queues import HandledQueues
from .open_apps import OpenApp
from .outcomes import RunRecorder, RunReport
from .published_messages import PublishedMessages, What
from .recording_transport import Outage, PublicationReader, RecordingTransport


class PubSub:
    """An app's tasks on topics and queues in memory. Made by the fixture `pubsub` and by `app`.

    Attributes:
        tasks: the app's registry.
        graph: its object graph.
        clock: returns the time of topics and queues (epoch seconds), which starts as now and stands still.
    """

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.tasks: Tasks = graph.sqs_message_handler_registry
        self.clock = VirtualClock(floor(time.time()))  # SQS tells times in whole milliseconds
        reader = PublicationReader(self.tasks, graph.pubsub_claims, self.clock)
        self._memory = RecordingTransport(Broker(endpoint=MEMORY), self.clock, reader)
        self._queues = HandledQueues(graph, self._memory, self.clock)
        self._runner: asyncio.Runner | None = None

    def __repr__(self) -> str:
        return f"<PubSub: {len(self.published)} published>"

    @property
    def published(self) -> PublishedMessages:
        """What was published, in order. A live list: `published.clear()` forgets it."""
        return self._memory.published

    @property
    def dead_letters(self) -> list[Letter]:
        """What is in the dead-letter queues of the app, oldest first."""
        letters = [letter for queue in self._queues for letter in queue.letters]
        return sorted(letters, key=lambda letter: letter.dead_since)

    @property
    def pending(self) -> int:
        """Number of messages on the app's queues: due, delayed and waiting for a retry."""
        return sum(queue.pending for queue in self._queues)

    def run(self, *, within: float | timedelta | None = None, raise_errors: bool = True) -> RunReport:
        """Handle all messages, their retries and what handlers publish, in the calling thread.

        Where nothing is due, the clock is turned to the next retry or the end of the next delay. Time limits
        of tasks are not kept.

        Args:
            within: seconds that the clock may be turned at most; 0 handles what is due now.
            raise_errors: raise a handler's error if its message is dead-lettered for it.

        Raises the handler's error; what is left is for the next run. Raises RuntimeError in a running event
        loop if there are `async def` tasks: await `arun` there.
        """
        __tracebackhide__ = True
        if any(queue.dispatcher.has_coroutines for queue in self._queues) and _is_in_event_loop():
            raise RuntimeError("run() in a coroutine cannot run async def tasks: write `await pubsub.arun()`")
        recorder = RunRecorder(self.clock, raise_errors)
        for queue, delivery in self._queues.deliveries(within):
            recorder.add(queue.handle(delivery, self._run_coroutine))
        return recorder.report()

    async def arun(self, *, within: float | timedelta | None = None, raise_errors: bool = True) -> RunReport:
        """As `run`, in a coroutine: `async def` tasks run in its event loop, and others in its thread."""
        __tracebackhide__ = True
        recorder = RunRecorder(self.clock, raise_errors)
        for queue, delivery in self._queues.deliveries(within):
            recorder.add(await queue.ahandle(delivery))
        return recorder.report()

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Turn the clock. Nothing is handled before the next run. Raises ValueError for negative time."""
        self.clock.advance(
            timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        )

    def deliver(
        self,
        body: str | Mapping[str, Any],
        attributes: Mapping[str, Plain] | None = None,
        *,
        queue: str | None = None,
        group: str | None = None,
    ) -> str:
        """Put a message on a queue, as a publisher of another kind might. Returns SQS's message id.

        Args:
            body: text, or a mapping that is written as JSON.
            attributes: message attributes.
            queue: logical name of the queue; may be omitted if the app has one queue.
            group: the message group, for a FIFO queue.

        Raises ConfigurationError for a queue that the app does not have, and ValueError for a message that
        SQS would refuse.
        """
        target = self._queues.named(queue).queue
        message = Outgoing(
            body if isinstance(body, str) else json.dumps(body),
            # Unlike a publisher of ours, another may write attributes that say how a message is read.
            {name: _attribute(name, value) for name, value in (attributes or {}).items()},
            group or ("group-1" if target.fifo else None),
            str(uuid4()) if target.fifo else None,
        )
        (answer,) = target.send([message])
        if not isinstance(answer, Sent):
            raise ValueError(f"SQS would refuse this message: {answer.code} {answer.message}")
        return answer.message_id

    def fail_publishing(
        self, what: What | None = None, *, times: int | None = None, code: str = "ServiceUnavailable"
    ) -> Outage:
        """Refuse what is published from now on, so that `publish` raises PublishFailed.

        It ends with the test, or, if it is used as a context manager, with its block.

        Args:
            what: only messages of this schema, task or media type.
            times: how many messages to refuse; None for all.
            code: the error code.
        """
        media_type = what.media_type if isinstance(what, Task) else what
        if isinstance(media_type, type):
            media_type = declared_media_type(media_type)
        outage = Outage(media_type, times, code)
        self._memory.outages.append(outage)
        return outage

    @contextmanager
    def opened(self) -> Iterator["PubSub"]:
        """Publish to these topics and queues during the block."""
        registries = (self.tasks,) if self.tasks is default_tasks else (self.tasks, default_tasks)
        open_app = OpenApp(self.graph.sns_producer, registries, self.graph, self.published)
        open_app.open()
        environment: MemoryEnvironment = self.graph.pubsub_world
        before = environment.memory
        environment.use(self._memory)
        try:
            yield self
        finally:
            environment.use(before)
            open_app.close()
            if self._runner is not None:
                self._runner.close()

    def _run_coroutine(self, coroutine: Any, context: Context) -> Any:
        if self._runner is None:
            # One for the whole test, as a worker has one event loop. With a factory it does not become the
            # thread's current loop, which may be another plugin's.
            self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        return self._runner.run(coroutine, context=context)


@contextmanager
def app(app: App = None) -> Iterator[PubSub]:
    """The test kit for an app, during the block: `with app("shop.tasks") as pubsub:`.

    Args:
        app: a `Tasks`, a module, `"module"` or `"module:attribute"`, an object graph made with
            `testing=True`, or a callable that returns one of these; the default registry if None.

    Raises ConfigurationError if it is none of these, or its graph is in use by another test.
    """
    with PubSub(graph_of(app)).opened() as pubsub:
        yield pubsub


def _attribute(name: str, value: Plain) -> Any:
    return text(value) if isinstance(value, str) else checked_attributes({name: value})[name]


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
