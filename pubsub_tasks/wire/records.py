"""Messages, attributes and results as SNS and SQS carry them, independent of the client and uninterpreted.

A `Record` is a received message and an `Outgoing` one to send. `Sent` and `EntryFailure` are the results of
one entry of a batch call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_BATCH = 10
"""Entries in one batch call. Source: SQS and SNS API references (SendMessageBatch, PublishBatch)."""

MAX_ATTRIBUTES = 10
"""Message attributes that survive raw delivery. Source: SNS developer guide, "Message attributes"."""

MAX_VISIBILITY = 43_200
"""Seconds from the receive. Source: SQS API reference, ChangeMessageVisibility."""

MAX_DELAY = 900
"""Seconds that SQS can delay a message. Source: SQS API reference, SendMessage, DelaySeconds."""

MAX_RETENTION = 1_209_600
"""Seconds that a queue can keep a message, 14 days. Source: SQS API reference, CreateQueue,
MessageRetentionPeriod."""

MEDIA_TYPE = "mediaType"
"""Key of the media type in a body. Source: microcosm-pubsub."""

OPAQUE_DATA = "opaqueData"
"""Key of the headers in a body. Source: microcosm-pubsub."""

TRACEPARENT = "traceparent"
TRACE_CONTEXT = (TRACEPARENT, "tracestate")
"""Attributes of a trace context. Source: W3C Trace Context."""

THROTTLING_CODES = frozenset(
    {"KmsThrottled", "KMSThrottling", "RequestThrottled", "Throttled", "Throttling", "ThrottlingException"}
)
"""Error codes of throttling by the service or by KMS, even if the error is reported as the sender's fault."""

CREDENTIAL_CODES = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""Error codes of missing, wrong or expired credentials.

Source: "Common Errors" in the API references of SQS and SNS, and S3's "List of error codes"."""

INTERVENTION_CODES = CREDENTIAL_CODES | {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "InvalidAddress",
    "KMS.AccessDeniedException",
    "KmsAccessDenied",
    "MissingAuthenticationToken",
    "OptInRequired",
}
"""Error codes of calls that fail until a person changes credentials, a policy or an address."""


class Attribute(NamedTuple):
    """A message attribute: `type` is String, Number, Binary or String.Array; only Binary values are bytes."""

    type: str
    value: str | bytes


def text(value: str) -> Attribute:
    """Return a String attribute."""
    return Attribute("String", value)


NO_ATTRIBUTES: Mapping[str, Attribute] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """One receive of a message. Times are epoch seconds; `source_arn` is set in dead-letter queues."""

    body: str
    receipt_handle: str
    message_id: str
    receive_count: int = 1
    sent_at: float = 0.0
    first_received_at: float = 0.0
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    trace_header: str | None = None
    source_arn: str | None = None


class Outgoing(NamedTuple):
    """A message to send. `delay` (seconds) is for queues only: SNS has no delay."""

    body: str
    attributes: Mapping[str, Attribute] = NO_ATTRIBUTES
    group_id: str | None = None
    deduplication_id: str | None = None
    delay: int = 0

    @property
    def size(self) -> int:
        """Bytes as AWS counts them: the body, and the name, type and value of each attribute."""
        size = _length(self.body)
        for name, attribute in self.attributes.items():
            size += _length(name) + _length(attribute.type) + _length(attribute.value)
        return size


class Sent(NamedTuple):
    """The service accepted the message and assigned this id."""

    message_id: str


class EntryFailure(NamedTuple):
    """One entry of a batch failed.

    Attributes:
        code: the service's error code.
        message: the service's error message.
        retriable: False if the sender is at fault.
        lost: True if the visibility lease on the message has ended.
    """

    code: str
    message: str
    retriable: bool
    lost: bool = False


class QueueAttributes(NamedTuple):
    """The attributes of a queue, in seconds and bytes. The message counts are approximate."""

    arn: str
    fifo: bool = False
    visibility_timeout: int = 30
    retention: int = 345_600
    max_message_size: int = 1_048_576
    dead_letter_arn: str | None = None
    max_receive_count: int | None = None
    visible: int = 0
    in_flight: int = 0
    delayed: int = 0


class MoveTaskStatus(NamedTuple):
    """The progress of an SQS message move task. The counts are approximate.

    Attributes:
        status: RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED.
        moved: messages moved so far.
        to_move: messages in the source queue at the start.
        handle: the task handle to cancel it with; None once it has ended.
        failure: the failure reason that SQS reports.
    """

    status: str
    moved: int = 0
    to_move: int = 0
    handle: str | None = None
    failure: str | None = None


def _length(value: str | bytes) -> int:
    if isinstance(value, str) and value.isascii():
        return len(value)
    # JSON from elsewhere may contain lone surrogates, which UTF-8 cannot encode.
    return len(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value)
