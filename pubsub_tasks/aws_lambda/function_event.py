"""Reads the event that Lambda passes to a function: the records of one queue or of one topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ..errors import EnvelopeError
from ..messages.lambda_record import record_from_lambda, record_from_sns
from ..untrusted.queue_names import FIFO
from ..wire.records import Record

SHOWN_KEYS = 6
"""Keys of an event that an error message shows."""


@dataclass(frozen=True, slots=True)
class FunctionEvent:
    """The records of an event.

    Attributes:
        source: ARN of the queue or topic; empty if the event does not name it, as one made by hand.
        from_queue: whether the records are from SQS; otherwise from SNS.
        records: in the order of the event.
    """

    source: str
    from_queue: bool
    records: Sequence[Record]

    @classmethod
    def read(cls, event: Any) -> Self:
        """Read an event. Raises EnvelopeError if it is not from SQS or SNS, or from several sources."""
        found = event.get("Records") if isinstance(event, Mapping) else None
        if not isinstance(found, Sequence) or not all(isinstance(each, Mapping) for each in found):
            raise EnvelopeError(
                f"the function was invoked with {_shown(event)}, not with records of SQS or SNS: "
                "let an event source mapping of a queue, or a subscription of a topic, invoke it"
            )
        kinds = {str(each.get("eventSource") or each.get("EventSource")) for each in found}
        if kinds == {"aws:sns"}:
            return cls(_source(map(_topic, found)), False, [record_from_sns(each) for each in found])
        if kinds - {"aws:sqs", "None"}:
            raise EnvelopeError(
                f"records of {', '.join(sorted(kinds))} are not from SQS or SNS: "
                "send them to a queue, and let its event source mapping invoke the function"
            )
        source = _source(each.get("eventSourceARN") for each in found)
        return cls(source, True, [record_from_lambda(each) for each in found])

    @property
    def name(self) -> str:
        """The name of the queue or topic."""
        return self.source.rpartition(":")[2]

    @property
    def fifo(self) -> bool:
        """Whether the records of a message group are handled in order."""
        return self.from_queue and self.source.endswith(FIFO)


def _topic(record: Mapping[str, Any]) -> Any:
    notification = record.get("Sns")
    return notification.get("TopicArn") if isinstance(notification, Mapping) else None


def _source(given: Any) -> str:
    arns = {arn for arn in given if isinstance(arn, str)}
    if len(arns) > 1:
        raise EnvelopeError(f"the records of one event are of several sources: {', '.join(sorted(arns))}")
    return arns.pop() if arns else ""


def _shown(event: Any) -> str:
    if isinstance(event, Mapping):
        keys = ", ".join(f"{key!r:.40}" for key in list(event)[:SHOWN_KEYS])
        return f"an event with the keys {keys}" if keys else "an empty event"
    return f"an event of type {type(event).__name__}"
