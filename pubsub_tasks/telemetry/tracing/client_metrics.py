"""The messaging metrics of OpenTelemetry: messages sent and received, and the duration of handling.

Source: OpenTelemetry semantic conventions, "Messaging metrics". Names are spelled out, as in `names`.
"""

from opentelemetry.metrics import Meter, get_meter

from ...tasks.events import Event, NotPublished, Published, Received, Settled
from ...untrusted.exceptions import error_name
from ...verdicts import DeadLetter
from ..metrics.bounded_labels import BoundedLabels
from . import names
from .publish_spans import destination_attributes

SENT = "messaging.client.sent.messages"
CONSUMED = "messaging.client.consumed.messages"
DURATION = "messaging.process.duration"

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Boundaries in seconds that the conventions advise for durations."""

MAX_ERROR_TYPES = 100
"""Different values of `error.type`, which the conventions want few of: classes can be made at any time."""


def make_meter() -> Meter:
    """The library's meter, of the provider that the application has set or will set."""
    return get_meter("pubsub_tasks")


class ClientMetrics:
    """Observer that counts by destination; neither message ids nor texts are labels."""

    kinds = (Published, NotPublished, Received, Settled)

    def __init__(self, meter: Meter) -> None:
        self._error_types = BoundedLabels(MAX_ERROR_TYPES, names.OTHER_ERROR)
        self._sent = meter.create_counter(SENT, "{message}", "Messages that were published, or given up.")
        self._consumed = meter.create_counter(CONSUMED, "{message}", "Messages that were received.")
        self._duration = meter.create_histogram(
            DURATION, "s", "Duration of handling a message.", explicit_bucket_boundaries_advisory=BUCKETS
        )

    def __call__(self, event: Event) -> None:
        match event:
            case Published():
                self._sent.add(1, _sending(event.destination))
            case NotPublished():
                self._sent.add(1, {**_sending(event.destination), **self._error(event.code)})
            case Received(count=0):
                pass
            case Received():
                self._consumed.add(event.count, _of_queue(event.queue, names.RECEIVE))
            case Settled(task=str()):
                self._duration.record(
                    event.seconds, {**_of_queue(event.queue, names.PROCESS), **self._error(_failure(event))}
                )

    def _error(self, error_type: str | None) -> dict[str, str]:
        return {} if error_type is None else {names.ERROR_TYPE: self._error_types(error_type)}


def _sending(destination: str) -> dict[str, str]:
    if not destination.startswith(("arn:", "http")):  # a message for later, whose text has a time in it
        return {names.OPERATION_NAME: names.SEND, names.SYSTEM: names.SQS}
    found = destination_attributes(destination)
    return {name: found[name] for name in (names.SYSTEM, names.DESTINATION)} | {
        names.OPERATION_NAME: names.SEND
    }


def _of_queue(queue: str, operation: str) -> dict[str, str]:
    return {names.OPERATION_NAME: operation, names.SYSTEM: names.SQS, names.DESTINATION: queue}


def _failure(event: Settled) -> str | None:
    """The class of the error; the reason of a dead letter without one."""
    error = getattr(event.verdict, "error", None)
    if error is not None:
        return error_name(error)
    return event.verdict.reason if isinstance(event.verdict, DeadLetter) else None
