"""`lambda_handler`: makes the function that Lambda invokes with messages of SQS or SNS."""

import time
from collections.abc import Callable
from math import inf
from typing import Any

from ..dispatching.dispatcher import Dispatcher
from ..dispatching.unknown_messages import UnknownPolicy
from ..errors import ConfigurationError, PubSubTasksError
from ..messages.current_message import install_record_factory
from ..messages.envelope import decode_record
from ..processes.served_queue import choose_queue
from ..tasks.events import Received
from ..tasks.registry import default_tasks
from ..telemetry.structlog_context import structlog_layer
from ..untrusted.exceptions import SafeLogger
from ..verdicts import Retry
from .function_event import FunctionEvent
from .function_setup import FunctionSetup
from .record_batch import RecordBatch, in_sequences
from .record_handler import EventRecord, RecordHandler
from .settlement import Settlement
from .time_left import TimeLeft

logger = SafeLogger(__name__)

RESERVE = 2.0
"""Seconds of the time left that are kept for settling."""


class InvocationFailed(PubSubTasksError):
    """Raised for messages of a topic that are not done, so that Lambda invokes the function again."""


def lambda_handler(
    app: Any = default_tasks,
    *,
    queue: str | None = None,
    concurrency: int = 1,
    dead_letter_queue_url: str | None = None,
    unknown: UnknownPolicy | None = None,
    reserve: float = RESERVE,
) -> Callable[[Any, Any], dict[str, Any]]:
    """Make the function that Lambda invokes: `handler = lambda_handler(tasks)`.

    The event source mapping of the queue must have `ReportBatchItemFailures`: without it Lambda deletes the
    messages that the function reports as failed.

    Args:
        app: a `Tasks` registry or an object graph; the default registry without one.
        queue: logical name of the queue whose tasks are served; by default the name in the event.
        concurrency: records of an event that are handled at the same time.
        dead_letter_queue_url: the dead-letter queue; by default the one of the queue's redrive policy.
        unknown: what to do with media types that no task handles: `dead-letter` (the default), `release` to
            leave them to other consumers for an hour, or `drop`.
        reserve: seconds of the function's time that are kept for settling.

    Raises ConfigurationError and Unbound. The function raises EnvelopeError for an event that is not from SQS
    or SNS, and InvocationFailed for a message of a topic that is not done.
    """
    setup = FunctionSetup.of(app).having(queue, dead_letter_queue_url, unknown)
    function = LambdaFunction(setup, concurrency=concurrency, reserve=reserve)

    def handler(event: Any, context: Any = None) -> dict[str, Any]:
        """Handle an event of SQS or SNS."""
        return function.invoke(event, context)

    return handler


class LambdaFunction:
    """The function with what it keeps between invocations: a handler for each queue and topic.

    `concurrency` and `reserve` are as for `lambda_handler`; `wall` returns epoch seconds.
    """

    def __init__(
        self,
        setup: FunctionSetup,
        *,
        concurrency: int = 1,
        reserve: float = RESERVE,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(reserve, (int, float)) or not 0 <= reserve < inf:
            raise ConfigurationError(f"reserve={reserve!r}: give seconds, 0 or more")
        install_record_factory()
        self._setup = setup
        self._reserve = reserve
        self._wall = wall
        self._batch = RecordBatch(concurrency)
        self._sources: dict[str, tuple[RecordHandler, Settlement]] = {}

    def invoke(self, event: Any, context: Any = None) -> dict[str, Any]:
        """Handle an event, and return the partial batch response. Raises EnvelopeError, InvocationFailed."""
        left = TimeLeft(context, self._reserve)
        given = FunctionEvent.read(event)
        if given.source not in self._sources:
            self._sources[given.source] = self._make_source(given)
        handler, settlement = self._sources[given.source]
        records = [EventRecord(decode_record(record)) for record in given.records]
        if self._setup.observers.wants(Received):
            self._setup.observers.notify(Received(given.name, len(records)))
        self._batch.run(in_sequences(records, fifo=given.fifo), handler, left)
        failed = [record for record in records if not record.is_done]
        if not given.from_queue:
            _raise_for(failed)
        elif failed:
            _settle(failed, settlement, left)
        return {"batchItemFailures": [{"itemIdentifier": each.delivery.sqs_message_id} for each in failed]}

    def _make_source(self, event: FunctionEvent) -> tuple[RecordHandler, Settlement]:
        setup, tasks = self._setup, self._setup.tasks
        queue = _logical_queue(setup, event)
        settlement = Settlement(
            event.source if event.from_queue and event.source else None,
            event.name,
            setup.connect,
            setup.dead_letter_queue_url,
            self._wall,
        )
        dispatcher = Dispatcher(
            tasks,
            queue,
            unknown=setup.unknown,
            max_receive_count=settlement.max_receive_count() if setup.unknown == "release" else None,
            fifo=event.fifo,
            claims=setup.claims,
            name=event.name,
            layers=[layer] if (layer := structlog_layer()) else [],
        )
        handler = RecordHandler(
            event.name,
            dispatcher,
            setup.observers,
            settlement,
            fifo=event.fifo,
            wall=self._wall,
        )
        return handler, settlement


def _logical_queue(setup: FunctionSetup, event: FunctionEvent) -> str:
    try:
        name = event.name if event.from_queue else ""
        return choose_queue(setup.tasks, name, setup.queue, setup.queue_urls)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}; in Lambda, lambda_handler(..., queue=...)") from error


def _settle(failed: list[EventRecord], settlement: Settlement, left: TimeLeft) -> None:
    """Set the visibility timeouts of messages that are not done; 0 for those that were not started."""
    not_started = sum(record.verdict is None for record in failed)
    if not_started:
        logger.warning(
            "%d messages were not started and are given back: no time is left, or an earlier one of their "
            "message group failed",
            not_started,
        )
    settlement.set_visibility(
        [
            (each.delivery.record, each.verdict.after if isinstance(each.verdict, Retry) else 0.0)
            for each in failed
        ],
        left.settles,
    )


def _raise_for(failed: list[EventRecord]) -> None:
    if not failed:
        return
    ids = ", ".join(record.delivery.sqs_message_id for record in failed)
    error = next((each.verdict.error for each in failed if isinstance(each.verdict, Retry)), None)
    raise InvocationFailed(f"not done, and to be tried again: message {ids}") from error
